"""Costs measured from durations."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer
from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.optimizer.durations import Durations, Prices
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.table import TableBuilder
from hpo_tui.engine.spec import StudySpec


def test_measured_costs_follow_the_clock_and_the_configuration(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 14.0, "resume": True, "cost": "measured"}
    tasks = [{k: v for k, v in t.items() if k != "cost"} for t in lab.tasks]
    epochs = {t["name"]: t["epochs"] for t in lab.tasks}
    opt = Optimizer(lab.spec(study=study, task=tasks), seed=0)
    done: dict[int, float] = {}
    for i in range(60):
        if i < 9:
            opt.enqueue({"x": i / 8, "y": 0.01}, task=["cheap", "middle", "full"][i % 3])
        try:
            s = opt.ask()
        except BudgetSpent:
            break
        seconds = (1.0 + epochs[s.task]) * math.exp(2.0 * float(s.params["x"]))
        done[s.number] = seconds
        paid = done[s.resume_from] if s.resume_from is not None else 0.0
        opt.tell(s.number, lab.bowl(s.params, s.task), duration=max(seconds - paid, 0.1))
    assert opt.spent <= 14.0 + 1e-9
    slow, fast = opt.price({"x": 1.0, "y": 0.3}, "full"), opt.price({"x": 0.0, "y": 0.3}, "full")
    assert slow > 3 * fast
    ratio = opt.price({"x": 0.5, "y": 0.3}, "cheap") / opt.price({"x": 0.5, "y": 0.3}, "full")
    assert ratio == pytest.approx(16 / 61, rel=0.25)
    opt.extend_budget(4.0)
    eta = opt.eta(2)
    assert eta is not None
    assert 0 < eta < 4 * 61 * 8


def test_costs_that_are_stated_hold_whatever_trials_take(lab: Any, toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    for i in range(9):
        opt.enqueue({"x": i / 8, "y": 0.01}, task=["cheap", "middle", "full"][i % 3])
        s = opt.ask()
        opt.tell(s.number, lab.bowl(s.params, s.task), duration=60.0)
    prices = [opt.price({"x": 0.5, "y": 0.3}, task["name"]) for task in lab.tasks]
    assert prices == [0.25, 0.5, 1.0]
    assert opt.spent == 3 * 1.75


def test_costs_are_measured_though_one_task_is_never_run(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 30.0, "resume": True, "cost": "measured"}
    tasks = [{k: v for k, v in t.items() if k != "cost"} for t in lab.tasks]
    opt = Optimizer(lab.spec(study=study, task=tasks), seed=0)
    seconds = {"cheap": 3.0, "full": 6.0}  # not the 1 to 4 of their epochs: half of it is start-up
    for i in range(12):
        name = ("cheap", "full")[i % 2]
        opt.enqueue({"x": i / 11, "y": 0.01 + i / 100}, task=name)
        s = opt.ask()
        opt.tell(s.number, lab.bowl(s.params, name), duration=seconds[name])
    here = {"x": 0.5, "y": 0.3}
    full = opt.price(here, "full")
    assert opt.price(here, "cheap") / full == pytest.approx(0.5, rel=0.05)
    assert 0.5 < opt.price(here, "middle") / full < 1.0


class Timed:
    """Trials that took so long, all of one configuration each, none unlike another."""

    def __init__(self, spec: StudySpec) -> None:
        self.history = TrialHistory(spec)
        space = Space(spec)
        self.durations = Durations(space, TableBuilder(spec, space))

    def run(self, task: int, seconds: float | None, **changes: Any) -> int:
        """Add a trial, complete if nothing else is said; return its number."""
        number = self.history.next_number
        cost = (0.25, 0.5, 1.0)[task]
        trial = Trial(number, number, {"x": 0.5, "y": 0.01}, task, "complete", cost, charged=cost)
        self.history.add(replace(trial, **{"duration": seconds} | changes))
        return number

    def costs(self) -> list[float]:
        """What the tasks are found to cost."""
        prices = self.durations.prices(self.history)
        assert prices is not None
        return prices.costs


@pytest.fixture
def timed(toy: StudySpec) -> Timed:
    """Nothing run yet."""
    return Timed(toy)


def test_a_task_costs_what_it_takes_from_scratch(timed: Timed) -> None:
    looks = [timed.run(0, 40.0) for _ in range(3)]
    assert timed.costs() == pytest.approx([0.25, 0.5, 1.0])  # nothing to compare with
    for look in looks[:2]:
        timed.run(2, 60.0, resume_from=look)
    assert timed.costs() == pytest.approx([0.25, 0.5, 1.0])  # two are too few
    timed.run(2, 60.0, resume_from=looks[2])
    for state in ("failed", "pruned", "killed"):
        timed.run(2, 10_000.0, state=state)
    timed.run(2, None)
    # In between by its declared cost: the cheap one takes 1.6 times its own.
    assert timed.costs() == pytest.approx([0.4, 0.5 * 1.6**0.5, 1.0])


def test_a_cheap_task_that_takes_as_long_is_still_the_cheaper_one(timed: Timed) -> None:
    """Else a promotion would cost nothing, and what costs nothing is always best."""
    for seconds in (50.0, 80.0, 30.0) * 2:
        timed.run(0, seconds)
        timed.run(1, seconds)
        timed.run(2, 50.0)
    costs = timed.costs()
    assert costs == pytest.approx([0.98**2, 0.98, 1.0])


def test_a_run_that_hung_moves_nothing(timed: Timed) -> None:
    for seconds in (40.0, 40.0, 40.0, 4e6):
        timed.run(0, seconds)
    for _ in range(3):
        timed.run(2, 100.0)
    assert timed.costs() == pytest.approx([0.4, 0.5 * 1.6**0.5, 1.0])


def test_times_of_any_size_give_costs(timed: Timed) -> None:
    for _ in range(3):
        timed.run(0, 1e300)
        timed.run(2, 1e-300)
    assert timed.costs() == pytest.approx([0.98**2, 0.98, 1.0])


def test_a_configuration_costs_an_eighth_to_eight_times_a_typical_one(toy: StudySpec) -> None:
    prices = Prices([0.25, 0.5, 1.0], np.array([50.0, 0.0, 0.0, 0.0]), Space(toy))
    assert prices.factor(np.array([[0.0, 0.5], [1.0, 0.5]])) == pytest.approx([0.125, 8.0])


def test_little_data_makes_no_configuration_dear_and_much_shows_a_bend(timed: Timed) -> None:
    def factors() -> list[float]:
        prices = timed.durations.prices(timed.history)
        assert prices is not None
        return prices.factor(np.array([[0.0, 0.5], [0.5, 0.5], [1.0, 0.5]])).tolist()

    for x, seconds in ((0.25, 10.0), (0.5, 20.0), (0.75, 40.0)):
        timed.run(2, seconds, params={"x": x, "y": 0.01})
    assert 1.0 < factors()[2] < 2.5  # as these three go on, it would be 4
    for i in range(41):
        timed.run(2, 20.0 * math.exp(abs(i - 20) / 20), params={"x": i / 40, "y": 0.01})
    low, middle, high = factors()
    assert min(low, high) > 1.5 * middle


def test_the_time_left_is_told_by_what_each_task_takes_for_its_cost(timed: Timed) -> None:
    rate, eta = timed.durations.rate, timed.durations.eta
    timed.run(2, 500.0, state="failed")
    timed.run(0, None)
    timed.run(0, 1.0, cost=0.0)
    assert rate(timed.history, by_count=False) is None
    assert eta(timed.history, 2.0, 1, by_count=False) is None
    for seconds in (30.0, 50.0, 40.0):
        timed.run(0, seconds)
    timed.run(2, 100.0)
    whole = (160.0 * 0.75 + 100.0 * 1.0) / 1.75
    assert rate(timed.history, by_count=False) == pytest.approx(whole)
    assert rate(timed.history, by_count=True) == pytest.approx((40.0 * 3 + 100.0) / 4)
    timed.run(1, None, state="running")
    assert eta(timed.history, 2.0, 2, by_count=False) == pytest.approx(whole * 2.25 / 2)
    assert eta(timed.history, -1.0, 2, by_count=False) == pytest.approx(whole * 0.25 / 2)
    assert eta(timed.history, 3.0, 1, by_count=True) == pytest.approx(55.0 * 3.5)
