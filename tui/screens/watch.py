"""Watch: the dashboard of one study, live or to review."""

import time
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.geometry import Size
from textual.timer import Timer

from hpo_tui.tui import present
from hpo_tui.tui.actions import CHARTS, bindings
from hpo_tui.tui.live import HeldPicture, LiveStudy
from hpo_tui.tui.messages import BrushChanged, TrialOpened, TrialSelected
from hpo_tui.tui.panes import BEST, COST_BAR, PARALLEL, TABS, Place, in_sight, layout_for, make
from hpo_tui.tui.screens.filtering import Filtering
from hpo_tui.tui.snapshot import Snapshot, View
from hpo_tui.tui.standing import status_lines
from hpo_tui.tui.widgets.chrome import KeyBar, Notice, PaneTitle, StudyHeader, TabBar
from hpo_tui.tui.widgets.line_table import LineTable

SETTLE_SECONDS = 0.06
"""After the last key that moved the selection, the charts follow."""


class Watch(Filtering):
    """The study at a glance: parallel coordinates, the best, one chart of eight, the cost."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("watch")]
    SCOPES: ClassVar[tuple[str, ...]] = ("watch", "study", "trial", "screen")
    PANES: ClassVar[tuple[str, ...]] = tuple(CHARTS)
    HELP: ClassVar[str] = """\
## Watch

