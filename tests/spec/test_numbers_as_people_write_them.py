"""What is a number to people and none in TOML is told with what to write."""

import pytest

from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.table import number_fault


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("0.5", "write it without quotes: 0.5"),
        (" 1e-4 ", "write it without quotes: 1e-4"),
        (".5", "write it without quotes: 0.5"),
        ("1.", "write it without quotes: 1.0"),
        ("0,5", "write 0.5"),
        ("-1,25e3", "write -1.25e3"),
        ("90%", "write 0.9"),
        ("1/3", "write 0.333333"),
    ],
)
def test_the_number_that_is_meant_is_said(text: str, hint: str) -> None:
    assert (number_fault(text) or "").endswith(f"; {hint}")


@pytest.mark.parametrize("text", ["", "three", "1,000,5", "1,5%x", "%", "1/0", "/", ",", "nan%"])
def test_of_anything_else_nothing_is_guessed(text: str) -> None:
    assert "; write" not in (number_fault(text) or "")


def test_a_prior_that_is_no_table_is_told_what_it_is(small_text: str) -> None:
    with pytest.raises(
        SpecError, match=r"space\.lr\.prior: must be a table, \{ mean = …, sd = … \}"
    ):
        StudySpec.from_text(small_text.replace("low = 0.001", 'low = 0.001\nprior = "mean 3"'))
