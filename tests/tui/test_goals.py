"""Goals as the tables say them."""

import pytest

from hpo_tui.engine.spec import Direction, Objective, OutcomeConstraint
from hpo_tui.tui.goals import judged

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
    ],
)
def test_a_value_is_not_rounded_to_the_other_side_of_its_goal(
    value: float, goal: Objective | OutcomeConstraint, text: str
) -> None:
    assert judged(value, goal) == text
