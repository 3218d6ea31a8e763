"""Goals as the tables say them."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.spec import Direction, Objective, OutcomeConstraint, StudySpec
from hpo_tui.store.models import StudyState
from hpo_tui.tui.tables import best
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.words.fmt import limit, read
from hpo_tui.tui.words.goals import goal_text, goals_of, goals_sentence, judged
from tests.tui.conftest import TEXT, make_study

AT_LEAST = Objective("accuracy", Direction.MAXIMIZE, threshold=0.94)
AT_MOST = Objective("size", Direction.MINIMIZE, threshold=20_000)
BETWEEN = OutcomeConstraint("memory", min=1.0, max=2.0)


@pytest.mark.parametrize(
    ("value", "goal", "text"),
    [
        (0.95124, AT_LEAST, "0.9512 ✓"),
        (0.94, AT_LEAST, "0.94 ✓"),
        (0.93996, AT_LEAST, "0.93996 ✗"),
        (0.93999999, AT_LEAST, "<.94 ✗"),
        (20_004.0, AT_MOST, "20004 ✗"),
        (20_000.25, AT_MOST, ">20k ✗"),
        (2.0004, BETWEEN, "2.0004 ✗"),
        (0.999999, BETWEEN, "<1 ✗"),
        (math.inf, AT_LEAST, "inf ✗"),
        (-math.inf, AT_MOST, "-inf ✗"),
    ],
)
def test_a_value_is_not_rounded_to_the_other_side_of_its_goal(
    value: float, goal: Objective | OutcomeConstraint, text: str
) -> None:
    assert judged(value, goal) == text


@pytest.mark.parametrize(
    ("threshold", "text"),
    [(0.965, "≥.965"), (0.96543, "≥.96543"), (20_000, "≥20k"), (123_456, "≥123456"),
     (1e-5, "≥1e-5"), (-0.5, "≥-.5"), (1.5e9, "≥1.5G"), (8, "≥8")],
)  # fmt: skip
def test_a_heading_says_the_goal_that_was_set(threshold: float, text: str) -> None:
    assert goal_text(Objective("accuracy", Direction.MAXIMIZE, threshold)) == text


@given(st.decimals(-(10**9), 10**9, places=4), st.sampled_from([1000.0, 100_000.0]))
def test_a_goal_of_up_to_eight_digits_is_not_rounded(number: object, scaled_from: float) -> None:
    value = float(f"{float(str(number)):.8g}")
    assert read(limit(value, scaled_from)) == pytest.approx(value, rel=1e-12)


@given(st.floats(0.9399, 0.9401))
def test_what_best_prints_lies_on_the_side_of_the_goal_that_the_result_is_on(value: float) -> None:
    assert AT_LEAST.met(float(best.fair_figure(value, AT_LEAST))) == AT_LEAST.met(value)


def test_best_prints_the_goal_that_was_set() -> None:
    goal = Objective("accuracy", Direction.MAXIMIZE, 0.96543)
    assert best.metric_heading(goal) == "accuracy ≥0.96543"
    assert best.metric_heading(OutcomeConstraint("size", 1000, 123456.5)) == "size ≥1000 ≤123456.5"


def test_an_objective_that_is_constrained_too_is_judged_by_both() -> None:
    text = TEXT.replace("[[task]]", '[[constraint]]\nmetric = "accuracy"\nmax = 0.99\n[[task]]', 1)
    spec = StudySpec.from_text(text)
    goal = next(g for g in goals_of(spec) if g.metric == "accuracy")
    assert goal_text(goal) == "≥.9≤.99"
    for value in (0.5, 0.95, 0.995):
        metrics = {"accuracy": value, "nonzero_weights": 1.0}
        assert judged(value, goal).endswith("✓" if spec.meets(metrics) else "✗")
    assert len(goals_of(spec)) == 2


def test_of_a_finished_study_nothing_is_to_come_yet(tmp_path: Path) -> None:
    seen = read_once(make_study(tmp_path))
    assert goals_sentence(seen).endswith("full trials meets all goals yet")
    over = replace(seen, study=replace(seen.study, state=StudyState.FINISHED))
    assert goals_sentence(over).endswith("full trials meets all goals")
