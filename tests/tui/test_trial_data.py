"""A configuration goes out as text and comes back as what it was."""

import tomllib

import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.tui.tables.trial_data import configuration_fault, configuration_text
from tests.tui.conftest import TEXT

TEXTS = (
    "plain", "\N{ROCKET} launch", "\N{CJK UNIFIED IDEOGRAPH-6F22}", "tab\tline\nend", "\x7f del",
    "\x00 nul", "\x1b[31mred", "\x9b31m one byte", "\u202eright to left", "\U000e0001 tag",
    "a \\ path", "both \\ and '", 'a "quote"', "",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_any_text_is_read_back_as_itself_and_acts_on_no_terminal(text: str) -> None:
    said = configuration_text({"value": text, text or "x": 1})
    assert tomllib.loads(said) == {"value": text, text or "x": 1}
    assert all(line.isprintable() for line in said.splitlines())


@pytest.mark.parametrize("value", [True, 3, -0.5, 1e-9, 1e22, 12345678901234567890.0])
def test_numbers_and_truth_are_read_back_as_themselves(value: object) -> None:
    back = tomllib.loads(configuration_text({"x": value}))["x"]
    assert (back, type(back)) == (value, type(value))


def test_a_parameter_that_is_misspelt_is_named_with_the_one_that_is_meant() -> None:
    spec = StudySpec.from_text(TEXT)
    assert configuration_fault("lrr = 0.01\n", spec).endswith('; did you mean "lr"?')
    assert configuration_fault("zzzzz = 0.01\n", spec).endswith("of this study.")
