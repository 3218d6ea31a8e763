"""What stands at each axis of the parallel coordinates: ticks, brush, goals, read-out."""

import math
from collections.abc import Sequence

from hpo_tui.tui.charts import axes
from hpo_tui.tui.charts.axes import Axis
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.picture import Picture
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.plain import plain

Taken = dict[int, int]
"""Rows of an axis that are labelled → the last cell of the label."""


def draw_axes(picture: Picture) -> None:
    """Draw every axis, its name and its marks; the selected trial's values over all of it."""
    for at, axis in enumerate(picture.plan.axes):
        _draw_line(picture, at, axis)
    # Also of the axes that are not shown: a name that could be theirs as well tells nothing.
    every = [axes.bare(n) for n in axes.names(picture.frame, picture.spec)]
    for at, axis in enumerate(picture.plan.axes):
        taken: Taken = {}
        _draw_name(picture, at, axis, every)
        _draw_readout(picture, at, axis, taken)
        _draw_goals(picture, at, axis, taken)
        _draw_brush_ends(picture, at, axis, taken)
        _draw_ticks(picture, at, axis, taken)
        _draw_beyond(picture, at, axis, taken)
        _draw_missing(picture, at, axis)


def _room(picture: Picture, at: int) -> int:
    """Return the cells that a label on the right of axis ``at`` can take."""
    cells = picture.cells
    end = cells[at + 1] if at + 1 < len(cells) else picture.canvas.width
    return max(end - cells[at] - 1, 0)


def _draw_line(picture: Picture, at: int, axis: Axis) -> None:
    canvas, glyphs, x = picture.canvas, picture.glyphs, picture.cells[at]
    first, last = picture.top + picture.plan.top // 4, picture.top + picture.plan.bottom // 4
    focused = at == picture.focused
    ink = Ink.FOCUS if focused else Ink.AXIS
    line = glyphs.axis_focused if focused else glyphs.axis
    canvas.column(x, slice(first, last + 1), line, ink)
    for limit, above in axis.goals:
        row = picture.row_of(axis, limit)
        if row is None:
            continue
        good_above = above != axis.downwards
        missed = slice(row + 1, last + 1) if good_above else slice(first, row)
        canvas.column(x, missed, glyphs.axis_missed, ink)
    brush = picture.view.brushes.get(axis.name)
    if brush is not None:
        ends = axis.held(brush)
        rows = [r for r in (picture.row_of(axis, v) for v in ends) if r is not None]
        if rows:
            canvas.column(x, slice(min(rows), max(rows) + 1), glyphs.brushed, Ink.BRUSH)


def _draw_name(picture: Picture, at: int, axis: Axis, every: Sequence[str]) -> None:
    glyphs = picture.glyphs
    arrow = {"max": glyphs.up, "min": glyphs.down}.get(axis.mark, "")
    turned = "~" if axis.flipped else ""
    room = _room(picture, at) - len(arrow) - len(turned)
    name, names = plain(axis.label, glyphs.ascii), [plain(n, glyphs.ascii) for n in every]
    if glyphs.ascii and arrow and fmt.width_of(name) < room:
        arrow = f" {arrow}"  # else v reads as the last letter of the name
    name = fmt.clip_among(name, max(room, 1), names, glyphs.ellipsis)
    ink = Ink.FOCUS_NAME if at == picture.focused else Ink.BOLD if axis.mark else Ink.TEXT
    picture.canvas.put(picture.cells[at], picture.top - 1, name + arrow + turned, ink)


def _space(picture: Picture, at: int) -> int:
    """Return the cells of a label with the blank after it left out."""
    return max(_room(picture, at) - 1, 1)


def _label(picture: Picture, at: int, row: int, piece: tuple[str, int], taken: Taken) -> None:
    text, ink = piece
    if row in taken or not text:
        return
    taken[row] = picture.cells[at] + fmt.width_of(text)
    # The blank keeps the lines behind from reading as a part of it.
    picture.canvas.put(picture.cells[at] + 1, row, text + " ", ink)


