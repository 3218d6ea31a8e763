"""What the person has chosen of the parallel coordinates: which axes, and how lines are drawn."""

from collections.abc import Container
from dataclasses import dataclass, replace

from hpo_tui.tui.charts import axes
from hpo_tui.tui.charts.classes import Colouring, Shown

MOST_BRIGHT = 40
"""Bright lines at the most: more of them merge into a band."""

FIRST_BRIGHT = 12
"""Bright lines until the person says otherwise."""


@dataclass(frozen=True, slots=True)
class Options:
    """Choices, of which each change is another object.

    ``names``: all axes in order; ``focus``: an index of them.
    """

    names: tuple[str, ...]
    focus: int = 0
    flipped: frozenset[str] = frozenset()
    best: int = FIRST_BRIGHT
    colouring: Colouring = Colouring.TASK
    objective: int = 0
    shown: Shown = Shown.AUTO
    zoom: bool = False

    # axes

    def gone(self, by: int) -> "Options":
        """Go to another axis, at the most to the last one."""
        return replace(self, focus=max(0, min(self.focus + by, len(self.names) - 1)))

    def moved(self, by: int) -> "Options":
        """Move the focused axis among the others; at an end it stays."""
        names, at = list(self.names), self.focus
        if not 0 <= at + by < len(names):
            return self
        names.insert(at + by, names.pop(at))
        return replace(self, names=tuple(names), focus=at + by)

    def turned(self) -> "Options":
        """Turn the focused axis upside down, or back."""
        return replace(self, flipped=self.flipped ^ {self.names[self.focus]})

    def renamed(self, names: tuple[str, ...]) -> "Options":
        """Take other axes; the focus stays on its own, if that is among them."""
        focused = self.names[self.focus] if self.names else ""
        return replace(self, names=names, focus=names.index(focused) if focused in names else 0)

    def kept(self, known: Container[str]) -> "Options":
        """Drop the axes that there are no more."""
        names = tuple(n for n in self.names if n in known)
        if names == self.names:
            return self
        focus = min(self.focus, max(len(names) - 1, 0))
        return replace(self, names=names or (axes.TASK,), focus=focus)

    # lines

    def brighter(self, by: int) -> "Options":
        """Draw more of the best bright, or fewer."""
        return replace(self, best=max(0, min(self.best + by, MOST_BRIGHT)))

    def recoloured(self, objectives: int) -> "Options":
        """Colour by task, by goals, then by each of so many objectives."""
        if self.colouring is Colouring.TASK:
            return replace(self, colouring=Colouring.GOALS)
        if self.colouring is Colouring.GOALS and objectives:
            return replace(self, colouring=Colouring.OBJECTIVE, objective=0)
        if self.colouring is Colouring.OBJECTIVE and self.objective + 1 < objectives:
            return replace(self, objective=self.objective + 1)
        return replace(self, colouring=Colouring.TASK)

    def relayered(self) -> "Options":
        """Show both tasks, the full one on top, the full one only, the partial ones only."""
        modes = list(Shown)
        return replace(self, shown=modes[(modes.index(self.shown) + 1) % len(modes)])
