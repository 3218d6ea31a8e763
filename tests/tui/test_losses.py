"""What was lost is one number everywhere: on the screen, in status, and as trials add up to."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.analysis import charges
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import LOST, Trial, TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.charts import cost
from hpo_tui.tui.cli import summary
from hpo_tui.tui.glyphs import glyphs
from hpo_tui.tui.watching.watcher import read_once
from tests.tui.conftest import NOW, TEXT, make_study

TASKS = {"15 epochs": 0.25, "60 epochs": 1.0}
SHARES = st.sampled_from([0.0, 0.1, 0.5, 1.0])


@st.composite
def trials(draw: st.DrawFn) -> list[Trial]:
    """Trials in any state, some of them begun again after an attempt that was lost."""
    found = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        task, state = draw(st.sampled_from(list(TASKS))), draw(st.sampled_from(TrialState))
        price, wasted = TASKS[task], draw(SHARES)
        kept = price * (1.0 if state is TrialState.COMPLETE else draw(SHARES))
        found.append(
            Trial(number, number, task, state, price, {}, charged=wasted + kept, wasted=wasted)
        )
    return found


@given(trials())
def test_every_place_says_what_the_trials_add_up_to(made: list[Trial]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        study = make_study(Path(folder), trials=0)
        writer = StudyWriter(study.db)
        writer.add_trials(made)
        writer.close()
        picture = read_once(study, lambda: NOW)
    lost = {t.number: t.charged if t.state in LOST else t.wasted for t in made}
    spent = sum(t.charged for t in made)
    assert (picture.spent, picture.lost) == pytest.approx((spent, sum(lost.values())))
    segments = {s.label: s.value for s in cost.bar(picture, glyphs(False), False).segments}
    assert segments["lost"] == pytest.approx(sum(lost.values()))
    for task in {t.task for t in made}:
        kept = sum(t.charged - lost[t.number] for t in made if t.task == task)
        assert segments[task] == pytest.approx(kept)
    live = (TrialState.RUNNING, TrialState.WAITING)
    ahead = sum(t.cost + t.wasted - t.charged for t in made if t.state in live)
    assert segments["in flight"] == pytest.approx(ahead)
    assert sum(segments.values()) == pytest.approx(max(400.0, spent + ahead))


def test_what_a_trial_was_charged_above_its_price_is_lost_if_nothing_tells_of_it(
    tmp_path: Path,
) -> None:
    """As in a file of the first schema, whose trials have no part that attempts lost."""
    study = make_study(tmp_path, trials=0)
    writer = StudyWriter(study.db)
    amounts = {TrialState.COMPLETE: 2.5, TrialState.RUNNING: 1.25, TrialState.FAILED: 0.5}
    for number, (state, amount) in enumerate(amounts.items(), 1):
        writer.add_trial(Trial(number, number, "60 epochs", state, 1.0, {}, charged=amount))
    writer.close()
    picture = read_once(study, lambda: NOW)
    assert charges.lost(picture.frame).tolist() == [1.5, 0.25, 0.5]
    assert picture.lost == 2.25


def failing(tmp_path: Path, budget: str) -> StudyFolder:
    study = make_study(tmp_path, trials=0, text=TEXT.replace("budget = 400", f"budget = {budget}"))
    writer = StudyWriter(study.db)
    writer.add_trials([
        Trial(1, 1, "60 epochs", TrialState.COMPLETE, 1.0, {}, charged=1.0, started=NOW,
              ended=NOW + 7200, duration=7200.0, device="GPU0"),
        Trial(2, 2, "60 epochs", TrialState.FAILED, 1.0, {}, charged=0.25, started=NOW + 7200,
              ended=NOW + 9000, duration=1800.0, device="GPU0"),
        Trial(3, 3, "15 epochs", TrialState.WAITING, 0.25, {}),
    ])  # fmt: skip
    writer.close()
    return study


@pytest.mark.parametrize("budget", ['"20 gpu-hours"', '"100 trials"'])
def test_status_says_what_was_lost_in_the_unit_of_the_table_above(
    tmp_path: Path, budget: str, capsys: pytest.CaptureFixture[str]
) -> None:
    summary.show_costs(read_once(failing(tmp_path, budget), lambda: NOW))
    head, *_, lost = capsys.readouterr().out.splitlines()
    assert "full-task units" in head
    assert lost.startswith("of that 0.25 was lost")


def test_a_trial_that_waits_has_used_nothing_of_a_budget_of_trials(tmp_path: Path) -> None:
    picture = read_once(failing(tmp_path, '"100 trials"'), lambda: NOW)
    assert summary.status_record(picture)["spent"] == 2
