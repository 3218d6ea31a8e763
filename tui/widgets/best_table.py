"""The best trials: those that meet every goal first, the near misses after them."""

from dataclasses import replace
from typing import ClassVar

import numpy as np

from hpo_tui.engine.analysis.front import (
    best_rows,
    front_rows,
    losses,
    meets_mask,
    near_misses,
    results,
)
from hpo_tui.engine.arrays import Index
from hpo_tui.tui.tables.trial_order import result_spreads, sorted_rows
from hpo_tui.tui.tables.trial_rows import TrialRows
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words.first_result import first_result_text
from hpo_tui.tui.words.goals import goals_of, goals_sentence
from hpo_tui.tui.words.paused import fitting, in_short

MOST = 200
"""Rows shown; the browser of all trials has the rest."""


class BestTable(LineTable):
    """Full-task trials that meet all goals (Pareto front first), then what missed narrowly."""

    HELP: ClassVar[str] = """\
## Best metrics

Only trials that completed the **full task** are listed, best first: those on the Pareto front
(marked with a diamond; with one objective only the best), then others that meet every goal, then
the near misses, nearest first. The heading of a metric shows its goal, and each value is marked as
met or missed. A configuration that was repeated is listed once, with the mean of its results; the
column `runs` says how many, and `±`, where there is room, how far they lie apart (their standard
deviation). With a filter or brushes the title counts only the trials that are
shown, but diamonds always mark the front of the whole study. The selected trial is highlighted;
if none is selected, or it is not in this table, no row is.

`s` sorts by the next column, `S` reverses the order, `enter` opens the trial. If the heading shows
`‹` or `›`, there are more columns: `h` and `l` scroll to them.
"""
    title: str = "best metrics"

    def show(self, snapshot: Snapshot, view: View) -> None:
        """Show the best of what passes the view's filter and brushes."""
        frame, spec = snapshot.frame, snapshot.spec
        first, means = results(frame, spec)
        full = np.zeros(len(frame), dtype=np.bool_)
        full[first] = True
        if view.mask is not None:
            full &= view.mask
        meets = np.flatnonzero(full & meets_mask(frame, spec))
        # The study's own front, as in the parallel coordinates: a filter makes no trial better.
        best = best_rows(frame, spec)
        front = frozenset(front_rows(frame, spec, best).tolist())
        best = best[full[best]]
        others = self._by_first_objective(snapshot, np.setdiff1d(meets, best))
        near = near_misses(frame, spec, len(frame))
        near = near[full[near]]  # of those shown, however many of the others lie nearer
        rows = np.concatenate([best, others, near])[:MOST].astype(np.intp)
        judged = snapshot if means is frame else replace(snapshot, frame=means)
        if self.sort_by:
            # The means of repeats do not lie apart any more.
            apart = self.sort_by.startswith("s:")
            rows = sorted_rows(snapshot if apart else judged, rows, self.sort_by, self.descending)
        self.empty = self._why_empty(snapshot, hidden=not full.any())
        spreads = {} if judged is snapshot else result_spreads(snapshot)
        shown = TrialRows(judged, rows, self._columns(snapshot), front, spreads)
        self.set_rows_of(shown, view.selected)
        self.title = "best metrics: " + goals_sentence(snapshot, view.mask)

    @staticmethod
    def _by_first_objective(snapshot: Snapshot, rows: Index) -> Index:
        loss = losses(snapshot.frame, snapshot.spec)
        return rows[loss[rows, 0].argsort(kind="stable")] if loss.shape[1] else rows

    @property
    def highlighted(self) -> int | None:
        """The trial whose row is highlighted."""
        return self.current if isinstance(self.current, int) else None

    def _instead(self, width: int, height: int) -> list[str]:
        """Say why the study has paused in so many words that what to do is still in sight."""
        return fitting(in_short(self.empty), width, height)

    @staticmethod
    def _columns(snapshot: Snapshot) -> list[str]:
        metrics = [f"{kind}:{g.metric}" for g in goals_of(snapshot.spec) for kind in "ms"]
        # The same frame where no configuration has several results.
        repeated = results(snapshot.frame, snapshot.spec)[1] is not snapshot.frame
        lead = ["trial", "mark", *(["runs"] if repeated else [])]
        return [*lead, *metrics, *(f"p:{p.name}" for p in snapshot.spec.free), "duration"]

    @staticmethod
    def _why_empty(snapshot: Snapshot, *, hidden: bool) -> str:
        frame, spec = snapshot.frame, snapshot.spec
        if not len(results(frame, spec)[0]):
            return first_result_text(snapshot)
        if hidden:
            return "No full trial matches the filter and the brushes: u shows all."
        return "No full trial has a value for every metric with a goal."
