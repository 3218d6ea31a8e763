"""What callers get wrong: it is said in words, changes nothing, and can be put right."""

import math
import pickle
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import CostWeightedSampler, Optimizer
from hpo_tui.engine.spec import StudySpec

RESULT = {"a": 0.5, "b": 0.5}


@pytest.fixture
def asked(toy: StudySpec) -> Optimizer:
    """An optimizer with one trial running, number 1."""
    optimizer = Optimizer(toy, seed=0)
    optimizer.ask()
    return optimizer


@pytest.mark.parametrize(
    "end",
    [
        lambda o: o.tell(1, RESULT, duration="long"),
        lambda o: o.tell(1, {"a": 0.5, "b": [1]}),
        lambda o: o.tell(1, {"a": 0.5, "b": 10**400}),
        lambda o: o.tell(1, 0.5),
        lambda o: o.prune(1, RESULT, charged=None),
        lambda o: o.fail(1, "oom", charged="all"),
        lambda o: o.drop(1, charged="all"),
    ],
)
def test_what_is_no_number_leaves_the_trial_as_it_was(
    asked: Optimizer, end: Callable[[Optimizer], None]
) -> None:
    with pytest.raises((TypeError, ValueError), match=r"must be a number, found|told by name"):
        end(asked)
    asked.tell(1, RESULT)
    assert asked._history.told == [1]


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"A": 0.5, "b": 0.5}, '"A" is no metric of this study; did you mean "a"?'),
        ({"loss": 0.5}, '"loss" is no metric of this study; it has "a", "b"'),
    ],
)
def test_a_misspelt_metric_does_not_teach_as_a_failure(
    asked: Optimizer, metrics: dict[str, float], words: str
) -> None:
    with pytest.raises(ValueError, match="is no metric") as error:
        asked.tell(1, metrics)
    assert str(error.value) == words
    asked.tell(1, {**RESULT, "seconds": math.nan})  # what the study does not know is welcome


def test_what_is_told_beside_the_metrics_need_not_be_a_number(asked: Optimizer) -> None:
    with pytest.raises(ValueError, match='"A" is no metric of this study; did you mean "a"'):
        asked.tell(1, {"A": None, "b": 0.5})  # type: ignore[dict-item]
    asked.tell(1, {**RESULT, "note": "good", "curve": [1, 2], "seed": None, "seconds": 3})
    assert asked.trials()[0].metrics == {**RESULT, "seconds": 3.0}


def test_an_array_of_one_number_is_that_number(asked: Optimizer) -> None:
    with pytest.raises(TypeError, match='"b" must be a number, found a Python ndarray'):
        asked.tell(1, {"a": 0.5, "b": np.array([1.0, 2.0])})  # type: ignore[dict-item]
    asked.tell(1, {"a": np.array([0.5]), "b": np.array([[0.25]])})  # type: ignore[dict-item]
    assert asked.trials()[0].metrics == {"a": 0.5, "b": 0.25}


def test_what_is_left_is_a_number_however_it_is_written(toy: StudySpec) -> None:
    assert Optimizer(toy, 0).ask("3").task == "cheap"  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='what is left must be a number, found "much"'):
        Optimizer(toy, 0).ask("much")  # type: ignore[arg-type]


def test_a_failure_needs_no_reason_to_teach_and_costs_its_price(asked: Optimizer) -> None:
    asked.fail(1)
    assert asked.trials()[0].teaches
    assert asked.spent == 0.25


@pytest.mark.parametrize(("charged", "spent"), [(-1.0, 0.0), (math.nan, 0.25), (math.inf, 0.25)])
def test_what_cannot_have_been_charged_is_nothing_or_the_price(
    asked: Optimizer, charged: float, spent: float
) -> None:
    asked.drop(1, charged=charged)
    assert asked.spent == spent


def test_what_is_left_is_nothing_where_only_rounding_is_missing(toy: StudySpec) -> None:
    for charged, left in ((10.0 + 1e-12, 0.0), (10.5, -0.5)):
        optimizer = Optimizer(toy, seed=0)
        optimizer.ask()
        optimizer.drop(1, charged=charged)
        assert optimizer.left == left


def test_what_has_ended_is_not_withdrawn(asked: Optimizer) -> None:
    asked.tell(1, RESULT)
    with pytest.raises(ValueError, match="trial 1 has ended: only a suggestion can be withdrawn"):
        asked.withdraw(1)
    assert [t.number for t in asked.trials()] == [1]


def test_a_metric_that_is_missing_is_a_failure_of_it(lab: Any) -> None:
    goals = [{"metric": m, "direction": "minimize"} for m in ("val_loss", "size")]
    optimizer = Optimizer(lab.spec(objective=goals), seed=0)
    for metrics in ({"size": 0.5, "train_loss": 3.0}, {}):
        optimizer.tell(optimizer.ask().number, metrics)
    optimizer.prune(optimizer.ask().number, {"train_loss": 0.5}, charged=0.1)
    optimizer.ask()


