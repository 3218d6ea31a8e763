from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.costs import Meter, left_in_units, used
from hpo_tui.engine.launch import start_runner
from hpo_tui.engine.occupancy import Occupancy
from hpo_tui.engine.spec import Budget, BudgetUnit, StudySpec
from hpo_tui.store.folder import HOME
from hpo_tui.store.models import Trial, TrialState

SPEC = StudySpec.from_dict({
    "study": {"name": "t", "budget": 10, "resume": True},
    "space": {"x": {"type": "float", "low": 0, "high": 1}},
    "objective": [{"metric": "a", "direction": "maximize"}],
    "task": [
        {"name": "low", "epochs": 5, "cost": 0.25},
        {"name": "mid", "epochs": 10, "cost": 0.5},
        {"name": "full", "epochs": 20, "cost": 1.0},
    ],
})  # fmt: skip


def trial(
    number: int,
    state: Any,
    *,
    task: str = "full",
    cost: float = 1.0,
    charged: float = 0.0,
    wasted: float = 0.0,
    **rest: Any,
) -> Any:
    return Trial(
        number, number, task, TrialState(state), cost, {}, charged=charged, wasted=wasted, **rest
    )


def share(
    meter: Meter, of: Trial, elapsed: float, step: int | None = None, before: int | None = None
) -> float:
    """By the steps where they tell, else by the time, as the runner has it."""
    told = meter.share_of_steps(of.task, step, before)
    return meter.share_of_time(of, elapsed) if told is None else told


@given(st.floats(0, 1e6), st.one_of(st.none(), st.integers(-5, 50)), st.integers(0, 25))
def test_the_share_used_lies_between_none_and_all(
    elapsed: float, step: int | None, before: int
) -> None:
    meter = Meter(SPEC)
    used = share(meter, trial(1, "running", task="low", cost=0.25), elapsed, step, before)
    assert 0 <= used <= 1


def test_the_share_follows_the_steps_then_the_time() -> None:
    meter = Meter(SPEC)
    assert share(meter, trial(1, "running", task="low"), 1e9, 2) == pytest.approx(2 / 5)
    assert share(meter, trial(1, "running"), 1e9, 15, 10) == pytest.approx(0.5)
    meter.learn(trial(2, "complete", task="mid", cost=0.5, duration=50.0))
    assert share(meter, trial(1, "running", task="full"), 25.0) == pytest.approx(0.25)
    assert share(meter, trial(1, "running", task="full"), 1e9) == 1.0


def test_an_attempt_that_was_begun_again_says_nothing_of_how_long_a_task_takes() -> None:
    meter = Meter(SPEC)
    for strange in (
        trial(1, "complete", duration=900.0, attempt=2),
        trial(2, "complete", duration=None),
        trial(3, "complete", duration=900.0, cost=0.0),
        trial(4, "failed", duration=900.0, step=7),
    ):
        meter.learn(strange)
        assert not meter.known
        assert meter.last_step("full") == 20  # the one fidelity of the task
    meter.learn(trial(5, "complete", duration=50.0, step=18))
    assert (meter.rate("full"), meter.rate("low"), meter.last_step("full")) == (50.0, 50.0, 18)
    meter.learn(trial(6, "complete", task="mid", cost=0.5, duration=900.0, attempt=2))
    assert meter.rate("mid") == 50.0
    assert meter.last_step("another") is None


def test_a_task_goes_at_the_pace_of_its_last_fifty_trials() -> None:
    meter = Meter(SPEC)
    for n in range(1, 121):
        late = n > 70
        meter.learn(trial(n, "complete", duration=5.0 if late else 90.0, step=9 if late else 20))
    assert (meter.rate("full"), meter.rate("low"), meter.last_step("full")) == (5.0, 5.0, 9)


def test_the_steps_of_an_attempt_end_where_it_began_or_at_the_last_one() -> None:
    meter = Meter(SPEC)
    meter.learn(trial(1, "complete", duration=100.0, step=20))
    running = trial(2, "running")
    assert share(meter, running, 25.0, 20, 10) == 1.0
    assert share(meter, running, 25.0, 10, 10) == 0.0
    assert share(meter, running, 25.0, 21, 10) == 0.25  # steps beyond the end: by the time
    assert share(meter, running, 25.0, 20, 20) == 0.25
    assert share(meter, running, -5.0) == 0.0
    assert share(meter, trial(3, "running", cost=0.0), 0.0) == 1.0


