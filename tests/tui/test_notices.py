"""Short messages are shown once, however often a key is pressed."""

from dataclasses import replace

import pytest
from textual.notifications import SeverityLevel
from textual.widgets._toast import Toast

from hpo_tui.engine import launch
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.tui.messages import SnapshotReady
from hpo_tui.tui.screens.compare import Compare
from hpo_tui.tui.screens.dialogs import Ask
from hpo_tui.tui.watching.notices import InSight, occasions, outdated
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import make_app, ready, until, watching


def test_a_message_is_said_again_when_it_has_gone() -> None:
    seen = InSight()
    assert seen.takes("no", 0.0, 5.0)
    assert not seen.takes("no", 4.0, 5.0)
    assert seen.takes("other", 4.0, 5.0)
    assert seen.takes("no", 5.0, 5.0)


async def test_keys_that_cannot_act_do_not_cover_the_screen(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24), notifications=True) as (app, pilot):
        await pilot.press("x", "t", "n", "P", "asterisk")
        await until(pilot, lambda: bool(app.screen.query(Toast)))
        await pilot.pause()
        assert len(app.screen.query(Toast)) == 1


async def test_a_pause_rings_but_not_the_larger_budget_of_a_finished_study(
    study: StudyFolder,
) -> None:
    async with watching(study, size=(80, 24)) as (app, _):
        assert app.live is not None
        found = app.live.snapshot
    assert found is not None

    def at(state: StudyState, reason: str = "") -> Snapshot:
        assert found is not None
        return replace(found, study=replace(found.study, state=state, reason=reason))

    paused = at(StudyState.PAUSED, "5 like failures in a row")
    assert occasions(at(StudyState.RUNNING), paused)
    assert not occasions(paused, paused)
    assert outdated(paused, at(StudyState.RUNNING)) == occasions(at(StudyState.RUNNING), paused)
    assert not outdated(paused, paused)
    extended = at(StudyState.PAUSED, "start it again to spend what is left")
    assert not occasions(at(StudyState.FINISHED), extended)


@pytest.mark.parametrize("among_others", [False, True])
async def test_that_the_runner_died_is_not_said_beside_its_start(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, among_others: bool
) -> None:
    monkeypatch.setattr(launch, "start_runner", lambda _: 4242)
    app = make_app(None, study.path.parent) if among_others else make_app(study)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        if among_others:
            await until(pilot, lambda: bool(app.screen.query(LineTable)))
            table = app.screen.query_one(LineTable)
            await until(pilot, lambda: len(table.rows) == 1)
        else:
            await ready(pilot)
        app.attract("sparse-speech: the runner died. R starts it again.")
        await until(pilot, lambda: bool(app.screen.query(Toast)))
        await pilot.press("R")
        await until(pilot, lambda: any("4242" in n.message for n in app._notifications))
        assert not any("died" in n.message for n in app._notifications)


async def test_a_message_is_whole_in_a_narrow_window(study: StudyFolder) -> None:
    async with watching(study, size=(40, 15), notifications=True) as (app, pilot):
        app.notify(
            "Trial 1 has run at the full task: there is no more expensive one to be promoted to."
        )
        await until(pilot, lambda: bool(app.screen.query(Toast)))
        await until(pilot, lambda: app.screen.query_one(Toast).region.height > 3)
        assert app.screen.region.contains_region(app.screen.query_one(Toast).region)


async def test_that_a_trial_waits_for_another_is_not_said_over_the_two(
    study: StudyFolder,
) -> None:
    async with watching(study, size=(80, 24), notifications=True) as (app, pilot):
        await pilot.press("j", "equals_sign")
        await until(pilot, lambda: any("is marked" in n.message for n in app._notifications))
        await pilot.press("j", "equals_sign")
        await until(pilot, lambda: isinstance(app.screen, Compare))
        assert not list(app._notifications)


@pytest.mark.parametrize("severity", ["information", "error"])
async def test_a_question_is_not_covered_by_what_was_said_before(
    study: StudyFolder, severity: SeverityLevel
) -> None:
    async with watching(study, size=(80, 24), notifications=True) as (app, pilot):
        app.notify("Said before.", severity=severity)
        await until(pilot, lambda: bool(app.screen.query(Toast)))
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(app.screen, Ask) and app.screen.is_mounted)
        await pilot.pause()
        assert bool(app.screen.query(Toast)) is (severity == "error")


async def test_that_a_study_is_paused_is_not_said_of_one_that_goes_on(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24), notifications=True) as (app, pilot):
        assert app.live is not None
        running = app.live.snapshot
        assert running is not None
        app.live.watcher.stop()
        why = "the disk is full"
        paused = replace(running, study=replace(running.study, state=StudyState.PAUSED, reason=why))
        for _ in range(2):  # it is said again of another pause for the same reason
            app.post_message(SnapshotReady(paused))
            await until(pilot, lambda: any(why in n.message for n in app._notifications))
            app.post_message(SnapshotReady(running))
            await until(pilot, lambda: not list(app._notifications))
            await until(pilot, lambda: not app.screen.query(Toast))
