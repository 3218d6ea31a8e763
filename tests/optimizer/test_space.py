"""Encoding and sampling: what comes out is always a configuration of the space."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hpo_tui.engine.optimizer.encoding.completion import as_run
from hpo_tui.engine.optimizer.encoding.space import Space, feasible_random
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.space import validate_params


def spec_of(space: dict[str, Any], constraints: tuple[str, ...] = ()) -> StudySpec:
    data: dict[str, Any] = {
        "study": {"name": "s", "command": "true", "budget": 5.0},
        "space": space,
        "objective": [{"metric": "loss", "direction": "minimize"}],
    }
    if constraints:
        data["study"]["constraints"] = list(constraints)
    return StudySpec.from_dict(data)


NESTED = {
    "kind": {"type": "categorical", "choices": ["tree", "net", "line"]},
    "depth": {"type": "int", "low": 1, "high": 30, "log": True, "when": {"kind": ["tree", "net"]}},
    "drop": {"type": "float", "low": 0.0, "high": 0.9, "step": 0.3, "when": {"kind": ["net"]}},
    "size": {"type": "ordinal", "choices": [16, 32, 64, 128], "when": {"kind": ["net"]}},
    "gate": {"type": "float", "low": 1e-9, "high": 1e9, "log": True,
             "when": {"size": [64, 128], "kind": ["net"]}},
    "fixed": {"type": "fixed", "value": 7},
}  # fmt: skip


def test_samples_are_valid_and_come_back_the_same() -> None:
    spec = spec_of(NESTED)
    space = Space(spec)
    x = np.vstack([space.uniform(200, np.random.default_rng(0), 0.3), space.sobol(64, 1)])
    for row, params in zip(x, space.decode(x), strict=True):
        assert validate_params(spec, params) == []
        back = space.encode(params)
        assert back is not None
        np.testing.assert_allclose(back, row, atol=1e-12)
        assert list(params) == [n for n in NESTED if n in params]


def test_an_inactive_child_of_an_inactive_parent_has_no_value() -> None:
    space = Space(spec_of(NESTED))
    for params in space.decode(space.uniform(300, np.random.default_rng(1))):
        assert ("gate" in params) == (params["kind"] == "net" and params.get("size") in (64, 128))
        assert ("depth" in params) == (params["kind"] != "line")


def test_a_fixed_child_of_an_inactive_fixed_parent_has_no_value() -> None:
    space = {
        "kind": {"type": "categorical", "choices": ["net", "line"]},
        "block": {"type": "fixed", "value": "res", "when": {"kind": ["net"]}},
        "bias": {"type": "fixed", "value": True, "when": {"block": ["res"]}},
    }
    spec = spec_of(space, ("bias == true or kind == 'line'",))
    encoding = Space(spec)
    x = encoding.everything()
    assert encoding.allowed(x).all()
    for params in encoding.decode(x):
        assert validate_params(spec, params) == []
        assert encoding.with_fixed({"kind": params["kind"]}) == params


def test_types_are_native() -> None:
    space = Space(spec_of(NESTED))
    types = {"kind": str, "depth": int, "drop": float, "size": int, "gate": float, "fixed": int}
    for params in space.decode(space.uniform(50, np.random.default_rng(2))):
        for name, value in params.items():
            assert type(value) is types[name]


def test_all_values_of_an_integer_are_equally_likely() -> None:
    space = Space(spec_of({"n": {"type": "int", "low": 0, "high": 3}}))
    drawn = [p["n"] for p in space.decode(space.uniform(4000, np.random.default_rng(0)))]
    counts = [drawn.count(k) for k in range(4)]
    assert min(counts) > 850


def test_ends_of_a_range_are_exact() -> None:
    space = Space(spec_of({"x": {"type": "float", "low": 1e-4, "high": 0.1, "log": True}}))
    low, high = space.decode(space.snap(np.array([[0.0], [1.0]])))
    assert low["x"] == 1e-4
    assert high["x"] == 0.1


@given(
    value=st.floats(-1e6, 1e6),
    other=st.floats(-1e6, 1e6),
    kind=st.sampled_from(["plain", "log", "step", "int"]),
)
@settings(max_examples=200)
def test_values_outside_a_narrowed_range_keep_their_order(
    value: float, other: float, kind: str
) -> None:
    spaces = {
        "plain": {"type": "float", "low": 0.3, "high": 0.4},
        "log": {"type": "float", "low": 1e-3, "high": 1e-2, "log": True},
        "step": {"type": "float", "low": 0.0, "high": 1.0, "step": 0.25},
        "int": {"type": "int", "low": 4, "high": 8, "log": True},
    }
    space = Space(spec_of({"x": spaces[kind]}))
    rows = [space.encode({"x": v}, outside=True) for v in (value, other)]
    for row, v in zip(rows, (value, other), strict=True):
        inside = space.encode({"x": v})
        assert (row is None) == (kind in ("log", "int") and v <= 0)
        assert row is None or -1.0 <= row[0] <= 2.0
        assert inside is None or (row == inside).all()
    if value < other and rows[0] is not None and rows[1] is not None:
        assert rows[0][0] <= rows[1][0] + 1e-12


def test_a_lost_choice_is_unlike_every_other() -> None:
    space = Space(spec_of({"kind": {"type": "categorical", "choices": ["tree", "net"]}}))
    places = [space.encode({"kind": k}, outside=True) for k in ("tree", "net", "line", "bag")]
    assert len({float(x[0]) for x in places if x is not None}) == 4
    assert space.encode({"kind": "line"}) is None


def test_values_outside_the_space_do_not_encode() -> None:
    space = Space(spec_of(NESTED))
    assert space.encode({"kind": "tree", "depth": 31, "fixed": 7}) is None
    assert space.encode({"kind": "cloud", "fixed": 7}) is None
    assert space.encode({"kind": "net", "depth": 3, "fixed": 7}) is None
    assert space.encode({"kind": "line", "fixed": 8}) is None
    assert space.encode({"kind": "line", "fixed": 7}) is not None


def test_random_configurations_keep_constraints() -> None:
    spec = spec_of(
        {"a": {"type": "float", "low": 0.0, "high": 1.0},
         "b": {"type": "float", "low": 0.0, "high": 1.0}},
        ("a + b <= 0.3", "a > b"),
    )  # fmt: skip
    space = Space(spec)
    found = feasible_random(space, 30, np.random.default_rng(0))
    assert len(found) == 30
    for params in space.decode(found):
        a, b = float(params["a"]), float(params["b"])
        assert a + b <= 0.3
        assert a > b


def test_priors_draw_where_they_believe() -> None:
    prior = {"mean": -3.0, "sd": 0.3}
    space = Space(
        spec_of({"lr": {"type": "float", "low": 1e-6, "high": 1.0, "log": True, "prior": prior}})
    )
    drawn = [math.log10(float(p["lr"])) for p in space.decode(space.sobol(64, 0))]
    assert abs(np.mean(drawn) + 3.0) < 0.1
    at = space.log_prior(np.array([[0.5], [0.9]]))
    assert at[0] > at[1]


def test_a_prior_says_nothing_of_configurations_without_its_parameter() -> None:
    momentum = {"type": "float", "low": 0.0, "high": 1.0, "when": {"kind": ["sgd"]}}
    momentum["prior"] = {"mean": 0.95, "sd": 0.01}
    kind = {"type": "categorical", "choices": ["sgd", "adam"]}
    space = Space(spec_of({"kind": kind, "momentum": momentum}))
    rows = space.snap(np.array([[0.0, 0.95], [0.0, 0.5], [1.0, 0.5]]))
    best, off, without = space.log_prior(rows)
    assert best == without == 0.0
    assert off < -500


@settings(max_examples=60)
@given(
    low=st.floats(-1e12, 1e12),
    width=st.one_of(st.just(0.0), st.floats(1e-12, 1e12)),
    log=st.booleans(),
    integer=st.booleans(),
    u=st.floats(0, 1),
)
@example(low=30676944196.0, width=2.0**-14, log=True, integer=False, u=0.0)
def test_any_range_decodes_into_itself(
    low: float, width: float, log: bool, integer: bool, u: float
) -> None:
    low = max(abs(low), 1e-12) if log else low
    high = low + width
    if integer:
        low, high = float(round(low)), float(round(high))
        low, high = (max(low, 1.0), max(high, 1.0)) if log else (low, high)
    kind = "int" if integer else "float"
    ends = (int(low), int(high)) if integer else (low, high)
    space = Space(
        spec_of({"v": {"type": kind, "low": ends[0], "high": ends[1], "log": log}})
        if ends[0] < ends[1]
        else spec_of({"v": {"type": "ordinal", "choices": [ends[0]]}})
    )
    x = space.snap(np.array([[u]]))
    value = float(space.decode(x)[0]["v"])
    assert low <= value <= high
    assert space.encode(space.decode(x)[0]) is not None


@pytest.mark.parametrize(("low", "high"), [(1000.0, 1000.001), (1e6, 1e6 + 1e-3), (0.0, 1.0)])
def test_the_place_of_a_value_has_that_value(low: float, high: float) -> None:
    space = Space(spec_of({"x": {"type": "float", "low": low, "high": high}}))
    once = as_run(space, space.uniform(2000, np.random.default_rng(0)))
    assert np.array_equal(as_run(space, once), once)  # so what was run is known to have been run


@pytest.mark.parametrize(
    ("low", "high", "log"), [(0.0, 5e-324, False), (1000.0, math.nextafter(1000.0, 2e3), True)]
)
def test_ends_that_are_next_to_one_another_are_two_values(
    low: float, high: float, log: bool
) -> None:
    space = Space(spec_of({"x": {"type": "float", "low": low, "high": high, "log": log}}))
    places = [space.encode({"x": v}) for v in (low, high)]
    assert [float(x[0]) for x in places if x is not None] == [0.0, 1.0]


@pytest.mark.parametrize("step", [0.1, 0.3, 0.25])
def test_steps_stay_on_their_grid(step: float) -> None:
    spec = spec_of({"v": {"type": "float", "low": -1.0, "high": 2.0, "step": step}})
    space = Space(spec)
    for params in space.decode(space.uniform(100, np.random.default_rng(0))):
        assert validate_params(spec, params) == []


@pytest.mark.parametrize(
    ("fixed", "same", "other"), [("adam", "adam", "sgd"), (2, 2.0, 3), (True, True, False)]
)
def test_another_value_of_a_fixed_parameter_has_no_place(
    lab: Any, fixed: Any, same: Any, other: Any
) -> None:
    space = Space(lab.spec(space={"x": {"type": "float", "low": 0.0, "high": 1.0},
                                  "given": {"type": "fixed", "value": fixed}}))  # fmt: skip
    for outside in (False, True):
        assert space.encode({"x": 0.5, "given": same}, outside=outside) is not None
        assert space.encode({"x": 0.5}, outside=outside) is not None
        assert space.encode({"x": 0.5, "given": other}, outside=outside) is None
