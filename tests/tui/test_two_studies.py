"""What two studies side by side say of their best trials."""

from pathlib import Path

import pytest

from hpo_tui.engine.analysis.front import best_rows, near_misses
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.words.two_studies import study_entries
from tests.tui.conftest import TEXT, make_study

EASY = TEXT.replace("threshold = 0.9", "threshold = 0.6").replace("= 40000", "= 900000")
HARD = TEXT.replace("threshold = 0.9", "threshold = 0.9999")


def sections(*snapshots: Snapshot) -> dict[str, dict[str, list[str]]]:
    """Heading → name → the texts of both studies."""
    found: dict[str, dict[str, list[str]]] = {}
    heading = ""
    for entry in study_entries(snapshots):
        if entry.values:
            found[heading][entry.name] = [text for text, _ in entry.values]
        else:
            heading = entry.name
            found[heading] = {}
    return found


@pytest.fixture(scope="module")
def easy(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return read_once(make_study(tmp_path_factory.mktemp("easy"), "easy", 120, text=EASY))


@pytest.fixture(scope="module")
def hard(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return read_once(make_study(tmp_path_factory.mktemp("hard"), "hard", 120, text=HARD))


def test_where_no_trial_meets_the_goals_the_nearest_miss_is_told(
    easy: Snapshot, hard: Snapshot
) -> None:
    (best, nearest) = sections(easy, hard)["the best trial"]["trial"]
    assert best == f"#{easy.frame.number[best_rows(easy.frame, easy.spec)[0]]}"
    miss = near_misses(hard.frame, hard.spec, 1)[0]
    assert nearest == f"(#{hard.frame.number[miss]}, misses a goal)"
    assert sections(easy, hard)["where the best trials lie"]["trials"][1].endswith("miss a goal")
    assert sections(easy, hard)["the best trial"]["accuracy"][1].endswith("✗")


def test_the_best_trials_lie_between_their_ends(easy: Snapshot, hard: Snapshot) -> None:
    rows = best_rows(easy.frame, easy.spec)
    assert len(rows) > 1
    lie = sections(easy, hard)["where the best trials lie"]
    low, high = (float(word) for word in lie["lr"][0].split(" to "))
    values = easy.frame.params["lr"][rows]
    assert (low, high) == pytest.approx((values.min(), values.max()), rel=1e-3)
    assert lie["trials"][0] == str(len(rows))


def test_choices_are_counted_and_what_is_not_active_is_left_out(tmp_path: Path) -> None:
    text = EASY.replace('[[objective]]\nmetric = "nonzero', '[[constraint]]\nmetric = "nonzero')
    text = text.replace('direction = "minimize"\nthreshold = 900000\nlog = true', "max = 900000")
    folder = make_study(tmp_path, "one", 0, text=text)
    writer = StudyWriter(folder.db)
    for number, optimizer in enumerate(("sgd", "sgd", "adam", "sgd", "adam", "adam"), 1):
        metrics = {"accuracy": 0.9 - number / 100, "nonzero_weights": 100.0}
        params = {"lr": 0.01, "optimizer": optimizer}
        writer.add_trial(
            Trial(number, number, "60 epochs", TrialState.COMPLETE, 1.0, params, metrics)
        )
    writer.close()
    one = read_once(folder)
    lie = sections(one, one)["where the best trials lie"]
    assert (lie["trials"][0], lie["lr"][0]) == ("5", "0.01")
    assert lie["optimizer"][0] == "3 × sgd, 2 × adam"
    assert lie["momentum"][0] == "–"