def test_a_trial_is_named_by_its_number(asked: Optimizer) -> None:
    suggestion = asked.ask()
    with pytest.raises(TypeError, match=r"by its number, suggestion\.number, not by a Suggestion"):
        asked.tell(suggestion, RESULT)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"of your own: enqueue\(params\), then ask"):
        asked.tell(suggestion.params, RESULT)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match="there is no trial 9: the last is 2"):
        asked.tell(9, RESULT)
    asked.tell(np.int64(2), RESULT)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="has ended already"):
        asked.tell(2, RESULT)


@pytest.mark.parametrize("wrong", [-1, 1.5, "one", np.random.default_rng(0)])
def test_seeds_that_are_none_are_refused_at_once(toy: StudySpec, wrong: Any) -> None:
    for make in (lambda: Optimizer(toy, wrong), lambda: CostWeightedSampler(seed=wrong)):
        with pytest.raises(ValueError, match="the seed must be a whole number from 0 on"):
            make()
    assert Optimizer(toy, np.int64(3)).seed == 3  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [42, {"study": {}}, "study.toml"])
def test_what_is_no_study_is_refused_at_once(toy: StudySpec, wrong: Any) -> None:
    makers: list[Callable[[], Any]] = [
        lambda: Optimizer(wrong, 0),
        lambda: CostWeightedSampler(wrong),
        lambda: Optimizer(toy, 0).change_spec(wrong),
    ]
    for make in makers:
        with pytest.raises(TypeError, match="a StudySpec is needed") as error:
            make()
        assert ("seed=" in str(error.value)) == (wrong == 42)


def test_a_budget_is_extended_by_numbers_alone(asked: Optimizer) -> None:
    for wrong in (math.nan, math.inf, "much"):
        with pytest.raises(ValueError, match="extended by must be a"):
            asked.extend_budget(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="None where nobody knows, found nan"):
        asked.ask(math.nan)
    assert asked.left == pytest.approx(9.75)


def test_a_history_is_taken_in_once(toy: StudySpec, asked: Optimizer) -> None:
    past = asked.trials()
    other = Optimizer(toy, seed=0)
    with pytest.raises(TypeError, match=r"a list of PastTrial, found 1: optimizer\.trials\(\)"):
        other.restore([*past, 1])  # type: ignore[list-item]
    with pytest.raises(ValueError, match='trial 1 has the state "done"; there are "running", "co'):
        other.restore([replace(past[0], state="done")])  # type: ignore[arg-type]
    other.restore(past)
    with pytest.raises(ValueError, match="there is a trial 1 already"):
        other.restore(past)
    assert len(other._history.of_configuration[1]) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"metrics": None}, "metrics are told by name"),
        ({"metrics": {"accuracy": "good"}}, 'the metric "accuracy" must be a number'),
        ({"params": None}, "a configuration is values by name"),
        ({"charged": math.nan}, "what trial 2 was charged must be a finite number"),
        ({"number": "2"}, "a trial is named by its number"),
        ({"number": 1}, "there is a trial 1 already"),
    ],
)
def test_of_a_history_with_a_fault_nothing_is_taken_in(
    toy: StudySpec, asked: Optimizer, wrong: Any, said: str
) -> None:
    first = asked.trials()[0]
    other = Optimizer(toy, seed=0)
    with pytest.raises((TypeError, ValueError), match=said):
        other.restore([first, replace(first, **({"number": 2} | wrong))])
    assert other.trials() == []


def test_what_is_no_history_and_no_state_is_said(toy: StudySpec) -> None:
    with pytest.raises(TypeError, match="a history is a list of PastTrial, found None"):
        Optimizer(toy, seed=0).restore(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"what optimizer\.state\(\) returned, found"):
        Optimizer(toy, seed=0, state=[1])  # type: ignore[arg-type]


def test_values_of_numpy_are_values(lab: Any) -> None:
    kinds = {"n": {"type": "int", "low": 1, "high": 9},
             "x": {"type": "float", "low": 0.0, "high": 1.0}}  # fmt: skip
    optimizer = Optimizer(lab.spec(space=kinds), seed=0)
    optimizer.enqueue({"n": np.int64(3), "x": np.float32(0.5)})
    optimizer.enqueue({"n": 3, "x": 0.5})
    first, second = optimizer.ask(), optimizer.ask()
    assert first.params == {"n": 3, "x": 0.5}
    assert [type(v) for v in first.params.values()] == [int, float]
    assert first.configuration == second.configuration


def test_a_trial_that_has_ended_reports_no_more(asked: Optimizer) -> None:
    asked.report(1, 1, RESULT)
    asked.tell(1, RESULT)
    with pytest.raises(ValueError, match="trial 1 has ended already"):
        asked.report(1, 2, RESULT)


def test_words_name_what_there_is(asked: Optimizer) -> None:
    with pytest.raises(ValueError, match="there is no task 'all'; tasks:"):
        asked.price({"x": 0.5, "y": 0.5}, "all")
    with pytest.raises(ValueError, match=r"once or more, found 1\.5"):
        asked.confirm(1, 1.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a configuration is values by name"):
        asked.enqueue(0.5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a step must be a finite number, found nan"):
        asked.report(1, math.nan, RESULT)  # type: ignore[arg-type]


def test_a_suggestion_can_be_a_key(asked: Optimizer) -> None:
    one, two = asked.ask(), asked.ask()
    jobs = {one: "one", two: "two"}
    assert jobs[pickle.loads(pickle.dumps(one))] == "one"
