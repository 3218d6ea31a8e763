"""What is run because somebody asked for it, and finalists."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer
from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.open_tasks import OpenTasks
from hpo_tui.engine.optimizer.suggestions import Proposal, Suggestions
from hpo_tui.engine.optimizer.wishes import Wish
from hpo_tui.engine.spec import StudySpec


def test_enqueued_configurations_come_next(lab: Any, toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    opt.enqueue({"x": 0.25, "y": 0.01}, why="a hunch")
    opt.enqueue({"x": 0.75, "y": 0.01}, task="full")
    first, second = opt.ask(), opt.ask()
    assert (first.params, first.task) == ({"x": 0.25, "y": 0.01}, "cheap")
    assert first.why["kind"] == "enqueued"
    assert (second.params["x"], second.task) == (0.75, "full")
    opt.tell(first.number, lab.bowl(first.params, first.task))
    opt.enqueue({}, promote=first.number)
    third = opt.ask()
    assert (third.configuration, third.task) == (first.configuration, "middle")
    assert third.resume_from == first.number
    with pytest.raises(ValueError, match=r'space: "x" must be from .* found 7'):
        opt.enqueue({"x": 7.0, "y": 0.01})
    with pytest.raises(ValueError, match='"z" is no parameter'):
        opt.enqueue({"x": 0.5, "y": 0.01, "z": 1})
    with pytest.raises(ValueError, match="no task"):
        opt.enqueue({"x": 0.5, "y": 0.01}, task="huge")


def test_what_is_not_given_of_a_wish_is_filled_in_as_in_the_study_file(lab: Any) -> None:
    space = {
        "opt": {"type": "categorical", "choices": ["sgd", "adam"]},
        "mom": {"type": "float", "low": 0.0, "high": 1.0, "when": {"opt": ["sgd"]}},
        "x": {"type": "float", "low": 0.0, "high": 1.0},
        "y": {"type": "float", "low": 0.0, "high": 1.0},
    }
    study = {"name": "toy", "command": "true", "budget": 9, "constraints": ["y > x"]}
    given = {"mom": 0.123456789, "x": 0.75}
    spec = lab.spec(study=study, space=space, start=[given])
    opt, again = Optimizer(spec, seed=1), Optimizer(spec, seed=1)
    for each in (opt, again):
        each.enqueue(given)
    wished, started = opt.ask(), Optimizer(spec, seed=1).ask()
    assert again.ask() == wished
    for s in (wished, started):
        assert (s.params["opt"], s.params["mom"], s.params["x"]) == ("sgd", 0.123456789, 0.75)
        assert 0.75 < s.params["y"] <= 1.0
    opt.enqueue({"x": 0.75})
    assert opt.ask().params["y"] != wished.params["y"]
    with pytest.raises(ValueError, match='"mom" is inactive here'):
        opt.enqueue({"opt": "adam", "mom": 0.5})
    with pytest.raises(ValueError, match="breaks the constraint y > x"):
        opt.enqueue({"x": 0.5, "y": 0.25})
    with pytest.raises(ValueError, match="no configuration with these values"):
        opt.enqueue({"x": 1.0})


def test_wishes_that_make_no_sense_are_refused_in_words(lab: Any, toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    opt.enqueue({"x": 0.25, "y": 0.01}, task="middle")
    first = opt.ask()
    opt.tell(first.number, lab.bowl(first.params, first.task))
    for task in ("cheap", "middle"):
        with pytest.raises(
            ValueError, match="'middle': it can only be continued at a more expensive task"
        ):
            opt.enqueue({}, task, promote=first.number)
    with pytest.raises(ValueError, match="found 0"):
        opt.confirm(first.number, 0)
    for ask in (lambda: opt.tell(9, {}), lambda: opt.confirm(9, 1), lambda: opt.should_stop(9)):
        with pytest.raises(KeyError, match="there is no trial 9"):
            ask()
    assert opt.ask().why["kind"] == "start"  # nothing of it was queued


def test_a_wish_that_is_withdrawn_is_open_again(toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    opt.enqueue({"x": 0.25, "y": 0.01})
    opt.enqueue({"x": 0.75, "y": 0.01})
    asked = [opt.ask(), opt.ask()]
    for s in reversed(asked):
        opt.withdraw(s.number)
    assert [opt.ask(), opt.ask()] == asked
    assert opt.ask().why["kind"] == "start"


def test_confirm_repeats_the_full_task_with_new_seeds(lab: Any, toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    opt.enqueue({"x": 0.25, "y": 0.01}, task="full")
    s = opt.ask()
    opt.tell(s.number, lab.bowl(s.params, s.task))
    opt.confirm(s.number, 2)
    repeats = [opt.ask(), opt.ask()]
    assert [r.repeat for r in repeats] == [1, 2]
    assert all(r.params == s.params and r.cost == 1.0 and r.task == "full" for r in repeats)
    for r in repeats:
        opt.tell(r.number, lab.bowl(r.params, r.task))
    assert opt.best() == [s.number]


def test_finalists_are_repeated_where_the_study_asks_for_it(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 12.0, "resume": True, "repeats": 2}
    asked = lab.play(Optimizer(lab.spec(study=study), seed=0), lab.bowl)
    repeats = [s for s in asked if s.why["kind"] == "confirm"]
    assert 1 <= len(repeats) <= 3
    assert all(s.repeat == 1 and s.task == "full" and s.cost == 1.0 for s in repeats)
    assert all(s.number > 0.6 * len(asked) for s in repeats)


def test_finalists_are_compromises_and_not_the_ends_of_a_front(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 12.0, "resume": True, "repeats": 2}
    opt = Optimizer(lab.spec(study=study), seed=0)
    for i in range(7):
        opt.enqueue({"x": i / 6, "y": 0.1}, task="full")
        s = opt.ask()
        opt.tell(s.number, {"a": float(i), "b": float(i)})
    for _ in range(2):
        opt.enqueue({"x": 0.5, "y": 0.2 + opt.spent / 100}, task="full")
        s = opt.ask()
        opt.tell(s.number, {"a": 9.0, "b": -9.0})
    confirmed = [opt.ask().params["x"] for _ in range(3)]
    assert sorted(confirmed) == pytest.approx([2 / 6, 3 / 6, 4 / 6])


def test_repeats_take_a_quarter_of_a_budget_of_time(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": "8h", "resume": True, "repeats": 3}
    opt, left, kinds = Optimizer(lab.spec(study=study), seed=0), 8.0, []
    while True:
        try:
            s = opt.ask(left)
        except BudgetSpent:
            break
        opt.tell(s.number, lab.bowl(s.params, s.task), duration=3600 * s.cost)
        left -= s.cost
        kinds.append((s.why["kind"], s.cost))
    assert 1.0 <= sum(cost for kind, cost in kinds if kind == "confirm") <= 3.0


def test_of_a_budget_that_was_raised_a_quarter_is_for_repeats(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 4.0, "resume": True, "repeats": 3}
    opt = Optimizer(lab.spec(study=study), seed=0)
    opt.extend_budget(8.0)
    for i in range(9):
        opt.enqueue({"x": i / 8, "y": 0.1}, task="full")
        s = opt.ask()
        opt.tell(s.number, lab.bowl(s.params, s.task))
    assert opt.left == 3.0
    assert opt.ask().why["kind"] == "confirm"


def test_the_smaller_of_what_is_left_holds(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 1.0, "resume": True}
    for left, ours in ((0.1, 0), (100.0, 1)):
        opt = Optimizer(lab.spec(study=study), seed=0)
        for _ in range(ours):
            opt.enqueue({"x": 0.5, "y": 0.1}, task="full")
            opt.tell(opt.ask().number, {"a": 1.0, "b": 1.0})
        with pytest.raises(BudgetSpent):
            opt.ask(left)


def test_a_repeat_that_cannot_be_paid_whole_is_left_out(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 1.8, "resume": True}
    opt = Optimizer(lab.spec(study=study), seed=0)
    opt.enqueue({"x": 0.5, "y": 0.1})
    opt.tell(opt.ask().number, {"a": 1.0, "b": 1.0})
    opt.enqueue({}, "full", promote=1)
    opt.tell(opt.ask().number, {"a": 1.0, "b": 1.0})
    opt.confirm(2, 1)
    with pytest.raises(BudgetSpent):  # it would begin anew, and not carry the look on
        opt.ask()


def test_a_part_of_a_trial_pays_for_no_wish(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": "5 trials", "resume": True}
    opt = Optimizer(lab.spec(study=study), seed=0)
    opt.enqueue({"x": 0.5, "y": 0.1})
    with pytest.raises(BudgetSpent):
        opt.ask(0.5)


def test_a_wish_that_will_take_longer_is_charged_what_is_left(lab: Any) -> None:
    spec = lab.spec()
    space, history = Space(spec), TrialHistory(spec)
    thrice: Any = SimpleNamespace(
        costs=[t.cost for t in spec.tasks_by_cost], factor=lambda x: np.full(len(x), 3.0)
    )
    wish = Wish({"x": 0.5, "y": 0.1}, history.full, None, False, "enqueued", "")
    asked = Suggestions(history, space).of_wish(wish, OpenTasks(history, 1.5, thrice), 1)
    assert asked is not None
    assert asked.cost == pytest.approx(1.5)


def test_a_configuration_goes_on_with_all_its_digits(toy: StudySpec) -> None:
    space, history = Space(toy), TrialHistory(toy)
    params = {"x": 0.12345678901234567, "y": 0.1}
    history.add(Trial(1, 1, params, 0, "complete", 0.25, charged=0.25))
    x = space.encode(params)
    assert x is not None
    assert space.decode(x[None]) != [params]
    asked = Suggestions(history, space).of_proposal(Proposal(x, 1, 2), OpenTasks(history, 5.0), 2)
    assert (asked.params, asked.resume_from) == (params, 1)


def test_a_known_configuration_that_is_asked_for_begins_where_any_other_does(
    toy: StudySpec,
) -> None:
    opt = Optimizer(toy, seed=0)
    opt.enqueue({"x": 0.5, "y": 0.5})
    first = opt.ask()
    opt.tell(first.number, {"a": 1.0, "b": 1.0})
    opt.enqueue({"x": 0.5, "y": 0.5})
    opt.enqueue({}, promote=first.number)
    again, promoted = opt.ask(), opt.ask()
    assert (first.task, again.task, promoted.task) == ("cheap", "cheap", "middle")
    assert again.configuration == first.configuration == promoted.configuration
    assert (again.resume_from, promoted.resume_from) == (None, first.number)
