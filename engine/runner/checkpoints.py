"""Removes checkpoints that the study's runner, and nobody after it, can need."""

import logging

from hpo_tui.engine.checkpoints import needs, remove_files, size_of
from hpo_tui.engine.execution.proposals.past import bare
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.spec.names import numbered

log = logging.getLogger("runner.checkpoints")

_Attempt = tuple[int, float | None]
"""A trial and when it ended: one that is tried again has another checkpoint."""


class Checkpoints:
    """Removes checkpoints that nobody can need.

    What a folder of an ended trial holds is remembered: to look into ten thousand of them takes
    long, on a network file system above all.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._sizes: dict[_Attempt, int] = {}
        """Bytes in the checkpoint of an attempt that has ended."""

    def collect(self) -> int:
        """Remove what nobody can need, and what is over the quota; return of how many trials."""
        found = needs(self.desk.spec, self.desk.trials)
        removed = [n for n in sorted(found.drop) if self._remove(n)]
        quota = self.desk.spec.resources.checkpoint_quota
        if quota is not None:
            total = sum(map(self._size, found.maybe))
            for number in found.maybe:
                if total <= quota:
                    break
                size = self._size(number)
                if size and self._remove(number):
                    total -= size
                    removed.append(number)
        gone = [n for n in removed if bare(self.desk.folder, self.desk.spec, self.desk.trials[n])]
        if gone:
            self.desk.proposals.tell("bare", numbers=gone)
        if removed:
            text = f"removed the checkpoint of {numbered(removed)}"
            if len(removed) > 1:
                which = ", ".join(map(str, removed[:20])) + (" …" if len(removed) > 20 else "")
                text = f"removed the checkpoints of {len(removed)} trials: {which}"
            self.desk.event("checkpoints", text)
        return len(removed)

    def _attempt(self, number: int) -> _Attempt:
        return number, self.desk.trials[number].ended

    def _size(self, number: int) -> int:
        attempt = self._attempt(number)
        if attempt not in self._sizes:
            self._sizes[attempt] = size_of(self.desk.folder.trial(number).checkpoint)
        return self._sizes[attempt]

    def _remove(self, number: int) -> bool:
        """Remove a trial's checkpoint; False if there was none, or it could not be removed."""
        attempt = self._attempt(number)
        if self._sizes.get(attempt) == 0:
            return False
        try:
            there = remove_files(self.desk.folder.trial(number).checkpoint)
        except OSError as error:
            log.warning("checkpoint of trial %d: %s", number, error)
            return False
        self._sizes[attempt] = 0
        return there
