"""How long running trials have been at it, and which are overdue."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo_tui.engine.overdue import KEY
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.frame import STATES
from hpo_tui.store.models import Event, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.tables.filters import filter_mask
from hpo_tui.tui.tables.trial_order import sorted_rows
from hpo_tui.tui.tables.trial_rows import TrialRows
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.header import header_pieces
from hpo_tui.tui.words.running import durations, overdue_text
from hpo_tui.tui.words.side_by_side import trial_entries
from hpo_tui.tui.words.status_lines import status_lines
from hpo_tui.tui.words.trial_sheet import reason
from tests.tui.conftest import make_study

LONGEST = 20.0
"""Seconds that the longest complete trials took, at whatever task."""


def seen(home: Path, gone: float, running: int = 1) -> Snapshot:
    """A study whose last trials are overdue: they run for ``gone`` seconds where others took 20."""
    snapshot = read_once(make_study(home, trials=30, running=running))
    frame, n = snapshot.frame, len(snapshot.frame)
    runs = np.arange(n) >= n - running
    frame = replace(
        frame,
        state=np.where(
            runs, STATES.index(TrialState.RUNNING), STATES.index(TrialState.COMPLETE)
        ).astype(np.int8),
        task=np.full(n, frame.tasks.index("60 epochs"), dtype=np.int16),
        cost=np.ones(n),
        started=np.full(n, snapshot.time - gone),
        duration=np.where(runs, np.nan, np.linspace(LONGEST / 2, LONGEST, n)),
    )
    late = tuple(range(n - running + 1, n + 1))
    return replace(snapshot, frame=frame, runner_pid=1, eta=600.0, overdue=late)


def test_overdue_trials_are_named_and_make_the_time_left_a_least_one(tmp_path: Path) -> None:
    late = seen(tmp_path, 72)
    assert ("#30 overdue", "warn") in header_pieces(late, 80)[0]
    assert ("at least 10m left", "dim") in header_pieces(late, 120)[0]
    assert "#30 overdue" in status_lines(late)
    in_time = replace(late, overdue=())
    assert ("about 10m left", "dim") in header_pieces(in_time, 80)[0]
    assert "overdue" not in " ".join(status_lines(in_time))


def test_they_are_read_while_a_runner_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(tmp_path, trials=30)
    with closing(StudyWriter(folder.db)) as writer:
        writer.put(KEY, {"now": [29, 30], "told": [29, 30]})
    assert read_once(folder).overdue == ()
    monkeypatch.setattr(StudyFolder, "runner_pid", lambda _: 1)
    assert read_once(folder).overdue == (29, 30)


def test_many_are_counted(tmp_path: Path) -> None:
    assert overdue_text(seen(tmp_path, 72, running=2)) == "#29, #30 overdue"
    assert overdue_text(seen(tmp_path / "other", 72, running=3)) == "3 trials overdue"


def test_an_attempt_counts_from_its_own_start(tmp_path: Path) -> None:
    late = seen(tmp_path, 40_000)
    text = "trial 30 starts again (attempt 2) at 60 epochs on cpu:0"
    event = Event(1, late.time - 12, "started", text, 30)
    again = replace(late, events=(event,))
    assert durations(again)[-1] == pytest.approx(12)


def test_tables_orders_and_filters_count_the_time_so_far(tmp_path: Path) -> None:
    late = seen(tmp_path, 72)
    last = len(late.frame) - 1
    rows = TrialRows(late, np.array([last, 0]), ["trial", "duration"])
    assert rows.cells(0)[1] == ("72s 60%", "warn")
    assert rows.cells(1)[1] == ("10s", "dim")
    assert sorted_rows(late, np.arange(last + 1), "duration", descending=True)[0] == last
    assert np.flatnonzero(filter_mask(late, "duration > 60")).tolist() == [last]
    took = next(e for e in trial_entries(late, [last, 0]) if e.name == "took")
    assert took.values == (("72s so far, overdue", "warn"), ("10s", ""))


def test_a_trial_s_screen_says_since_when_it_is_overdue_and_what_ends_it(tmp_path: Path) -> None:
    late = seen(tmp_path, 72)
    with closing(StudyReader(late.folder.db)) as reader:
        record = reader.trial(30)
    assert record is not None
    text = "trial 30 has run for 1m 2s, others at 60 epochs 20s at most; nothing stops it"
    told = (Event(1, late.time, "overdue", text, 30),)
    row = late.frame.index(30)
    assert row is not None
    at = fmt.clock(late.time, late.time)
    assert reason(late, row, record, told) == f"overdue at {at}: {text.removeprefix('trial 30 ')}"
    assert not reason(replace(late, overdue=()), row, record, told)
    assert not reason(late, row, record, ())
    assert reason(late, row, replace(record, reason="killed by you"), told) == "killed by you"
