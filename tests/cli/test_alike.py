"""What is wrong with a study, or with a trial's number, is said alike by every command."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from hpo_tui.store.folder import StudyFolder

Words = tuple[object, ...]
OF_A_TRIAL: list[Words] = [
    ("show", 99), ("log", 99), ("kill", 99), ("retry", 99), ("promote", 99), ("confirm", 99),
    ("star", 99), ("tag", 99, "good"), ("note", 99, "look"),
]  # fmt: skip
LOOKING: list[Words] = [
    ("open", "--once"), ("watch", "--once"), ("status",), ("status", "--json"), ("best",),
    ("review",), ("show", 1), ("export", "--csv"),
]  # fmt: skip
DEFINED: list[Words] = [
    ("resume",), ("retry", 3), ("promote", 1), ("confirm", 9), ("enqueue", "lr=0.1"),
    ("extend", 5), ("edit", "slots=2"), ("analyse",), ("tidy", "--yes"),
]  # fmt: skip
OTHERS: list[Words] = [
    ("log", 1), ("pause",), ("stop",), ("kill", 5), ("lend", 0), ("star", 1), ("tag", 1, "good"),
    ("note", 1, "look"),
]  # fmt: skip
"""Commands that need no definition of the study."""


def named(words: Words, study: str = "sparse") -> Words:
    """Return the words of a command with the study before what it is given."""
    return (words[0], study, *words[1:])


@pytest.mark.parametrize("words", OF_A_TRIAL)
def test_a_trial_that_there_is_not(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], words: Words
) -> None:
    make_study()
    make_study("other")
    ran = hpo(*named(words))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "hpo-tui: sparse has no trial 99; it has 12 trials\n"


@pytest.mark.parametrize("words", LOOKING + DEFINED + OTHERS)
def test_a_database_that_is_none(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], words: Words
) -> None:
    folder = make_study()
    folder.db.write_bytes(b"no database" * 1000)
    ran = hpo(*named(words))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"hpo-tui: {folder.db} cannot be read: it is damaged (")


@pytest.mark.parametrize("words", LOOKING + DEFINED + OTHERS)
def test_a_database_that_is_not_there(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], words: Words
) -> None:
    folder = make_study()
    folder.db.unlink()
    ran = hpo(*named(words))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        f"hpo-tui: {folder.path} has no study.db yet: the study has not been run."
        f" To run it: hpo-tui run {folder.path}\n"
    )
    assert not folder.db.exists()


@pytest.mark.parametrize("words", LOOKING + DEFINED)
def test_a_definition_in_the_database_that_is_none(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], words: Words
) -> None:
    folder = make_study()
    with closing(sqlite3.connect(folder.db)) as connection, connection:
        connection.execute("UPDATE study SET text = '[study', state = 'paused'")
    ran = hpo(*named(words))
    assert (ran.code, ran.out) == (1, "")
    said = f"hpo-tui: the study text in {folder.db} cannot be understood: study:1: "
    assert ran.err.startswith(said)


@pytest.mark.parametrize("words", LOOKING + DEFINED + OTHERS)
def test_a_study_that_there_is_not(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], words: Words
) -> None:
    make_study("other")
    ran = hpo(*named(words))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("hpo-tui: there is no study 'sparse' here. There are: other")


@pytest.mark.parametrize(
    "words",
    [("edit", "sparse"), ("enqueue", "sparse"), ("run", "other.toml", "--set"),
     ("check", "other.toml", "--set"), ("best", "sparse", "--command", "--set")],
)  # fmt: skip
@pytest.mark.parametrize("word", ["nonsense", "=1"])
def test_a_word_that_sets_nothing_is_wrong_usage(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], words: Words, word: str
) -> None:
    make_study()
    ran = hpo(*words, word)
    assert (ran.code, ran.out) == (2, "")
    assert f"{'--set: ' * ('--set' in words)}{word!r} is no setting: write " in ran.err
    assert "=VALUE, such as " in ran.err


def test_a_command_that_is_run_again_needs_a_value(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    assert hpo("best", "--command", "--set", "lr=").code == 2


def test_of_a_damaged_study_the_file_is_checked_all_the_same(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    folder = make_study()
    folder.db.write_bytes(b"no database" * 1000)
    ran = hpo("check", "sparse")
    assert (ran.code, ran.err) == (0, "")
    said = f"  ! what was edited by hand cannot be told: {folder.db} cannot be read: it is damaged"
    assert said in ran.out
