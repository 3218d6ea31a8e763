"""GPU time: two trials that share a GPU for an hour have used one hour of it."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.analysis.gpu_time import busy_devices, gpu_hours
from hpo_tui.engine.costs import Meter, left_in_units, used
from hpo_tui.engine.occupancy import Occupancy, gpus_of
from hpo_tui.engine.spec import Budget, BudgetUnit, StudySpec
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import Trial, TrialState

MakeFrame = Callable[..., Frame]
A, B = "GPU-aaaa", "GPU-bbbb"
HOUR = 3600.0


def trial(number: int, device: str, start: float, end: float, **rest: Any) -> Trial:
    values = {"state": TrialState.COMPLETE, "ended": end, "duration": end - start} | rest
    return Trial(
        number=number, configuration=number, task="full", cost=1.0, params={}, started=start,
        device=device, **values,
    )  # fmt: skip


def frame_of(make_frame: MakeFrame, trials: list[Trial]) -> Frame:
    nan = float("nan")
    found = make_frame(
        {"acc": [0.5] * len(trials)},
        state=[t.state for t in trials],
        started=[nan if t.started is None else t.started for t in trials],
        ended=[nan if t.ended is None else t.ended for t in trials],
        duration=[nan if t.duration is None else t.duration for t in trials],
    )
    found.device[:] = [t.device for t in trials]
    return found


def seconds(trials: list[Trial], devices: int = 1) -> float:
    return used(Budget(1, BudgetUnit.GPU_HOURS), trials, wall=0.0, devices=devices) * HOUR


def test_what_trials_share_counts_once() -> None:
    two = [trial(1, A, 0, 100), trial(2, A, 10, 110)]
    assert seconds(two) == pytest.approx(110)
    assert seconds([*two, trial(3, B, 0, 100)]) == pytest.approx(210)
    assert seconds([*two, trial(3, f"{A},{B}", 50, 150)], 2) == pytest.approx(150 + 100)
    assert seconds([trial(1, A, 0, 10), trial(2, A, 20, 30)]) == pytest.approx(20)


@pytest.mark.parametrize("device", ["cpu:0", "", "10.0.0.1 gpu 0", "ray"])
def test_what_is_on_no_known_gpu_counts_by_itself(device: str) -> None:
    two = [trial(1, device, 0, 100), trial(2, device, 0, 100)]
    assert gpus_of(device) == ()
    assert seconds(two, devices=2) == pytest.approx(400)


def test_attempts_count_where_and_when_they_ran() -> None:
    waiting = {"state": TrialState.WAITING, "ended": None}
    begun = trial(1, A, 0, 0, state=TrialState.RUNNING, ended=None, duration=None)
    first = trial(1, A, 0, 60, **waiting)
    last = trial(1, B, 0, 500, duration=100.0)
    book = Occupancy()
    book.learn(first, begun)
    book.learn(last, first)
    assert book.total(1).seconds == pytest.approx(100)
    # Read back, both are one piece on the last device.
    assert Occupancy([last, trial(2, B, 400, 440)]).total(1).seconds == pytest.approx(100)


def test_running_attempts_count_till_now() -> None:
    book = Occupancy([trial(1, A, 0, 100)])
    found = book.total(1, [(A, 50.0), (A, 20.0), (B, 10.0), ("cpu:0", 5.0)], now=120.0)
    assert found.seconds == pytest.approx(100 + 20 + 10 + 5)
    assert found.unshared == pytest.approx(100 + 50 + 20 + 10 + 5)
    assert book.total(1, [(A, 50.0), (A, 20.0)], now=200.0).seconds == pytest.approx(100 + 50)


spans = st.lists(
    st.tuples(st.sampled_from([A, B, f"{A},{B}", "cpu:0"]), st.integers(0, 40), st.integers(0, 15)),
    max_size=30,
)  # fmt: skip


@given(spans)
def test_the_runner_and_the_screens_count_alike(found: list[tuple[str, int, int]]) -> None:
    trials = [trial(n, d, s, s + length) for n, (d, s, length) in enumerate(found, 1)]
    moments = {(g, t) for d, s, length in found for g in gpus_of(d) for t in range(s, s + length)}
    alone = sum(length for d, _, length in found if not gpus_of(d))
    assert seconds(trials) == pytest.approx(len(moments) + alone)
    frame = Frame(
        *(np.arange(1, len(trials) + 1) for _ in range(4)),
        np.full(len(trials), STATES.index(TrialState.COMPLETE), np.int8),
        np.zeros(len(trials), np.int16),
        *(np.array([f(t) for t in trials], float) for f in (
            lambda _: 1.0, lambda _: 1.0, lambda _: 0.0, lambda t: t.started, lambda t: t.ended,
            lambda t: t.duration, lambda _: 0.0, lambda _: 0.0,
        )),
        np.zeros(len(trials), bool),
        np.array([t.device for t in trials], object),
        np.zeros(len(trials), np.int32),
    )  # fmt: skip
    assert gpu_hours(frame, 1, 0.0)[0] * HOUR == pytest.approx(len(moments) + alone)


def test_the_screens_count_running_and_lost_trials(make_frame: MakeFrame) -> None:
    base = 1.8e9
    failed = {"state": TrialState.FAILED}
    running = {"state": TrialState.RUNNING, "ended": None, "duration": None}
    trials = [
        trial(1, A, base, base + 100),
        trial(2, A, base + 50, base + 150, **failed),
        trial(3, B, base, base + 30, **failed),
        trial(4, A, base + 140, base, **running),
        trial(5, A, base + 160, base, **running),
        trial(6, "cpu:0", base + 160, base, **running),
    ]
    frame = frame_of(make_frame, trials)
    spent, lost = gpu_hours(frame, 1, base + 200)
    assert spent * HOUR == pytest.approx(200 + 30 + 40)
    assert lost * HOUR == pytest.approx(40 + 30)  # alone on A for 40 s, and all of B
    assert busy_devices(frame, 1) == 2


def test_what_is_left_counts_on_as_much_sharing_as_so_far() -> None:
    spec = StudySpec.from_dict({
        "study": {"name": "t", "budget": "1 gpu-hours"},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [{"metric": "a", "direction": "maximize"}],
    })  # fmt: skip
    trials = [trial(n, A, 0, 600) for n in (1, 2)]
    meter = Meter(spec)
    for one in trials:
        meter.learn(one)
    gpu = Occupancy(trials).total(1)
    # 3000 s of one GPU, two trials of 600 s at a time.
    assert left_in_units(spec, trials, meter, wall=0.0, gpu=gpu) == pytest.approx(10)


def test_a_look_at_many_trials_takes_no_time(make_frame: MakeFrame) -> None:
    n = 100_000
    started = 1.8e9 + np.arange(n) * 5.0
    frame = make_frame(
        {"acc": np.zeros(n)}, started=started, ended=started + 12, duration=np.full(n, 12.0)
    )
    frame.device[:] = [A, B] * (n // 2)
    start = time.process_time()
    assert gpu_hours(frame, 1, 0.0)[0] * HOUR == pytest.approx(n * 10.0, rel=1e-3)
    assert time.process_time() - start < 0.25  # measured 30 ms
    book = Occupancy(trial(i, A, 5.0 * i, 5.0 * i + 4) for i in range(20_000))
    start = time.process_time()
    for _ in range(100):
        book.total(1, [(A, 50.0)], now=100_010.0)
    assert time.process_time() - start < 0.1  # it does not go through all of them
