"""Suggestions share looks and are prepared ahead where trials end faster than looks are made."""

import pytest

from hpo_tui.engine.execution.proposals.pace import MANY, Haste, Pace


def pace(look: float, trial: float, shared: float | None = None) -> Pace:
    kept = Pace()
    for _ in range(20):
        kept.made(look)
        kept.ran(trial)
        if shared is not None:
            kept.made(shared, looked=False)
    return kept


@pytest.mark.parametrize(("workers", "trial"), [(1, 0.25), (4, 1.0), (8, 3600.0)])
def test_trials_that_are_long_enough_are_no_reason_for_haste(workers: int, trial: float) -> None:
    assert pace(0.25, trial).haste(workers, 10 * MANY) == Haste(1, 0)


def test_few_results_are_worth_the_wait() -> None:
    hurried = pace(0.2, 0.3)
    assert hurried.haste(4, MANY - 1) == Haste(1, 0)
    assert hurried.haste(4, MANY).several > 1


def test_it_is_not_decided_before_it_is_known() -> None:
    kept = Pace()
    for _ in range(9):
        kept.made(1.0)
        kept.ran(0.1)
    assert kept.haste(4, MANY) == Haste(1, 0)


def test_fits_after_a_start_are_no_reason() -> None:
    kept = pace(0.1, 2.0)
    for _ in range(5):
        kept.made(60.0)
    assert kept.haste(4, MANY) == Haste(1, 0)


@pytest.mark.parametrize("workers", [2, 4, 8])
def test_so_many_share_a_look_that_suggestions_keep_up(workers: int) -> None:
    look, shared, trial = 0.2, 0.02, 0.3
    haste = pace(look, trial, shared).haste(workers, MANY)
    each = (look + (haste.several - 1) * shared) / haste.several
    assert each <= trial / workers
    fewer = (look + (haste.several - 2) * shared) / (haste.several - 1)
    assert fewer > 0.7 * trial / workers, "no more than are needed"
    assert haste.ahead >= look / (trial / workers), "enough for the time of a look"


def test_there_is_a_most() -> None:
    assert pace(10.0, 0.01, 1.0).haste(8, MANY) == Haste(16, 16)


def test_what_is_shared_does_not_end_the_haste() -> None:
    kept = pace(0.2, 0.3)
    for _ in range(100):
        kept.made(0.02, looked=False)
    assert kept.haste(4, MANY).several > 1
    assert kept.stretch(4) == 1.0
