"""More budget: the study's text says so in words that a study file may have."""

import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.text.extend import amount_more, extended
from hpo_tui.engine.spec.units import show_budget


def of(text: str, budget: str) -> StudySpec:
    return StudySpec.from_text(text.replace("budget = 40 ", f"budget = {budget} "))


@pytest.mark.parametrize(
    ("budget", "more", "amount", "line"),
    [
        ("40", 2.5, 42.5, "budget = 42.5"),
        ('"1000000 trials"', 234567, 1234567, 'budget = "1234567 trials"'),
        ('"12 gpu-hours"', 0.3456789, 12.3456789, 'budget = "12.3456789 gpu-hours"'),
        ('"12 gpu-hours"', 1e16, 1e16 + 12, 'budget = "10000000000000012 gpu-hours"'),
        ('"8h"', 90, 28890, 'budget = "8h 1m 30s"'),
    ],
)
def test_the_text_says_the_new_budget(
    full_text: str, budget: str, more: float, amount: float, line: str
) -> None:
    new = extended(of(full_text, budget), more)
    assert new.budget.amount == amount
    assert line in new.text
    assert StudySpec.from_text(new.text).budget == new.budget


@pytest.mark.parametrize(
    ("budget", "more", "why"),
    [
        ('"7 trials"', 0.5, "must be a whole number of trials"),
        ("40", -39.5, "smaller than one full task"),
        ("40", -40, "become 0: it must be"),
        ('"12 gpu-hours"', 1.7e308, "become inf|must be"),
    ],
)
def test_a_budget_that_no_study_file_may_have_is_refused(
    full_text: str, budget: str, more: float, why: str
) -> None:
    spec = of(full_text, budget)
    if more > 1e308:
        spec = extended(spec, more)
    with pytest.raises(ValueError, match=why):
        extended(spec, more)


@pytest.mark.parametrize(
    ("budget", "text", "more"),
    [
        ("40", "2.5", 2.5),
        ('"8h"', "1h 30m", 5400.0),
        ('"8h"', "90s", 90.0),
        ('"100 trials"', "20", 20.0),
        ('"100 trials"', " 20 trials ", 20.0),
        ('"12 gpu-hours"', "3 gpu-hours", 3.0),
        ('"12 gpu-hours"', "3", 3.0),
    ],
)
def test_an_amount_is_said_as_the_budget_is(
    full_text: str, budget: str, text: str, more: float
) -> None:
    spec = of(full_text, budget)
    assert amount_more(text, spec.budget) == more
    said = show_budget(spec.budget)
    assert of(full_text, said if said == "40" else f'"{said}"').budget == spec.budget


@pytest.mark.parametrize(
    ("budget", "text", "why"),
    [
        ('"8h"', "2", "such as 2h"),
        ('"8h"', "20 trials", "the budget is 8h: .* such as 2h"),
        ("40", "2h", "the budget is 40: .* such as 10"),
        ('"100 trials"', "2h", "the budget is 100 trials: .* such as 20 trials"),
        ("40", "much", "'much' is no amount: .* such as 10"),
        ("40", "0", "above 0"),
        ("40", "nan", "above 0"),
        ("40", "inf", "above 0"),
        ("40", "-3", "above 0"),
    ],
)
def test_an_amount_that_could_be_meant_otherwise_is_refused(
    full_text: str, budget: str, text: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        amount_more(text, of(full_text, budget).budget)
