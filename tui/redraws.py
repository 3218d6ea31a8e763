"""Decides when a pane is drawn again: if what it shows has changed, and not too often."""

import time
from collections.abc import Callable
from typing import Any

from hpo_tui.tui.panes import Place
from hpo_tui.tui.watching.snapshot import Snapshot, View, unchanged


class Redraws:
    """What each pane was last drawn from, and when."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._drawn: dict[str, tuple[tuple[Any, ...], View]] = {}
        """Name of the pane → what of the study it depends on, and the view."""
        self._when: dict[str, float] = {}

    def wait(self, place: Place, snapshot: Snapshot, view: View) -> float | None:
        """Return the seconds until a pane is to be drawn, None where it would look the same.

        A new view is drawn at once, new data alone as often as the place says: also where they
        change which trials the view's filter and brushes hold.
        """
        if place.name not in self._drawn:
            return 0.0
        old, seen = self._drawn[place.name]
        if seen.turn != view.turn:
            return 0.0
        if unchanged(old, place.depends(snapshot)):
            return None
        return max(0.0, self._when[place.name] + place.every - self._clock())

    def note(self, place: Place, snapshot: Snapshot, view: View) -> None:
        """Keep in mind that a pane is drawn now."""
        self._drawn[place.name] = place.depends(snapshot), view
        self._when[place.name] = self._clock()

    def forget(self, name: str) -> None:
        """Let a pane be drawn anew, whatever it shows."""
        self._drawn.pop(name, None)
