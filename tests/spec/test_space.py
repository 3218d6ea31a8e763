import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_tui.engine.spec import Parameter, ParameterKind, SpecError, StudySpec
from hpo_tui.engine.spec.space import (
    InfeasibleError,
    active_order,
    coerce,
    compiled_constraints,
    from_unit,
    partial_faults,
    sample,
    validate_params,
    value_count,
)

FLOAT, INT = ParameterKind.FLOAT, ParameterKind.INT
KINDS = [
    Parameter("x", FLOAT, 0.0, 1.0),
    Parameter("x", FLOAT, 1e-5, 1e-1, log=True),
    Parameter("x", FLOAT, 0.1, 0.7, step=0.2),
    Parameter("x", INT, -3, 5),
    Parameter("x", INT, 16, 256, step=16),
    Parameter("x", INT, 1, 1000, log=True),
    Parameter("x", ParameterKind.CATEGORICAL, choices=("a", True, 2.5)),
    Parameter("x", ParameterKind.ORDINAL, choices=(1, 2, 4)),
    Parameter("x", ParameterKind.FIXED, value=7),
    Parameter("x", FLOAT, 30676944196.0, 30676944196.0 + 2.0**-14, log=True),
]


@pytest.mark.parametrize("parameter", KINDS)
@given(units=st.tuples(st.floats(0, 1), st.floats(0, 1)))
@settings(max_examples=40)
def test_the_unit_interval_holds_a_parameters_values_in_their_order(
    parameter: Parameter, units: tuple[float, float]
) -> None:
    from hpo_tui.engine.spec.values import value_fault

    values = [from_unit(parameter, unit) for unit in sorted(units)]
    assert all(value_fault(parameter, value) is None for value in values)
    places = [parameter.choices.index(v) for v in values] if parameter.choices else values
    assert places == sorted(places)


def test_each_choice_and_step_gets_its_share() -> None:
    rng = random.Random(0)
    for parameter in (KINDS[2], KINDS[3], KINDS[4], KINDS[6]):
        drawn = [from_unit(parameter, rng.random()) for _ in range(2000)]
        counts = [drawn.count(v) for v in set(drawn)]
        assert len(counts) == value_count(parameter)
        assert min(counts) > 0.7 * 2000 / len(counts)


def test_steps_are_free_of_rounding() -> None:
    drawn = {from_unit(KINDS[2], u / 50) for u in range(51)}
    assert drawn == {0.1, 0.3, 0.5, 0.7}


def test_samples_respect_conditions_and_constraints(full_text: str) -> None:
    spec = StudySpec.from_text(full_text)
    rng, relations = random.Random(1), compiled_constraints(spec)
    for _ in range(200):
        params = sample(spec.space, relations, rng)
        assert validate_params(spec, params) == []
        assert ("momentum" in params) == (params["optimizer"] == "sgd")
        assert list(params) == [p.name for p in spec.space if p.name in params]


def test_the_same_seed_gives_the_same_samples(full_text: str) -> None:
    spec = StudySpec.from_text(full_text)
    relations = compiled_constraints(spec)
    first, second = (
        [sample(spec.space, relations, rng) for _ in range(5)]
        for rng in (random.Random(3), random.Random(3))
    )
    assert first == second


def test_what_no_configuration_satisfies_is_said(small_text: str) -> None:
    text = small_text.replace("budget = 10", 'budget = 10\nconstraints = ["lr > 1"]')
    spec = StudySpec.from_text(text)
    with pytest.raises(InfeasibleError, match="lr > 1"):
        sample(spec.space, compiled_constraints(spec), random.Random(0))


def test_parents_come_first() -> None:
    leaf = Parameter("leaf", FLOAT, when={"mid": (1,)})
    mid = Parameter("mid", INT, 0, 3, when={"top": (True,)})
    top = Parameter("top", ParameterKind.CATEGORICAL, choices=(True, False))
    assert [p.name for p in active_order([leaf, mid, top])] == ["top", "mid", "leaf"]


def test_values_from_a_database_get_their_types(full_text: str) -> None:
    spec = StudySpec.from_text(full_text)
    raw = {"amp": 1, "width": 32.0, "lr": 0.01, "depth": 2.0, "optimizer": "adam", "momentum": 0.3}
    params = coerce(spec, raw)
    assert params["amp"] is True
    assert type(params["width"]) is int
    assert type(params["depth"]) is int
    assert "momentum" not in params


def test_what_is_wrong_with_a_configuration(full_text: str) -> None:
    spec = StudySpec.from_text(full_text)
    params = sample(spec.space, compiled_constraints(spec), random.Random(0))
    params = {**params, "lr": 5, "width": 17, "lrr": 1, "optimizer": "adam", "momentum": 0.1}
    del params["depth"]
    said = " ".join(validate_params(spec, params))
    for part in (
        'did you mean "lr"',
        '"lr" must be from 0.0001 to 0.1, found 5',
        '"width" must be 16 plus a multiple of the step 16',
        '"momentum" is inactive here (optimizer = "adam")',
        '"depth" is missing',
    ):
        assert part in said
    deep = StudySpec.from_dict({
        "study": {"name": "t", "command": "true", "budget": 2},
        "space": {
            "opt": {"type": "categorical", "choices": ["sgd", "adam"]},
            "nest": {"type": "categorical", "choices": [True, False], "when": {"opt": ["sgd"]}},
            "mom": {"type": "float", "low": 0, "high": 1, "when": {"nest": [True]}},
        },
        "objective": [{"metric": "m", "direction": "minimize"}],
    })  # fmt: skip
    assert validate_params(deep, {"opt": "adam", "mom": 0.5}) == [
        '"mom" is inactive here (nest is inactive): leave it out'
    ]
    assert '"mom" is inactive here (nest is missing): leave it out' in validate_params(
        deep, {"opt": "sgd", "mom": 0.5}
    )
    assert partial_faults(deep, {"mom": 0.5}) == []
    assert partial_faults(deep, {"mom": 5, "opt": "adam", "o": 1, "nest": True}) == [
        '"o" is no parameter; there are "opt", "nest", "mom"',
        '"mom" must be from 0.0 to 1.0, found 5',
        '"nest" is inactive here (opt = "adam"): leave it out',
    ]
    good = sample(spec.space, compiled_constraints(spec), random.Random(0))
    broken = {**good, "warmup_start": 0.9, "warmup_end": 0.1}
    assert validate_params(spec, broken) == ["breaks the constraint warmup_end > warmup_start"]


def test_a_name_with_dots_is_told_to_stand_in_quotes() -> None:
    head = '[study]\nname = "s"\ncommand = "p"\nbudget = 4\n'
    goal = '[[objective]]\nmetric = "a"\ndirection = "maximize"\n'
    space = '[space.optim.lr]\ntype = "float"\nlow = 0.1\nhigh = 1.0\n'
    with pytest.raises(SpecError) as caught:
        StudySpec.from_text(head + goal + space)
    assert str(caught.value).splitlines()[0].endswith('in quotes, [space."optim.lr"]')
    StudySpec.from_text(head + goal + space.replace("optim.lr", '"optim.lr"'))
