"""Edits of a study that runs: what is spent stays spent, and wishes mean what they meant."""

import contextlib
from typing import Any

import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer
from hpo_tui.engine.spec import StudySpec


@pytest.fixture
def two(lab: Any) -> StudySpec:
    """The toy study without its cheapest task."""
    return lab.spec(task=lab.tasks[1:])  # type: ignore[no-any-return]


def test_trials_of_a_task_that_is_gone_stay_paid_and_numbered(
    lab: Any, toy: StudySpec, two: StudySpec
) -> None:
    opt = Optimizer(toy, seed=0)
    lab.play(opt, lab.bowl, most=5)
    running, spent = opt.ask(), opt.spent
    for edited in (two, two, lab.spec(task=lab.tasks[2:])):
        opt.change_spec(edited)
        assert opt.spent == pytest.approx(spent)
        assert opt._history.next_number == running.number + 1
    with pytest.raises(KeyError, match="trial 1 is of a task that the study does not have any"):
        opt.tell(1, {"a": 1.0, "b": 1.0})
    opt.change_spec(toy)  # and they are back
    opt.tell(running.number, lab.bowl(running.params, running.task))
    assert opt._history.told == [1, 2, 3, 4, 5, 6]


def test_trials_of_a_task_that_is_gone_count_where_trials_are_counted(
    lab: Any, two: StudySpec
) -> None:
    study = {"name": "toy", "command": "true", "budget": "7 trials", "resume": True}
    opt = Optimizer(lab.spec(study=study), seed=0)
    lab.play(opt, lab.bowl, most=4)
    opt.change_spec(lab.spec(study=study, task=lab.tasks[1:]))
    assert opt.left == 3
    assert len(lab.play(opt, lab.bowl)) == 3


def test_a_wish_goes_to_the_task_that_it_named(lab: Any, toy: StudySpec, two: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    opt.enqueue({"x": 0.5, "y": 0.5}, task="full")
    opt.enqueue({"x": 0.6, "y": 0.5}, task="cheap")
    opt.enqueue({"x": 0.9, "y": 0.5})
    opt.change_spec(two)
    narrow = {"x": {"type": "float", "low": 0.0, "high": 0.8},
              "y": {"type": "float", "low": 1e-4, "high": 1.0, "log": True}}  # fmt: skip
    first = opt.ask()
    assert (first.params["x"], first.task) == (0.5, "full")
    opt.withdraw(first.number)
    opt.change_spec(lab.spec(space=narrow, task=lab.tasks[2:]))
    first, second = opt.ask(), opt.ask()
    assert (first.params["x"], first.task) == (0.5, "full")
    assert second.why["kind"] == "start"  # neither of the others can be run


def test_a_wish_that_cannot_be_paid_leaves_nothing_behind(lab: Any, toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    while opt.left and opt.left > 0.9:
        s = opt.ask()
        opt.tell(s.number, lab.bowl(s.params, s.task))
    opt.enqueue({"x": 0.5, "y": 0.5}, task="full")
    with contextlib.suppress(BudgetSpent):
        opt.ask()
    assert opt._history.known({"x": 0.5, "y": 0.5}) is None
