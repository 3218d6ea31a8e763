"""What came of what was asked for before a study was left: told when it is open again."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Command

Told = tuple[str, str, bool]
"""What was asked for, what came of it, and whether it was done."""


class LateAnswers:
    """The requests that had no answer at the time ``left`` (Unix time); each is told once."""

    def __init__(self, folder: StudyFolder, left: float) -> None:
        self._folder = folder
        self._left = left
        self._told: set[int] = set()
        self.over = False
        """Whether all have their answers."""

    def new(self) -> list[Told]:
        """Return what has been answered since it was last asked; nothing where nobody can tell."""
        from hpo_tui.store.read import StudyReader  # after the first frame

        try:
            with StudyReader(self._folder.db) as reader:
                found = reader.unanswered_at(self._left)
        except (OSError, sqlite3.Error):
            return []
        self.over = all(c.answered is not None for c in found)
        answered = [c for c in found if c.answered is not None and c.id not in self._told]
        self._told.update(c.id for c in answered)
        return list(told(answered))


def told(commands: Iterable[Command]) -> Iterator[Told]:
    """Yield what is said of answers; those to several requests of a kind are counted."""
    by_action: dict[str, list[Command]] = {}
    for command in commands:
        by_action.setdefault(command.action, []).append(command)
    for action, many in by_action.items():
        yield action, _answer(many), all(c.ok for c in many)


def _answer(many: Sequence[Command]) -> str:
    if len(many) == 1:
        return many[0].answer or ("done" if many[0].ok else "refused without a reason")
    refused = [c.answer for c in many if not c.ok]
    said = f"{len(many) - len(refused)} of {len(many)} done"
    return f"{said}; {refused[0]}" if refused else said
