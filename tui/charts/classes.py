"""Into which class of lines a trial falls: by task, by an objective, or by its goals."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.analysis import front
from hpo_tui.engine.arrays import Mask
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts.layers import HIDDEN
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.words.plain import plain


class Colouring(StrEnum):
    """What the classes tell apart."""

    TASK = "task"
    GOALS = "goals"
    OBJECTIVE = "objective"


class Shown(StrEnum):
    """Which tasks are drawn, and which lies over the other where both are."""

    AUTO = "both tasks"
    ON_TOP = "full on top"
    FULL = "full only"
    PARTIAL = "partial only"


@dataclass(frozen=True, slots=True)
class LineClass:
    """One class of lines: its faintest ink, whether it is drawn dotted, and its glyphs in ASCII."""

    label: str
    ink: Ink
    dotted: bool
    ascii: str


OUT = LineClass("outside", Ink.OUT, True, "...")
# Also what has no result (yet): the legend tells those apart by their states.
PARTIAL = LineClass("partial", Ink.PARTIAL, True, ".,;")
FULL = LineClass("full", Ink.FULL, False, ":+#")
MISSES = LineClass("misses", Ink.FULL, False, ":+#")
MEETS = LineClass("meets all goals", Ink.MEETS, False, "xX%")
UNKNOWN = LineClass("no value", Ink.PARTIAL, True, ".,;")
QUARTERS = (
    LineClass("4th", Ink.FOURTH, False, "444"),
    LineClass("3rd", Ink.THIRD, False, "333"),
    LineClass("2nd", Ink.SECOND, False, "222"),
    LineClass("best quarter", Ink.FIRST, False, "111"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Classified:
    """``codes``: int8 (n,), indices of ``classes`` or HIDDEN; ``title``: what they go by."""

    codes: NDArray[np.int8]
    classes: tuple[LineClass, ...]
    title: str


def classify(
    frame: Frame,
    spec: StudySpec,
    mask: Mask | None,
    *,
    colouring: Colouring = Colouring.TASK,
    shown: Shown = Shown.AUTO,
    objective: int = 0,
) -> Classified:
    """Return every trial's class. Only full-task complete trials are ever told apart by results."""
    full = front.full_mask(frame, spec)
    title = "task"
    if colouring is Colouring.GOALS:
        meets = front.meets_mask(frame, spec)
        classes: tuple[LineClass, ...] = (OUT, PARTIAL, MISSES, MEETS)
        codes = np.where(full, 2 + meets, 1).astype(np.int8)
        title = "goals"
    elif colouring is Colouring.OBJECTIVE and spec.objectives:
        goal = spec.objectives[objective % len(spec.objectives)]
        classes = (OUT, PARTIAL, UNKNOWN, *QUARTERS)
        loss = goal.sign * front.column(frame, goal.metric)
        known = loss[full & np.isfinite(loss)]
        codes = np.where(full, 2 + np.isfinite(loss), 1).astype(np.int8)
        if len(known):
            for cut in np.quantile(known, (0.75, 0.5, 0.25)):
                codes += full & (loss <= cut)
        title = plain(goal.metric)
    else:
        classes = (OUT, PARTIAL, FULL)
        codes = np.where(full, 2, 1).astype(np.int8)
    if mask is not None:
        codes[~mask] = 0
    if shown is Shown.FULL:
        codes[~full] = HIDDEN
    elif shown is Shown.PARTIAL:
        codes[full] = HIDDEN
    return Classified(codes, classes, title)
