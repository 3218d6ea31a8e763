"""What a running trial is charged: by the time until its steps tell, then by its steps."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from acting import Process, live

from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.starting import Starter
from hpo_tui.engine.runner.watching import Told, adopt, watch
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import TrialFolder
from hpo_tui.store.models import Trial, TrialState


def test_a_charge_guessed_by_the_time_is_set_right_by_steps(desk: Desk, tmp_path: Path) -> None:
    one = live(desk, tmp_path)
    desk.update(1, charged=desk.charge(one, 360.0))
    assert desk.trials[1].charged == pytest.approx(0.6)
    desk.trials[1] = replace(desk.trials[1], step=7)
    assert desk.charge(one, 361.0) == pytest.approx(361 / 600)  # who knows at which step it ends?
    desk.meter.learn(Trial(2, 2, "full", TrialState.COMPLETE, 1.0, {}, step=40, duration=60.0))
    assert desk.charge(one, 362.0) == pytest.approx(7 / 40)
    for step, charged in ((20, 0.5), (3, 0.5), (30, 0.75)):  # it may count anew
        desk.update(1, charged=desk.charge(one, 363.0), step=step)
        assert desk.charge(one, 364.0) == pytest.approx(charged)


@pytest.mark.parametrize(
    ("trial", "floor"),
    [
        ({"step": None, "charged": 0.6}, 0.0),
        ({"step": None, "charged": 0.8, "wasted": 0.2}, 0.2),
        ({"step": 20, "charged": 0.5}, 0.5),
        ({"step": 20, "charged": 0.9, "wasted": 0.4}, 0.9),
    ],
)
def test_an_adopted_or_retried_trial_keeps_what_its_steps_have_cost(
    desk: Desk, tmp_path: Path, trial: dict[str, Any], floor: float
) -> None:
    desk.meter.learn(Trial(2, 2, "full", TrialState.COMPLETE, 1.0, {}, step=40, duration=60.0))
    desk.update(1, **trial)
    launch: Any = SimpleNamespace(
        number=1, folder=TrialFolder(tmp_path / "1"), environment={"HPO_RESUME": ""}
    )
    one = watch(desk, launch, Process(), Told({}, "", 0, None))  # type: ignore[arg-type]
    assert one.paid == pytest.approx(floor)
    desk.update(1, step=4)
    assert desk.charge(one, 900.0) == pytest.approx(max(floor, desk.trials[1].wasted + 0.1))


def test_a_charge_never_falls(desk: Desk, tmp_path: Path) -> None:
    one = live(desk, tmp_path)
    charges = [desk.charge(one, seconds) for seconds in (1.0, 300.0, 200.0, 1e9)]
    assert charges[0] < charges[1]
    desk.update(1, charged=charges[1])
    assert desk.charge(one, 200.0) == charges[1]
    assert desk.charge(one, 1e9) == 1.0


def test_of_a_trial_that_is_tried_again_each_attempt_occupies_its_gpu_once(desk: Desk) -> None:
    desk.update(1, device="GPU0", duration=10.0, ended=100.0)
    desk.update(1, ended=None)
    desk.update(1, duration=25.0, ended=200.0)
    found = desk.occupancy.total(1, now=300.0)
    assert (found.seconds, found.unshared) == (25.0, 25.0)


def test_the_process_of_a_trial_is_known_once_it_was_adopted(desk: Desk) -> None:
    """Its runner may have died before it could write down which one it had started."""
    process = SimpleNamespace(pid=77, started=5.0, poll=lambda: None)
    desk.executor.adopt = lambda *_: process  # type: ignore[method-assign]
    assert adopt(desk, desk.trials[1])
    assert (desk.trials[1].pid, desk.trials[1].pid_started) == (77, 5.0)


@pytest.mark.parametrize(("saved", "redone"), [(False, 0.8), (True, 0.3)])
def test_what_a_retry_must_do_again_is_all_unless_there_is_a_checkpoint(
    desk: Desk, saved: bool, redone: float
) -> None:
    checkpoint = desk.folder.trial(1).checkpoint
    checkpoint.mkdir(parents=True)
    if saved:
        (checkpoint / "state").write_text("of its own")
    desk.run_again(desk.update(1, state=TrialState.FAILED, charged=0.8, wasted=0.3, teaches=True))
    waits = desk.trials[1]
    assert (waits.state, waits.teaches, waits.charged) == (TrialState.WAITING, False, 0.8)
    assert waits.wasted == pytest.approx(redone)


@pytest.mark.parametrize(("attempt", "cost", "told"), [(1, 1.2, 1.3), (2, 0.9, None)])
def test_a_promotion_that_finds_no_checkpoint_pays_its_whole_task_once(
    desk: Desk, attempt: int, cost: float, told: float | None
) -> None:
    """Measured, this configuration takes 1.2 times as long as others, whatever the task."""
    tasks = [{"name": "look", "cost": 0.25}, {"name": "full", "cost": 1.0}]
    desk.spec = StudySpec.from_dict({
        "study": {"name": "t", "budget": 4},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [{"metric": "a", "direction": "maximize"}],
        "task": [{"epochs": n, **task} for n, task in enumerate(tasks, 1)],
    })  # fmt: skip
    heard: list[float] = []
    nobody: Any = desk
    nobody.proposals = SimpleNamespace(tell=lambda _, *, number, cost: heard.append(cost))
    desk.add(Trial(2, 2, "look", TrialState.COMPLETE, 0.3, {"x": 0.5}))
    promoted = Trial(
        3, 2, "full", TrialState.RUNNING, 0.9, {"x": 0.5}, wasted=0.1, resumed_from=2,
        attempt=attempt,
    )  # fmt: skip
    desk.add(promoted)
    Starter(desk)._begins_anew(promoted)
    assert desk.trials[3].cost == pytest.approx(cost)
    assert heard == [pytest.approx(n) for n in (told,) if n is not None]
