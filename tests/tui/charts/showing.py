"""One chart over the whole screen of an app, and what stands on it."""

from contextlib import asynccontextmanager
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.chart import Chart


class Alone(App[None]):
    """One chart over the whole screen."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, widget: Chart, ascii_only: bool) -> None:
        super().__init__()
        self.widget, self.ascii_only = widget, ascii_only

    def compose(self) -> ComposeResult:
        yield self.widget


@asynccontextmanager
async def shown(
    widget: Chart,
    snapshot: Snapshot,
    view: View | None = None,
    size: tuple[int, int] = (120, 40),
    *,
    ascii_only: bool = False,
) -> Any:
    messages: list[Message] = []
    app = Alone(widget, ascii_only)
    async with app.run_test(size=size, message_hook=messages.append) as pilot:
        await pilot.pause()
        widget.show(snapshot, view or View())
        await app.workers.wait_for_complete()
        await pilot.pause()
        yield pilot, messages
        assert widget.fault == ""


def text(pilot: Pilot[None]) -> list[str]:
    lines = pilot.app.screen._compositor.render_strips(pilot.app.size)
    return ["".join(segment.text for segment in strip) for strip in lines]
