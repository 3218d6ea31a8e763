"""What was run where, what it has cost, and what can go on from it."""

from dataclasses import replace
from typing import Any

import pytest

from hpo_tui.engine.optimizer.api import PastTrial, Trial
from hpo_tui.engine.optimizer.ledger import Ledger
from hpo_tui.engine.optimizer.promotion import fed, owed
from hpo_tui.engine.spec import StudySpec

CHEAP, MIDDLE, FULL = 0, 1, 2
COSTS = (0.25, 0.5, 1.0)


def made(spec: StudySpec, *trials: tuple[int, int, Any], **changes: Any) -> Ledger:
    """A ledger of trials (configuration, task, state); ``changes`` are those of the last one."""
    ledger = Ledger(spec)
    for number, (configuration, task, state) in enumerate(trials, 1):
        charged = 0.0 if state == "running" else COSTS[task]
        trial = Trial(
            number, configuration, {"x": configuration / 10, "y": 0.5}, task, state,
            COSTS[task], charged=charged, teaches=state == "failed",
        )  # fmt: skip
        ledger.add(trial if number < len(trials) else replace(trial, **changes))
    return ledger


@pytest.fixture
def whole(lab: Any) -> StudySpec:
    """The toy study where every trial pays in full."""
    study = {"name": "toy", "command": "true", "budget": 10.0, "resume": False}
    return lab.spec(study=study)  # type: ignore[no-any-return]


def test_the_dearest_finished_trial_below_is_what_is_carried_on(
    toy: StudySpec, whole: StudySpec
) -> None:
    trials = [(1, MIDDLE, "complete"), (1, CHEAP, "complete"), (2, CHEAP, "complete")]
    ledger = made(toy, *trials)
    assert [getattr(ledger.checkpoint(1, t), "number", None) for t in range(3)] == [None, 2, 1]
    assert ledger.checkpoint(3, FULL) is None
    ledger.bare.add(1)
    assert ledger.checkpoint(1, FULL) is ledger.trials[2]
    assert made(whole, *trials).checkpoint(1, FULL) is None


@pytest.mark.parametrize("state", ["running", "pruned", "failed", "killed"])
def test_only_what_is_complete_is_carried_on(toy: StudySpec, state: str) -> None:
    assert made(toy, (1, CHEAP, state)).checkpoint(1, FULL) is None


def test_a_repeat_is_no_checkpoint_of_its_configuration(toy: StudySpec) -> None:
    ledger = made(toy, (1, CHEAP, "complete"), repeat=1)
    assert ledger.checkpoint(1, FULL) is None
    assert ledger.reached(1) == -1


@pytest.mark.parametrize(
    ("last", "teaches", "is_open"),
    [
        ((1, CHEAP, "complete"), False, True),
        ((1, MIDDLE, "complete"), False, True),
        ((1, MIDDLE, "running"), False, False),
        ((1, MIDDLE, "pruned"), False, False),
        ((1, MIDDLE, "failed"), True, False),
        ((1, MIDDLE, "failed"), False, True),
        ((1, MIDDLE, "killed"), False, True),
        ((1, FULL, "complete"), False, False),
        ((2, CHEAP, "failed"), True, True),
    ],
)
def test_a_look_can_go_on_unless_something_speaks_against_it(
    toy: StudySpec, last: tuple[int, int, str], teaches: bool, is_open: bool
) -> None:
    ledger = made(toy, (1, CHEAP, "complete"), last, teaches=teaches)
    assert ledger.open_to_promotion(1) is is_open


def test_what_never_ran_to_its_end_cannot_go_on(toy: StudySpec) -> None:
    assert not made(toy, (1, CHEAP, "killed")).open_to_promotion(1)
    assert not made(toy).open_to_promotion(1)


def test_three_looks_without_a_checkpoint_and_none_with_one_show_that_nothing_resumes(
    toy: StudySpec, whole: StudySpec
) -> None:
    looks = [(n, CHEAP, "complete") for n in range(1, 4)]
    ledger = made(toy, *looks, (4, FULL, "complete"))
    assert ledger.resumes
    ledger.bare |= {1, 2}
    assert ledger.resumes
    ledger.bare.add(3)
    assert not ledger.resumes
    ledger.add(Trial(5, 5, {"x": 0.9, "y": 0.5}, CHEAP, "complete", 0.25))
    assert ledger.resumes
    assert not made(whole, *looks).resumes


def test_full_runs_are_those_that_show_a_configuration_at_the_full_task(toy: StudySpec) -> None:
    states = ("running", "complete", "pruned", "failed", "killed")
    ledger = made(toy, *((n, FULL, s) for n, s in enumerate(states, 1)), (6, MIDDLE, "complete"))
    assert ledger.full_runs() == 2
    assert ledger.full_runs(stopped=True) == 3
    ledger.add(Trial(7, 2, {"x": 0.2, "y": 0.5}, FULL, "complete", 1.0, repeat=1))
    assert ledger.full_runs() == 2


