"""What can be paid, and what a look must leave in the budget."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.open_tasks import OpenTasks


def test_a_dear_configuration_is_not_looked_at_where_its_full_run_cannot_be_paid(lab: Any) -> None:
    """By the measured prices: the look itself could be."""
    spec = lab.spec()
    thrice: Any = SimpleNamespace(
        costs=[t.cost for t in spec.tasks_by_cost],
        factor=lambda x: np.where(x[:, 0] > 0.5, 3.0, 1.0),
    )
    open_tasks = OpenTasks(TrialHistory(spec), 1.0, thrice)
    prices = open_tasks.price_table([None, None], np.array([[0.2, 0.5], [0.9, 0.5]]))
    np.testing.assert_allclose(prices, [[0.25, 0.5, 1.0], [np.inf] * 3])


def test_a_dear_look_must_leave_a_twentieth_more_of_a_budget_of_time(lab: Any) -> None:
    spec = lab.spec(study={"name": "toy", "command": "true", "budget": "8h", "resume": True})
    half_more: Any = SimpleNamespace(
        costs=[t.cost for t in spec.tasks_by_cost], factor=lambda x: np.full(len(x), 1.5)
    )
    for left, looks in ((1.55, False), (1.6, True)):
        prices = OpenTasks(TrialHistory(spec), left, half_more).price_table(
            [None], np.full((1, 2), 0.5)
        )
        assert np.isfinite(prices).tolist() == [[looks, looks, True]]


def test_a_study_begins_with_looks_where_these_are_cheap_or_carried_on(lab: Any) -> None:
    begun = {}
    for resume in (False, True):
        for cost in (0.4, 0.9):
            study = {"name": "toy", "command": "true", "budget": 12.0, "resume": resume}
            tasks = [{"name": "look", "cost": cost, "n": 1}, {"name": "full", "cost": 1.0, "n": 2}]
            asked = [Optimizer(lab.spec(study=study, task=tasks), 0).ask() for _ in range(3)]
            begun[resume, cost] = {s.task for s in asked}
    assert begun.pop((False, 0.9)) == {"full"}
    assert all(tasks == {"look"} for tasks in begun.values())


@pytest.mark.parametrize(("budget", "begins"), [(12.0, 1), ("12 trials", 0)])
def test_a_dear_look_is_a_trial_like_any_where_trials_are_counted(
    lab: Any, budget: Any, begins: int
) -> None:
    study = {"name": "toy", "command": "true", "budget": budget, "resume": False}
    tasks = [{"name": "look", "cost": 0.9, "n": 1}, {"name": "full", "cost": 1.0, "n": 2}]
    assert OpenTasks(TrialHistory(lab.spec(study=study, task=tasks)), 12.0).begins == begins


def _open_tasks(
    lab: Any, budget: Any, left: float, *, resume: bool = True, looks: int = 0
) -> OpenTasks:
    """What is open with so much left of a budget, after so many looks of as many configurations."""
    study = {"name": "toy", "command": "true", "budget": budget, "resume": resume}
    spec = lab.spec(study=study)
    history = TrialHistory(spec)
    for n in range(1, looks + 1):
        history.add(Trial(n, n, {"x": n / 10, "y": 0.5}, 0, "complete", 0.25, charged=0.25))
    return OpenTasks(history, left)


@pytest.mark.parametrize(
    ("budget", "left", "resume", "tasks"),
    [
        (10.0, 1.0, True, [0, 1, 2]),
        (10.0, 0.99, True, []),
        (10.0, 1.0 - 1e-12, True, [0, 1, 2]),  # but for the rounding of what was spent
        (10.0, 1.5, False, [0, 1, 2]),
        (10.0, 1.49, False, [0, 2]),
        (10.0, 1.24, False, [2]),
        ("10 trials", 2.0, True, [0, 1, 2]),
        ("10 trials", 1.0, True, [2]),
        ("10 trials", 0.0, True, []),
        ("8h", 1.06, True, [0, 1, 2]),
        ("8h", 1.04, True, [2]),  # something passes between two trials
    ],
)
def test_a_look_is_open_while_its_full_run_can_be_paid_too(
    lab: Any, budget: Any, left: float, resume: bool, tasks: list[int]
) -> None:
    # One look has been paid: by what was spent and what is left even a short time holds a run.
    open_tasks = _open_tasks(lab, budget, left, resume=resume, looks=1)
    assert open_tasks.new_tasks == tasks
    open_to_new = np.flatnonzero(
        np.isfinite(open_tasks.price_table([None], np.full((1, 2), 0.5))[0])
    )
    assert open_to_new.tolist() == tasks


def test_a_time_too_short_for_a_full_run_goes_to_looks(lab: Any) -> None:
    open_tasks = _open_tasks(lab, "8h", 0.6)
    assert open_tasks.new_tasks == [0, 1]
    payable = np.isfinite(open_tasks.price_table([None], np.full((1, 2), 0.5)))
    assert payable.tolist() == [[True, True, False]]
    assert _open_tasks(lab, 10.0, 0.6).new_tasks == []


@pytest.mark.parametrize(("resume", "prices"), [(True, [0.25, 0.75]), (False, [0.5, 1.0])])
def test_a_promotion_pays_the_difference_where_the_checkpoint_is_carried_on(
    lab: Any, resume: bool, prices: list[float]
) -> None:
    open_tasks = _open_tasks(lab, 10.0, 5.0, resume=resume, looks=2)
    assert open_tasks.promotable == {1: [1, 2], 2: [1, 2]}
    table = open_tasks.price_table([None, 2], np.array([[0.5, 0.5], [0.2, 0.5]]))
    np.testing.assert_allclose(table, [[0.25, 0.5, 1.0], [np.inf, *prices]])
    assert [open_tasks.charge(2, t, None) for t in (1, 2)] == prices


def test_the_end_of_a_budget_is_open_to_what_can_be_carried_on_alone(lab: Any) -> None:
    open_tasks = _open_tasks(lab, 10.0, 0.75, looks=1)
    assert open_tasks.new_tasks == []
    assert open_tasks.promotable == {1: [1, 2]}
    assert _open_tasks(lab, 10.0, 0.74, looks=1).promotable == {}


def test_a_trial_is_charged_in_full_task_units_where_trials_are_counted(lab: Any) -> None:
    open_tasks = _open_tasks(lab, "10 trials", 5.0, looks=1)
    np.testing.assert_allclose(
        open_tasks.price_table([1], np.full((1, 2), 0.1)), [[np.inf, 1.0, 1.0]]
    )
    assert [open_tasks.charge(1, t, None) for t in (1, 2)] == [0.25, 0.75]


def test_what_goes_on_for_want_of_anything_new_says_how_many_could(lab: Any) -> None:
    spec = lab.spec()
    opt = Optimizer(spec, seed=0)
    for _ in range(3):
        asked = opt.ask()
        assert asked.task == "cheap"
        opt.tell(asked.number, lab.bowl(asked.params, asked.task))
    history, search = opt._history, opt._search
    open_tasks = OpenTasks(history, None)
    open_tasks.new_tasks = []
    for configurations, said in (
        ([1, 2, 3], "The oldest of 3 configurations that can go on now, to full: "),
        ([2], "The only configuration that can go on now, to full: "),
    ):
        open_tasks.promotable = {c: [1, 2] for c in configurations}
        found = search._random(open_tasks, np.random.default_rng(0))
        assert found is not None
        assert (found.configuration, found.task) == (configurations[0], 2)
        assert found.why["text"].startswith(said)
    open_tasks.promotable = {3: [1]}
    found = search._random(open_tasks, np.random.default_rng(0))
    assert found is not None
    assert "to middle: " in found.why["text"]