def _selected(picture: Picture, axis: Axis) -> float | None:
    """Return the selected trial's value, NaN where it has none; None where no trial is selected."""
    row = picture.view.row(picture.frame)
    return None if row is None else float(axis.values(axis.raw(picture.frame)[row : row + 1])[0])


def _draw_readout(picture: Picture, at: int, axis: Axis, taken: Taken) -> None:
    value = _selected(picture, axis)
    if value is None:
        return
    y = picture.row_of(axis, value)
    if y is None:
        if picture.plan.rail is None:
            return
        y = picture.top + picture.plan.rail // 4
    text = _fitted(picture, at, axis.text(value), value)
    _label(picture, at, y, (text, Ink.SELECTED_LABEL), taken)


def _fitted(picture: Picture, at: int, text: str, value: float) -> str:
    axis = picture.plan.axes[at]
    return axis.text_in(text, value, _space(picture, at), picture.glyphs.ellipsis)


def _draw_brush_ends(picture: Picture, at: int, axis: Axis, taken: Taken) -> None:
    brush = picture.view.brushes.get(axis.name)
    if brush is None or axis.slots:
        return
    low, high = axis.ends_of(brush, 3)
    for value, said in zip(brush, (low, high) if low != high else (low, ""), strict=True):
        y = picture.row_of(axis, value) if math.isfinite(value) else None
        if y is not None:
            text = _fitted(picture, at, said, value)
            _label(picture, at, y, (text, Ink.BRUSH), taken)


def _draw_goals(picture: Picture, at: int, axis: Axis, taken: Taken) -> None:
    glyphs = picture.glyphs
    for limit, above in axis.goals:
        y = picture.row_of(axis, limit)
        if y is None:
            continue
        sign = glyphs.at_least if above else glyphs.at_most
        picture.canvas.put(picture.cells[at], y, glyphs.goal, Ink.GOAL)
        text = fmt.limit_in(limit, _space(picture, at) - len(sign), glyphs.ellipsis)
        _label(picture, at, y, (sign + text, Ink.GOAL), taken)


def _draw_ticks(picture: Picture, at: int, axis: Axis, taken: Taken) -> None:
    plan = picture.plan
    rows = plan.bottom // 4 - plan.top // 4
    crowded = not axis.slots
    for value, text in axis.ticks(max(rows // 6, 1)):
        y = picture.row_of(axis, value)
        if y is None or (crowded and ({y - 1, y + 1} & taken.keys())):
            continue
        _label(picture, at, y, (_fitted(picture, at, text, value), Ink.DIM), taken)


def _draw_beyond(picture: Picture, at: int, axis: Axis, taken: Taken) -> None:
    """Mark the ends that trials lie beyond, after whatever label stands there.

    The selected trial may lie outside of what is zoomed into.
    """
    scale, glyphs, value = axis.scale, picture.glyphs, _selected(picture, axis)
    at_value = math.nan if value is None or axis.slots else value
    for end, beyond, mark in (
        (scale.low, scale.below or at_value < scale.low, glyphs.below),
        (scale.high, scale.above or at_value > scale.high, glyphs.above),
    ):
        y = picture.row_of(axis, end)
        if beyond and y is not None:
            x = taken.get(y, picture.cells[at]) + 1
            picture.canvas.put(min(x, picture.cells[at] + _room(picture, at)), y, mark, Ink.DIM)


def _draw_missing(picture: Picture, at: int, axis: Axis) -> None:
    count = picture.missing[at]
    if picture.plan.rail is None or not count:
        return
    y = picture.top + picture.plan.rail // 4
    glyphs = picture.glyphs
    picture.canvas.put(picture.cells[at], y, glyphs.missing, Ink.TEXT)
    value = _selected(picture, axis)
    if value is None or not math.isnan(value):
        text = fmt.clip(f"{count} none", max(_room(picture, at) - 1, 1), glyphs.ellipsis)
        picture.canvas.put(picture.cells[at] + 1, y, text + " ", Ink.DIM)
