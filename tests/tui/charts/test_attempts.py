"""The attempts of a trial are blocks of their own in the timeline, where events tell of them."""

from dataclasses import replace

import numpy as np

from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import Event, TrialState
from hpo_tui.tui.charts.timeline import Ran, lanes, ran
from tests.tui.charts.conftest import drawn

COMPLETE, RUNNING = (STATES.index(s) for s in (TrialState.COMPLETE, TrialState.RUNNING))


def frame_of(ended: float, seconds: float, *, state: int = COMPLETE) -> Frame:
    """Two trials: the first is begun at 0, the second runs from 10 to 20."""
    return replace(
        drawn(2), state=np.array([state, COMPLETE], np.int8), started=np.array([0.0, 10.0]),
        ended=np.array([ended, 20.0]), duration=np.array([seconds, 10.0]),
        device=np.array(["GPU1", "GPU0"], object),
    )  # fmt: skip


def begun(time: float, attempt: int, device: str) -> Event:
    what = "starts" if attempt == 1 else f"starts again (attempt {attempt})"
    return Event(int(time), time, "started", f"trial 1 {what} at full on {device}", 1)


def requeued(time: float) -> Event:
    return Event(int(time), time, "requeued", "trial 1: killed; it runs again", 1)


def spans(frame: Frame, trials: Ran) -> dict[str, list[tuple[int, float, float]]]:
    """Return device → (trial, start, end) of each block."""
    found: dict[str, list[tuple[int, float, float]]] = {}
    for lane in lanes(frame, trials):
        for i in lane.at:
            number = int(frame.number[trials.row[i]])
            block = (number, float(trials.start[i]), float(trials.end[i]))
            found.setdefault(lane.label, []).append(block)
    return found


def test_each_attempt_is_where_and_when_it_ran() -> None:
    frame = frame_of(1000.0, 60.0)
    events = [begun(0.0, 1, "GPU0"), requeued(5.0), begun(945.0, 2, "GPU1")]
    assert spans(frame, ran(frame, 2000.0, events)) == {
        "GPU0": [(1, 0.0, 5.0), (2, 10.0, 20.0)], "GPU1": [(1, 945.0, 1000.0)],
    }  # fmt: skip
    assert spans(frame, ran(frame, 2000.0)) == {
        "GPU0": [(2, 10.0, 20.0)], "GPU1": [(1, 940.0, 1000.0)],
    }  # fmt: skip


def test_an_end_that_was_seen_late_takes_no_longer_than_the_attempt_did() -> None:
    frame = frame_of(1000.0, 60.0)
    # No runner was there when it ended: the next one tells of it.
    events = [begun(0.0, 1, "GPU1"), requeued(940.0), begun(945.0, 2, "GPU1")]
    assert spans(frame, ran(frame, 2000.0, events))["GPU1"] == [(1, 0.0, 5.0), (1, 945.0, 1000.0)]


def test_one_that_runs_again_has_its_earlier_attempts_and_runs_until_now() -> None:
    frame = frame_of(np.nan, 5.0, state=RUNNING)
    events = [begun(0.0, 1, "GPU1"), requeued(5.0), begun(945.0, 2, "GPU1")]
    assert spans(frame, ran(frame, 990.0, events))["GPU1"] == [(1, 0.0, 5.0), (1, 945.0, 990.0)]


def test_attempts_that_are_not_remembered_are_one_piece() -> None:
    frame = frame_of(1000.0, 90.0)
    events = [requeued(700.0), begun(945.0, 3, "GPU1")]
    assert spans(frame, ran(frame, 2000.0, events))["GPU1"] == [(1, 0.0, 35.0), (1, 945.0, 1000.0)]
