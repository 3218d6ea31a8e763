"""Where the budget went: the segments of the cost bar, and their cells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hpo_tui.engine.analysis import charges
from hpo_tui.engine.spec import BudgetUnit
from hpo_tui.store.models import LOST, UNDER_WAY
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.words.fmt import rounded_together
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from hpo_tui.tui.glyphs import Glyphs
    from hpo_tui.tui.watching.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the bar. ``value``: full-task units, or trials; ``count``: its trials.

    ``text``: the value in words, so that those of all parts add up.
    """

    label: str
    glyph: str
    ink: Ink
    value: float
    count: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """``segments`` fill ``total``; ``by_count``: they are numbers of trials."""

    segments: tuple[Segment, ...]
    total: float
    by_count: bool


def bar(snapshot: "Snapshot", glyphs: "Glyphs", by_count: bool) -> Bar:
    """Return a segment per task (cheapest first), what was lost, what runs, what is left.

    What is left is known in full-task units, and in trials where the budget counts trials.
    """
    frame, spec = snapshot.frame, snapshot.spec
    unit = spec.budget.unit
    by_count = by_count or unit is BudgetUnit.TRIALS
    lost, live = frame.in_state(*LOST), frame.in_state(*UNDER_WAY)
    wasted = charges.lost(frame)
    kept = charges.charged(frame) - wasted
    segments: list[Segment] = []
    tasks = [t.name for t in spec.tasks_by_cost]
    tasks += [t for t in frame.tasks if t not in tasks]
    for at, name in enumerate(tasks):
        mine = frame.at_task(name) & ~lost
        full = name == spec.full_task.name
        count = int((mine & ~live).sum())  # those that run are counted as in flight
        value = float(count) if by_count else float(kept[mine].sum())
        ink = Ink.FULL_2 if full else _gray(glyphs, at, len(tasks))
        shown = plain(name, glyphs.ascii)
        segments.append(Segment(shown, shade(glyphs, at, len(tasks)), ink, value, count))
    count = int(lost.sum())
    value = float(count) if by_count else float(wasted.sum())
    segments.append(Segment("lost", glyphs.lost, Ink.BAD, value, count))
    planned = np.nan_to_num(frame.cost - kept)[live].clip(min=0).sum()
    ahead = float(live.sum()) if by_count else float(planned)
    segments.append(Segment("in flight", glyphs.projected, Ink.TEXT, ahead, int(live.sum())))
    total = sum(s.value for s in segments)
    known = unit is BudgetUnit.TRIALS if by_count else unit is BudgetUnit.FULL
    if known:
        left = max(spec.budget.amount - total, 0.0)
        segments.append(Segment("left", glyphs.left, Ink.AXIS, left, 0))
        total += left
    values = [s.value for s in segments]
    texts = [str(round(v)) for v in values] if by_count else amounts(values)
    worded = [replace(s, text=t) for s, t in zip(segments, texts, strict=True)]
    return Bar(tuple(worded), total, by_count)


def amounts(values: Sequence[float]) -> list[str]:
    """Return amounts with one or two decimals (one where they are a thousand or more together).

    What is said of them adds up to what is said of their sum.
    """
    places = 2 if sum(values) < 1000 else 1
    whole = rounded_together([v * 10**places for v in values])
    texts = [f"{n / 10**places:.{places}f}" for n in whole]
    return [t[:-1] if places == 2 and t.endswith("0") else t for t in texts]


def shade(glyphs: "Glyphs", at: int, count: int) -> str:
    """Return the glyph of the ``at``-th of ``count`` tasks, cheapest first."""
    last = len(glyphs.shades) - 1
    return glyphs.shades[last if count == 1 else round(at * last / (count - 1))]


def _gray(glyphs: "Glyphs", at: int, count: int) -> Ink:
    """Return a cheap task's ink: of several with one shade, every other is darker."""
    shades = [shade(glyphs, n, count) for n in range(at + 1)]
    darker = shades.count(shades[-1]) % 2 == (shades[-1] == shades[0])
    return Ink.PARTIAL_2 if darker else Ink.PARTIAL_3


def shortened(labels: Sequence[str]) -> list[str]:
    """Return labels without the last words that all of them share: ``15``, ``30``, ``60``."""
    words = [label.split(" ") for label in labels]
    while len(words) > 1 and all(len(w) > 1 for w in words) and len({w[-1] for w in words}) == 1:
        words = [w[:-1] for w in words]
    return [" ".join(w) for w in words]


def cells(values: Sequence[float], width: int) -> list[int]:
    """Return how many of ``width`` cells each value takes: largest remainders, at least one each.

    Zeros take none. Where there are more non-zero values than cells, the first take one each.
    """
    shown = [v > 0 for v in values]
    spare = width - sum(shown)
    if spare < 0:
        return [int(some and sum(shown[:i]) < width) for i, some in enumerate(shown)]
    total = sum(values)
    if total <= 0:
        return [0] * len(values)
    exact = [max(v / total * width - some, 0.0) for v, some in zip(values, shown, strict=True)]
    scale = spare / sum(exact) if sum(exact) > 0 else 0.0
    more = rounded_together([e * scale for e in exact])
    return [n + some for n, some in zip(more, shown, strict=True)]
