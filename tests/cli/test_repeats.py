"""What ``best``, ``status`` and the list of studies say of a study with repeats."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial, TrialState

TEXT = """\
[study]
name = "NAME"
command = ["true"]
budget = 8
repeats = 3
[space.lr]
type = "float"
low = 0.0
high = 1.0
[[objective]]
metric = "accuracy"
direction = "maximize"
threshold = 0.8
"""


def trial(number: int, configuration: int, value: float, repeat: int = 0) -> Trial:
    """Return a complete full-task trial."""
    return Trial(
        number, configuration, "full", TrialState.COMPLETE, 1.0, {"lr": configuration / 10},
        {"accuracy": value}, charged=1.0, repeat=repeat, created=1e9, started=1e9 + number,
        ended=1e9 + number + 1, duration=1.0,
    )  # fmt: skip


@pytest.fixture
def lucky(make_study: Callable[..., StudyFolder]) -> StudyFolder:
    """Trial 1 reached 0.98, but 0.66 on average; trial 3 0.83."""
    trials = [
        trial(1, 1, 0.98), trial(2, 2, 0.6), trial(3, 3, 0.83), trial(4, 1, 0.5, 1),
        trial(5, 1, 0.5, 2), trial(6, 3, 0.85, 1),
    ]  # fmt: skip
    return make_study("lucky", trials, text=TEXT)


def test_best_is_what_the_optimizer_calls_best(lucky: StudyFolder, hpo: Callable[..., Any]) -> None:
    from hpo_tui.engine.execution.proposals.past import past_trials
    from hpo_tui.store.read import StudyReader

    spec = StudySpec.load(lucky.file)
    with StudyReader(lucky.db) as reader:
        past = past_trials(reader, spec)
    optimizer = Optimizer(replace(spec, noisy=False), seed=0)
    optimizer.restore(past)
    found = json.loads(hpo("best", "lucky", "--json", "--near").out)
    assert [b["trial"] for b in found if b["meets"]] == optimizer.best() == [3]
    assert [(b["trial"], b.get("runs")) for b in found] == [(3, 2), (1, 3), (2, None)]
    assert found[0]["metrics"]["accuracy"] == pytest.approx(0.84)
    assert found[1]["metrics"]["accuracy"] == pytest.approx(0.66)
    assert found[1]["std"]["accuracy"] == pytest.approx(0.277, abs=1e-3)  # of 0.98, 0.5, 0.5
    assert "std" not in found[2]
    assert json.loads(hpo("status", "lucky", "--json").out)["best"] == [3]


def test_the_means_are_shown_as_such(lucky: StudyFolder, hpo: Callable[..., Any]) -> None:
    del lucky
    shown = hpo("best", "lucky").out
    assert "1 of 3 configurations run in full meets all goals:" in shown
    assert shown.splitlines()[2].split() == ["3", "2", "0.84", "±0.014", "0.3"]
    assert "runs: number of full-task results" in shown
    assert r"3 & 2 & 0.84 $\pm$0.014 & 0.3" in hpo("best", "lucky", "--latex").out
    assert r"\begin{tabular}{rrrr}" in hpo("best", "lucky", "--latex").out
    assert "1 of 3 configurations run in full" in hpo("watch", "lucky", "--once").out


def test_the_list_of_studies_shows_the_mean(lucky: StudyFolder) -> None:
    from hpo_tui.tui.watching.study_list import StudyList

    studies = StudyList(Path(lucky.path).parent)
    summary = studies.read()[0]
    studies.close()
    assert (summary.best, summary.met) == ("0.84 accuracy", 1)


def test_the_table_of_the_app_shows_the_mean(
    lucky: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpo_tui.tui.tables.trial_rows import TrialRows
    from hpo_tui.tui.watching.snapshot import View
    from hpo_tui.tui.watching.watcher import read_once
    from hpo_tui.tui.widgets.best_table import BestTable

    shown: list[TrialRows] = []
    monkeypatch.setattr(BestTable, "set_rows_of", lambda _, rows, __: shown.append(rows))
    BestTable().show(read_once(lucky), View())
    rows = [[text for text, _ in shown[0].cells(i)] for i in range(len(shown[0]))]
    assert [row[:4] for row in rows] == [
        ["3", " ◆", "2", "0.84 ✓"], ["1", "  ", "3", "0.66 ✗"], ["2", "  ", "", "0.6 ✗"],
    ]  # fmt: skip


def test_best_asks_whether_a_range_should_be_wider(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    ends = [replace(trial(n, n, 0.9 + n / 1000), params={"lr": 0.99}) for n in range(1, 7)]
    text = TEXT.replace("repeats = 3\n", "").replace("high = 1.0", "high = 0.99")
    for middle, asked in ((0.5, True), (0.95, False)):  # as good elsewhere, it is not asked
        others = [
            replace(trial(n, n, middle + n / 1000), params={"lr": n / 100}) for n in range(7, 15)
        ]
        make_study(f"at {middle}", [*ends, *others], text=text)
        line = "lr: the 5 best trials lie at the upper end (0.99): widen the range?"
        for command in ("best", "status"):
            assert (line in hpo(command, f"at {middle}").out) == asked


def test_a_metric_with_an_objective_and_a_limit_is_one_column(
    make_study: Callable[..., StudyFolder], hpo: Callable[..., Any]
) -> None:
    from hpo_tui.tui.cli.follow import trial_line
    from hpo_tui.tui.cli.studies import picture_of

    text = f'{TEXT}[[constraint]]\nmetric = "accuracy"\nmin = 0.7\nmax = 0.99\n'
    folder = make_study("both", [trial(1, 1, 0.85), trial(2, 2, 0.75)], text=text)

    head, row = hpo("best", "both").out.splitlines()[1:3]

    assert head.split("  ")[:2] == ["#", "accuracy ≥0.8 ≤0.99"]
    assert row.split() == ["1", "0.85", "0.1"]
    picture = picture_of(folder)
    assert trial_line(trial(1, 1, 0.85), picture).count("accuracy=") == 1


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        (TrialState.FAILED, "exit code 1; last lines: a | b: c", "failed: exit code 1: b: c"),
        (TrialState.PRUNED, "stopped: it is behind.", "pruned: it is behind."),
        (TrialState.KILLED, "", "killed"),
    ],
)
def test_a_line_about_a_trial_says_its_error_and_nothing_twice(
    make_study: Callable[..., StudyFolder], state: TrialState, reason: str, said: str
) -> None:
    from hpo_tui.tui.cli.follow import trial_line
    from hpo_tui.tui.cli.studies import picture_of

    ended = replace(trial(1, 1, 0.85), state=state, reason=reason)
    picture = picture_of(make_study("lines", [ended], text=TEXT))
    assert said in trial_line(ended, picture).split("  ")
