"""Watch: the dashboard of one study, live or to review."""

from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.timer import Timer

from hpo_tui.store.models import StudyState
from hpo_tui.tui.actions import CHARTS, Action, bindings
from hpo_tui.tui.messages import BrushChanged, TrialOpened, TrialSelected
from hpo_tui.tui.panes import BEST, COST_BAR, PARALLEL, TABS, in_sight
from hpo_tui.tui.redraws import Redraws
from hpo_tui.tui.screens.filtering import Filter
from hpo_tui.tui.screens.pane_room import PaneRoom
from hpo_tui.tui.watching.live import HeldPicture, LiveStudy
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words import present
from hpo_tui.tui.words.status_lines import status_lines

SETTLE_SECONDS = 0.06
"""After the last key that moved the selection, the charts follow."""


class Watch(PaneRoom):
    """The study at a glance: parallel coordinates, the best, one pane of nine, the cost."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("watch")]
    SCOPES: ClassVar[tuple[str, ...]] = ("watch", "study", "trial", "screen")
    PANES: ClassVar[tuple[str, ...]] = (*CHARTS, "events")
    HELP: ClassVar[str] = """\
## Watch

The dashboard of one study: the parallel coordinates at the top, the best trials and one of nine
panes below them, the cost at the bottom. The selected trial, the filter and the brushes are the
same in every pane. `0` to `9` go to a chart, `tab` to the next pane, and `z` shows a pane on the
whole screen. `V` compares the trials shown with others, `w` says in words what came of the study
and what to do next. `Esc` goes back one step at a time: it closes the filter line, ends the zoom,
removes filter and brushes, then leaves the screen. Leaving never stops the study. If the window has
no room for all panes, the pane that you go to takes the place of another one, and `Esc` brings that
one back first. `Space` freezes the display; keys then act on what is shown.

