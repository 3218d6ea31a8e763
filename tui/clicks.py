"""Clicks on what is just being taken away."""

from textual import events
from textual.app import App
from textual.errors import NoWidget
from textual.screen import Screen


class Clicks(App[int]):
    """An app that leaves out a click on a widget that has gone and is not yet drawn over.

    Textual would ask that widget for the one around it, which is none.
    """

    async def on_event(self, event: events.Event) -> None:
        """Hand an event on, unless it is a click on what has gone."""
        if not (isinstance(event, events.MouseDown) and _has_gone(self.screen, event)):
            await super().on_event(event)


def _has_gone(screen: Screen[object], event: events.MouseDown) -> bool:
    try:
        widget, _ = screen.get_widget_at(event.x, event.y)
    except NoWidget:
        return False
    return widget.parent is None
