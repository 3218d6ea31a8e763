"""Reports and counts as a reader finds them, and what is forgotten of a study that never ran."""

import math
import sqlite3
from pathlib import Path

import pytest

from hpo_tui.store.connect import connect
from hpo_tui.store.models import Report, Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.schema import migrate
from hpo_tui.store.write import StudyWriter


def running(number: int) -> Trial:
    return Trial(number, number, "full", TrialState.RUNNING, 1.0, {"lr": 0.1})


def test_how_far_a_file_was_read_is_kept_where_it_held_no_report(
    writer: StudyWriter, reader: StudyReader
) -> None:
    """Lines that are no reports would be read again and again by every runner."""
    writer.add_trials(map(running, (1, 2, 3)))
    writer.add_reports([Report(2, 0, 4, {"a": 1.0}), Report(3, 0, None, {"a": 2.0})],
                       {1: (40, 2), 2: (20, 1)})  # fmt: skip
    found = [(t.report_offset, t.report_seq, t.step, t.metrics) for t in reader.trials()]
    assert found == [(40, 2, None, {}), (20, 1, 4, {"a": 1.0}), (0, 0, None, {"a": 2.0})]


def test_a_metric_that_was_no_number_comes_back_as_none(
    writer: StudyWriter, reader: StudyReader
) -> None:
    writer.add_trial(running(1))
    writer.add_reports([Report(1, 0, 1, {"a": math.nan, "b": -math.inf})])
    (report,) = reader.reports(1)
    assert math.isnan(report.metrics["a"])
    assert report.metrics["b"] == -math.inf
    steps, values = reader.curves([1], "a")[1]
    assert steps.tolist() == [1.0]
    assert math.isnan(values[0])


def test_states_without_trials_are_counted_too(writer: StudyWriter, reader: StudyReader) -> None:
    writer.add_trials(map(running, (1, 2)))
    assert reader.counts() == {s: 2 * (s is TrialState.RUNNING) for s in TrialState}


def test_columns_are_forgotten_unless_trials_have_them(
    writer: StudyWriter, reader: StudyReader
) -> None:
    writer.declare(["lr", "old"], ["a", "b"])
    writer.forget_columns(["lr"], ["b"])
    assert list(reader.columns("p").values()) == ["lr"]
    assert list(reader.columns("m").values()) == ["b"]
    writer.add_trial(running(1))
    writer.forget_columns([], [])
    assert reader.trial(1) == running(1)


def test_a_file_without_its_study_is_none(tmp_path: Path) -> None:
    path = tmp_path / "half-made.db"
    conn = connect(path)
    migrate(conn)
    conn.close()
    with StudyReader(path) as reader, pytest.raises(LookupError, match="holds no study yet"):
        reader.study()


def test_what_one_method_could_not_write_leaves_no_column_behind(
    writer: StudyWriter, reader: StudyReader
) -> None:
    writer.add_trial(running(1))
    with pytest.raises(sqlite3.IntegrityError):
        writer.add_trial(Trial(1, 1, "full", TrialState.RUNNING, 1.0, {"new": 2}))
    assert list(reader.columns("p").values()) == ["lr"]
    writer.add_trial(Trial(2, 2, "full", TrialState.RUNNING, 1.0, {"new": 2}))
    found = reader.trial(2)
    assert found is not None
    assert found.params == {"new": 2}


def test_a_metric_that_appears_between_two_statements_tears_nothing(
    writer: StudyWriter, reader: StudyReader
) -> None:
    """The runner writes a trial's first report of a metric while the trial is being read."""
    writer.add_trial(running(1))
    written: list[str] = []

    def write_one_more(_: str) -> None:
        written.append(f"m{len(written)}")
        at = len(written)
        writer.add_reports([Report(1, at, at, {written[-1]: 1.0})])

    reader.conn.set_trace_callback(write_one_more)
    reports = reader.reports(1)
    (trial,) = reader.trials()
    frame = reader.frame()
    reader.conn.set_trace_callback(None)
    assert [list(report.metrics) for report in reports] == [[m] for m in written[: len(reports)]]
    assert list(trial.metrics) == written[: trial.step]
    shown = [name for name, values in frame.metrics.items() if not math.isnan(values[0])]
    assert shown == written[: int(frame.step[0])]
    assert len(reports) < len(trial.metrics) < len(frame.metrics) < len(written)
