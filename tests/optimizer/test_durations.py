"""Costs measured from durations."""

import math
from typing import Any

import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer


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
