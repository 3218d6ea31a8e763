"""The same history gives the same suggestions: read back, asked ahead, withdrawn."""

import json
import random
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer, PastTrial, Suggestion
from hpo_tui.engine.spec import StudySpec


def history(lab: Any, asked: list[Suggestion]) -> list[PastTrial]:
    """What a store would hold of finished trials."""
    return [
        PastTrial(
            s.number, s.configuration, s.params, s.task, "complete", lab.bowl(s.params, s.task),
            s.cost, s.resume_from,
        )
        for s in asked
    ]  # fmt: skip


def test_the_same_seed_and_results_give_the_same_suggestions(lab: Any, toy: StudySpec) -> None:
    _, first = lab.spent(1)
    assert first == lab.play(Optimizer(toy, seed=1), lab.bowl)
    _, other = lab.spent(2)
    assert [s.params for s in first] != [s.params for s in other]


@pytest.mark.parametrize("at", [3, 9, 17])
@pytest.mark.parametrize("warm", [True, False])
def test_a_restored_study_goes_on_as_if_it_had_never_stopped(
    lab: Any, toy: StudySpec, at: int, warm: bool
) -> None:
    _, whole = lab.spent(1)
    before = Optimizer(toy, seed=1)
    for _ in range(at):
        s = before.ask()
        before.tell(s.number, lab.bowl(s.params, s.task))
    state = json.loads(json.dumps(before.state())) if warm else None
    after = Optimizer(toy, seed=1, state=state)
    after.restore(history(lab, whole[:at]))
    assert after.spent == pytest.approx(before.spent)
    for expected in whole[at : at + 4]:
        s = after.ask()
        assert (s.number, s.params, s.task, s.cost) == (
            expected.number, expected.params, expected.task, expected.cost,
        )  # fmt: skip
        after.tell(s.number, lab.bowl(s.params, s.task))


def test_trials_are_all_that_another_optimizer_needs(lab: Any, toy: StudySpec) -> None:
    one = Optimizer(toy, seed=4)
    for n in range(12):
        s = one.ask()
        if n % 5 == 4:
            one.fail(s.number)
        else:
            one.tell(s.number, lab.bowl(s.params, s.task))
    one.drop(one.ask().number)
    one.ask()
    kept = json.loads(json.dumps([asdict(trial) for trial in one.trials()]))
    other = Optimizer(toy, seed=4, state=one.state())
    other.restore(PastTrial(**trial) for trial in kept)
    assert (other.spent, other.best()) == (one.spent, one.best())
    assert other.ask() == one.ask()


def test_a_withdrawn_suggestion_leaves_no_trace(lab: Any, toy: StudySpec) -> None:
    _, plain = lab.spent(1)
    opt = Optimizer(toy, seed=1)
    asked = []
    for _ in plain:
        s = opt.ask()
        asked.append(s)
        ahead = []
        while len(ahead) < 2:
            try:
                ahead.append(opt.ask().number)
            except BudgetSpent:
                break
        opt.tell(s.number, lab.bowl(s.params, s.task))
        for number in reversed(ahead):
            opt.withdraw(number)
    assert asked == plain
    with pytest.raises(ValueError, match="has ended"):
        opt.withdraw(1)


@pytest.mark.parametrize("warm", [True, False])
def test_results_of_parallel_trials_are_read_back_in_the_order_they_came(
    lab: Any, toy: StudySpec, warm: bool
) -> None:
    opt, rng = Optimizer(toy, seed=7), random.Random(0)
    running: list[Suggestion] = []
    past: dict[int, PastTrial] = {}
    for clock in range(20):
        while len(running) < 4:
            running.append(opt.ask())
        s = running.pop(rng.randrange(4))
        curve = tuple((i, {"a": i / 30.0 * clock, "b": -float(i)}) for i in range(1, 16))
        for step, metrics in curve:
            opt.report(s.number, step, metrics)
        if clock % 4 == 3:
            opt.prune(s.number, curve[-1][1], charged=s.cost / 2)
        else:
            opt.tell(s.number, lab.bowl(s.params, s.task))
        trial = opt._history.trials[s.number]
        past[s.number] = PastTrial(
            s.number, s.configuration, s.params, s.task, trial.state, trial.metrics,
            trial.charged, s.resume_from, reports=curve, ended=float(clock),
        )  # fmt: skip
    for s in running:
        past[s.number] = PastTrial(
            s.number, s.configuration, s.params, s.task, "running", {}, s.cost, s.resume_from
        )
    state = json.loads(json.dumps(opt.state())) if warm else None
    after = Optimizer(toy, seed=7, state=state)
    after.restore(reversed(list(past.values())))
    for _ in range(3):
        s, again = opt.ask(), after.ask()
        assert (s.params, s.task, s.resume_from) == (again.params, again.task, again.resume_from)
        for one in (opt, after):
            one.tell(s.number, lab.bowl(s.params, s.task))


NAN = float("nan")
ODD: dict[str, Callable[[float, str], float | None]] = {
    "the full task alone fails": lambda x, task: None if task == "full" and x > 0.5 else x,
    "looks are NaN": lambda x, task: NAN if x > 0.5 else x,
    "all alike": lambda x, task: 0.1,
    "alike but one": lambda x, task: 0.1 if x < 0.8 else 0.2,
    "all fail": lambda x, task: None,
    "penalties": lambda x, task: 1e6 if x > 0.5 else x,
}


@pytest.mark.parametrize("kind", ODD)
def test_what_fails_or_is_alike_is_read_back_as_what_it_was(lab: Any, kind: str) -> None:
    one = lab.spec(objective=[{"metric": "a", "direction": "maximize"}])
    opt, running, places = Optimizer(one, seed=3), list[Suggestion](), random.Random(0)
    for n in range(22):
        for warm in (True, False) if n % 5 == 4 else ():
            after = Optimizer(one, seed=3, state=opt.state() if warm else None)
            after.restore(opt.trials())
            s, again = opt.ask(), after.ask()
            assert (s.params, s.task, s.resume_from) == (
                again.params,
                again.task,
                again.resume_from,
            )
            opt.withdraw(s.number)
        running.append(opt.ask())
        if len(running) == 3:
            s = running.pop(places.randrange(3))
            found = ODD[kind](float(s.params["x"]), s.task)
            if found is None:
                opt.fail(s.number, charged=0.05)
            else:
                opt.tell(s.number, {"a": found})


def test_what_was_fitted_on_other_results_is_not_taken_up(lab: Any, toy: StudySpec) -> None:
    before = Optimizer(toy, seed=4)
    asked = []
    for _ in range(14):
        asked.append(before.ask())
        before.tell(asked[-1].number, lab.bowl(asked[-1].params, asked[-1].task))
    changed = [
        replace(past, metrics={"a": past.metrics["b"], "b": past.metrics["a"]})
        for past in history(lab, asked)
    ]
    found = []
    for state in (None, before.state(), {"anchors": [["a", 8, [0.0]], 3]}):
        opt = Optimizer(toy, seed=4, state=state)
        opt.restore(changed)
        found.append(opt.ask())
    assert found[0] == found[1] == found[2]
