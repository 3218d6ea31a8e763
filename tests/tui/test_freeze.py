"""A frozen picture stands still, whatever is done on it."""

import math
from typing import Any

import pytest
from textual.pilot import Pilot

from hpo_tui.engine.analysis.maps import KEY, Map, kept
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.messages import BrushChanged, TrialSelected
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.best_table import BestTable
from tests.tui.conftest import until, watching


async def test_moving_and_filtering_on_a_frozen_picture_draw_it_and_nothing_newer(
    study: StudyFolder,
) -> None:
    async with watching(study) as (app, pilot):
        watch, live = app.screen, app.live
        assert isinstance(watch, Watch)
        assert live is not None
        held = live.snapshot
        assert held is not None
        table, parallel = watch.query_one(BestTable), watch._panes["parallel"]
        await pilot.press("space")
        writer = StudyWriter(study.db)
        best = {"accuracy": 0.999, "nonzero_weights": 900.0}
        writer.update_trial(
            60, state=TrialState.COMPLETE, task="60 epochs", metrics=best, ended=1.0
        )
        writer.close()
        await until(pilot, lambda: live.snapshot is not held)
        await pilot.press("j")
        await until(pilot, lambda: parallel.view.selected == table.current is not None)
        assert parallel.snapshot is held
        assert table.rows.find(60) is None
        live.set_filter("accuracy > 0.9")
        watch.view_changed()
        await until(pilot, lambda: parallel.view.filter == "accuracy > 0.9")
        wanted = held.frame.metrics["accuracy"] > 0.9
        assert (parallel.view.mask == wanted).all()
        lines = "\n".join(line.text for line in watch._compositor.render_strips())
        assert f"{int(wanted.sum())} of 60 trials shown" in lines
        assert "2 running" in lines
        await pilot.press("space")
        await until(pilot, lambda: table.rows.find(60) is not None)
        assert parallel.view is live.view


async def _frozen_then_changed(
    pilot: Pilot[int], study: StudyFolder, state: StudyState = StudyState.RUNNING
) -> Watch:
    """Freeze Watch, change trial 59 and the study, and wait until that has come in."""
    app = pilot.app
    assert isinstance(app, HpoApp)
    watch, live = app.screen, app.live
    assert isinstance(watch, Watch)
    assert live is not None
    held = live.snapshot
    await pilot.press("space")
    writer = StudyWriter(study.db)
    best = {"accuracy": 0.999, "nonzero_weights": 900.0}
    writer.update_trial(59, state=TrialState.COMPLETE, task="60 epochs", metrics=best, ended=1.0)
    writer.update_trial(1, starred=True)
    writer.update_study(state=state)
    writer.close()
    await until(pilot, lambda: live.snapshot is not held)
    return watch


async def test_a_map_stands_still_too(study: StudyFolder) -> None:
    def told(trial: int) -> None:
        numbers = (0.8, 0.9, 0.85, 0.95), (0.7,) * 4, (1.0,) * 4
        one = Map(trial, "lr", "dropout", "accuracy", (1e-4, 1e-1), (0.0, 0.7), *numbers)
        writer = StudyWriter(study.db)
        writer.put(KEY, [kept(one)])
        writer.close()

    told(12)
    async with watching(study) as (app, pilot):
        watch, live = app.screen, app.live
        assert isinstance(watch, Watch)
        assert live is not None
        held = live.snapshot

        def drawn() -> str:
            return "\n".join(line.text for line in watch._compositor.render_strips())

        await pilot.press("9", "c")
        await until(pilot, lambda: "expected from #12" in drawn())
        await pilot.press("space")
        told(34)
        await until(pilot, lambda: live.snapshot is not held)
        await pilot.press("l", "v")
        await pilot.pause()
        await until(pilot, lambda: "expected from #12" in drawn())
        await pilot.press("space")
        await until(pilot, lambda: "expected from #34" in drawn())


@pytest.mark.usefixtures("runner")
async def test_what_is_starred_is_what_is_shown(
    study: StudyFolder, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    async with watching(study) as (app, pilot):
        app.screen.post_message(BrushChanged({"m:accuracy": (0.95, math.inf)}))
        assert app.live is not None
        live = app.live
        await until(pilot, lambda: bool(live.view.brushes))
        assert live.snapshot is not None
        frame = live.snapshot.frame
        shown = set(frame.number[frame.metrics["accuracy"] >= 0.95].tolist())
        watch = await _frozen_then_changed(pilot, study)
        await pilot.press("ampersand", "y")
        await until(pilot, lambda: len(sent) == len(shown))
        assert {args["trial"] for _, args in sent} == shown
        assert 59 not in shown
        sent.clear()
        # Its star has come since: shown is one without, and that is what the key is pressed for.
        watch.post_message(TrialSelected(1))
        await until(pilot, lambda: watch.chosen == 1)
        await pilot.press("asterisk")
        await until(pilot, lambda: sent == [("star", {"trial": 1, "on": True})])


@pytest.mark.usefixtures("runner")
async def test_a_study_shown_as_running_is_not_let_go_on(
    study: StudyFolder, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    async with watching(study) as (_, pilot):
        await _frozen_then_changed(pilot, study, state=StudyState.PAUSED)
        await pilot.press("p")
        await until(pilot, lambda: sent == [("pause", {})])


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("key", ["N", "B"])
async def test_a_space_that_is_another_one_now_is_not_narrowed_by_what_is_shown(
    study: StudyFolder, sent: list[tuple[str, dict[str, Any]]], key: str
) -> None:
    async with watching(study) as (app, pilot):
        app.screen.post_message(BrushChanged({"p:lr": (1e-3, 1e-2)}))
        await until(pilot, lambda: bool(app.live and app.live.view.brushes))
        await _frozen_then_changed(pilot, study)
        await pilot.press(key)
        assert app.screen.is_modal
        await pilot.press("escape")
        assert app.live is not None
        assert app.live.snapshot is not None
        text = app.live.snapshot.study.text.replace("high = 0.7", "high = 0.6")
        writer = StudyWriter(study.db)
        writer.update_study(text=text)
        writer.close()
        await until(pilot, lambda: "0.6" in str(app.live and app.live.snapshot.study.text))  # type: ignore[union-attr]
        await pilot.press(key)
        assert not app.screen.is_modal
        assert "was edited after" in " ".join(n.message for n in app._notifications)
        await pilot.press("space", key)
        assert app.screen.is_modal
