"""How far running trials are, when they end, and how they stand among others at the same step."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_tui.store.models import DeviceSample, Event, Report, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.charts import gauges
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.cli.summary import progress_line
from hpo_tui.tui.glyphs import UNICODE
from hpo_tui.tui.tables.trial_rows import TrialRows
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.words.header import header_pieces
from hpo_tui.tui.words.progress import MOST_LINES, Progress, progress_of, running_lines
from hpo_tui.tui.words.rank_at_step import rank_among, rank_text
from hpo_tui.tui.words.side_by_side import trial_entries
from hpo_tui.tui.words.trial_sheet import sheet
from tests.tui.conftest import make_study, until, watching

FULL = 60.0
"""Seconds that every complete trial of the full task took."""


def under_way(home: Path, step: float, share: float, gone: float, running: int = 1) -> Snapshot:
    """A study whose last trials run at the full task: at ``step``, charged for a ``share``."""
    snapshot = read_once(make_study(home, trials=30, running=running))
    frame, n = snapshot.frame, len(snapshot.frame)
    runs = np.arange(n) >= n - running
    frame = replace(
        frame,
        task=np.where(runs, frame.tasks.index("60 epochs"), frame.task).astype(np.int16),
        cost=np.where(runs, 1.0, frame.cost),
        charged=np.where(runs, share, frame.charged),
        wasted=np.where(runs, 0.0, frame.wasted),
        step=np.where(runs, step, frame.step),
        started=np.where(runs, snapshot.time - gone, frame.started),
    )
    return replace(snapshot, frame=frame, runner_pid=1)


def of_last(snapshot: Snapshot) -> Progress:
    return progress_of(snapshot)[len(snapshot.frame) - 1]


def test_a_trial_s_own_pace_counts_once_it_shows(tmp_path: Path) -> None:
    slow = under_way(tmp_path, step=15, share=0.25, gone=300)
    assert of_last(slow) == Progress(15, 60, pytest.approx(900))
    assert of_last(slow).text() == "step 15 of 60, about 15m left"
    assert of_last(slow).percent == "25%"


def test_before_that_it_is_the_pace_of_the_others(tmp_path: Path) -> None:
    silent = under_way(tmp_path, step=np.nan, share=0.5, gone=300)
    assert of_last(silent) == Progress(None, 60, pytest.approx(FULL / 2))
    assert of_last(silent).text() == "about 30s left"
    assert not of_last(silent).percent


def test_a_later_attempt_has_not_run_all_that_was_charged_itself(tmp_path: Path) -> None:
    late = under_way(tmp_path, step=45, share=0.75, gone=40_000)
    again = Event(1, late.time - 12, "started", "trial 30 starts again (attempt 2) on cpu:0", 30)
    assert of_last(replace(late, events=(again,))).left == pytest.approx(FULL / 4)


def test_of_a_trial_that_reports_nothing_any_more_no_end_is_told(tmp_path: Path) -> None:
    seen = under_way(tmp_path, step=15, share=0.25, gone=3000)
    number = int(seen.frame.number[-1])
    hung = replace(seen, quiet={number: seen.time - 2580})
    assert of_last(hung).text() == "step 15 of 60, nothing new for 43m"
    assert of_last(hung).short(left=True) == "25% (nothing new for 43m)"
    assert of_last(hung).short(left=False) == "25%"
    assert (f"#{number} silent for 43m", "warn") in header_pieces(hung, 100)[0]
    assert f"#{number} silent for 43m" in progress_line(hung)
    late = replace(hung, overdue=(number,))
    assert (f"#{number} overdue", "warn") in header_pieces(late, 100)[0]


def test_what_nobody_knows_is_not_said(tmp_path: Path) -> None:
    seen = under_way(tmp_path, step=30, share=0.5, gone=60)
    assert of_last(replace(seen, runner_pid=None)).text() == "step 30 of 60"
    assert of_last(replace(seen, overdue=(30,))).text() == "step 30 of 60"
    assert of_last(under_way(tmp_path / "a", step=70, share=1.0, gone=60)).text() == "step 70"
    assert Progress(60, 60).percent == "99%", "it has not ended"


def test_each_running_trial_has_a_line_and_many_are_counted(tmp_path: Path) -> None:
    lines = running_lines(under_way(tmp_path, step=15, share=0.25, gone=300))
    assert len(lines) == 1
    assert lines[0].startswith("#30 at 60 epochs: 5m00 so far, step 15 of 60, about 15m left; acc")
    many = running_lines(under_way(tmp_path / "a", 15, 0.25, 300, running=MOST_LINES + 3))
    assert len(many) == MOST_LINES + 1
    assert many[-1] == "and 3 trials more"
    assert running_lines(read_once(make_study(tmp_path / "b", running=0))) == []


def test_a_trial_that_has_reported_nothing_is_seen_to_run(tmp_path: Path) -> None:
    seen = under_way(tmp_path, step=np.nan, share=0.25, gone=300)
    mute = replace(seen, frame=replace(seen.frame, metrics={}))
    assert running_lines(mute)[0].startswith("#30 at 60 epochs: 5m00 so far, no report yet")
    assert "no report" not in running_lines(seen)[0]
    entries = {e.name: e.values for e in trial_entries(mute, [29, 0])}
    assert entries["progress"] == (("no report yet", ""), ("–", ""))
    assert "  no report yet (" in sheet(mute, 29, None, (), {}).title
    assert "no report" not in sheet(seen, 29, None, (), {}).title


def test_where_trials_are_listed_their_share_is_beside_their_time(tmp_path: Path) -> None:
    seen = under_way(tmp_path, step=15, share=0.25, gone=300)
    rows = TrialRows(seen, np.array([29]), ["trial", "duration"])
    assert rows.cells(0)[1] == ("5m00 25%", "accent")
    entries = {e.name: e.values for e in trial_entries(seen, [29, 0])}
    assert entries["progress"] == (("step 15 of 60", ""), ("–", ""))
    assert entries["left"] == (("about 15m", ""), ("–", ""))
    assert "progress" not in {e.name for e in trial_entries(seen, [0])}
    assert sheet(seen, 29, None, (), {}).title.endswith("running at 60 epochs  25% (15m left)")


def test_a_device_says_how_far_its_trials_are() -> None:
    sample = DeviceSample(0.0, "GPU0", "H200", 1 << 30, 24 << 30, 0.5, (7, 8))
    canvas = Canvas(60, 3)
    gauges.block(canvas, 0, sample, UNICODE, {7: Progress(15, 60, 900.0).short(left=True), 8: ""})
    assert "#7 25% (15m left), #8" in str(canvas.text())


CURVES: dict[int, Any] = {
    1: (np.array([10.0, 20.0, 30.0]), np.array([3.0, 2.5, 2.0])),
    2: (np.array([10.0, 25.0]), np.array([2.0, 1.0])),
    3: (np.array([10.0, 20.0]), np.array([2.9, 2.6])),
    4: (np.array([10.0]), np.array([0.1])),
    5: (np.array([10.0, 20.0]), np.array([np.nan, np.nan])),
}


def test_a_place_is_that_among_trials_that_have_come_as_far() -> None:
    assert rank_among(CURVES, 3, 1.0) == (3, 3)
    assert rank_among(CURVES, 3, -1.0) == (1, 3)
    assert rank_among(CURVES, 5, 1.0) == (0, 0)
    assert rank_among(CURVES, 9, 1.0) == (0, 0)


async def test_the_screen_of_a_running_trial_says_its_place(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=8, running=1)
    writer = StudyWriter(study.db)
    for n, value in ((6, 0.7), (7, 0.9), (8, 0.8)):
        writer.update_trial(n, task="60 epochs", step=20)
        writer.add_reports([Report(n, 99, 20, {"accuracy": value})])
    writer.update_trial(5, task="30 epochs", state=TrialState.COMPLETE)
    writer.close()
    snapshot = read_once(study)
    with StudyReader(study.db) as reader:
        assert rank_text(snapshot, 7, reader) == "accuracy 2nd of 3 at 60 epochs"
        assert not rank_text(snapshot, 6, reader), "it has ended"
    async with watching(study) as (app, pilot):
        assert app.live is not None
        app.open_trial(app.live, 8)
        await until(pilot, lambda: "2nd of 3" in _values(app))


def _values(app: Any) -> str:
    from hpo_tui.tui.widgets.line_table import LineTable

    tables = app.screen.query(LineTable)
    rows = [t.rows for t in tables if len(t.rows)]
    return " ".join(str(r.cells(at)) for r in rows for at in range(len(r)))


def test_of_a_trial_at_its_last_step_no_time_is_said_to_be_left(tmp_path: Path) -> None:
    """Its charge may be of before a runner took it over; an evaluation may follow, or nothing."""
    last = of_last(under_way(tmp_path / "a", step=60, share=0.25, gone=300))
    assert last.text() == "step 60 of 60"
    assert of_last(under_way(tmp_path / "b", step=59, share=0.9, gone=300)).left is not None