def test_a_full_run_is_owed_once_looks_worth_one_have_been_begun_since_the_last(
    toy: StudySpec,
) -> None:
    looks = [(n, CHEAP, "complete") for n in range(2, 5)]
    ledger = made(toy, (9, CHEAP, "complete"), (1, FULL, "complete"), *looks)
    assert ledger.since_full() == pytest.approx(0.75)
    assert not owed(ledger)
    ledger.add(Trial(6, 6, {"x": 0.6, "y": 0.5}, CHEAP, "running", 0.25))
    assert ledger.since_full() == pytest.approx(1.0)
    assert owed(ledger)


@pytest.mark.parametrize(("told", "looks"), [(1.0, 22), (0.5, 2), (0.0, 0)])
def test_the_full_task_is_fed_while_it_has_its_share_of_the_cost(
    toy: StudySpec, told: float, looks: int
) -> None:
    """0.15 of it, and as much more as looks do not tell: so many looks for one full run."""
    full = (1, FULL, "pruned")
    assert fed(made(toy, full, *((n, CHEAP, "complete") for n in range(2, looks + 2))), told)
    assert not fed(made(toy, full, *((n, CHEAP, "complete") for n in range(2, looks + 4))), told)


def test_a_ledger_is_read_back_as_it_was(toy: StudySpec) -> None:
    ledger = made(
        toy, (1, CHEAP, "complete"), (2, CHEAP, "running"), (3, CHEAP, "killed"),
        (4, MIDDLE, "failed"), (5, FULL, "pruned"), (1, FULL, "complete"),
        resume_from=1, duration=3.0, repeat=2, reports=[(2, {"a": 0.5})],
    )  # fmt: skip
    ledger.trials[2].cost = 0.6  # an attempt was begun again
    ledger.trials[3].charged = 0.1
    for number in (6, 1, 4):
        ledger.finish(ledger.trials[number], {"a": 0.1 * number, "b": 1.0})
    ledger.finish(ledger.trials[5], {})
    ledger.bare.add(1)
    again = Ledger(toy)
    again.restore(reversed(ledger.past()))
    assert again.past() == ledger.past()
    assert again.told == [6, 1, 4, 5]
    assert again.bare == {1}
    assert again.spent == pytest.approx(ledger.spent) == pytest.approx(3.45)


def test_a_running_trial_of_unknown_price_costs_what_its_task_does(toy: StudySpec) -> None:
    ledger = Ledger(toy)
    ledger.restore([PastTrial(1, 1, {"x": 0.1, "y": 0.5}, "middle", "running", {}, 0.0)])
    assert ledger.spent == 0.5
    ledger.close(ledger.trials[1], "killed", 0.125)
    assert ledger.spent == 0.125


@pytest.mark.parametrize(("task", "state"), [("gone", "complete"), ("cheap", "waiting")])
def test_a_trial_kept_elsewhere_keeps_its_configuration_to_itself(
    toy: StudySpec, task: str, state: Any
) -> None:
    """Else another one would go on from its checkpoint once the task is back."""
    ledger = Ledger(toy)
    ledger.restore([PastTrial(3, 7, {"x": 0.1, "y": 0.5}, task, state, {}, 0.25)])
    assert ledger.configuration({"x": 0.1, "y": 0.5}) == 7
    assert ledger.configuration({"x": 0.2, "y": 0.5}) == 8


def test_a_configuration_read_back_is_known_by_its_values(toy: StudySpec) -> None:
    ledger = Ledger(toy)
    ledger.restore([PastTrial(1, 4, {"x": 0.1, "y": 0.5}, "cheap", "complete", {}, 0.25)])
    assert ledger.known({"y": 0.5, "x": 0.1}) == ledger.configuration({"y": 0.5, "x": 0.1}) == 4
    assert ledger.known({"x": 0.1, "y": 0.6}) is None
    ledger.remove(1)
    assert ledger.known({"x": 0.1, "y": 0.5}) is None


def test_results_count_in_the_order_they_came_those_of_unknown_time_last(toy: StudySpec) -> None:
    ledger = Ledger(toy)
    when = {1: None, 2: 30.0, 3: None, 4: 10.0}
    ledger.restore(
        PastTrial(n, n, {"x": n / 10, "y": 0.5}, "cheap", "complete", {}, 0.25, ended=at)
        for n, at in when.items()
    )
    assert ledger.told == [4, 2, 1, 3]
