"""The machine's clock is set while a study runs: forward or back, by a time server or by hand."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from acting import live

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.base import Exit
from hpo_tui.engine.kept_keys import ETA
from hpo_tui.engine.occupancy import GpuTime
from hpo_tui.engine.runner.chores import Chores
from hpo_tui.engine.runner.clock import Clock
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.stopping import Audit
from hpo_tui.engine.spec import Budget, BudgetUnit
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader

HOUR = 3600.0
Set = Callable[[float], None]


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Return what sets the machine's clock, by so many seconds from what it really is."""
    real = time.time

    def put(seconds: float) -> None:
        monkeypatch.setattr(time, "time", lambda: real() + seconds)

    return put


def strange(desk: Desk) -> list[str]:
    with StudyReader(desk.folder.db) as reader:
        return [e.text for e in reader.events() if e.kind == "strange"]


def test_a_clock_that_is_set_spends_no_wall_time(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, wall: Set
) -> None:
    desk.spec = replace(desk.spec, budget=Budget(HOUR, BudgetUnit.WALL))
    monkeypatch.setattr(desk, "gpu_time", lambda: GpuTime(0.0, 0.0))
    starter: Any = SimpleNamespace(over_budget=False)
    chores, clock = Chores(desk, starter, Audit(desk)), Clock(desk)
    wall(2 * HOUR)  # as for a time zone
    clock.keep()
    chores.check_budget()
    assert not starter.over_budget
    with StudyReader(desk.folder.db) as reader:
        assert reader.study().started == pytest.approx(desk.started)
    assert "set by +7200 s" in strange(desk)[-1]
    up = processes.uptime
    monkeypatch.setattr(processes, "uptime", lambda: up() + 2 * HOUR)
    wall(4 * HOUR)
    clock.keep()
    chores.check_budget()
    assert starter.over_budget  # these two hours have passed, be it that the machine slept


@pytest.mark.parametrize("shift", [HOUR, -HOUR])
def test_what_a_run_has_dated_keeps_its_order_and_its_length(
    desk: Desk, tmp_path: Path, wall: Set, shift: float
) -> None:
    live(desk, tmp_path)
    clock, now = Clock(desk), time.time()
    desk.update(1, started=now)
    for trial in (
        Trial(2, 2, "full", TrialState.COMPLETE, 1.0, {"x": 0.1}, created=now, started=now,
              ended=now + 9.0, duration=9.0),
        Trial(3, 3, "full", TrialState.COMPLETE, 1.0, {"x": 0.2}, created=now - 2 * HOUR,
              started=now - 2 * HOUR, ended=now - HOUR, duration=HOUR),
    ):  # fmt: skip
        desk.writer.add_trial(trial)
        desk.trials[trial.number] = trial
    wall(shift)
    clock.keep()
    wall(shift + 2.0)
    clock.keep()  # a clock that drifts was not set
    with StudyReader(desk.folder.db) as reader:
        one, two, three = reader.trials()
    assert one.started == pytest.approx(now + shift, abs=1.0)
    assert two.ended == pytest.approx(now + shift + 9.0, abs=1.0)
    assert two.ended - two.started == pytest.approx(9.0)
    assert three.ended == now - HOUR  # of a run before: by which clock, nobody knows
    assert len(strange(desk)) == 1


@pytest.mark.parametrize("shift", [HOUR, -HOUR])
def test_what_a_trial_that_runs_took_so_far_is_what_it_took(
    desk: Desk, tmp_path: Path, wall: Set, shift: float
) -> None:
    live(desk, tmp_path)
    real = time.time()
    wall(-9 * HOUR)
    desk.event("started", "trial 1 starts, under another runner", 1)
    wall(-8 * HOUR)
    desk.event("strange", "of that runner")
    wall(0.0)
    clock = Clock(desk)
    desk.event("edited", "of this one")
    wall(shift)
    clock.keep()
    with StudyReader(desk.folder.db) as reader:
        started, before, edited, told = (e.time for e in reader.events())
    assert started == pytest.approx(real - 9 * HOUR + shift, abs=2.0)
    assert before == pytest.approx(real - 8 * HOUR, abs=2.0)  # by which clock, nobody knows
    assert edited == pytest.approx(real + shift, abs=2.0)
    assert told == pytest.approx(real + shift, abs=2.0)


