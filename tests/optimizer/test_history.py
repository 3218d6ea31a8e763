"""What was run where, what it has cost, and what can go on from it."""

from dataclasses import replace
from typing import Any

import pytest

from hpo_tui.engine.optimizer.api import PastTrial, Trial
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.promotion import fed, owed
from hpo_tui.engine.spec import StudySpec

CHEAP, MIDDLE, FULL = 0, 1, 2
COSTS = (0.25, 0.5, 1.0)


def made(spec: StudySpec, *trials: tuple[int, int, Any], **changes: Any) -> TrialHistory:
    """A history of trials (configuration, task, state); ``changes`` are those of the last one."""
    history = TrialHistory(spec)
    for number, (configuration, task, state) in enumerate(trials, 1):
        charged = 0.0 if state == "running" else COSTS[task]
        trial = Trial(
            number, configuration, {"x": configuration / 10, "y": 0.5}, task, state,
            COSTS[task], charged=charged, teaches=state == "failed",
        )  # fmt: skip
        history.add(trial if number < len(trials) else replace(trial, **changes))
    return history


@pytest.fixture
def whole(lab: Any) -> StudySpec:
    """The toy study where every trial pays in full."""
    study = {"name": "toy", "command": "true", "budget": 10.0, "resume": False}
    return lab.spec(study=study)  # type: ignore[no-any-return]


def test_the_dearest_finished_trial_below_is_what_is_carried_on(
    toy: StudySpec, whole: StudySpec
) -> None:
    trials = [(1, MIDDLE, "complete"), (1, CHEAP, "complete"), (2, CHEAP, "complete")]
    history = made(toy, *trials)
    assert [getattr(history.checkpoint(1, t), "number", None) for t in range(3)] == [None, 2, 1]
    assert history.checkpoint(3, FULL) is None
    history.bare.add(1)
    assert history.checkpoint(1, FULL) is history.trials[2]
    assert made(whole, *trials).checkpoint(1, FULL) is None


@pytest.mark.parametrize("state", ["running", "pruned", "failed", "killed"])
def test_only_what_is_complete_is_carried_on(toy: StudySpec, state: str) -> None:
    assert made(toy, (1, CHEAP, state)).checkpoint(1, FULL) is None


def test_a_repeat_is_no_checkpoint_of_its_configuration(toy: StudySpec) -> None:
    history = made(toy, (1, CHEAP, "complete"), repeat=1)
    assert history.checkpoint(1, FULL) is None
    assert history.reached(1) == -1


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
    history = made(toy, (1, CHEAP, "complete"), last, teaches=teaches)
    assert history.open_to_promotion(1) is is_open


def test_what_never_ran_to_its_end_cannot_go_on(toy: StudySpec) -> None:
    assert not made(toy, (1, CHEAP, "killed")).open_to_promotion(1)
    assert not made(toy).open_to_promotion(1)


def test_three_looks_without_a_checkpoint_and_none_with_one_show_that_nothing_resumes(
    toy: StudySpec, whole: StudySpec
) -> None:
    looks = [(n, CHEAP, "complete") for n in range(1, 4)]
    history = made(toy, *looks, (4, FULL, "complete"))
    assert history.resumes
    history.bare |= {1, 2}
    assert history.resumes
    history.bare.add(3)
    assert not history.resumes
    history.add(Trial(5, 5, {"x": 0.9, "y": 0.5}, CHEAP, "complete", 0.25))
    assert history.resumes
    assert not made(whole, *looks).resumes
    two = made(toy, *looks[:2])
    two.bare |= {1, 2}
    assert two.resumes, "two may have been an accident"


def test_full_runs_are_those_that_show_a_configuration_at_the_full_task(toy: StudySpec) -> None:
    states = ("running", "complete", "pruned", "failed", "killed")
    history = made(toy, *((n, FULL, s) for n, s in enumerate(states, 1)), (6, MIDDLE, "complete"))
    assert history.full_runs() == 2
    assert history.full_runs(stopped=True) == 3
    history.add(Trial(7, 2, {"x": 0.2, "y": 0.5}, FULL, "complete", 1.0, repeat=1))
    assert history.full_runs() == 2


