"""The filter of a study's screen: one expression that rules every pane."""

from typing import TYPE_CHECKING

from hpo_tui.tui.filters import FilterError
from hpo_tui.tui.live import LiveStudy
from hpo_tui.tui.screens.trial_actions import TrialActions
from hpo_tui.tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from hpo_tui.tui.widgets.filter_bar import FilterBar


class Filtering(TrialActions):
    """A study's screen that can be filtered; the line is built when it is first asked for."""

    def __init__(self, live: LiveStudy) -> None:
        super().__init__(live)
        self._filter: FilterBar | None = None

    def focus_main(self) -> None:
        """Give the focus to the pane that is worked in."""
        raise NotImplementedError

    async def do_watch_filter(self) -> None:
        """Open the filter."""
        from hpo_tui.tui.widgets.filter_bar import FilterBar

        if self.live.snapshot is not None:
            if self._filter is None:
                self._filter = FilterBar()
                await self.mount(self._filter, before=self.query_one(KeyBar))
            self._filter.open(self.live.snapshot, self.live.view.filter)

    def on_filter_bar_changed(self, event: "FilterBar.Changed") -> None:
        """Hold another expression, or say what is wrong with it."""
        event.stop()
        bar = self._filter
        if self.picture is None or bar is None:
            return
        try:
            self.live.set_filter(event.text)
        except FilterError as problem:
            if bar.display:
                bar.fault(event.text, str(problem))
            return
        total = len(self.picture.frame)
        bar.hold(event.text, self.look.shown(total), total)
        self.view_changed()

    def on_filter_bar_closed(self) -> None:
        """Give the focus back."""
        self.focus_main()

    def do_watch_show_all(self) -> None:
        """Drop the filter and every brush."""
        self.live.show_all()
        self.view_changed()

    def close_filter(self) -> bool:
        """Close the filter; whether it was open."""
        if self._filter is None or not self._filter.display:
            return False
        self._filter.close()
        return True
