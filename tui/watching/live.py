"""One study that is open: its newest picture, the one view of it, its watcher."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.tables.filters import FilterError, passing
from hpo_tui.tui.watching.late_answers import LateAnswers
from hpo_tui.tui.watching.snapshot import Brush, Snapshot, View
from hpo_tui.tui.watching.watcher import StudyWatcher

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Mask


class LiveStudy:
    """What the screens of one open study share. Only the event loop changes it.

    ``explain`` is called from the watcher's thread, as ``deliver`` is, and told of which study that
    is open it is: the thread may outlive it.
    """

    def __init__(
        self,
        folder: StudyFolder,
        deliver: Callable[[Snapshot], None],
        explain: "Callable[[LiveStudy, str], None]",
        clock: Callable[[], float],
    ) -> None:
        self.folder = folder
        self.watcher = StudyWatcher(folder, deliver, partial(explain, self), clock)
        self.snapshot: Snapshot | None = None
        self.view = View()
        self.problem = ""
        """Why the study cannot be read, empty when it can."""
        self.marked: int | None = None
        """The trial that waits to be compared with another."""
        self.late: LateAnswers | None = None
        """The requests that had no answer when the study was left the last time."""
        self._recalled: object = None
        """The revision of the study that the view is of, as the session remembers it."""
        self.memory: dict[str, Any] = {}
        """What the session remembers of this study beside the view."""

    @property
    def gone(self) -> str:
        """Where the study went when it is not there any more, empty while it is."""
        return self.problem if self.watcher.gone else ""

    def take(self, snapshot: Snapshot) -> None:
        """Make ``snapshot`` the present one and let the view hold over it."""
        before, self.snapshot = self.snapshot, snapshot
        known = self._recalled if before is None else before.study.revision
        if self.view.brushes and known != snapshot.study.revision:
            from hpo_tui.tui.charts.carried_brushes import carried

            old = None if before is None else (before.frame, before.spec)
            kept = carried(self.view.brushes, old, (snapshot.frame, snapshot.spec))
            self.view = replace(self.view, brushes=kept)
        try:
            self._apply(self.view)
        except FilterError:
            self._apply(self._turned(filter=""))

    def select(self, number: int | None) -> None:
        """Select a trial in every pane."""
        self.view = self._turned(selected=number)

    def set_filter(self, text: str) -> None:
        """Filter by an expression. Raises :class:`FilterError` and changes nothing."""
        self._apply(self._turned(filter=text.strip()))

    def set_brushes(self, brushes: Mapping[str, Brush]) -> None:
        """Take the brushed ranges of the parallel coordinates."""
        self._apply(self._turned(brushes=dict(brushes)))

    def show_all(self) -> None:
        """Drop the filter and every brush."""
        self.view = self._turned(filter="", brushes={}, mask=None)

    def _turned(self, **changes: Any) -> View:
        """Return the view as the person has changed it."""
        return replace(self.view, turn=self.view.turn + 1, **changes)

    def _apply(self, view: View) -> None:
        mask = None if self.snapshot is None else passing(self.snapshot, view.filter, view.brushes)
        if view is not self.view or mask is not view.mask:
            self.view = replace(view, mask=mask)

    def recall(self) -> None:
        """Take the view back from what the session remembers, as far as it is sound."""
        selected, text = self.memory.get("selected"), self.memory.get("filter", "")
        brushes = self.memory.get("brushes", {})
        try:
            ranges = {
                str(k): (_end(low, -math.inf), _end(high, math.inf))
                for k, (low, high) in brushes.items()
            }
        except (AttributeError, TypeError, ValueError):
            ranges = {}
        self._recalled = self.memory.get("revision")
        left = self.memory.get("left")
        if isinstance(left, int | float):
            self.late = LateAnswers(self.folder, float(left))
        self.view = View(
            selected=selected if isinstance(selected, int) else None,
            filter=text if isinstance(text, str) else "",
            brushes=ranges,
        )

    def remembered(self) -> dict[str, Any]:
        """Return what the session keeps: the view, and what the screens gave to remember."""
        view = self.view
        # JSON knows no infinity: an end without a limit is none.
        brushes = {
            k: [end if math.isfinite(end) else None for end in v] for k, v in view.brushes.items()
        }
        kept = {"selected": view.selected, "filter": view.filter, "brushes": brushes}
        if self.snapshot is not None:
            kept["revision"] = self.snapshot.study.revision
        return {**self.memory, **kept}


class HeldPicture:
    """A snapshot that stays on the screen while newer ones come; the view goes on over it."""

    def __init__(self, live: LiveStudy, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._live = live
        self._look = live.view
        """The view over the snapshot, which is the newest one at this moment."""

    def look(self) -> View:
        """Return the study's view over the snapshot, the same object while it is the same."""
        view, old = self._live.view, self._look
        if view.turn != old.turn:
            same = (view.filter, view.brushes) == (old.filter, old.brushes)
            self._look = replace(view, mask=old.mask if same else self._mask(view))
        return self._look

    def _mask(self, view: View) -> "Mask | None":
        try:
            return passing(self.snapshot, view.filter, view.brushes)
        except FilterError:  # of a metric that nothing had reported then
            import numpy as np

            return np.zeros(len(self.snapshot.frame), dtype=np.bool_)


def _end(kept: object, limitless: float) -> float:
    """Return an end of a brush as the session kept it. Raises ValueError for nonsense."""
    if kept is None:
        return limitless
    if not isinstance(kept, int | float):
        raise ValueError(f"{kept!r} is no end of a range")
    return float(kept)