One study: the parallel coordinates above, the best trials and one of eight charts below, the cost
at the bottom. One selection, one filter and the brushes rule every pane. `tab` goes from pane to
pane, `z` gives one the whole screen. `Esc` goes back one layer at a time: the filter's line, the
zoom, then filter and brushes, then the screen. Leaving never stops the run.
"""

    def __init__(self, live: LiveStudy) -> None:
        super().__init__(live)
        self._panes: dict[str, Any] = {}
        self._drawn: dict[str, tuple[Any, ...]] = {}
        self._when: dict[str, float] = {}
        self._tab = int(live.memory.get("tab", 0)) % len(TABS)
        self._held: HeldPicture | None = None
        """The picture while it is frozen."""
        self._furnished = False
        self._mode = ""
        self._settle: Timer | None = None
        self._header = StudyHeader(live.folder.name)
        self._top_title = PaneTitle(PARALLEL.label, id="top-title")
        self._left_title = PaneTitle(BEST.label, id="left-title")
        self._tabs = TabBar([t.label for t in TABS])
        self._body = Container(id="body")
        self._notice = Notice("Reading the study …", id="notice")
        self._keys = KeyBar()

    def compose(self) -> ComposeResult:
        """Lay out the frame; the panes themselves come after the first paint."""
        # Before anything is mounted, so that it is styled once.
        self._lay_out(self.app.size)
        yield self._header
        with self._body:
            with Vertical(id="top", classes="pane"):
                yield self._top_title
            with Vertical(id="left", classes="pane"):
                yield self._left_title
            with Vertical(id="right", classes="pane"):
                yield self._tabs
        yield self._notice
        yield Container(id="cost")
        yield self._keys

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

    @property
    def chosen(self) -> int | None:
        """The trial that is highlighted: keys can come faster than the word that it was gone to."""
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

    def furnish(self) -> None:
        """Build the panes that are always there, and the tab that is open."""
        self._furnished = True
        self._body.display = True
        self._put(BEST, "#left")
        self._put(PARALLEL, "#top")
        self._put(COST_BAR, "#cost")
        self._put(TABS[self._tab], "#right")
        self._panes[BEST.name].focus()
        self.restore()

    def _put(self, place: Place, into: str) -> Any:
        found = self._panes.get(place.name)
        if found is None:
            found = self._panes[place.name] = make(place)
            self.query_one(into).mount(found)
        return found

    def restore(self) -> None:
        """Let the panes have back what the session remembers."""
        for name, state in self.live.memory.get("panes", {}).items():
            pane = self._panes.get(name)
            if pane is not None and hasattr(pane, "restore"):
                pane.restore(state)

    def remember(self) -> dict[str, Any]:
        """Return what the session keeps of this screen."""
        states = {n: p.remember() for n, p in self._panes.items() if hasattr(p, "remember")}
        return {"tab": self._tab, "panes": {**self.live.memory.get("panes", {}), **states}}

    def draw(self, *, now: bool = False) -> None:
        """Draw the panes in sight whose input is another one; ``now``: without waiting."""
        snapshot = self.picture
        if snapshot is None or not self._furnished or not self._alive:
            return
        wait = 0.0
        for place in (BEST, COST_BAR, PARALLEL, TABS[self._tab]):
            pane = self._panes.get(place.name)
            if pane is None or not in_sight(pane):
                continue
            wait = max(wait, self._draw(place, pane, snapshot, now))
        if wait > 0:
            self.set_timer(wait, self.draw)
        self._titles(snapshot)

    def _draw(self, place: Place, pane: Any, snapshot: Snapshot, now: bool) -> float:
        """Draw one pane if it must be; return the seconds until it may be."""
        view = self.look
        inputs = (*place.depends(snapshot), view)
        old = self._drawn.get(place.name)
        if old is not None and all(a is b or _same(a, b) for a, b in zip(old, inputs, strict=True)):
            return 0.0
        left = self._when.get(place.name, 0.0) + place.every - time.monotonic()
        same_view = old is not None and old[-1] is inputs[-1]
        if left > 0 and same_view and not now:
            return left
        self._drawn[place.name] = inputs
        self._when[place.name] = time.monotonic()
        pane.show(snapshot, view)
        return 0.0

    def _titles(self, snapshot: Snapshot) -> None:
        best = self._panes[BEST.name]
        self._left_title.say(best.title)
        total, view = len(snapshot.frame), self.look
        note = f"{present.grouped(view.shown(total))} of {present.plural(total, 'trial')} shown"
        title = PARALLEL.label + present.view_words(view)
        self._top_title.say(title, note)

    # the view

    def view_changed(self) -> None:
        """Let every pane follow the view: the table at once, the charts when the keys rest."""
        if self._settle is not None:
            self._settle.stop()
        self._settle = self.set_timer(SETTLE_SECONDS, self._follow)
        self._keys.renew()

    def _follow(self) -> None:
        if self.look is not self._drawn.get(PARALLEL.name, (None,))[-1]:
            self.draw(now=True)

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

    @on(LineTable.Sorted)
    def _sorted(self, event: LineTable.Sorted) -> None:
        for name, pane in self._panes.items():
            if pane is event.table:
                self._drawn.pop(name, None)
        self.draw(now=True)

    @on(BrushChanged)
    def _brushed(self, event: BrushChanged) -> None:
        event.stop()
        self.live.set_brushes(event.brushes)
        self.view_changed()

    def focus_main(self) -> None:
        """Give the focus to the best table."""
        self._panes[BEST.name].focus()

    # panes

    async def action_do(self, id_: str) -> None:
        """Open a tab by its number, or do whatever else the table says."""
        if id_.startswith("watch.tab_"):
            self.open_tab(int(id_.removeprefix("watch.tab_")) - 1)
        else:
            await super().action_do(id_)

    def do_watch_freeze(self) -> None:
        """Hold the picture, or let it go on."""
        newest = self.live.snapshot
        if newest is not None:
            self._held = None if self._held else HeldPicture(self.live, newest)
            self.take_snapshot(newest)

    def do_watch_zoom(self) -> None:
        """Give the focused pane the whole screen, or take it back."""
        body = self._body
        if body.has_class("-zoom"):
            body.remove_class("-zoom")
        elif self.focused is not None:
            pane = next((n for n in self.focused.ancestors_with_self if n.has_class("pane")), None)
            if pane is not None:
                for other in self.query(".pane"):
                    other.set_class(other is pane, "-zoomed")
                body.add_class("-zoom")
        self.call_after_refresh(self.draw, now=True)

    def do_watch_trials(self) -> None:
        """Open the table of all trials."""
        self.hpo.open_trials(self.live)

    def do_watch_parallel(self) -> None:
        """Go to the parallel coordinates."""
        self._stage("top")
        self._panes[PARALLEL.name].focus()

    def open_tab(self, index: int, *, focus: bool = True) -> None:
        """Show a tab, built when it is first asked for."""
        if not self._furnished:
            return
        self._panes[TABS[self._tab].name].display = False
        self._tab = index
        pane = self._put(TABS[index], "#right")
        pane.display = True
        self._tabs.choose(index)
        self._stage("right")
        if focus:
            pane.focus()
        self.call_after_refresh(self.draw, now=True)

    def _stage(self, name: str) -> None:
        """Where one chart is shown at a time, show this place."""
        body = self._body
        body.set_class(name == "right", "-stage-right")
        if body.has_class("-zoom") and not self.query_one(f"#{name}").has_class("-zoomed"):
            body.remove_class("-zoom")
        self.call_after_refresh(self.draw, now=True)

    @on(TabBar.Chosen)
    def _tab_chosen(self, event: TabBar.Chosen) -> None:
        self.open_tab(event.index)

    def do_watch_next_pane(self) -> None:
        """Go to the next pane."""
        self._turn(1)

    def do_watch_last_pane(self) -> None:
        """Go to the pane before."""
        self._turn(-1)

    def _turn(self, by: int) -> None:
        """Go through the panes; where one chart is shown at a time, through all of them."""
        if not self._furnished:
            return
        tabs = TABS if self._mode == "medium" else (TABS[self._tab],)
        order = [BEST, PARALLEL, *tabs, COST_BAR]
        if self._mode in ("small", "tiny"):
            order = [BEST, COST_BAR]
        names = [p.name for p in order]
        at = names.index(self.focused.id) if self.focused and self.focused.id in names else 0
        place = order[(at + by) % len(order)]
        if place in TABS:
            self.open_tab(TABS.index(place))
        elif place is PARALLEL:
            self.do_watch_parallel()
        else:
            self._panes[place.name].focus()

    def on_descendant_focus(self) -> None:
        """Light the title of the pane that has the focus."""
        for title in (self._top_title, self._left_title):
            inside = self.focused is not None and title.parent in self.focused.ancestors
            title.set_class(inside, "-focused")

    def do_screen_back(self) -> None:
        """Close the filter's line, the zoom, drop filter and brushes, then leave the screen."""
        if self.close_filter():
            return
        if self._body.has_class("-zoom"):
            self.do_watch_zoom()
        elif self.live.view.filter or self.live.view.brushes:
            self.do_watch_show_all()
        else:
            super().do_screen_back()

    # size

    def on_resize(self) -> None:
        """Choose the layout for the size; every size has one."""
        self._lay_out(self.size)
        if self.live.snapshot is not None:
            self.call_after_refresh(self.take_snapshot, self.live.snapshot)
        self.call_after_refresh(self.draw, now=True)

    def _lay_out(self, size: Size) -> None:
        mode = layout_for(size.width, size.height)
        if mode != self._mode:
            self.remove_class(f"-{self._mode}")
            self.add_class(f"-{mode}")
            self._mode = mode


def _same(old: object, new: object) -> bool:
    return type(old) is type(new) and isinstance(old, int | float | tuple) and old == new
