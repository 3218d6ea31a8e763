"""Trials as rows of a table, each cell formatted when it is asked for."""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.cells import cell_len

from hpo_tui.engine.spec import Objective, OutcomeConstraint
from hpo_tui.store.models import TrialState
from hpo_tui.tui.tables import trial_code
from hpo_tui.tui.tables.rows import Cell, Column
from hpo_tui.tui.tables.trial_columns import FIXED, fixed_cells
from hpo_tui.tui.tables.trial_order import result_counts
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import fmt, present
from hpo_tui.tui.words.goals import goal_text, goals_of, is_goal, judged, reached
from hpo_tui.tui.words.parameter_values import listed_texts, value_texts
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.progress import progress_of
from hpo_tui.tui.words.running import durations

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Index

WIDEST = 18
"""Cells of a heading; a longer name is cut."""
WIDEST_METRIC = 16
LEAST_NAME = 5
"""Cells of a metric's name before its goal, however long that is."""
NUMBER = 8
"""Cells of a parameter's value."""
_MEASURED = 30
"""Rows by which it is known how wide values are: more are hardly in sight."""
JUDGED = 8
"""Cells of a value with the mark of its goal."""


class TrialRows:
    """Rows of trials over a snapshot. ``order``: rows of the frame, in the order shown.

    ``columns``: keys such as ``trial``, ``mark``, ``task``, ``state``, ``cost``, ``duration``,
    ``memory``, ``device``, ``commit``, ``m:accuracy``, ``p:lr``; ``s:accuracy``: how far
    repeats of a configuration lie apart.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        order: "Index",
        columns: Iterable[str],
        pareto: frozenset[int] = frozenset(),
        spreads: Mapping[int, Mapping[str, float]] = MappingProxyType({}),
    ) -> None:
        self.snapshot = snapshot
        self._spreads = spreads
        """Trial → metric → standard deviation over the results whose mean it has."""
        self.order = order
        self._pareto = pareto
        """Rows of the frame that no other is better than."""
        self._goals = {g.metric: g for g in goals_of(snapshot.spec)}
        keys = [k for k in columns if self._known(k)]
        self.columns: Sequence[Column] = [self._column(k) for k in keys]
        self._cells: list[Callable[[int], Cell]] = [self._formatter(k) for k in keys]

    def __len__(self) -> int:
        return len(self.order)

    def key(self, row: int) -> Hashable:
        """Return the trial's number."""
        return int(self.snapshot.frame.number[self.order[row]])

    def find(self, key: Hashable) -> int | None:
        """Return the row of trial ``key``, None if it is not among those shown."""
        import numpy as np

        if not isinstance(key, int) or (row := self.snapshot.frame.index(key)) is None:
            return None
        places = np.flatnonzero(self.order == row)
        return int(places[0]) if len(places) else None

    def cells(self, row: int) -> Sequence[Cell]:
        """Return the cells of one row."""
        at = int(self.order[row])
        return [make(at) for make in self._cells]

    def _known(self, key: str) -> bool:
        kind, _, name = key.partition(":")
        frame = self.snapshot.frame
        if kind == "m":
            return name in frame.metrics or name in self._goals
        if kind == "s":
            return any(found.get(name) for found in self._spreads.values())
        return name in frame.params if kind == "p" else key in FIXED

    def _column(self, key: str) -> Column:
        kind, _, name = key.partition(":")
        if kind == "m":
            goal = self._goals.get(name)
            return self._metric_column(key, name, goal)
        if kind == "s":
            texts = (_spread(found.get(name, 0.0)) for found in self._spreads.values())
            return Column(key, "±", max(map(len, texts)), spare=True)
        if kind == "p":
            choices, width = self.snapshot.frame.choices.get(name), self._param_width(name)
            others = map(plain, self.snapshot.frame.params)
            title = fmt.clip_among(plain(name), width, others)
            # Of the digits of a number all are needed, or next to all rows say nothing.
            least = 0 if choices else min(width, self._longest(name))
            return Column(key, title, width, "left" if choices else "right", least=least)
        title, width, align = FIXED[key]
        if key == "task":
            names = self.snapshot.frame.tasks
            width = min(14, max((cell_len(plain(n)) for n in names), default=4))
        return Column(
            key,
            title,
            max(width, len(title)),
            "right" if align else "left",
            key in ("trial", "mark"),
        )

    def _metric_column(
        self, key: str, name: str, goal: Objective | OutcomeConstraint | None
    ) -> Column:
        """Return a metric's column; a long name is cut before its goal is."""
        mark = f" {goal_text(goal)}" if goal else ""
        whole = cell_len(plain(name)) + len(mark)
        width = max(9, min(whole, max(WIDEST_METRIC, len(mark) + LEAST_NAME)))
        names = map(plain, self.snapshot.frame.metrics)
        title = fmt.clip_among(plain(name), width - len(mark), names) + mark
        least = max(JUDGED, len(mark) + LEAST_NAME) if goal is not None and is_goal(goal) else 0
        return Column(key, title, width, "right", tail=mark, least=least)

    def _formatter(self, key: str) -> Callable[[int], Cell]:
        """Return what makes a column's cells.

        It holds what they are made of and not these rows, which hold it: in a circle all of the
        snapshot would outlive them, until the collector came by, which on the screens is seldom.
        """
        kind, _, name = key.partition(":")
        if kind == "m":
            return self._metric(name)
        if key == "runs":
            return self._runs()
        if kind == "s":
            return self._spread(name)
        if kind == "p":
            return self._param(name)
        if key == "duration":
            return self._duration()
        if key in trial_code.KEYS:
            return self._code(key)
        return fixed_cells(self.snapshot.frame, self.snapshot.spec.full_task.name, self._pareto)[
            key
        ]

    def _duration(self) -> Callable[[int], Cell]:
        """Return what says how long a trial took; of one that runs how long so far, and its share.

        The share gives way where both do not fit.
        """
        seconds, ended = durations(self.snapshot), self.snapshot.frame.duration
        live = self.snapshot.frame.in_state(TrialState.RUNNING)
        late = {*self.snapshot.overdue, *self.snapshot.quiet}
        numbers, far = self.snapshot.frame.number, progress_of(self.snapshot)
        width = FIXED["duration"][1]

        def cell(at: int) -> Cell:
            if not live[at]:
                return present.took(float(ended[at])), "dim"
            said = present.took(float(seconds[at]))
            both = f"{said} {far[at].percent}".rstrip()
            said = both if cell_len(both) <= width else said
            return said, "warn" if int(numbers[at]) in late else "accent"

        return cell

    def _param(self, name: str) -> Callable[[int], Cell]:
        """Return what says a parameter's value; choices cut to the column keep what differs."""
        text = value_texts(self.snapshot, name)
        names = fmt.values(self.snapshot.frame.choices.get(name, ()))
        width = self._param_width(name)
        if names:
            short = {n: fmt.clip_among(n, width, names) for n in names}
            return lambda at: (short.get(said := text(at), said), "")
        values = self.snapshot.frame.params[name]

        def cell(at: int) -> Cell:
            said = text(at)
            return (said if len(said) <= width else fmt.fitted(float(values[at]), width)), ""

        return cell

    def _longest(self, name: str) -> int:
        """Return the cells of a parameter's longest value in the first rows."""
        text = value_texts(self.snapshot, name)
        return max((len(text(at)) for at in self.order[:_MEASURED].tolist()), default=0)

    def _param_width(self, name: str) -> int:
        """Return the cells of a parameter's column."""
        choices = self.snapshot.frame.choices.get(name)
        listed = listed_texts(self.snapshot, name).values()
        longest = max(map(cell_len, fmt.values(choices) if choices else listed), default=NUMBER)
        return min(WIDEST, max(_wide(plain(name), 6), longest if choices else max(longest, NUMBER)))

    def _metric(self, name: str) -> Callable[[int], Cell]:
        values = self.snapshot.frame.metrics.get(name)
        goal = self._goals.get(name)
        width = self._metric_column(name, name, goal).width

        def cell(at: int) -> Cell:
            value = math.nan if values is None else float(values[at])
            text = present.number(value)
            if goal is None or not text or not is_goal(goal):
                return (text if len(text) <= width else fmt.fitted(value, width)), ""
            whole = judged(value, goal)
            fewer = (judged(value, goal, digits) for digits in (3, 2, 1))
            text = next((said for said in chain((whole,), fewer) if len(said) <= width), whole)
            return text, "good" if reached(value, goal) else "warn"

        return cell

    def _code(self, key: str) -> Callable[[int], Cell]:
        """Return what says which code a trial ran: its commit, or what was changed there."""
        ran = trial_code.code_indices(self.snapshot)
        # The last is that of those of which nothing is known.
        texts = [*(v.short if key == "commit" else v.changes for v in self.snapshot.code), ""]
        return lambda at: (texts[ran[at]], "dim")

    def _spread(self, name: str) -> Callable[[int], Cell]:
        """Return what says how far the results of a repeated configuration lie apart."""
        numbers, spreads = self.snapshot.frame.number, self._spreads
        return lambda at: (_spread(spreads.get(int(numbers[at]), {}).get(name, 0.0)), "dim")

    def _runs(self) -> Callable[[int], Cell]:
        """Return what says of a configuration's first trial how many results it has, if several."""
        counts = result_counts(self.snapshot)
        numbers = self.snapshot.frame.number
        return lambda at: (str(counts.get(int(numbers[at]), "")), "dim")


def _spread(deviation: float) -> str:
    return f"±{fmt.number(deviation, 2)}" if deviation else ""


def _wide(title: str, least: int) -> int:
    return min(WIDEST, max(least, cell_len(title)))
