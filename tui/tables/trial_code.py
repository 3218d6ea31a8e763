"""Which code each trial ran, as a column and as what a filter can ask for. Pure."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hpo_tui.tui.watching.snapshot import Snapshot

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Index

KEYS = ("commit", "changes")
"""The commit, marked where something was changed there; and the patch that has the changes."""
_PREFIX = re.compile(r"[0-9a-f]{4,40}")
"""As much of a commit as git takes for one."""


class Commit:
    """A commit as a value that is compared with texts: it equals any beginning of its own.

    With its mark it equals those with changes alone.
    """

    def __init__(self, digits: str, *, changed: bool) -> None:
        self._digits, self._changed = digits, changed

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return NotImplemented
        start = other.removesuffix("+")
        begins = _PREFIX.fullmatch(start) is not None and self._digits.startswith(start)
        return begins and (self._changed or start == other)

    __hash__ = object.__hash__


class Commits(tuple[str, ...]):
    """The commits of a study, shortened, in which a beginning of any is found, too."""

    commits: tuple[Commit, ...] = ()

    @classmethod
    def of(cls, snapshot: Snapshot) -> "Commits":
        """Return those of a study, oldest first."""
        found = cls(dict.fromkeys(version.short for version in snapshot.code))
        found.commits = tuple(commits(snapshot))
        return found

    def __contains__(self, wanted: object) -> bool:
        return any(commit == wanted for commit in self.commits)


def commits(snapshot: Snapshot) -> Iterator[Commit]:
    """Return the commit of each state of the code."""
    return (Commit(v.commit, changed=v.changed) for v in snapshot.code)


def code_indices(snapshot: Snapshot) -> "Index":
    """Return which of the states of the code each trial's last attempt ran, (n,); -1: unknown."""
    import numpy as np

    frame, code = snapshot.frame, snapshot.code
    if not code:
        return np.full(len(frame), -1)
    numbers = zip(frame.number.tolist(), frame.started.tolist(), strict=True)
    began = np.array([snapshot.starts.get(n, started) for n, started in numbers], dtype=np.float64)
    since = np.array([version.since for version in code])
    order = np.argsort(since, kind="stable")
    places = np.searchsorted(since[order], began, side="right") - 1
    known = (places >= 0) & ~np.isnan(began)
    return np.where(known, order[np.maximum(places, 0)], -1)
