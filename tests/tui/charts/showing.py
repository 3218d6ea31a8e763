"""One chart over the whole screen of an app, and what stands on it."""

from contextlib import asynccontextmanager
from typing import Any

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.chart import Chart
from tests.tui.conftest import until


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
        await known(pilot)
        yield pilot, messages
        assert widget.fault == ""


async def known(pilot: Any) -> None:
    """Wait until the chart is drawn, with all that threads have worked out for it.

    When a thread is done its message is still to come, and then the picture may ask for more.
    """
    chart = pilot.app.widget
    await pilot.app.workers.wait_for_complete()  # raises what one has raised

    def done() -> bool:
        painted = chart._canvas.width == chart.size.width > 0
        asks = getattr(chart, "_asked", None) is not None
        return painted and not asks and all(w.is_finished for w in pilot.app.workers)

    await until(pilot, done)
    await pilot.pause()


def text(pilot: Pilot[None]) -> list[str]:
    lines = pilot.app.screen._compositor.render_strips(pilot.app.size)
    return ["".join(segment.text for segment in strip) for strip in lines]
