"""What is said where an Optuna storage cannot be written."""

import errno

import pytest

from hpo_tui.store.transfer.optuna_storage import fault, opened


def test_an_error_behind_the_one_that_is_raised_tells_what_is_wrong() -> None:
    error = RuntimeError("Error: did not possess lock")
    error.__context__ = OSError(errno.ENOSPC, "No space left on device", "x.log.lock")
    assert fault(error).startswith("No space left on device: make some;")
    assert fault(RuntimeError("\nno word\nmore")) == "no word"


def test_of_a_database_it_is_said_what_to_do_under_the_name_that_was_given() -> None:
    with (
        pytest.raises(
            ValueError, match=r"mine cannot be made: it cannot be opened .*is its folder"
        ),
        opened("sqlite:////nowhere/x.db.part", make=True, called="mine"),
    ):
        pass
