"""Amounts as the screens say them."""

import pytest

from hpo_tui.engine.spec import Budget, BudgetUnit
from hpo_tui.tui.words.budgets import spent_short


@pytest.mark.parametrize(
    ("spent", "budget", "text"),
    [
        (12.34, Budget(40), "12.3/40.0"),
        (8900.0, Budget(10_800, BudgetUnit.WALL), "2h28/3h00"),
        (31.4, Budget(45, BudgetUnit.WALL), "31s/45s"),
        (3.14, Budget(5, BudgetUnit.WALL), "3.1s/5.0s"),
        (53.0, Budget(150, BudgetUnit.WALL), "53s/2m30"),
        (65.0, Budget(150, BudgetUnit.WALL), "1m05/2m30"),
        (1199.6, Budget(1200, BudgetUnit.WALL), "20m00/20m00"),
        (1.25, Budget(5, BudgetUnit.GPU_HOURS), "1.2/5.0 GPUh"),
        (0.79, Budget(0.25, BudgetUnit.GPU_HOURS), "0.79/0.25 GPUh"),
        (1.0, Budget(2.75), "1.00/2.75"),
        (0.0012, Budget(0.005), "0.0012/0.0050"),
        (7.0, Budget(100 / 3), "7.000/33.333"),
        (12.0, Budget(30, BudgetUnit.TRIALS), "12/30 trials"),
        (12.0, Budget(10_000, BudgetUnit.TRIALS), "12/10k trials"),
        (12.0, Budget(100_000, BudgetUnit.TRIALS), "12/100k trials"),
        (123_456.0, Budget(234_567, BudgetUnit.TRIALS), "123k/235k"),
        (33.7, Budget(123_456_789.123), "33.7/123M"),
        (7.95, Budget(8), "7.95/8.0"),
        (7.9996, Budget(8), "8.0/8.0"),
        (8.0, Budget(8), "8.0/8.0"),
    ],
)
def test_what_was_spent_has_its_unit(spent: float, budget: Budget, text: str) -> None:
    assert spent_short(spent, budget) == text
