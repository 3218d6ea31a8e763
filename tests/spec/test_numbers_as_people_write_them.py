"""What is a number to people and none in TOML is told with what to write."""

import pytest

from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.names import plural, show
from hpo_tui.engine.spec.values import number_fault


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
        (".00001", "write it without quotes: 1e-5"),
        ("0.001%", "write 1e-5"),
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


def test_small_and_large_numbers_have_short_exponents_in_messages() -> None:
    assert show([1e-05, 2.5e-10, 1e16, -3e100]) == "[1e-5, 2.5e-10, 1e16, -3e100]"
    assert plural(1e-05, "unit") == "1e-5 units"
    low = {"type": "float", "low": 1e-05, "high": 1e-06}
    with pytest.raises(SpecError, match="1e-5") as found:
        StudySpec.from_dict({"study": {"name": "t", "budget": 9}, "space": {"lr": low}})
    assert "e-0" not in str(found.value)
