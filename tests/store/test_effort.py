"""What is asked every second costs no more in a large study than in a small one."""

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from hpo_tui.store.models import DeviceSample, Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

MANY = 4000
"""Rows: each costs SQLite several steps, if it is looked at."""


def steps(conn: sqlite3.Connection, work: Callable[[], Any]) -> int:
    """Return how many steps SQLite takes for a piece of work, in tens."""
    counted = []
    conn.set_progress_handler(lambda: counted.append(1), 10)
    work()
    conn.set_progress_handler(None, 0)
    return len(counted)


@pytest.fixture
def trials(writer: StudyWriter) -> StudyWriter:
    writer.add_trials(
        Trial(n, n, ("short", "full")[n % 2], TrialState.COMPLETE, 1.0, {"x": n / MANY})
        for n in range(1, MANY + 1)
    )
    return writer


def test_a_frame_is_renewed_by_the_rows_that_changed_alone(
    trials: StudyWriter, reader: StudyReader
) -> None:
    reader.frame()
    trials.update_trial(7, starred=True)
    trials.add_trial(Trial(MANY + 1, 1, "dear", TrialState.RUNNING, 1.0, {"x": 0.5}))
    assert steps(reader.conn, reader.frame) < MANY / 10
    frame = reader.frame()
    assert frame.number.tolist() == list(range(1, MANY + 2))
    assert frame.number[frame.starred].tolist() == [7]
    assert frame.number[frame.at_task("dear")].tolist() == [MANY + 1]


@pytest.fixture
def samples(writer: StudyWriter) -> StudyWriter:
    for device in ("GPU-a", "GPU-b", "cpu"):
        rows = [DeviceSample(2.0 * at, device, "card", at, 2 * MANY, 0.5) for at in range(MANY)]
        writer.add_device_samples(rows)
    return writer


def test_the_newest_samples_are_found_without_a_look_at_the_others(
    samples: StudyWriter, reader: StudyReader
) -> None:
    assert steps(reader.conn, reader.devices) < MANY / 10
    newest = [(s.device, s.time, s.memory_used) for s in reader.devices()]
    assert newest == [(d, 2.0 * (MANY - 1), MANY - 1) for d in ("GPU-a", "GPU-b", "cpu")]


def test_old_samples_are_forgotten_without_a_look_at_the_others(samples: StudyWriter) -> None:
    now = 86_400.0 + 4.0
    fresh = [DeviceSample(now, "GPU-a", "card", 1, 2, 0.5)]
    assert steps(samples.conn, lambda: samples.add_device_samples(fresh)) < MANY / 10
    counts = samples.conn.execute("SELECT device, count(*), min(time) FROM devices GROUP BY device")
    # Of those that are measured no more as well: a card that was taken out.
    assert counts.fetchall() == [
        ("GPU-a", MANY - 1, 4.0), ("GPU-b", MANY - 2, 4.0), ("cpu", MANY - 2, 4.0)
    ]  # fmt: skip


def test_there_may_be_no_sample(reader: StudyReader) -> None:
    assert reader.devices() == []
