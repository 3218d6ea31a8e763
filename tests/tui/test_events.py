"""The table of events."""

from pathlib import Path

import numpy as np
import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Event
from hpo_tui.tui.screens.pickers import PickMany
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.watching.snapshot import View
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.events import EventRows, Events
from hpo_tui.tui.words.entries import readable
from tests.tui.conftest import make_study, until, watching

RAISED = "RuntimeError: CUDA error: device-side assert triggered"
CUDA = f"raise x | {RAISED} | Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions."


@pytest.mark.parametrize(
    ("trial", "kind", "text", "shown"),
    [
        (7, "complete", "trial 7 is complete: acc = 0.9", "acc = 0.9"),
        (7, "pruned", "trial 7: stopped: unlikely", "unlikely"),
        (7, "failed", "trial 7: exit code 1; last lines: a | b: c", "exit code 1: b: c"),
        (7, "failed", f"trial 7: exit code 1; last lines: {CUDA}", f"exit code 1: {RAISED}"),
        (7, "promoted", "trial 7 starts at full on cpu:0", "starts at full on cpu:0"),
        (7, "stopped", "trial 70 is meant", "trial 70 is meant"),
        (None, "edited", "trial 7 is no trial of it", "trial 7 is no trial of it"),
        (7, "complete", "metrics of trial 7", "metrics of trial 7"),
    ],
)
def test_what_stands_beside_it_is_not_said_again(
    trial: int | None, kind: str, text: str, shown: str
) -> None:
    event = Event(1, 0.0, kind, text, trial)
    rows = EventRows([event], 1.0)
    assert rows.cells(0)[-1][0] == shown
    assert rows.whole(0) == (kind, readable(text))


@pytest.mark.parametrize("kind", ["checkpoints", "quarantine", "threshold"])
def test_the_longest_kinds_are_whole(kind: str) -> None:
    column = EventRows([], 1.0).columns[2]
    assert column.width >= len(kind)


async def test_a_filter_leaves_the_events_of_its_trials(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("7")
        await until(pilot, lambda: bool(app.screen.query(Events)))
        events = app.screen.query_one(Events)
        await until(pilot, lambda: len(events.rows) == 2)
        watch = app.screen
        assert isinstance(watch, Watch)
        assert app.live is not None
        for text, count in (("trial == 5", 1), ("trial == 7", 0), ("trial < 9", 2)):
            app.live.set_filter(text)
            watch.view_changed()
            await until(pilot, lambda n=count: len(events.rows) == n)
            assert (not count) == ("u shows all" in events.empty), text
        app.live.set_filter("")
        watch.view_changed()
        await until(pilot, lambda: len(events.rows) == 2)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_kinds_that_are_ticked_are_listed_alone_and_remembered(
    study: StudyFolder, size: tuple[int, int]
) -> None:
    async with watching(study, size=size) as (app, pilot):
        await pilot.press("7")
        await until(pilot, lambda: bool(app.screen.query(Events)))
        watch = app.screen
        assert isinstance(watch, Watch)
        assert app.live is not None
        events = watch.query_one(Events)
        await until(pilot, lambda: len(events.rows) == 2 and events.has_focus)
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, PickMany))
        await pilot.press("j", "space", "enter")
        await until(pilot, lambda: len(events.rows) == 1)
        kind = events.rows.cells(0)[2][0]
        assert events.rows.columns[-1].title == f"why   only {kind}"
        app.live.set_filter("trial == 3" if kind == "failed" else "trial == 5")
        watch.view_changed()
        await until(pilot, lambda: not len(events.rows))
        assert "c ticks others" in events.empty
        app.live.show_all()
        watch.view_changed()
        await until(pilot, lambda: len(events.rows) == 1)
        kept = events.remember()
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, PickMany))
        await pilot.press("j", "space", "enter")  # none is ticked
        await until(pilot, lambda: len(events.rows) == 2)
    again = Events()
    again.restore(kept)
    assert again.remember() == kept == {"kinds": [kind]}
    again.restore({"kinds": None})
    assert again.remember() == {"kinds": []}


def test_what_a_mask_does_not_know_yet_is_not_shown(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path))
    events = Events()
    for known, shown in ((60, 2), (4, 1), (2, 0)):
        events.show(snapshot, View(filter="x", mask=np.ones(known, dtype=np.bool_)))
        assert len(events.rows) == shown, known
