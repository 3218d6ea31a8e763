"""Parameters of W&B's sweeps: every value of the study is one that the sweep could draw."""

import math
import random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hpo_tui.engine.define.wandb.space import swept
from hpo_tui.engine.spec import Parameter, ParameterKind
from hpo_tui.engine.spec.parts import Prior
from hpo_tui.engine.spec.space import from_unit
from hpo_tui.engine.spec.text.write import parameter_table

FLOAT, INT = ParameterKind.FLOAT, ParameterKind.INT
NEAR = 1e-5
"""Relative rounding of powers of e, and of multiples."""


def one(entry: dict[str, Any]) -> Parameter:
    (found,) = swept({"x": entry}, filed=True)
    return found.parameter


def lost(entry: dict[str, Any]) -> str:
    (found,) = swept({"x": entry}, filed=True)
    return found.remark


def drawn(entry: dict[str, Any], u: float, inside: float = 0.0) -> float:
    """A value as W&B draws it, from a number between 0 and 1 (its params.py).

    ``inside``: by what share of itself the number is moved up before it is rounded to multiples.
    """
    kind = entry["distribution"]
    low, high = float(entry["min"]), float(entry["max"])
    log = "log" in kind
    if log and kind.endswith("_values"):
        low, high = math.log(low), math.log(high)
    x = low + (high - low) * u
    x = math.exp(-x if kind == "inv_log_uniform" else x) if log else x
    return round((x + inside * abs(x)) / entry["q"]) * entry["q"] if kind.startswith("q_") else x


def ends(entry: dict[str, Any], inside: float = 0.0) -> tuple[float, float]:
    both = (1e-9, 1 - 1e-9)  # exactly at an end is never drawn
    return min(drawn(entry, u, inside) for u in both), max(drawn(entry, u, -inside) for u in both)


KINDS = [
    "uniform", "q_uniform", "log_uniform", "inv_log_uniform", "log_uniform_values",
    "inv_log_uniform_values", "q_log_uniform", "q_log_uniform_values",
]  # fmt: skip


