"""What is expected along each parameter, from one of the best trials."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.analysis.slices import Slice
from hpo_tui.engine.optimizer import Optimizer


def slices_of(opt: Optimizer) -> dict[tuple[str, str], Slice]:
    return {(s.parameter, s.metric): s for s in opt.slices()}


def test_there_are_none_before_a_full_result(lab: Any) -> None:
    opt = Optimizer(lab.spec(), seed=0)
    assert opt.slices() == []
    asked = opt.ask()
    opt.tell(asked.number, lab.bowl(asked.params, asked.task))
    assert asked.task == "cheap"
    assert opt.slices() == []


def test_they_foretell_the_full_task_along_each_parameter(lab: Any) -> None:
    opt, ran = lab.spent(0)
    asked = {s.number: s for s in ran}
    told = slices_of(opt)
    assert set(told) == {(p, m) for p in ("x", "y") for m in ("a", "b")}
    for (name, metric), one in told.items():
        assert one.trial in opt.best()
        params = asked[one.trial].params
        truth = [lab.bowl({**params, name: value}, "full")[metric] for value in one.values]
        assert np.corrcoef(truth, one.expected)[0, 1] > 0.9
        assert np.mean((truth > np.array(one.low) - 0.1) & (truth < np.array(one.high) + 0.1)) > 0.8
    assert told["x", "a"].values[0] == 0.0
    assert told["x", "a"].values[-1] == 1.0
    logs = np.diff(np.log([float(v) for v in told["y", "b"].values]))
    assert logs == pytest.approx(logs[0])


def test_the_trial_itself_is_expected_to_have_what_it_had(lab: Any) -> None:
    space = {"n": {"type": "int", "low": 1, "high": 9}, "x": {"type": "float", "low": 0, "high": 1}}

    def rising(params: Mapping[str, Any], task: str) -> dict[str, float]:
        return {"a": (params["n"] - 4) ** 2 + params["x"], "b": 1000.0 * params["n"]}

    opt = Optimizer(lab.spec(space=space), seed=1)
    asked = {s.number: s for s in lab.play(opt, rising)}
    for metric in ("a", "b"):
        one = slices_of(opt)["n", metric]
        params = asked[one.trial].params
        at = one.values.index(params["n"])
        assert one.expected[at] == pytest.approx(rising(params, "full")[metric], rel=0.1, abs=0.1)


def test_goals_that_nobody_meets_are_looked_at_from_the_nearest_result(lab: Any) -> None:
    goal = [{"metric": "a", "direction": "minimize", "threshold": -1.0}]
    opt = Optimizer(lab.spec(objective=goal), seed=0)
    ran = lab.play(opt, lambda params, task: {"a": lab.bowl(params, task)["a"]})
    full = {s.number: lab.bowl(s.params, "full")["a"] for s in ran if s.task == "full"}
    assert opt.best() == []
    assert {one.trial for one in opt.slices()} == {min(full, key=lambda n: full[n])}


def test_what_a_choice_brings_along_has_its_default_and_what_is_not_there_has_no_slice(
    lab: Any,
) -> None:
    space = {
        "kind": {"type": "categorical", "choices": ["plain", "deep"]},
        "x": {"type": "float", "low": 0, "high": 1},
        "layers": {"type": "int", "low": 1, "high": 6, "default": 2, "when": {"kind": ["deep"]}},
    }

    def plain_wins(params: Mapping[str, Any], task: str) -> dict[str, float]:
        return {"a": params["x"] + params.get("layers", 0), "b": 1.0 - params["x"]}

    opt = Optimizer(lab.spec(space=space), seed=0)
    lab.play(opt, plain_wins)
    told = slices_of(opt)
    assert ("layers", "a") not in told
    assert told["kind", "a"].values == ("plain", "deep")
    plain, deep = told["kind", "a"].expected
    assert 1.0 < deep - plain < 3.0


def test_values_that_a_constraint_forbids_are_left_out(lab: Any) -> None:
    head = {"name": "t", "command": "t", "budget": 10, "constraints": ["x + y <= 0.8"]}
    opt = Optimizer(lab.spec(study=head), seed=0)
    asked = {s.number: s for s in lab.play(opt, lab.bowl)}
    one = slices_of(opt)["x", "a"]
    assert max(float(v) for v in one.values) <= 0.8 - asked[one.trial].params["y"]


def test_many_parameters_have_fewer_values_each(lab: Any) -> None:
    space = {f"p{i}": {"type": "float", "low": 0, "high": 1} for i in range(60)}
    opt = Optimizer(lab.spec(space=space), seed=0)

    def some(params: Mapping[str, Any], task: str) -> dict[str, float]:
        return {"a": params["p0"], "b": params["p1"]}

    for _ in range(12):
        asked = opt.ask()
        opt.tell(asked.number, some(asked.params, asked.task))
    assert {len(one.values) for one in opt.slices()} == {9}
    assert len(opt.slices()) == 120