def test_gpu_time_after_a_jump_back_is_not_that_of_the_trials_before(desk: Desk, wall: Set) -> None:
    clock, now = Clock(desk), time.time()
    ran = {"device": "GPU-5ee7", "state": TrialState.COMPLETE, "duration": HOUR}
    desk.update(1, ended=now + HOUR, **ran)
    wall(-HOUR)
    clock.keep()
    second = Trial(2, 2, "full", TrialState.RUNNING, 1.0, {"x": 0.1}, device="GPU-5ee7")
    desk.writer.add_trial(second)
    desk.trials[2] = second
    desk.update(2, ended=now + HOUR, **ran)  # an hour after the first one
    assert desk.occupancy.total(1).seconds == pytest.approx(2 * HOUR, abs=1.0)


@pytest.mark.parametrize("shift", [HOUR, -HOUR])
def test_a_forecast_is_counted_down_from_when_it_was_made(
    desk: Desk, wall: Set, shift: float
) -> None:
    desk.writer.put(ETA, 500.0)
    clock = Clock(desk)
    wall(shift)
    clock.keep()
    with StudyReader(desk.folder.db) as reader:
        left, told = reader.dated(ETA) or (0.0, 0.0)
    assert left + told - time.time() == pytest.approx(500.0, abs=2.0)


def test_what_the_machine_slept_is_charged_to_no_trial(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = live(desk, tmp_path)
    one.process.started = processes.uptime() - 60.0
    up = processes.uptime
    monkeypatch.setattr(processes, "uptime", lambda: up() + 8 * HOUR)
    assert desk.elapsed(one) == pytest.approx(60.0, abs=5.0)
    awake = processes.awake
    monkeypatch.setattr(processes, "awake", lambda: awake() + HOUR)
    assert desk.elapsed(one) == pytest.approx(60.0 + HOUR, abs=5.0)


def test_a_study_without_a_forecast_has_none_after_a_jump(desk: Desk, wall: Set) -> None:
    clock = Clock(desk)
    wall(HOUR)
    clock.keep()
    desk.writer.put(ETA, None)
    wall(0.0)
    clock.keep()
    with StudyReader(desk.folder.db) as reader:
        assert reader.get(ETA) is None


@pytest.mark.parametrize("shift", [HOUR, -HOUR])
def test_a_trial_that_was_adopted_after_the_clock_was_set_is_dated_by_its_process(
    desk: Desk, tmp_path: Path, wall: Set, shift: float
) -> None:
    one, began = live(desk, tmp_path), time.time() - 90.0
    desk.update(1, attempt=1, created=began - 1.0, started=began)
    one.process.started = processes.uptime() - 90.0
    wall(-90.0)
    desk.event("started", "trial 1 starts", 1)
    wall(0.0)
    Clock(desk).settle()
    assert desk.trials[1].started == began  # no clock was set
    wall(shift)
    Clock(desk).settle()
    with StudyReader(desk.folder.db) as reader:
        found, event = reader.trial(1), reader.events()[0]
    assert found is not None
    assert found.started == pytest.approx(began + shift, abs=2.0)
    assert found.created == pytest.approx(began + shift - 1.0, abs=2.0)
    assert event.time == pytest.approx(began + shift, abs=2.0)


@pytest.mark.parametrize(("ended", "shift"), [(-HOUR, -HOUR - 9.0), (30.0, 0.0)])
def test_a_trial_that_ended_alone_after_the_clock_was_set_back_did_not_end_before_it_began(
    desk: Desk, tmp_path: Path, ended: float, shift: float
) -> None:
    one, began = live(desk, tmp_path), time.time() - 90.0
    desk.update(1, attempt=1, created=began - 1.0, started=began)
    one.ended = Exit(0, 9.0, began + ended)
    Clock(desk).settle()
    with StudyReader(desk.folder.db) as reader:
        found = reader.trial(1)
    assert found is not None
    assert found.started == pytest.approx(began + shift)
    assert found.created == pytest.approx(began + shift - 1.0)
