"""Edges that users meet: small budgets, budgets of trials, None as a choice, wrong words."""

import contextlib
import math
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import Trial, TrialState

from hpo_tui.engine.optimizer import BudgetSpent, CostWeightedSampler, Optimizer
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.spec import StudySpec

optuna.logging.set_verbosity(optuna.logging.WARNING)


def spec_of(budget: Any = 30, *, resume: bool = True, cheap: float = 0.25, **more: Any) -> Any:
    return StudySpec.from_dict({
        "study": {"name": "s", "budget": budget, "resume": resume},
        "space": {"x": {"type": "float", "low": 0.0, "high": 1.0},
                  "y": {"type": "float", "low": 0.0, "high": 1.0}},
        "objective": [{"metric": "loss", "direction": "minimize"}],
        "task": [{"name": "look", "cost": cheap, "n": 1}, {"name": "full", "cost": 1.0, "n": 4}],
        **more,
    })  # fmt: skip


def play(optimizer: Optimizer, most: int = 1000) -> list[Any]:
    out = []
    for _ in range(most):
        try:
            s = optimizer.ask()
        except BudgetSpent:
            break
        loss = (float(s.params["x"]) - 0.3) ** 2 + (float(s.params["y"]) - 0.6) ** 2
        optimizer.tell(s.number, {"loss": loss})
        out.append((s, loss))
    return out


@pytest.mark.parametrize(("cheap", "budget"), [(0.3, 2.0), (0.5, 2.0), (0.5, 4.0), (0.4, 10.0)])
def test_what_is_left_for_one_full_run_goes_to_the_best_look(cheap: float, budget: float) -> None:
    for seed in range(10):
        trials = play(Optimizer(spec_of(budget, resume=False, cheap=cheap), seed))
        looks = {s.configuration: loss for s, loss in trials if s.task == "look"}
        first = next(s for s, _ in trials if s.task == "full")
        assert looks[first.configuration] == min(
            loss for s, loss in trials if s.task == "look" and s.number < first.number
        )


def test_looks_do_not_take_a_budget_of_few_trials_of_like_cost() -> None:
    trials = play(Optimizer(spec_of(10.0, resume=False, cheap=0.99), 0))
    assert sum(s.task == "full" for s, _ in trials) >= 4


def test_where_trials_are_counted_no_look_is_taken_for_free() -> None:
    for seed in range(4):
        asked = [s for s, _ in play(Optimizer(spec_of("30 trials"), seed))]
        assert sum(s.task == "full" for s in asked) >= 10
        assert not any("costs nothing more" in s.why["text"] for s in asked)


def test_a_result_that_is_no_number_is_refused_and_can_be_told_again() -> None:
    optimizer = Optimizer(spec_of(), 0)
    s = optimizer.ask()
    for wrong in (None, "much"):
        with pytest.raises((TypeError, ValueError)):
            optimizer.tell(s.number, {"loss": wrong})  # type: ignore[dict-item]
    optimizer.tell(s.number, {"loss": 0.5})
    assert optimizer.spent == pytest.approx(0.25)


def test_prices_and_seeds_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="seed"):
        Optimizer(spec_of(), -1)
    optimizer = Optimizer(spec_of(), 0)
    s = optimizer.ask()
    for wrong in (math.nan, -1.0, math.inf):
        with pytest.raises(ValueError, match="cost"):
            optimizer.reprice(s.number, wrong)
    optimizer.reprice(s.number, 0.7)
    assert optimizer.spent == pytest.approx(0.7)
    optimizer.fail(s.number, "oom", charged=-5.0)
    assert optimizer.spent == 0.0


def test_a_space_that_constraints_empty_is_exhausted() -> None:
    space = {n: {"type": "int", "low": 1, "high": 70} for n in "xy"}
    few = spec_of(200, space=space, constraints=["x * y == 35"])
    assert len({tuple(s.params.values()) for s, _ in play(Optimizer(few, 0))}) == 4
    none = spec_of(200, space=space, constraints=["x > 5000"])
    with pytest.raises(BudgetSpent):
        Optimizer(none, 0).ask()
    assert Space(none).allowed(np.zeros((0, 2))).dtype == bool


def test_all_that_constraints_leave_of_a_large_space_is_found() -> None:
    space = {n: {"type": "int", "low": 1, "high": 40} for n in "xyz"}
    few = spec_of(200, space=space, task=None, constraints=["x + y + z > 117"])
    optimizer = Optimizer(few, 0)
    asked = [optimizer.ask() for _ in range(6)]
    resumed = Optimizer(few, 0)
    resumed.restore(optimizer._history.past())
    for _ in range(4):  # the same whoever asks: what is known alone says which one is next
        asked.append(optimizer.ask())
        assert resumed.ask().params == asked[-1].params
    assert len({tuple(s.params.values()) for s in asked}) == 10
    with pytest.raises(BudgetSpent, match="every configuration of the space has been run"):
        optimizer.ask()


def test_a_sliver_of_a_space_is_found() -> None:
    space = {n: {"type": "float", "low": 0.0, "high": 1.0} for n in "xyzw"}
    sliver = spec_of(space=space, constraints=["x > 0.5 and x < 0.50002"])
    for seed in range(3):
        optimizer = Optimizer(sliver, seed)
        assert all(0.5 < float(optimizer.ask().params["x"]) < 0.50002 for _ in range(3))


def test_none_is_a_choice_as_any_other() -> None:
    def objective(trial: Trial) -> float:
        kind = trial.suggest_categorical("kind", [None, "a", "b", "d"])
        x = trial.suggest_float("x", 0, 1)
        return (x - 0.4) ** 2 + {None: 1.0, "a": 0.5, "b": 0.2, "d": 0.0}[kind]

    study = optuna.create_study(sampler=CostWeightedSampler(seed=0))
    study.optimize(objective, n_trials=40)
    assert sum(t.params["kind"] is None for t in study.trials[-20:]) <= 3
    assert study.best_value < 0.01


def test_trials_that_have_asked_for_nothing_yet_are_paid_and_known() -> None:
    study = optuna.create_study(sampler=CostWeightedSampler(spec_of(5), seed=0))
    while not any(t.state is TrialState.FAIL for t in study.trials):  # that is how it ends
        with contextlib.suppress(BudgetSpent):
            study.ask()
    asked = [t for t in study.trials if t.state is TrialState.RUNNING]
    assert sum(t.user_attrs["hpo:cost"] for t in asked) <= 5 + 1e-9
    plans = [tuple(t.user_attrs["hpo:params"].items()) for t in asked]
    assert len(set(plans)) == len(plans)


def test_directions_that_are_not_those_of_the_study_file_are_refused() -> None:
    for directions in (["maximize"], ["minimize", "minimize"]):
        study = optuna.create_study(
            directions=directions, sampler=CostWeightedSampler(spec_of(), seed=0)
        )
        with pytest.raises(ValueError, match="directions"):
            study.ask()


def test_a_look_leaves_time_for_what_passes_between_trials() -> None:
    optimizer = Optimizer(spec_of("8h"), 0)
    for _ in range(5):
        s = optimizer.ask(4.0)
        optimizer.tell(s.number, {"loss": float(s.params["x"])}, duration=10.0)
    last = optimizer.ask(1.02)  # a look and its promotion take 1.0, if nothing comes between
    assert (last.task, last.cost) == ("full", pytest.approx(0.75))
