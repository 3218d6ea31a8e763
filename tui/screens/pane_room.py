"""A study's screen of panes: laid out for the size, built when first shown, gone through."""

from functools import partialmethod
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.geometry import Size

from hpo_tui.tui.actions import Action, action
from hpo_tui.tui.panes import BEST, COST_BAR, PARALLEL, TABS, Place, layout_for, make
from hpo_tui.tui.screens.filtering import FilteredRoom
from hpo_tui.tui.watching.live import LiveStudy
from hpo_tui.tui.widgets.chrome import PaneTitle, StudyHeader, TabBar
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words import present

_ABOUT_PANES = ("tab_", "parallel", "zoom", "next_pane", "last_pane")
"""Actions of Watch that only make sense where there are panes, by the beginnings of their names."""


class PaneRoom(FilteredRoom):
    """The frame of Watch and its panes: four places, one of the tabs open, one pane focused."""

    def __init__(self, live: LiveStudy) -> None:
        super().__init__(live)
        self._panes: dict[str, Any] = {}
        """The panes that have been built, by name."""
        self._tab = int(live.memory.get("tab", 0)) % len(TABS)
        self._furnished = False
        """Whether the panes that are always there have been built."""
        self._mode = ""
        self._header = StudyHeader(live.folder.name)
        self._top_title = PaneTitle(PARALLEL.label, cut=present.FILTERED_TITLE, id="top-title")
        self._left_title = PaneTitle(BEST.label, id="left-title")
        self._tabs = TabBar([(t.label, t.short) for t in TABS])
        self._body = Container(id="body")
        self._notice = Notice("Reading the study …", id="notice")
        self._keys = KeyBar()

    def draw(self, *, now: bool = False) -> None:
        """Draw the panes in sight that must be; ``now``: without waiting."""
        raise NotImplementedError

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

    # size

    def on_resize(self) -> None:
        """Choose the layout for the size; every size has one."""
        self._lay_out(self.size)
        self.call_after_refresh(self.catch_up)
        self.call_after_refresh(self.draw, now=True)

    def _lay_out(self, size: Size) -> None:
        mode = layout_for(size.width, size.height)
        if mode != self._mode:
            self.remove_class(f"-{self._mode}")
            self.add_class(f"-{mode}")
            self._mode = mode

    # panes are built

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

    def focus_main(self) -> None:
        """Give the focus to the best table."""
        if self._furnished and self._mode != "tiny":
            self._stage("left")
            self._panes[BEST.name].focus()

    def unavailable(self, wanted: Action) -> str:
        """Return why an action cannot be done: there may be no room for what it is about."""
        reason = super().unavailable(wanted)
        if reason or self._mode != "tiny":
            return reason
        if wanted.trial:
            return "The window is too small to highlight a trial: a shows all trials."
        if wanted.scope == "watch" and wanted.name.startswith(_ABOUT_PANES):
            return "The window is too small for panes: make it larger."
        return ""

    # one tab of several, one pane over all

    async def action_do(self, id_: str) -> None:
        """Open a tab by its number, or do whatever else the table says."""
        if id_.startswith("watch.tab_") and not self.unavailable(action(id_)):
            self.open_tab(int(id_.removeprefix("watch.tab_")) - 1)
        else:
            await super().action_do(id_)

    def open_tab(self, index: int) -> None:
        """Show a tab, built when it is first asked for."""
        if not self._furnished:
            return
        self._panes[TABS[self._tab].name].display = False
        self._tab = index
        pane = self._put(TABS[index], "#right")
        pane.display = True
        self._tabs.choose(index)
        self._stage("right")
        pane.focus()
        self.call_after_refresh(self.draw, now=True)

    def _stage(self, name: str) -> None:
        """Where not all places are shown at a time, show this one."""
        body = self._body
        body.set_class(name != "left", "-stage-chart")
        if name != "left":
            body.set_class(name == "right", "-stage-right")
        if body.has_class("-zoom") and not self.query_one(f"#{name}").has_class("-zoomed"):
            body.remove_class("-zoom")
        self.call_after_refresh(self.draw, now=True)

    @on(TabBar.Chosen)
    def _tab_chosen(self, event: TabBar.Chosen) -> None:
        self.open_tab(event.index)

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

    def close_zoom(self) -> bool:
        """Give up the zoom, or the pane that was gone to and covers another; whether one did."""
        zoomed = self._body.has_class("-zoom")
        covering = self._covering()
        if zoomed:
            self.do_watch_zoom()
        elif covering:
            self._body.remove_class("-stage-right")
            self.focus_main()
        return zoomed or covering

    def _covering(self) -> bool:
        """Whether the focused pane stands where another does at first.

        A chart in a small window stands in the table's place. Where there is room for both, a tab
        stands in that of the parallel coordinates.
        """
        if self._mode == "small":
            return self._body.has_class("-stage-chart")
        inside = self.focused is not None and self.query_one("#right") in self.focused.ancestors
        return self._mode == "medium" and inside

    # from pane to pane

    def do_watch_parallel(self) -> None:
        """Go to the parallel coordinates."""
        self._stage("top")
        self._panes[PARALLEL.name].focus()

    def _turn(self, by: int) -> None:
        """Go through the panes; where one chart is shown at a time, through all of them."""
        if not self._furnished:
            return
        tabs = (TABS[self._tab],) if self._mode == "wide" else TABS
        order = [BEST, PARALLEL, *tabs, COST_BAR]
        names = [p.name for p in order]
        at = names.index(self.focused.id) if self.focused and self.focused.id in names else 0
        place = order[(at + by) % len(order)]
        if place in TABS:
            self.open_tab(TABS.index(place))
        elif place is PARALLEL:
            self.do_watch_parallel()
        elif place is BEST:
            self.focus_main()
        else:
            self._panes[place.name].focus()

    do_watch_next_pane = partialmethod(_turn, 1)
    do_watch_last_pane = partialmethod(_turn, -1)

    def on_descendant_focus(self) -> None:
        """Light the title of the pane that has the focus."""
        for title in (self._top_title, self._left_title):
            inside = self.focused is not None and title.parent in self.focused.ancestors
            title.set_class(inside, "-focused")