def test_a_full_run_is_owed_once_looks_worth_one_have_been_begun_since_the_last(
    toy: StudySpec,
) -> None:
    looks = [(n, CHEAP, "complete") for n in range(2, 5)]
    history = made(toy, (9, CHEAP, "complete"), (1, FULL, "complete"), *looks)
    assert history.since_full() == pytest.approx(0.75)
    assert not owed(history)
    history.add(Trial(6, 6, {"x": 0.6, "y": 0.5}, CHEAP, "running", 0.25))
    assert history.since_full() == pytest.approx(1.0)
    assert owed(history)


@pytest.mark.parametrize(
    ("told", "patience", "looks"),
    [(1.0, 0.0, 22), (0.5, 0.0, 2), (0.0, 0.0, 0), (1.0, 1.0, 49), (0.5, 0.5, 6)],
)
def test_the_full_task_is_fed_while_it_has_its_share_of_the_cost(
    toy: StudySpec, told: float, patience: float, looks: int
) -> None:
    """0.15 of it, more as looks tell less: so many looks for one full run and a part of another."""
    enough = [(n, CHEAP, "complete") for n in range(2, looks + 2)]
    more = [(n, CHEAP, "complete") for n in range(looks + 2, looks + 4)]
    assert fed(made(toy, (1, FULL, "pruned"), *enough), told, patience)
    assert not fed(made(toy, (1, FULL, "pruned"), *enough, *more), told, patience)


def test_a_history_is_read_back_as_it_was(toy: StudySpec) -> None:
    history = made(
        toy, (1, CHEAP, "complete"), (2, CHEAP, "running"), (3, CHEAP, "killed"),
        (4, MIDDLE, "failed"), (5, FULL, "pruned"), (1, FULL, "complete"),
        resume_from=1, duration=3.0, repeat=2, reports=[(2, {"a": 0.5})],
    )  # fmt: skip
    history.trials[2].cost = 0.6  # an attempt was begun again
    history.trials[3].charged = 0.1
    for number in (6, 1, 4):
        history.finish(history.trials[number], {"a": 0.1 * number, "b": 1.0})
    history.finish(history.trials[5], {})
    history.bare.add(1)
    again = TrialHistory(toy)
    again.restore(reversed(history.past()))
    assert again.past() == history.past()
    assert again.told == [6, 1, 4, 5]
    assert again.bare == {1}
    assert again.spent == pytest.approx(history.spent) == pytest.approx(3.45)


def test_a_running_trial_of_unknown_price_costs_what_its_task_does(toy: StudySpec) -> None:
    history = TrialHistory(toy)
    history.restore([PastTrial(1, 1, {"x": 0.1, "y": 0.5}, "middle", "running", {}, 0.0)])
    assert history.spent == 0.5
    history.close(history.trials[1], "killed", 0.125)
    assert history.spent == 0.125


@pytest.mark.parametrize(("task", "state"), [("gone", "complete"), ("cheap", "waiting")])
def test_a_trial_kept_elsewhere_keeps_its_configuration_to_itself(
    toy: StudySpec, task: str, state: Any
) -> None:
    """Else another one would go on from its checkpoint once the task is back."""
    history = TrialHistory(toy)
    history.restore([PastTrial(3, 7, {"x": 0.1, "y": 0.5}, task, state, {}, 0.25)])
    assert history.configuration({"x": 0.1, "y": 0.5}) == 7
    assert history.configuration({"x": 0.2, "y": 0.5}) == 8


def test_a_configuration_read_back_is_known_by_its_values(toy: StudySpec) -> None:
    history = TrialHistory(toy)
    history.restore([PastTrial(1, 4, {"x": 0.1, "y": 0.5}, "cheap", "complete", {}, 0.25)])
    assert history.known({"y": 0.5, "x": 0.1}) == history.configuration({"y": 0.5, "x": 0.1}) == 4
    assert history.known({"x": 0.1, "y": 0.6}) is None
    history.remove(1)
    assert history.known({"x": 0.1, "y": 0.5}) is None


def test_results_count_in_the_order_they_came_those_of_unknown_time_last(toy: StudySpec) -> None:
    history = TrialHistory(toy)
    when = {1: None, 2: 30.0, 3: None, 4: 10.0}
    history.restore(
        PastTrial(n, n, {"x": n / 10, "y": 0.5}, "cheap", "complete", {}, 0.25, ended=at)
        for n, at in when.items()
    )
    assert history.told == [4, 2, 1, 3]
