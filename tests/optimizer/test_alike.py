"""Results that say nothing: all of them equal, all failed, or no number."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer, PastTrial, Suggestion
from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.spec import StudySpec

ONE = [{"metric": "a", "direction": "maximize"}]
NAN = float("nan")


def spent(opt: Optimizer, function: Any) -> list[Suggestion]:
    """Spend the budget; a result that is None is a failure."""
    out: list[Suggestion] = []
    while True:
        try:
            s = opt.ask()
        except BudgetSpent:
            return out
        found: Mapping[str, float] | None = function(s)
        if found is None:
            opt.fail(s.number, "oom")
        else:
            opt.tell(s.number, found)
        out.append(s)


def inside(s: Suggestion) -> np.ndarray:
    """Whether the parameters, scaled to [0, 1], lie off all bounds."""
    place = np.array([s.params["x"], np.log10(float(s.params["y"])) / 4 + 1])
    return np.asarray((place > 0.001) & (place < 0.999))


@pytest.mark.parametrize("value", [{"a": 0.1}, {"a": NAN}, None])
def test_while_all_results_are_alike_the_space_is_looked_at_evenly(lab: Any, value: Any) -> None:
    trials = spent(Optimizer(lab.spec(objective=ONE), 1), lambda s: value)
    looks = [s for s in trials if s.task != "full"]
    assert len(looks) > 20
    assert np.mean([inside(s) for s in looks]) > 0.95
    fulls = sum(s.task == "full" for s in trials)
    assert 1 <= fulls <= 5


@pytest.mark.parametrize("place", [3, 11])
def test_failures_among_equal_results_do_not_end_it(lab: Any, place: int) -> None:
    opt = Optimizer(lab.spec(objective=ONE), 1)
    for i in range(24):
        s = opt.ask()
        assert "gain" not in s.why
        if i % 4 == place % 4 and i >= place:
            opt.fail(s.number, "oom")
        else:
            opt.tell(s.number, {"a": 0.1})


@pytest.mark.parametrize("results", [1, 2])
def test_one_result_among_failures_is_searched_around(lab: Any, results: int) -> None:
    opt = Optimizer(lab.spec(objective=ONE, study={"name": "one", "budget": 30.0}), 1)
    for _ in range(12):
        s = opt.ask()
        done = sum(t.state == "complete" for t in opt.trials())
        if done < results and s.task == "cheap":
            opt.tell(s.number, {"a": 0.1})
        else:
            opt.fail(s.number, "oom")
    assert ("gain" in opt.ask().why) == (results == 1)


def test_a_task_of_its_own_level_is_alike_and_the_first_other_result_ends_it(lab: Any) -> None:
    study = {"name": "levels", "budget": 20.0, "resume": True}
    opt = Optimizer(lab.spec(objective=ONE, study=study), 1)
    for place in range(22):
        s = opt.ask()
        better = 0.2 if place == 14 else 0.0
        opt.tell(s.number, {"a": {"cheap": 0.1, "middle": 0.2, "full": 0.3}[s.task] + better})
        assert ("gain" in s.why) == (place > 14)


def test_two_tasks_that_a_metric_tells_apart_are_not_alike(lab: Any) -> None:
    trials = spent(Optimizer(lab.spec(), 1), lambda s: {"a": 0.1, "b": float(s.params["x"])})
    assert sum("gain" in s.why for s in trials) > len(trials) / 2


def test_a_look_that_was_no_number_is_not_carried_on(toy: StudySpec) -> None:
    results = [
        {"a": NAN, "b": NAN},
        {"a": 0.1, "b": NAN},
        {"a": float("inf"), "b": NAN},
        {"a": 0.2},
    ]
    past = [
        PastTrial(i, i, {"x": i / 10, "y": 0.5}, "cheap", "complete", metrics, 0.25)
        for i, metrics in enumerate(results, 1)
    ]
    history = TrialHistory(toy)
    history.restore(past)
    assert [history.open_to_promotion(i) for i in range(1, 5)] == [False, True, False, True]
    history.restore([PastTrial(5, 5, {"x": 0.9, "y": 0.5}, "cheap", "complete", {"b": 1.0}, 0.25)])
    assert [history.open_to_promotion(i) for i in range(1, 6)] == [False, False, False, True, True]


def test_a_start_of_which_nothing_is_a_number_sends_no_look_to_the_full_task(lab: Any) -> None:
    trials = spent(Optimizer(lab.spec(objective=ONE), 0), lambda s: {"a": NAN})
    assert all(s.resume_from is None for s in trials)


def test_a_metric_that_only_the_full_task_reports_holds_no_look_back(lab: Any) -> None:
    opt = Optimizer(lab.spec(), 0)
    trials = spent(
        opt, lambda s: {"a": float(s.params["x"]), "b": 1.0 if s.task == "full" else NAN}
    )
    assert sum(s.resume_from is not None for s in trials) > 2
    other = Optimizer(lab.spec(), 0)
    other.restore(opt.trials())
    for number in list(opt._history.of_configuration):
        assert opt._history.open_to_promotion(number) == other._history.open_to_promotion(number)


@pytest.mark.parametrize(("most", "lost"), [(0.5, True), (9.0, False)])
def test_where_no_result_is_expected_to_meet_the_constraints_the_space_is_looked_at_evenly(
    lab: Any, most: float, lost: bool
) -> None:
    limit, study = [{"metric": "b", "max": most}], {"name": "t", "budget": 6.0, "resume": True}
    trials = spent(
        Optimizer(lab.spec(objective=ONE, constraint=limit, study=study), 1),
        lambda s: {"a": float(s.params["x"]), "b": 1.0 + float(s.params["x"])},
    )
    even = [s for s in trials if "nor is one expected to" in s.why["text"]]
    assert bool(even) is lost
    if lost:  # by turns with what the models ask for
        later = trials[trials.index(even[0]) :]
        assert 0.2 * len(later) < len(even) < 0.7 * len(later)
        assert all(s.task == "cheap" and s.why["kind"] == "start" for s in even)
        assert np.mean([inside(s) for s in even]) > 0.95
