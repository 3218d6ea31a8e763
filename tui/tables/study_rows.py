"""Studies as rows of a table, and the orders that they can stand in. Pure."""

import math
from collections.abc import Callable, Collection, Hashable, Sequence
from typing import Any

from hpo_tui.store.models import StudyState
from hpo_tui.tui.tables.rows import Cell, Column
from hpo_tui.tui.watching.study_list import Summary
from hpo_tui.tui.words import budgets, fmt, present
from hpo_tui.tui.words.paused import in_few_words
from hpo_tui.tui.words.plain import fit, plain
from hpo_tui.tui.words.standing import standing

MARK = "■ "
"""Stands before the name of a study that is to be compared."""
BAR = 12
STATE = 19
QUEUED = 3
"""Cells more for a state with the number of what is queued."""
SILENT = 4
"""Cells more for since when a runner has been silent."""
SPENT = 14
OTHERS = 34
"""Cells of the last columns, and of the gaps between all, where there is room for all."""
BEST = 20
"""Cells that a best result is left beside why a study is paused."""
WIDE = 100
"""Columns from which there is room for a bar beside the numbers; below, the best comes first."""


class StudyRows:
    """Summaries as rows; ``marked``: names of those that are to be compared."""

    def __init__(
        self, studies: Sequence[Summary], now: float, width: int, marked: Collection[str] = ()
    ) -> None:
        self._studies = studies
        self._now = now
        self._marked = marked
        names = [fmt.width_of(self._name(s)) for s in studies]
        name = min(max([*names, 12]), max(12, width // 4))
        self._bar = BAR if width >= WIDE else 0
        spent = SPENT + self._bar + bool(self._bar)
        # In a narrow window no wider than it must be; else it stands still when states change.
        longest = max((fmt.width_of(_state(s)[0]) for s in studies), default=0)
        # Wider where something is queued: it is what can be done there.
        most = STATE + QUEUED * any(s.queued for s in studies)
        most += SILENT * any(s.silent for s in studies)
        if self._bar:  # why one is paused, in what the bar and the best leave
            most = max(most, width - name - spent - OTHERS - BEST)
        state = max(STATE, min(longest, most)) if self._bar else min(max(longest, 8), most)
        others = name + state + spent + (OTHERS if self._bar else 12)
        self.columns: Sequence[Column] = (
            Column("name", "study", name, fixed=True),
            Column("state", "state", state),
            Column("progress", "spent", spent),
            Column("trials", "trials", 8, "right"),
            Column("best", "best", max(10, min(30, width - others))),
            Column("met", "meet goals", 10, "right"),
            Column("touched", "changed", 10, "right"),
        )

    def __len__(self) -> int:
        return len(self._studies)

    def key(self, row: int) -> Hashable:
        """Return the study's folder name."""
        return self._studies[row].folder.name

    def _name(self, s: Summary) -> str:
        """Return its name; where any is marked, behind the mark or the room for one."""
        mark = (MARK if s.folder.name in self._marked else "  ") if self._marked else ""
        return mark + plain(s.folder.name)

    def find(self, key: Hashable) -> int | None:
        """Return the row of a study."""
        return next((i for i, s in enumerate(self._studies) if s.folder.name == key), None)

    def cells(self, row: int) -> Sequence[Cell]:
        """Return name, state, progress, trials, best and when it changed."""
        s = self._studies[row]
        age = present.duration(max(0.0, self._now - s.touched))
        changed: Cell = (f"{age} ago" if s.touched else "", "dim")
        if s.study is None or s.spec is None:
            blank: Cell = ("", "")
            return [(self._name(s), ""), _state(s), *[blank] * 4, changed]
        filled = round(self._bar * s.share)
        bar = "█" * filled + "─" * (self._bar - filled) + " " * bool(self._bar)
        met = present.grouped(s.met), "good" if s.met else "dim"
        return [
            (self._name(s), "bold"),
            _state(s),
            (bar + fit(budgets.spent_short(s.spent, s.spec.budget, SPENT), SPENT), ""),
            (present.grouped(s.trials), ""),
            _best(s),
            met if s.spec.has_goals else ("–", "dim"),
            changed,
        ]


def _best(s: Summary) -> Cell:
    """Return the best result; in brackets the nearest miss, where no trial meets all goals."""
    if not s.best:
        return "–", "dim"
    return (f"({plain(s.best)})", "dim") if math.isnan(s.value) else (plain(s.best), "")


def _state(s: Summary) -> Cell:
    """Return how a study stands, or why that is not known."""
    if s.study is None or s.spec is None:
        return plain(s.problem), "dim" if s.problem == "not started" else "bad"
    stand = standing(s.study, s.runner, suspended=s.suspended, silent=bool(s.silent))
    if s.suspended:
        return f"{stand.mark} {stand.word}", stand.tone
    if s.silent:
        return f"{stand.mark} {s.silent.replace('nothing written', 'silent')}", stand.tone
    if trouble := _trouble(s):
        return f"{stand.mark} {stand.word}, {trouble}", "warn"
    if s.queued:
        word = stand.word.partition(",")[0].removeprefix("runner ")
        return f"{stand.mark} {word}, {len(s.queued)} queued", "warn"
    if s.study.state is StudyState.PAUSED and s.study.reason:
        return f"{stand.mark} {stand.word}: {in_few_words(s.study.reason)}", stand.tone
    return f"{stand.mark} {stand.word}", stand.tone


def _trouble(s: Summary) -> str:
    """Return in a word or a few what is wrong with a study that goes on; empty if nothing is."""
    if s.overdue:
        return "overdue"
    if s.misnamed and s.study is not None and s.study.state is StudyState.RUNNING:
        return s.misnamed[0].short
    return "waits" if s.waits else ""


_KEYS: dict[str, Callable[[Summary], Any]] = {
    "name": lambda s: s.folder.name.casefold(),
    "state": lambda s: standing(s.study, s.runner, suspended=s.suspended).word if s.study else "~",
    "progress": lambda s: s.share,
    "trials": lambda s: s.trials,
    "best": lambda s: 0.0 if math.isnan(s.value) else s.value,
    "met": lambda s: s.met,
    "touched": lambda s: -s.touched,
}
"""Column → what it is sorted by."""


def sorted_studies(studies: Sequence[Summary], by: str, *, descending: bool) -> list[Summary]:
    """Return the studies sorted by a column; without one, those with a runner, then the latest."""
    key = _KEYS.get(by, lambda s: (s.runner is None, -s.touched))
    found = sorted(studies, key=key, reverse=descending)
    if by == "best":
        found.sort(key=lambda s: math.isnan(s.value))  # without one they come last either way
    return found