def test_a_budget_is_counted_in_its_unit() -> None:
    seen = [trial(1, "complete", charged=1.0, duration=1800.0), trial(2, "waiting")]
    assert used(Budget(9), seen, wall=7.0) == 1.0
    assert used(Budget(9, BudgetUnit.WALL), seen, wall=7.0) == 7.0
    assert used(Budget(9, BudgetUnit.TRIALS), seen, wall=7.0) == 1.0
    assert used(Budget(9, BudgetUnit.GPU_HOURS), seen, wall=7.0, devices=2) == 1.0


def test_what_is_left_of_a_budget_of_time_is_counted_in_full_tasks() -> None:
    seen = [
        trial(1, "complete", charged=0.25, cost=0.25, duration=25.0),
        trial(2, "running", cost=1.0, charged=0.4),
    ]
    meter = Meter(SPEC)

    def left(budget: Budget) -> float | None:
        gpu = Occupancy(seen).total(1, [("", 40.0)])
        return left_in_units(replace(SPEC, budget=budget), seen, meter, wall=40.0, gpu=gpu)

    assert left(Budget(240.0, BudgetUnit.WALL)) is None
    meter.learn(seen[0])
    assert left(Budget(240.0, BudgetUnit.WALL)) == pytest.approx(2.0)
    assert left(Budget(30.0, BudgetUnit.WALL)) == 0.0
    # 365 s, less 25 and 40, are 3 units; the running one takes 0.6 more.
    assert left(Budget(365.0 / 3600, BudgetUnit.GPU_HOURS)) == pytest.approx(2.4)
    assert left(Budget(9)) is None
    wide = replace(SPEC.resources, gpus_per_trial=2)
    spec = replace(SPEC, budget=Budget(730.0 / 3600, BudgetUnit.GPU_HOURS), resources=wide)
    gpu = Occupancy(seen).total(2, [("", 40.0)])
    assert left_in_units(spec, seen, meter, wall=40.0, gpu=gpu) == pytest.approx(2.4)


@pytest.mark.parametrize("unit", ["s", "gpu-hours"])
def test_a_short_budget_of_time_still_has_a_full_result(
    make_study: Any, tmp_path: Path, unit: str
) -> None:
    """As much as seven or eight looks, of which a busy machine takes less where they are longer."""
    tasks = (
        '[[task]]\nname = "cheap"\nn = 15\ncost = 0.25\n[[task]]\nname = "dear"\nn = 60\ncost = 1'
    )
    script = """
    time.sleep((given["fidelity"]["n"] - (45 if os.environ["HPO_RESUME"] else 0)) / 10 * LONGER)
    open(os.path.join(os.environ["HPO_CHECKPOINT"], "c"), "w").close()
    report(accuracy=given["params"]["x"])
    """

    def has_one(longer: int) -> bool:
        budget = f'"{12 * longer}s"' if unit == "s" else f'"{0.0028 * longer} gpu-hours"'
        study = make_study(
            script.replace("LONGER", str(longer)), budget=budget, tasks=tasks,
            home=tmp_path / str(longer) / HOME,
        )  # fmt: skip
        start_runner(study.folder)
        study.gone(90.0)
        return any(t.task == "dear" and t.state == "complete" for t in study.trials())

    assert has_one(1) or has_one(4)


@pytest.mark.parametrize(("budget", "count"), [('"3 trials"', 3), ('"0.0002 gpu-hours"', 6)])
def test_a_budget_in_another_unit_ends_the_study(make_study: Any, budget: str, count: int) -> None:
    script = "report(accuracy=0.5); time.sleep(0.3)"
    study = make_study(script, budget=budget)
    text = study.study().text
    assert budget in text
    study.run()
    assert 1 <= len(study.trials()) <= count
    if "trials" in budget:
        assert len(study.trials()) == count
