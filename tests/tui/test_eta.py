"""The time left: what the optimizer foretells, counted down; what the budget says where it can."""

from contextlib import closing
from pathlib import Path

import pytest

from hpo_tui.engine import stop_when
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.cli import summary
from hpo_tui.tui.watching.study_list import StudyList
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.cost_bar import CostBar
from hpo_tui.tui.words.status_lines import status_lines
from tests.tui.conftest import NOW, TEXT, make_study, until, watching


def tell(folder: StudyFolder, seconds: float | None) -> float:
    """Store what the optimizer foretells; return when that was."""
    writer = StudyWriter(folder.db)
    writer.put("eta", seconds)
    writer.close()
    with StudyReader(folder.db) as reader:
        kept = reader.dated("eta")
    assert kept is not None
    assert kept[0] == seconds
    return kept[1]


@pytest.mark.usefixtures("runner")
def test_what_the_optimizer_foretells_is_counted_down(study: StudyFolder) -> None:
    when = tell(study, 600.0)
    assert read_once(study, lambda: when + 100).eta == pytest.approx(500.0)
    assert read_once(study, lambda: when + 599.7).eta is None, "about 0s left says nothing"
    assert read_once(study, lambda: when + 700).eta is None


@pytest.mark.usefixtures("runner")
def test_the_pace_so_far_stands_in_until_the_optimizer_knows(study: StudyFolder) -> None:
    tell(study, None)
    assert read_once(study, lambda: NOW).eta is not None


def test_without_a_runner_nothing_ends(study: StudyFolder) -> None:
    when = tell(study, 600.0)
    assert read_once(study, lambda: when).eta is None


@pytest.mark.usefixtures("runner")
def test_gpu_hours_go_by_the_trials_that_run(tmp_path: Path) -> None:
    text = TEXT.replace("budget = 400", 'budget = "200 gpu-hours"')
    seen = read_once(make_study(tmp_path, text=text, running=2), lambda: NOW)
    assert seen.eta == pytest.approx((200 - seen.spent) * 3600 / 2)
    idle = read_once(make_study(tmp_path, "idle", text=text, running=0), lambda: NOW)
    assert idle.eta is None
    paused = make_study(tmp_path, "paused", text=text, state=StudyState.PAUSED)
    assert read_once(paused, lambda: NOW).eta is None


@pytest.mark.usefixtures("runner")
def test_trials_that_only_failed_tell_no_pace(tmp_path: Path) -> None:
    folder = make_study(tmp_path, trials=5, running=0)
    writer = StudyWriter(folder.db)
    for number in range(1, 6):
        writer.update_trial(number, state=TrialState.FAILED, metrics={}, charged=0.001)
    writer.close()
    assert read_once(folder, lambda: NOW).eta is None


@pytest.mark.usefixtures("runner")
async def test_a_pause_takes_the_time_left_away_everywhere(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):

        def said() -> str:
            lines = app.screen._compositor.render_strips()
            return lines[0].text + "".join(s.text for s in app.screen.query_one(CostBar)._strips)

        await until(pilot, lambda: said().count("about ") == 2)
        writer = StudyWriter(study.db)
        writer.update_study(state=StudyState.PAUSED, reason="5 trials in a row failed alike")
        writer.close()
        await until(pilot, lambda: "about " not in said())


ENDING = TEXT.replace("budget = 400", 'budget = 400\nstop_when = "goals met"')


@pytest.mark.usefixtures("runner")
async def test_once_the_goals_are_met_the_end_of_the_budget_is_not_waited_for(
    tmp_path: Path,
) -> None:
    text = ENDING.replace("threshold = 0.9\n", "threshold = 0.5\n").replace("40000", "900000")
    study = make_study(tmp_path, text=text)
    tell(study, 600.0)
    async with watching(study, size=(140, 40)) as (app, pilot):
        said = app.screen._compositor.render_strips()[0].text
        assert "goals met: finishing the last trials" in said
        assert "left" not in said
        writer = StudyWriter(study.db)
        writer.put(stop_when.KEY, stop_when.goals_mark(StudySpec.from_text(text)))
        writer.close()
        # Extended since, it goes on past them.
        await until(pilot, lambda: "the last" not in app.screen._compositor.render_strips()[0].text)


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("budget", ["5", '"5 trials"', '"1h"', '"0.1 gpu-hours"'])
def test_a_budget_that_is_spent_foretells_nothing(tmp_path: Path, budget: str) -> None:
    text = TEXT.replace("budget = 400", f"budget = {budget}")
    seen = read_once(make_study(tmp_path, text=text), lambda: NOW)
    assert seen.closing == "budget spent"
    assert seen.eta is None
    assert "budget spent: finishing the last trials" in status_lines(seen)
    assert summary.progress_line(seen).endswith(" · budget spent: finishing the last trials")


@pytest.mark.parametrize("budget", ["20h", "200 gpu-hours"])
def test_time_without_a_runner_is_spent_by_nobody(
    tmp_path: Path, request: pytest.FixtureRequest, budget: str
) -> None:
    text = TEXT.replace("budget = 400", f'budget = "{budget}"')
    folder = make_study(tmp_path, text=text)
    at_death = read_once(folder, lambda: NOW).spent
    assert at_death > 0
    morning = NOW + 9 * 3600
    assert read_once(folder, lambda: morning).spent == pytest.approx(at_death)
    with closing(StudyList(folder.path.parent)) as studies:
        assert studies.read()[0].spent == pytest.approx(at_death)
    request.getfixturevalue("runner")
    assert read_once(folder, lambda: morning).spent > at_death + 8
