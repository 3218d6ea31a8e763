"""No picture of the study stays in memory once others are shown.

Each holds all trials. What only the cycle collector would find stays for minutes: on the screens it
comes by seldom.
"""

import gc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.frame import Frame
from hpo_tui.tui.messages import SnapshotReady
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.tables.trial_columns import all_columns
from hpo_tui.tui.tables.trial_rows import TrialRows
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.watching.watcher import read_once
from tests.tui.conftest import make_app, ready, until

FEW = 6
"""Pictures that may be there: the last one, and what panes were drawn from that wait their turn."""


@pytest.fixture
def no_collector() -> Iterator[None]:
    """Have the collector look for nothing: what is looked for here is of the test's own making."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_collector")
def test_rows_go_with_whoever_shows_them(study: StudyFolder) -> None:
    snapshot = read_once(study)
    rows = TrialRows(snapshot, np.arange(3), all_columns(snapshot))
    assert len(rows.cells(0)) > 15
    left = weakref.ref(rows)
    del rows
    assert left() is None


def _shown(live: LiveStudy, rev: int) -> bool:
    return live.snapshot is not None and live.snapshot.frame.rev == rev


def _is_of(one: object, frame: Frame) -> bool:
    """Whether an object is the trials of a picture made from these; its type says it alone.

    Other libraries' objects warn, or load something, where they are asked what they are.
    """
    return type(one) is Frame and one.number is frame.number


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("key", [*"123456789", "a"])
async def test_pictures_go_once_others_are_shown(
    study: StudyFolder, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, now = make_app(study), 1e9
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        watch, live = app.screen, app.live
        assert isinstance(watch, Watch)
        assert live is not None
        assert live.snapshot is not None
        monkeypatch.setattr(watch._redraws, "_clock", lambda: now)
        await pilot.press(key)
        first = live.snapshot
        for rev in range(2 * FEW):
            now += 100.0
            frame = replace(first.frame, rev=rev)
            app.post_message(SnapshotReady(replace(first, frame=frame)))
            await until(pilot, partial(_shown, live, rev))
            await pilot.pause()
        assert sum(_is_of(one, first.frame) for one in gc.get_objects()) <= FEW
