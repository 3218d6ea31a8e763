"""Values as the tables say them."""

from dataclasses import replace
from pathlib import Path

import pytest

from hpo_tui.engine.spec import Budget, BudgetUnit, Direction, Objective, OutcomeConstraint
from hpo_tui.store.models import TrialState
from hpo_tui.tui import fmt, present
from hpo_tui.tui.watcher import read_once
from tests.tui.conftest import make_study

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
    assert present.judged(value, goal) == text


@pytest.mark.parametrize(
    ("spent", "budget", "text"),
    [
        (12.34, Budget(40), "12.3/40.0"),
        (8900.0, Budget(10_800, BudgetUnit.WALL), "2h28/3h00"),
        (1.25, Budget(5, BudgetUnit.GPU_HOURS), "1.2/5.0 GPUh"),
        (12.0, Budget(30, BudgetUnit.TRIALS), "12/30 trials"),
    ],
)
def test_what_was_spent_has_its_unit(spent: float, budget: Budget, text: str) -> None:
    assert present.spent_short(spent, budget) == text


def test_a_wide_name_is_cut_by_the_cells_that_it_takes(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path, trials=3))
    named = replace(snapshot, study=replace(snapshot.study, name="日本語"))
    assert present.header_pieces(named, 80)[0][0] == ("日本語", "bold")
    long = replace(snapshot, study=replace(snapshot.study, name="日本語" * 20))
    left, _ = present.header_pieces(long, 80)
    assert fmt.width_of(left[0][0]) == 80 // 3
    assert sum(fmt.width_of(text) + 2 for text, _ in left) < 80


def test_where_no_trial_is_full_the_failed_ones_are_told_of(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path, trials=60, running=0))
    failed = int(snapshot.frame.in_state(TrialState.FAILED).sum())
    assert failed
    text = present.first_result_text(snapshot)
    assert f"{failed} trials of 60 have failed: the log (6) and the events (7) say why." in text
