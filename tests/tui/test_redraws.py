"""When a pane is drawn anew."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.messages import TrialSelected
from hpo_tui.tui.panes import BEST, COST_BAR, PARALLEL, TABS
from hpo_tui.tui.redraws import Redraws
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.watching.watcher import read_once
from tests.tui.conftest import make_study, until, watching


def test_new_data_wait_their_turn_and_a_new_view_does_not(tmp_path: Path) -> None:
    now = 100.0
    redraws, view = Redraws(lambda: now), View()
    snapshot = read_once(make_study(tmp_path, trials=3))
    assert redraws.wait(PARALLEL, snapshot, view) == 0
    redraws.note(PARALLEL, snapshot, view)
    later = replace(snapshot, frame=replace(snapshot.frame))
    assert redraws.wait(PARALLEL, snapshot, view) is None
    assert redraws.wait(PARALLEL, later, view) == PARALLEL.every
    assert redraws.wait(PARALLEL, later, View(turn=1)) == 0
    assert redraws.wait(COST_BAR, later, view) == 0, "it has not been drawn yet"
    now += PARALLEL.every
    assert redraws.wait(PARALLEL, later, view) == 0
    redraws.forget(PARALLEL.name)
    assert redraws.wait(PARALLEL, snapshot, view) == 0


@pytest.mark.parametrize("news", [{"waits": "GPU0 is lent"}, {"short": 2.0}, {"edited": True}])
def test_what_hinders_the_first_result_is_told_where_the_results_will_be(
    tmp_path: Path, news: dict[str, Any]
) -> None:
    redraws, snapshot = Redraws(lambda: 0.0), read_once(make_study(tmp_path, trials=0))
    redraws.note(BEST, snapshot, View())
    assert redraws.wait(BEST, replace(snapshot), View()) is None
    assert redraws.wait(BEST, replace(snapshot, **news), View()) is not None


def _drawn_from(watch: Watch, name: str, monkeypatch: pytest.MonkeyPatch) -> list[Snapshot]:
    """What a pane is drawn from henceforth, by a clock that stands."""
    shown: list[Snapshot] = []
    monkeypatch.setattr(watch._panes[name], "show", lambda s, _: shown.append(s))
    monkeypatch.setattr(watch._redraws, "_clock", lambda: 0.0)
    return shown


@pytest.mark.parametrize("key", ["0", "1"])
async def test_a_view_that_is_shown_already_draws_nothing_before_its_time(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        watch, live = app.screen, app.live
        assert isinstance(watch, Watch)
        assert live is not None
        # The parallel coordinates are in sight or not, and it makes no difference.
        await pilot.press(key)
        watch.post_message(TrialSelected(5))
        name = "parallel" if key == "0" else "history"
        await until(pilot, lambda: watch._panes[name].view.selected == 5)
        shown = _drawn_from(watch, name, monkeypatch)
        assert live.snapshot is not None
        live.snapshot = replace(live.snapshot, frame=replace(live.snapshot.frame))
        watch.view_changed()
        settle = watch._settle
        assert settle is not None
        await until(pilot, lambda: settle._task is not None and settle._task.done())
        await pilot.pause()
        assert not shown


@pytest.mark.parametrize("text", ["", "accuracy > 0.5"])
async def test_a_new_picture_of_the_study_is_no_new_view_of_it(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    async with watching(study) as (app, pilot):
        watch, live = app.screen, app.live
        assert isinstance(watch, Watch)
        assert live is not None
        live.set_filter(text)
        watch.view_changed()
        parallel = watch._panes["parallel"]
        await until(pilot, lambda: parallel.view is live.view)
        shown = _drawn_from(watch, "parallel", monkeypatch)
        assert live.snapshot is not None
        frame = live.snapshot.frame
        better = {"accuracy": frame.metrics["accuracy"] + 0.1}
        later = replace(frame, metrics={**frame.metrics, **better})
        live.take(replace(live.snapshot, frame=later))
        watch.draw()
        assert not shown, "new data alone wait their turn"
        live.select(7)
        watch.draw()
        assert shown == [live.snapshot]


async def test_panes_that_wait_have_one_timer_for_the_first_of_them(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(study) as (app, _):
        watch, live = app.screen, app.live
        assert isinstance(watch, Watch)
        assert live is not None
        assert live.snapshot is not None
        monkeypatch.setattr(watch._redraws, "_clock", lambda: 0.0)
        for place in (BEST, COST_BAR, PARALLEL, TABS[0]):
            watch._redraws.note(place, live.snapshot, watch.look)
        timers: list[Mock] = []

        def counted(*asked: Any) -> Mock:
            timers.append(Mock(asked=asked))
            return timers[-1]

        monkeypatch.setattr(watch, "set_timer", counted)
        live.snapshot = replace(live.snapshot, frame=replace(live.snapshot.frame))
        for _ in range(3):
            watch.draw()
        assert [t.asked for t in timers] == [(1.0, watch._draw_in_turn)] * 3, (
            "the best table waits least"
        )
        assert [t.stop.called for t in timers] == [True, True, False]
