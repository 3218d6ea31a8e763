"""Whatever the space, tasks and results: no exception, no value outside, no overspending."""

import math
import random
from collections.abc import Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer, PastTrial
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.space import sample, validate_params, value_fault

NASTY = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.sampled_from([0.0, 1.0, -1.0, 1e-12, 1e12, -1e12, 1e300, -1e300, math.nan, math.inf]),
)


@st.composite
def parameters(draw: st.DrawFn, parents: Mapping[str, list[Any]]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["float", "int", "categorical", "ordinal", "fixed"]))
    out: dict[str, Any] = {"type": kind}
    if kind in ("float", "int"):
        scale = draw(st.sampled_from([1e-12, 1e-3, 1.0, 1e3, 1e12]))
        low = draw(st.integers(1, 9))
        width = draw(st.integers(1, 50))
        if kind == "int":
            out |= {"low": low, "high": low + width}
            if not draw(st.booleans()):
                out["step"] = draw(st.integers(1, width))
                out["high"] = low + out["step"] * (width // out["step"])
            else:
                out["log"] = draw(st.booleans())
        else:
            out |= {"low": low * scale, "high": (low + width) * scale, "log": draw(st.booleans())}
    elif kind == "fixed":
        out["value"] = draw(st.integers(0, 3))
    else:
        out["choices"] = list(range(draw(st.integers(1, 4))))
    if parents and draw(st.booleans()):
        parent = draw(st.sampled_from(sorted(parents)))
        out["when"] = {parent: [draw(st.sampled_from(parents[parent]))]}
    return out


@st.composite
def studies(draw: st.DrawFn) -> dict[str, Any]:
    space: dict[str, Any] = {}
    parents: dict[str, list[Any]] = {}
    for i in range(draw(st.integers(1, 5))):
        space[f"p{i}"] = draw(parameters(parents))
        if space[f"p{i}"]["type"] in ("categorical", "ordinal"):
            parents[f"p{i}"] = space[f"p{i}"]["choices"]
    if all(p["type"] == "fixed" for p in space.values()):
        space["free"] = {"type": "float", "low": 0.0, "high": 1.0}
    costs = draw(
        st.lists(st.sampled_from([0.01, 0.1, 0.25, 0.3, 0.5, 0.7]), unique=True, max_size=3)
    )
    tasks = [{"name": f"t{c}", "cost": c, "n": c} for c in [*costs, 1.0]]
    objectives = [
        {"metric": f"m{i}", "direction": draw(st.sampled_from(["minimize", "maximize"])),
         "log": draw(st.booleans())}
        | ({"threshold": draw(st.sampled_from([1e-12, 0.5, 1e12]))} if draw(st.booleans()) else {})
        for i in range(draw(st.integers(1, 4)))
    ]  # fmt: skip
    study: dict[str, Any] = {
        "study": {"name": "s", "command": "true", "budget": draw(st.sampled_from([1.0, 4.0, 9.0])),
                  "resume": draw(st.booleans())},
        "space": space,
        "objective": objectives,
        "task": tasks,
    }  # fmt: skip
    if draw(st.booleans()):
        study["constraint"] = [{"metric": "c", "max": draw(st.sampled_from([0.0, 1e-12, 1e12]))}]
    return study


def assert_readable(spec: StudySpec, opt: Optimizer) -> None:
    """Slices and maps have values of their parameters and an ordered, finite band for each."""
    for told in opt.maps():
        assert len(told.expected) == len(told.rows) * len(told.columns)
        for name, values in ((told.across, told.columns), (told.up, told.rows)):
            assert not any(value_fault(spec.parameter(name), value) for value in values)
        known = [
            b for b in zip(told.low, told.expected, told.high, strict=True) if not math.isnan(b[1])
        ]
        assert all(-math.inf < low <= mean <= high < math.inf for low, mean, high in known)
    for one in opt.slices():
        assert len(one.values) == len(one.expected) == len(one.low) == len(one.high) > 1
        parameter = spec.parameter(one.parameter)
        assert not any(value_fault(parameter, value) for value in one.values)
        bands = zip(one.low, one.expected, one.high, strict=True)
        assert all(-math.inf < low <= mean <= high < math.inf for low, mean, high in bands)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(study=studies(), data=st.data())
def test_nothing_breaks_it(study: dict[str, Any], data: st.DataObject) -> None:
    spec = StudySpec.from_dict(study)
    opt = Optimizer(spec, seed=data.draw(st.integers(0, 5)))
    running: dict[int, float] = {}
    budget = spec.budget.amount
    for _ in range(22):
        try:
            s = opt.ask()
        except BudgetSpent:
            break
        assert validate_params(spec, s.params) == []
        cost = spec.task(s.task).cost
        assert 0 < s.cost <= cost + 1e-12
        if s.resume_from is None:
            assert s.cost == cost
        assert opt.spent <= budget + 1e-6
        running[s.number] = s.cost
        if len(running) > 2 or data.draw(st.booleans()):
            number = data.draw(st.sampled_from(sorted(running)))
            what = data.draw(st.sampled_from(["tell", "tell", "tell", "fail", "drop", "prune"]))
            metrics = {m: data.draw(NASTY) for m in spec.metric_names}
            end(opt, number, what, metrics, running.pop(number))
    opt.best()
    opt.tasks()
    assert_readable(spec, opt)
    opt.state()


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(study=studies(), data=st.data())
def test_any_history_can_be_restored(study: dict[str, Any], data: st.DataObject) -> None:
    spec = StudySpec.from_dict(study)
    tasks = [t.name for t in spec.tasks] + ["gone"]
    kinds = ["complete", "complete", "complete", "failed", "killed", "pruned", "running", "waiting"]
    few = data.draw(st.lists(NASTY, min_size=1, max_size=3))
    history = []
    number = 0
    for i in range(data.draw(st.integers(0, 25))):
        number += data.draw(st.integers(1, 3))
        params = sample(spec.space, (), random.Random(i // 2 if data.draw(st.booleans()) else i))
        if data.draw(st.integers(0, 9)) == 0:
            params = {"stranger": 1, **dict(list(params.items())[1:])}
        metrics = {m: data.draw(st.sampled_from(few)) for m in spec.metric_names}
        history.append(
            PastTrial(
                number, i // 2 + 1, params, data.draw(st.sampled_from(tasks)),
                data.draw(st.sampled_from(kinds)), metrics, 0.01,
                reports=((1, metrics),) if data.draw(st.booleans()) else (),
                teaches=data.draw(st.booleans()), duration=data.draw(st.sampled_from([None, 3.0])),
            )
        )  # fmt: skip
    opt, known = Optimizer(spec, seed=0), {t.configuration for t in history}
    opt.restore(history)
    for _ in range(3):
        try:
            s = opt.ask()
        except BudgetSpent:
            break
        if s.configuration not in known:  # what was tried before is promoted as it is
            assert validate_params(spec, s.params) == []
        assert s.number > number
        opt.tell(s.number, {m: data.draw(NASTY) for m in spec.metric_names})
    opt.best()
    opt.tasks()
    assert_readable(spec, opt)


def end(opt: Optimizer, number: int, what: str, metrics: dict[str, float], cost: float) -> None:
    if what == "tell":
        opt.tell(number, metrics, duration=1.0)
    elif what == "fail":
        opt.fail(number, "oom")
    elif what == "drop":
        opt.drop(number)
    else:
        opt.report(number, 1, metrics)
        opt.should_stop(number)
        opt.prune(number, metrics, charged=cost / 2)
