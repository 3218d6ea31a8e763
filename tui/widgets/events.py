"""What was decided and noticed, newest first."""

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from textual import on
from textual.binding import BindingType

from hpo_tui.store.models import Event
from hpo_tui.tui.actions import bindings
from hpo_tui.tui.messages import TrialOpened, TrialSelected
from hpo_tui.tui.tables.rows import Cell, Column
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.entries import readable, with_last_line
from hpo_tui.tui.words.plain import plain

TONES = {"error": "bad", "failed": "bad", "breaker": "bad", "warning": "warn", "overdue": "warn",
         "refused": "warn", "edit": "accent", "promote": "accent", "finished": "good",
         "best": "good"}  # fmt: skip
_NONE = "Nothing has happened yet."
_NO_SUCH = "No event of the kinds that are ticked: c ticks others, or none to list all."
_HIDDEN = "Of the trials that pass the filter and the brushes nothing is told: u shows all."
COLUMNS = (
    Column("time", "time", 8, fixed=True),
    Column("trial", "#", 6, "right", fixed=True),
    Column("kind", "what", 11, fixed=True),
    Column("text", "why", 400),
)


class EventRows:
    """Events as rows. ``kinds``: the only ones that are listed, which the heading says."""

    def __init__(self, events: Sequence[Event], now: float, kinds: Sequence[str] = ()) -> None:
        self._events = events
        self._now = now
        oldest = min((e.time for e in events), default=now)
        width = max(COLUMNS[0].width, len(fmt.clock(oldest, now)))
        *columns, why = COLUMNS[1:]
        if kinds:
            why = replace(why, title=f"{why.title}   only {plain(', '.join(kinds))}")
        self.columns = (replace(COLUMNS[0], width=width), *columns, why)

    def __len__(self) -> int:
        return len(self._events)

    def key(self, row: int) -> Hashable:
        """Return a name that no trial has."""
        return ("event", self._events[row].id)

    def find(self, key: Hashable) -> int | None:
        """Return the row of an event."""
        ids = (i for i, e in enumerate(self._events) if ("event", e.id) == key)
        return next(ids, None)

    def cells(self, row: int) -> Sequence[Cell]:
        """Return time, trial, kind and text."""
        event = self._events[row]
        trial = "" if event.trial is None else str(event.trial)
        tone = TONES.get(event.kind, "")
        return [
            (fmt.clock(event.time, self._now), "dim"),
            (trial, ""),
            (plain(event.kind), tone or "dim"),
            (plain(with_last_line(_beside_its_trial(event))), tone),
        ]

    def whole(self, row: int) -> tuple[str, str]:
        """Return an event's kind and its text uncut, to be read."""
        return self._events[row].kind, readable(self._events[row].text)


class Events(LineTable):
    """The decisions of the engine with their reasons; Enter opens the trial, or the whole text."""

    HELP: ClassVar[str] = """\
## Events

What happened in the study, newest first, each with its reason: promotions, trials that were stopped
early, failures, edits of the study, GPUs lent, what was queued for the next run. Moving to an event
selects its trial, and `enter` opens the trial; for an event without a trial it shows the whole
text. `c` ticks the kinds of events to list; none ticked lists all. With a filter or brushes, only
events about the trials that pass are listed: the filter `failed` lists why trials failed.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("events")]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, empty=_NONE)
        self._kinds: tuple[str, ...] = ()
        """The only ones that are listed; all where there are none."""
        self._shows: tuple[Snapshot, View] | None = None
        self._trials: dict[Hashable, int | None] = {}

    def show(self, snapshot: Snapshot, view: View) -> None:
        """Show the newest events; the highlighted one is of the selected trial, or of none."""
        self._shows = snapshot, view
        events = [e for e in reversed(snapshot.events) if _shown(e, snapshot, view)]
        hidden = not events and bool(snapshot.events)
        self.empty = _HIDDEN if hidden else _NONE
        if self._kinds and events:
            self.empty = _NO_SUCH
            events = [e for e in events if e.kind in self._kinds]
        if self.sort_by:
            events = _sorted(events, self.sort_by, descending=self.descending)
        elif self.descending:
            events.reverse()
        self._trials = {("event", e.id): e.trial for e in events}
        fits = self._trials.get(self.current) in (None, view.selected)
        self.set_rows_of(
            EventRows(events, snapshot.time, self._kinds), self.current if fits else None
        )

    def action_kinds(self) -> None:
        """Choose the kinds that are listed."""
        from hpo_tui.tui.screens.pickers import PickMany

        if self._shows is None:
            return
        counts = Counter(e.kind for e in self._shows[0].events)
        kinds = [
            *(k for k, _ in counts.most_common()),
            *(k for k in self._kinds if k not in counts),
        ]
        if not kinds:
            self.app.notify(_NONE, severity="warning", markup=False)
            return
        entries = [(k, f"{k}   ({counts[k]})") for k in kinds]
        PickMany("List which events? (none ticked: all)", entries, self._kinds).ask(
            self.app, self._choose
        )

    def _choose(self, kinds: list[str]) -> None:
        self._kinds = tuple(kinds)
        if self._shows is not None:
            self.show(*self._shows)

    def remember(self) -> dict[str, Any]:
        """Return what the next session is to find as it is: the kinds that are listed."""
        return {"kinds": list(self._kinds)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back what :meth:`remember` returned; what makes no sense is left out."""
        kinds = state.get("kinds", ())
        self._kinds = tuple(k for k in kinds if isinstance(k, str)) if kinds else ()

    @property
    def highlighted(self) -> int | None:
        """The trial that the highlighted event is about."""
        return self._trials.get(self.current) if self.current is not None else None

    @on(LineTable.Moved)
    def _moved(self, event: LineTable.Moved) -> None:
        """Select the trial that the event is about, so that keys mean it."""
        number = self._trials.get(event.key)
        if number is not None:
            self.post_message(TrialSelected(number))

    def action_activate(self) -> None:
        """Open the trial that the event is about; without one, the event's text."""
        if self.highlighted is not None:
            self.post_message(TrialOpened(self.highlighted))
        else:
            super().action_activate()


def _shown(event: Event, snapshot: Snapshot, view: View) -> bool:
    """Whether an event is about a trial that the view lets be shown; without a filter all are."""
    if view.mask is None:
        return True
    row = None if event.trial is None else snapshot.frame.index(event.trial)
    # A mask can lag behind a frame, whose newest trials it does not know yet.
    return row is not None and row < len(view.mask) and bool(view.mask[row])


def _beside_its_trial(event: Event) -> str:
    """Return what an event says where its trial and kind stand beside it: not these once more."""
    for beginning in (f"trial {event.trial} is {event.kind}: ", f"trial {event.trial}: "):
        if event.text.startswith(beginning):
            said = event.text.removeprefix(beginning)
            return said.removeprefix("stopped: ") if event.kind == "pruned" else said
    return event.text.removeprefix(f"trial {event.trial} ")


def _sorted(events: Sequence[Event], column: str, *, descending: bool) -> list[Event]:
    """Return the events by a column, those without a value last either way."""

    def value(event: Event) -> Any:
        found = getattr(event, column)
        return found.casefold() if isinstance(found, str) else found

    known = sorted((e for e in events if value(e) is not None), key=value, reverse=descending)
    return known + [e for e in events if value(e) is None]
