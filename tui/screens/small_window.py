"""A small window over a screen; its long part shrinks where there is little room."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from textual.app import App, ComposeResult
from textual.await_complete import AwaitComplete
from textual.containers import Vertical, VerticalScroll
from textual.css.query import NoMatches
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static, TextArea

from hpo_tui.tui.notifying_app import NotifyingApp
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words.plain import plain

ResultT = TypeVar("ResultT")


class SmallWindow(ModalScreen[ResultT]):
    """One box, in which a list, a text or a form can be long and the other lines always show.

    The other lines say what is asked, what to press and what is wrong.
    """

    VERTICAL_BREAKPOINTS = [(0, "-low"), (20, "-high")]  # noqa: RUF012 - no ClassVar in Textual
    """A low window has no lines for margins."""

    def on_mount(self) -> None:
        """Share out the lines whenever the parts have found their sizes, with nothing over them."""
        if isinstance(self.app, NotifyingApp):
            self.app.make_room()
        self.screen_layout_refresh_signal.subscribe(self, lambda _: self._share_out())

    def ask(self, app: App[Any], then: Callable[[ResultT], object]) -> None:
        """Open it; ``then`` is called with the answer, unless it is left without one."""

        def answered(answer: ResultT | None) -> None:
            if answer is not None:
                then(answer)

        app.push_screen(self, answered)

    def dismiss(self, result: ResultT | None = None) -> AwaitComplete:
        """Close with an answer, once: told again, Textual would close the screen below instead.

        The clicks of a double click are all on their way before the first of them is acted on.
        """
        return super().dismiss(result) if self.is_current else AwaitComplete()

    def action_leave(self) -> None:
        """Leave without an answer."""
        self.dismiss(None)

    def say_below(self, text: str) -> None:
        """Say what is wrong in place of the keys."""
        self.query_one(".dialog-keys", Static).update(text)

    def in_a_jumble(self) -> bool:
        """Whether the key that agrees came amid others, as of a paste; this is said then."""
        jumbled = isinstance(self.app, NotifyingApp) and self.app.in_a_jumble
        if jumbled:
            self.say_below("That came amid other keys, as in a paste. Press it alone.")
        return jumbled

    def _share_out(self) -> None:
        """Give the long part the lines that the others leave.

        In lines: a share of the screen is not heeded when the height of the box is measured.
        """
        try:
            box = self.query(Vertical).first()
        except NoMatches:
            return  # closed before it was drawn
        long = next((w for w in box.children if _is_long(w)), None)
        if long is None or not box.size:
            return
        taken = max(w.virtual_region.bottom for w in box.children) - long.virtual_region.height
        room = max(self.size.height - box.gutter.height - taken, 1)
        if long.styles.max_height is None or long.styles.max_height.value != room:
            long.styles.max_height = room
            self.call_after_refresh(self._keep_in_sight)

    def _keep_in_sight(self) -> None:
        """Scroll to the field that is typed into."""
        if self.focused is not None:
            self.focused.scroll_visible(animate=False)


class Dialog(SmallWindow[ResultT]):
    """Asks a question; :meth:`parts` is what the answer is given with."""

    KEYS = "Enter  accept      Esc  cancel"

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Lay out the question, the parts, and the keys."""
        with Vertical(classes="dialog-box"):
            yield Static(plain(self._question), classes="dialog-title", markup=False)
            yield from self.parts()
            yield Static(self.KEYS, classes="dialog-keys", markup=False)

    def parts(self) -> Iterable[Widget]:
        """Return what stands between the question and the keys."""
        raise NotImplementedError


def _is_long(widget: Widget) -> bool:
    return isinstance(widget, TextArea | LineTable | VerticalScroll)
