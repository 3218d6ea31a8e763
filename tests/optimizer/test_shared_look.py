"""Suggestions that share a look at the space: for trials that end before the next look is made."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer, Suggestion


def one(lab: Any, **changes: Any) -> Any:
    """A study of one objective: no suggestion of it is drawn at random."""
    return lab.spec(objective=[{"metric": "a", "direction": "minimize"}], **changes)


def begun(lab: Any, spec: Any, several: int, results: int = 20) -> Optimizer:
    """An optimizer that has so many results, and shares looks from then on."""
    opt = Optimizer(spec, seed=2)
    for _ in range(results):
        s = opt.ask()
        opt.tell(s.number, lab.bowl(s.params, s.task))
    opt.share(several)
    return opt


def places(asked: Sequence[Suggestion]) -> list[tuple[float, float]]:
    return [(float(s.params["x"]), np.log10(float(s.params["y"])) / 4 + 1) for s in asked]


def test_every_so_many_suggestions_one_has_a_look_of_its_own(lab: Any) -> None:
    opt = begun(lab, one(lab, task=None, study={"name": "t", "command": "t", "budget": 100}), 3)
    looked = []
    for _ in range(9):
        s = opt.ask()
        looked.append(opt.looked)
        opt.tell(s.number, lab.bowl(s.params, s.task))
    assert looked == [True, False, False] * 3
    opt.share(1)
    opt.ask()
    assert opt.looked


def test_the_first_of_a_look_is_the_one_that_there_would_have_been(lab: Any, toy: Any) -> None:
    alone, first = begun(lab, toy, 1), begun(lab, toy, 4)
    assert alone.ask() == first.ask()


@pytest.mark.parametrize("between", ["told", "running"])
def test_those_that_share_a_look_keep_apart(lab: Any, between: str) -> None:
    """What ended after the look is as present to them as what runs."""
    plain = one(lab, task=None, study={"name": "t", "command": "t", "budget": 100})
    opt, asked = begun(lab, plain, 6, results=8), list[Suggestion]()
    for _ in range(6):
        asked.append(opt.ask())
        if between == "told":
            opt.tell(asked[-1].number, {"a": 1.0, "b": 1.0})
    assert not opt.looked
    found = places(asked)
    assert min(np.hypot(*np.subtract(p, q)) for p, q in combinations(found, 2)) > 1e-3


def test_the_same_asked_and_told_in_the_same_order_gives_the_same(lab: Any, toy: Any) -> None:
    def spent() -> list[Suggestion]:
        opt, running, asked = begun(lab, toy, 4, 8), [], []
        while True:
            try:
                while len(running) < 3:
                    running.append(opt.ask())
                    asked.append(running[-1])
            except BudgetSpent:
                if not running:
                    return asked
            done = running.pop(0)
            opt.tell(done.number, lab.bowl(done.params, done.task))

    first = spent()
    assert first == spent()
    assert len({(tuple(s.params.items()), s.task) for s in first}) == len(first)
    assert any(s.resume_from is not None for s in first)


def test_what_was_withdrawn_may_be_suggested_again(lab: Any) -> None:
    opt = begun(lab, one(lab), 4)
    opt.ask()
    taken = opt.ask()
    assert not opt.looked
    opt.withdraw(taken.number)
    again = opt.ask()
    assert not opt.looked
    assert (again.params, again.task) == (taken.params, taken.task)


def test_a_look_that_knows_too_little_is_not_shared(lab: Any) -> None:
    opt = begun(lab, one(lab, study={"name": "t", "command": "t", "budget": 100}), 2)
    running = [opt.ask()]
    opt.share(1)
    running += [opt.ask() for _ in range(4)]
    opt.share(2)
    running.append(opt.ask())
    for s in running[:5]:
        opt.tell(s.number, lab.bowl(s.params, s.task))
    opt.ask()
    assert opt.looked


def test_an_edited_study_is_looked_at_anew(lab: Any) -> None:
    wide = one(lab)
    opt = begun(lab, wide, 4)
    opt.ask()
    narrow = one(lab, space={
        "x": {"type": "float", "low": 0.5, "high": 0.6},
        "y": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
    })  # fmt: skip
    opt.change_spec(narrow)
    s = opt.ask()
    assert opt.looked
    opt.ask()
    assert not opt.looked
    assert s.resume_from is not None or 0.5 <= float(s.params["x"]) <= 0.6


def test_a_look_is_for_one_suggestion_at_least(lab: Any, toy: Any) -> None:
    with pytest.raises(ValueError, match="at least one suggestion comes of a look, found 0"):
        Optimizer(toy).share(0)
