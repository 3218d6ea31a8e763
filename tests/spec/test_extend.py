"""More budget: the study's text says so in words that a study file may have."""

import pytest

from hpo_tui.engine.spec.extend import extended
from hpo_tui.engine.spec.model import StudySpec


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
        ("40", -40, "a budget of 0 is none"),
        ('"12 gpu-hours"', 1.7e308, "none|must be"),
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