If the study is not running, `C`, `E`, `B`, `P` and `r` queue trials for its next run, which does
them first; the header counts them. `x` on the trial takes back what is queued of it, `X` any of it.
"""

    def __init__(self, live: LiveStudy) -> None:
        super().__init__(live)
        self._redraws = Redraws()
        self._held: HeldPicture | None = None
        """The picture while it is frozen."""
        self._settle: Timer | None = None
        self._due: Timer | None = None
        """When the next of the panes that wait their turn is drawn."""

    def on_mount(self) -> None:
        """Show the frame; build the panes when it has been painted."""
        self._tabs.choose(self._tab)
        self._body.display = self._furnished  # a snapshot may have come first
        if self.live.problem:
            self.explain(self.live.problem)

    def on_unmount(self) -> None:
        """Let the watcher's thread end, however the screen came to be left."""
        self.live.watcher.stop()

    # new data

    def take_snapshot(self, snapshot: Snapshot) -> None:
        """Show a new snapshot: the header at once, the panes as often as each may be drawn."""
        snapshot = self._held.snapshot if self._held else snapshot
        self._header.show(snapshot, frozen=self._held is not None)
        self._keys.renew()
        if not self.app.app_focus or not self.is_current:
            return
        if self._mode == "tiny":
            self._in_words(snapshot)
            return
        self._notice.display = False
        self._body.display = True
        if not self._furnished:
            self.furnish()
        elif self.focused is None:
            self.focus_main()  # the pane that had it was out of sight
        self.draw()

    @property
    def picture(self) -> Snapshot | None:
        """The newest snapshot, or the one at which the picture was frozen."""
        return self._held.snapshot if self._held else self.live.snapshot

    def needed_now(self, known: Action) -> int:
        """Return how early the key bar shows an action at this moment; 0: as at any other.

        Of a finished study the review, which says what to do next, in the place of the sorting.
        """
        snapshot = self.picture
        over = snapshot is not None and snapshot.study.state is StudyState.FINISHED
        return {"study.review": 12, "table.sort": 40}.get(known.id, 0) if over else 0

    @property
    def opening(self) -> bool:
        """Whether the study is still read for the first time: keys typed ahead wait for it."""
        return self.live.snapshot is None and not self.live.problem

    @property
    def chosen(self) -> int | None:
        """The highlighted trial: keys can arrive faster than the message that it was selected."""
        here: int | None = getattr(self.focused, "highlighted", None)
        return super().chosen if here is None else here

    @property
    def look(self) -> View:
        """The view over the picture."""
        return self._held.look() if self._held else self.live.view

    def _in_words(self, snapshot: Snapshot) -> None:
        """Show the study as text, where there is no room for more."""
        width = max(10, self.size.width - self._notice.gutter.width)
        self._notice.say("\n".join(status_lines(snapshot, width)[1:]))
        self._notice.display = True
        self._body.display = False

    def explain(self, reason: str) -> None:
        """Show why the study cannot be read, in place of the panes until it can."""
        if reason and self.live.snapshot is None:
            self._notice.say(reason)
            self._notice.display = True
        else:
            super().explain(reason)

    @property
    def _alive(self) -> bool:
        """Whether the panes are still there: a timer can outlive them when the app closes."""
        return self.is_running and self._panes[BEST.name].is_attached

    def draw(self, *, now: bool = False) -> None:
        """Draw the panes in sight whose input is another one; ``now``: without waiting."""
        snapshot = self.picture
        if snapshot is None or not self._furnished or not self._alive:
            return
        view, waits = self.look, []
        for place in (BEST, COST_BAR, PARALLEL, TABS[self._tab]):
            pane = self._panes.get(place.name)
            if pane is None or not in_sight(pane):
                continue
            left = self._redraws.wait(place, snapshot, view)
            if left is not None and (left == 0 or now):
                self._redraws.note(place, snapshot, view)
                pane.show(snapshot, view)
            elif left is not None:
                waits.append(left)
        if self._due is not None:
            self._due.stop()
        self._due = self.set_timer(min(waits), self._draw_in_turn) if waits else None
        self._titles(snapshot)

    def _draw_in_turn(self) -> None:
        """Draw what has waited, unless the terminal is behind: then when it has come this far."""
        if not self.hpo.must_wait():
            self.draw()

    def _titles(self, snapshot: Snapshot) -> None:
        best = self._panes[BEST.name]
        total, view = len(snapshot.frame), self.look
        # What keys act on, where no highlighted row of the table tells it.
        elsewhere = view.row(snapshot.frame) is not None and best.highlighted != view.selected
        self._left_title.say(best.title, f"#{view.selected} selected " if elsewhere else "")
        note = f"{present.grouped(view.shown(total))} of {present.plural(total, 'trial')} shown"
        # Where one chart is shown at a time, nothing else tells that there are others.
        keys = "   1-9: other charts" if self._mode == "medium" else ""
        self._top_title.say(PARALLEL.label + (present.view_words(view) or keys), note)

    # the view

    def view_changed(self) -> None:
        """Let every pane follow the view: the table at once, the charts when the keys rest."""
        if self._settle is not None:
            self._settle.stop()
        self._settle = self.set_timer(SETTLE_SECONDS, self._draw_in_turn)
        self._keys.renew()

    @on(LineTable.Moved)
    def _moved(self, event: LineTable.Moved) -> None:
        if isinstance(event.key, int):
            self._select(event.key)

    @on(TrialSelected)
    def _selected(self, event: TrialSelected) -> None:
        event.stop()
        self._select(event.number)

    def _select(self, number: int | None) -> None:
        if number != self.live.view.selected:
            self.live.select(number)
            self.view_changed()

    @on(TrialOpened)
    def _opened(self, event: TrialOpened) -> None:
        event.stop()
        self.live.select(event.number)
        self.hpo.open_trial(self.live, event.number)

    @on(LineTable.Activated)
    def _activated(self, event: LineTable.Activated) -> None:
        if isinstance(event.key, int):
            self.live.select(event.key)
            self.hpo.open_trial(self.live, event.key)
        else:
            from hpo_tui.tui.screens.text_window import read_whole

            read_whole(self, event, self.live.folder.name)

    @on(LineTable.Sorted)
    def _sorted(self, event: LineTable.Sorted) -> None:
        for name, pane in self._panes.items():
            if pane is event.table:
                self._redraws.forget(name)
        self.draw(now=True)

    @on(BrushChanged)
    def _brushed(self, event: BrushChanged) -> None:
        event.stop()
        self.live.set_brushes(event.brushes)
        self.view_changed()

    # actions

    def do_watch_freeze(self) -> None:
        """Hold the picture, or let it go on."""
        newest = self.live.snapshot
        if newest is not None:
            self._held = None if self._held else HeldPicture(self.live, newest)
            self.take_snapshot(newest)
            self.draw(now=True)

    def do_watch_trials(self) -> None:
        """Open the table of all trials."""
        self.hpo.open_trials(self.live)

    def do_screen_back(self) -> None:
        """Close the filter's line, the zoom, drop filter and brushes, then leave the screen."""
        if self.deeds(Filter).close() or self.close_zoom():
            return
        if self.live.view.filter or self.live.view.brushes:
            self.deeds(Filter).do_watch_show_all()
        else:
            super().do_screen_back()
