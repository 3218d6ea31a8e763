"""The timeline drawn: what the shades mean, a lane for each place, the time below."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hpo_tui.store.models import LOST
from hpo_tui.tui.charts import cost, text
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.timeline import Lane, Ran, TimeAxis, busy, cells, marks
from hpo_tui.tui.glyphs import Glyphs
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.plain import plain

LEAST = 3
"""Lines of the shortest timeline."""
SHARE = 5
"""Columns at the right for a lane's share of the time."""
LONGEST_NAME = 12


class Timeline:
    """The lines of a canvas from ``top`` on; what is drawn there can be asked for by place."""

    def __init__(
        self, canvas: Canvas, top: int, snapshot: Snapshot, selected: int | None, glyphs: Glyphs
    ) -> None:
        """Draw into ``canvas``, which has :data:`LEAST` lines from ``top`` on at the least."""
        self._canvas, self._top, self._glyphs = canvas, top, glyphs
        self._selected = selected
        self._frame = snapshot.frame
        self._now = snapshot.time
        self._tasks = [t.name for t in snapshot.spec.tasks_by_cost]
        self._lost = snapshot.frame.in_state(*LOST)
        self._left = 0
        self._numbers: dict[int, list[int]] = {}
        """Row of the canvas → the trial in each cell of its lane, 0 for none."""

    def at(self, x: int, y: int) -> int | None:
        """Return the number of the trial that is drawn in a cell of the canvas."""
        numbers, column = self._numbers.get(y, []), x - self._left
        return (numbers[column] or None) if 0 <= column < len(numbers) else None

    def draw(self, trials: Ran, lanes: Sequence[Lane]) -> None:
        """Draw the lanes (at least one) of ``trials``, as many as there is room for."""
        canvas, glyphs = self._canvas, self._glyphs
        room = canvas.height - self._top - 2
        shown = lanes if len(lanes) <= room else lanes[: max(room - 1, 1)]
        names = [plain(lane.label, glyphs.ascii) for lane in shown]
        names = [fmt.clip(name, LONGEST_NAME, glyphs.ellipsis) for name in names]
        self._left = max(map(fmt.width_of, names)) + 2
        width = max(canvas.width - self._left - SHARE - 1, 1)
        axis = TimeAxis(trials, width)
        text.write(canvas, 0, self._top, self._heading(trials, axis), glyphs.ellipsis)
        for y, (lane, name) in enumerate(zip(shown, names, strict=True), self._top + 1):
            canvas.put(1, y, name, Ink.TEXT)
            self._lane(y, cells(axis, trials, lane, width), trials, lane)
            for cut in axis.cuts:
                canvas.put(self._left + cut, y, glyphs.axis_missed, Ink.DIM)
            share = f"{busy(axis, trials, lane):>{SHARE}.0%}"
            canvas.put(canvas.width - SHARE, y, share, Ink.DIM)
        below = self._top + 1 + len(shown)
        for column, said in marks(axis, width, self._now):
            canvas.put(self._left + column, below, said, Ink.DIM)
        if len(shown) < len(lanes):
            more = f" {glyphs.ellipsis} and {len(lanes) - len(shown)} more"
            canvas.put(0, below + 1, more, Ink.DIM)

    def _heading(self, trials: Ran, axis: TimeAxis) -> list[tuple[str, int]]:
        """Return what the shades mean, and how long the axis is."""
        glyphs, count = self._glyphs, len(self._tasks)
        spans: list[tuple[str, int]] = [(" when trials ran ", Ink.BOLD)]
        names = cost.shortened([plain(name, glyphs.ascii) for name in self._tasks])
        for at, name in enumerate(names):
            shade = f" {cost.shade(glyphs, at, count)}"
            spans += [(shade, self._ink(at, 1)), (f" {name}", Ink.TEXT)]
        if self._lost[trials.row].any():
            spans += [(f" {glyphs.lost}", Ink.BAD), (" lost", Ink.TEXT)]
        idle = ", idle stretches left out" if axis.cuts else ""
        return [*spans, (f"   {fmt.duration(axis.seconds)}{idle}", Ink.DIM)]

    def _lane(self, y: int, which: NDArray[np.int64], trials: Ran, lane: Lane) -> None:
        """Draw the blocks of a lane: ``which`` of ``trials`` is in each cell, −1 for none."""
        numbers = self._frame.number[trials.row]
        self._numbers[y] = np.where(which < 0, 0, numbers[which]).tolist()
        turn = {int(i): n % 2 for n, i in enumerate(lane.at)}
        edges = np.flatnonzero(np.diff(which, prepend=-2, append=-2)).tolist()
        for a, b in pairwise(edges):
            at = int(which[a])
            if at >= 0:
                self._block(y, (a, b), int(trials.row[at]), turn[at])

    def _block(self, y: int, columns: tuple[int, int], row: int, turn: int) -> None:
        """Draw a trial over ``columns`` (first, behind the last), its number where it has room."""
        (a, b), frame = columns, self._frame
        name = frame.tasks[frame.task[row]]
        task = self._tasks.index(name) if name in self._tasks else 0
        glyph, ink = cost.shade(self._glyphs, task, len(self._tasks)), self._ink(task, turn)
        if self._lost[row]:
            glyph, ink = self._glyphs.lost, Ink.BAD
        number = int(frame.number[row])
        chosen = number == self._selected
        self._canvas.put(self._left + a, y, glyph * (b - a), Ink.SELECTED if chosen else ink)
        label = f"#{number}"
        if len(label) + 2 <= b - a:
            style = Ink.SELECTED_LABEL if chosen else Ink.TEXT
            self._canvas.put(self._left + a + 1, y, label, style)

    def _ink(self, task: int, turn: int) -> Ink:
        """Return the ink of a task; trials that follow each other take ``turn`` 0 and 1."""
        if task == len(self._tasks) - 1:
            return Ink.FULL_3 if turn else Ink.FULL_2
        return Ink.PARTIAL_3 if turn else Ink.PARTIAL_2