@st.composite
def entries(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    values = kind.endswith("_values")
    if "log" in kind and not values:
        low = draw(st.floats(-9, 3))
        high = low + draw(st.floats(0.1, 5))
    else:
        low = draw(st.floats(1e-5, 50)) if values else draw(st.floats(-50, 50))
        high = low + draw(st.floats(0.01, 90))
    entry: dict[str, Any] = {"distribution": kind, "min": low, "max": high}
    if kind.startswith("q_"):
        entry["q"] = draw(st.one_of(st.integers(1, 20), st.sampled_from([0.1, 0.25, 2.5])))
    return entry


@settings(max_examples=300, deadline=None)
@given(entries(), st.integers(0, 10**6))
@example({"distribution": "q_log_uniform", "min": 1.8, "max": 5.996576656381195, "q": 0.1}, 0)
def test_what_a_study_draws_a_sweep_could_draw(entry: dict[str, Any], seed: int) -> None:
    parameter, (low, high) = one(entry), ends(entry)
    slack = NEAR * max(abs(low), abs(high))
    rng = random.Random(seed)
    if parameter.kind is ParameterKind.FIXED:
        assert isinstance(parameter.value, int | float)
        assert low - slack <= parameter.value <= high + slack
        return
    q = entry.get("q")
    exact = "multiples" not in lost(entry) or "not on" in lost(entry)
    for u in (0.0, 1.0, *(rng.random() for _ in range(8))):
        value = from_unit(parameter, u)
        assert isinstance(value, int | float)
        assert low - slack <= value <= high + slack
        if q and exact:
            assert value / q == pytest.approx(round(value / q), abs=1e-6)
        assert isinstance(value, int) is (isinstance(q, int) if q else False)
    # A multiple to which only what powers of e are rounded by is rounded may be left out.
    least, most = (sorted(both) for both in zip((low, high), ends(entry, NEAR), strict=True))
    if "0 is not" not in lost(entry):
        assert least[0] - slack <= parameter.low <= least[1] + slack
    assert most[0] - slack <= parameter.high <= most[1] + slack


@pytest.mark.parametrize(
    ("low", "high", "ends"), [(0, 2.5, (0, 2)), (0.5, 3.5, (1, 3)), (1.5, 2.4, (2, 2))]
)
def test_a_half_is_not_rounded_beyond_an_end(
    low: float, high: float, ends: tuple[int, int]
) -> None:
    made = one({"distribution": "q_uniform", "min": low, "max": high})
    assert ((made.value, made.value) if made.value else (made.low, made.high)) == ends
    assert one({"distribution": "q_uniform", "min": 1.5, "max": 1.5}).value == 2


@pytest.mark.parametrize(
    ("entry", "made"),
    [
        ({"value": 3}, {"type": "fixed", "value": 3}),
        ({"values": [1, 2, 4]}, {"type": "ordinal", "choices": [1, 2, 4]}),
        ({"values": [0.1, 0.01]}, {"type": "ordinal", "choices": [0.1, 0.01]}),
        ({"values": [2, 1, 3]}, {"type": "categorical", "choices": [2, 1, 3]}),
        ({"values": ["a", "b", "a"]}, {"type": "categorical", "choices": ["a", "b"]}),
        ({"values": [True, False]}, {"type": "categorical", "choices": [True, False]}),
        ({"values": ["1e-5", "1e-4"]}, {"type": "ordinal", "choices": [1e-5, 1e-4]}),
        ({"values": ["only"]}, {"type": "fixed", "value": "only"}),
        ({"values": [[64, 64], None]}, {"type": "categorical", "choices": ["[64, 64]", "null"]}),
        ({"min": 1, "max": 5}, {"type": "int", "low": 1, "high": 5}),
        ({"min": 0, "max": 0.5}, {"type": "float", "low": 0.0, "high": 0.5}),
        ({"min": "1e-5", "max": 1}, {"type": "float", "low": 1e-5, "high": 1.0}),
        ({"min": 2, "max": 2}, {"type": "fixed", "value": 2}),
        ({"distribution": "int_uniform", "min": 1, "max": 5}, {"type": "int", "low": 1, "high": 5}),
        (
            {"distribution": "log_uniform", "min": -9.21034, "max": -2.302585},
            {"type": "float", "low": 1e-4, "high": 0.1, "log": True},
        ),
        (
            {"distribution": "q_uniform", "min": 17, "max": 130, "q": 16},
            {"type": "int", "low": 16, "high": 128, "step": 16},
        ),
        (
            {"distribution": "q_uniform", "min": 0.1, "max": 1, "q": 0.25},
            {"type": "float", "low": 0.0, "high": 1.0, "step": 0.25},
        ),
        (
            {"distribution": "q_log_uniform_values", "min": 1, "max": 512},
            {"type": "int", "low": 1, "high": 512, "log": True},
        ),
        (
            {"distribution": "q_log_uniform_values", "min": 32, "max": 1024, "q": 32},
            {"type": "int", "low": 32, "high": 1024, "step": 32},
        ),
        (
            {"distribution": "normal", "mu": 10, "sigma": 2},
            {"type": "float", "low": 4.0, "high": 16.0, "prior": {"mean": 10, "sd": 2}},
        ),
        (
            {"distribution": "q_normal", "mu": 10, "sigma": 2, "q": 1},
            {"type": "int", "low": 4, "high": 16, "step": 1, "prior": {"mean": 10, "sd": 2}},
        ),
        (
            {"distribution": "log_normal", "mu": 0, "sigma": 1},
            {
                "type": "float", "low": 0.0497871, "high": 20.0855, "log": True,
                "prior": {"mean": 0.0, "sd": 0.434294},
            },
        ),
        (
            {"distribution": "q_log_normal", "mu": 3, "sigma": 1, "q": 1},
            {
                "type": "int", "low": 1, "high": 403, "log": True,
                "prior": {"mean": 1.30288, "sd": 0.434294},
            },
        ),
        (
            {"distribution": "beta", "a": 2, "b": 5},
            {"type": "float", "low": 0.0, "high": 1.0, "prior": {"a": 2, "b": 5}},
        ),
        (
            {"distribution": "q_beta", "a": 2, "b": 5, "q": 0.1},
            {"type": "float", "low": 0.0, "high": 1.0, "step": 0.1, "prior": {"a": 2, "b": 5}},
        ),
    ],
)  # fmt: skip
def test_each_distribution(entry: dict[str, Any], made: dict[str, Any]) -> None:
    assert parameter_table(one(entry)) == made


def test_what_is_lost_is_said() -> None:
    quantum = {"distribution": "q_log_uniform_values", "min": 1e-5, "max": 0.1, "q": 1e-5}
    assert one(quantum) == Parameter("x", FLOAT, 1e-5, 0.1, log=True)
    assert lost(quantum) == "a logarithmic scale, and not multiples of 1e-5"
    assert "standard deviations" in lost({"distribution": "normal", "mu": 0, "sigma": 1})
    assert "likely" in lost({"values": [1, 2], "probabilities": [0.9, 0.1]})
    assert one({"distribution": "normal"}).prior == Prior("normal", 0, 1)
    assert not lost({"min": 0.0, "max": 1.0})


def test_the_ends_of_a_normal_distribution_are_as_people_write_them() -> None:
    made = one({"distribution": "normal", "mu": 0.01, "sigma": 0.003})
    assert (made.low, made.high) == (0.001, 0.019)


def test_a_half_of_a_quantum_is_one_in_spite_of_rounding() -> None:
    made = one({"distribution": "q_uniform", "min": 0.15, "max": 0.55, "q": 0.1})
    assert (made.low, made.high) == (0.2, 0.5)


def test_exponents_that_look_like_values_are_said() -> None:
    entry = {"distribution": "log_uniform", "min": 0.0001, "max": 0.1}
    assert lost(entry).startswith("min and max are exponents of e: from 1.0001 to 1.10517. If the")
    assert not lost(entry | {"min": -9.2, "max": -2.3})
    assert not lost(entry | {"min": 0, "max": 5})
    assert not lost(entry | {"distribution": "log_uniform_values"})


def test_nested_parameters_have_dotted_names() -> None:
    inner = {"lr": {"min": 0.1, "max": 0.5}, "deep": {"parameters": {"x": {"value": 1}}}}
    found = swept({"opt": {"parameters": inner}, "seed": {"value": 3}}, filed=True)
    assert [p.name for p in found] == ["opt.lr", "opt.deep.x", "seed"]
    assert found[1].path == ("opt", "deep", "x")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"mins": 1}, "parameters.x needs value, values, or min and max"),
        (3, "parameters.x needs value, values, or min and max; found 3"),
        ({"values": []}, "parameters.x needs a list of values"),
        ({"min": 2, "max": 1}, "parameters.x has min 2 above max 1"),
        ({"min": "a", "max": 1}, "parameters.x needs a number for min (uniform)"),
        ({"distribution": "uniforn", "min": 0, "max": 1}, "did you mean"),
        ({"distribution": "log_uniform_values", "min": 0, "max": 1}, "needs a min above 0"),
        ({"distribution": "log_uniform", "min": 1e-4, "max": 1e9}, "exponents of e"),
        ({"distribution": "normal", "sigma": 0}, "needs a sigma above 0"),
        ({"distribution": "q_uniform", "min": 0, "max": 1, "q": 0}, "needs a q above 0"),
        ({"values": [float("nan")]}, "parameters.x must be a"),
    ],
)
def test_what_describes_nothing_is_refused_in_a_sentence(entry: Any, said: str) -> None:
    with pytest.raises(ValueError, match="parameters") as refused:
        swept({"x": entry}, filed=True)
    assert said in str(refused.value)
