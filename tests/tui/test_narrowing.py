"""A space narrowed to a brush stays a study: what would lie outside goes with it."""

import pytest

from hpo_tui.engine.spec import ParameterKind, StudySpec
from hpo_tui.tui.charts.brush import Narrowed
from hpo_tui.tui.narrowing import describe, narrowed_text, outside

TEXT = """\
[study]
name = "s"
command = "p {lr} {opt} {momentum} {layers}"
budget = 5

[space.lr]
type = "float"
low = 0.001
high = 1.0

[space.opt]
type = "categorical"
choices = ["sgd", "rmsprop", "adam"]

[space.momentum]
type = "float"
low = 0.0
high = 0.9
when = { opt = ["sgd", "rmsprop"] }

[space.layers]
type = "int"
low = 1
high = 4

[[objective]]
metric = "y"
direction = "minimize"

# The script's own defaults.
[[start]]
lr = 0.01
opt = "adam"

# Another.
[[start]]
opt = "sgd"
layers = 2
"""


@pytest.mark.parametrize(
    ("part", "kept"),
    [
        (Narrowed("lr", 0.1, 0.5), [1]),
        (Narrowed("lr", 0.01, 0.5), [0, 1]),
        (Narrowed("layers", 3.0, 4.0), [0]),
        (Narrowed("opt", choices=("sgd", "rmsprop")), [1]),
        (Narrowed("opt", choices=("rmsprop", "adam")), [0]),
    ],
)
def test_what_lies_outside_is_not_run_first_any_more(part: Narrowed, kept: list[int]) -> None:
    spec = StudySpec.from_text(TEXT)
    text, problem = narrowed_text(TEXT, spec, (part,))
    assert not problem
    new = StudySpec.from_text(text)
    assert new.start == tuple(spec.start[i] for i in kept)
    assert outside(spec, (part,)) == [i for i in range(2) if i not in kept]
    assert ("# Another." in text) == (1 in kept)


def test_choices_that_go_are_no_condition_any_more() -> None:
    spec = StudySpec.from_text(TEXT)
    text, problem = narrowed_text(TEXT, spec, (Narrowed("opt", choices=("rmsprop", "adam")),))
    assert not problem
    assert StudySpec.from_text(text).parameter("momentum").when == {"opt": ("rmsprop",)}


def test_a_parameter_that_would_never_be_active_keeps_the_space() -> None:
    spec = StudySpec.from_text(TEXT)
    _, problem = narrowed_text(TEXT, spec, (Narrowed("opt", choices=("adam",)),))
    assert problem.startswith("momentum depends on choices of opt")


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ('type = "int"\nlow = 1\nhigh = 9\nstep = 2\nlog = false', 5),
        ('type = "float"\nlow = 0.0\nhigh = 9.0\nprior = { mean = 3, sd = 1 }', 5.0),
        ('type = "int"\nlow = 1\nhigh = 64\nlog = true\n[space.layers.prior]\na = 2\nb = 2', 5),
    ],
)
def test_a_parameter_with_one_value_left_is_frozen(table: str, value: float) -> None:
    text = TEXT.replace('type = "int"\nlow = 1\nhigh = 4', table).replace(
        "layers = 2", "layers = 3"
    )
    part = Narrowed("layers", 5.0, 5.0)
    text, problem = narrowed_text(text, StudySpec.from_text(text), (part,))
    assert not problem
    layers = StudySpec.from_text(text).parameter("layers")
    assert (layers.kind, layers.value) == (ParameterKind.FIXED, value)
    assert type(layers.value) is type(value)
    assert describe((part,)) == "layers: always 5"
