"""The filter of a study's screen: one expression that rules every pane."""

from typing import TYPE_CHECKING, Any, ClassVar

from hpo_tui.tui.deeds.groups import GroupDeeds
from hpo_tui.tui.deeds.of_a_study import OF_A_STUDY
from hpo_tui.tui.screens.study_room import Deeds, StudyRoom
from hpo_tui.tui.tables.filters import FilterError
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from hpo_tui.tui.widgets.filter_bar import FilterBar


class Filter(Deeds):
    """The filter and its line, which is built when it is first asked for."""

    def __init__(self, screen: StudyRoom) -> None:
        super().__init__(screen)
        self._bar: FilterBar | None = None

    async def do_watch_filter(self) -> None:
        """Open the line."""
        from hpo_tui.tui.widgets.filter_bar import FilterBar

        if self.live.snapshot is not None:
            if self._bar is None:
                self._bar = FilterBar()
                await self.screen.mount(self._bar, before=self.screen.query_one(KeyBar))
            self._bar.open(self.live.snapshot, self.live.view.filter)

    def hold(self, text: str) -> None:
        """Hold another expression, or say what is wrong with it."""
        bar, picture = self._bar, self.screen.picture
        if picture is None or bar is None:
            return
        try:
            self.live.set_filter(text)
        except FilterError as problem:
            if bar.display:
                bar.fault(text, str(problem))
            return
        total = len(picture.frame)
        bar.hold(text, self.screen.look.shown(total), total)
        self.screen.view_changed()

    def why_no_watch_show_all(self, _: Snapshot) -> str:
        """Return why there is nothing to remove."""
        view = self.live.view
        return "" if view.filter or view.brushes else "No trial is hidden: there is no filter."

    def do_watch_show_all(self) -> None:
        """Drop the filter and every brush."""
        self.live.show_all()
        self.screen.view_changed()

    def close(self) -> bool:
        """Close the line; whether it was open."""
        if self._bar is None or not self._bar.display:
            return False
        self._bar.close()
        return True


class FilteredRoom(StudyRoom):
    """A study's screen with a filter of its trials."""

    DEEDS: ClassVar[tuple[type[Any], ...]] = (*OF_A_STUDY, Filter, GroupDeeds)

    def focus_main(self) -> None:
        """Give the focus to what is worked with most."""
        raise NotImplementedError

    def on_filter_bar_changed(self, event: "FilterBar.Changed") -> None:
        """Hold another expression."""
        event.stop()
        self.deeds(Filter).hold(event.text)

    def on_filter_bar_closed(self) -> None:
        """Give the focus back; the filter that is held can be compared with others."""
        self.deeds(GroupDeeds).remember()
        self.focus_main()
