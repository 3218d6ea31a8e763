"""How a command ends badly: with a sentence, never with a traceback."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hpo_tui.store.database_errors import explained
from hpo_tui.store.file_errors import in_words
from hpo_tui.tui.words.plain import plain


class Refusal(Exception):  # noqa: N818 - what it is to the user; it is no bug
    """The command cannot do what was asked; the message says why and what to do (status 1)."""


class NoSuchStudy(Refusal):
    """There is no study of the name that was given."""


class ArchivedStudy(NoSuchStudy):
    """Among the studies here there is none of that name, in the archive beside them there is."""


@contextmanager
def refusing(*kinds: type[Exception]) -> Iterator[None]:
    """Turn exceptions whose message is for people into refusals."""
    try:
        yield
    except kinds as error:
        raise Refusal(plain(str(error))) from None


def explain(error: Exception) -> str:
    """Return one sentence for the kinds of errors that a healthy program meets."""
    if isinstance(error, sqlite3.Error):
        return f"the study's database cannot be used: {explained(error)}"
    if isinstance(error, OSError):
        if error.filename is None and _is_nowhere():
            return "the current folder no longer exists; cd to another one"
        return in_words(error)
    return str(error)


def _is_nowhere() -> bool:
    """Whether the working directory was deleted."""
    try:
        Path.cwd()
    except FileNotFoundError:
        return True
    return False
