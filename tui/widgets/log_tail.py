"""The selected trial's output: follows, searched, millions of lines, nothing in it acts."""

import threading
from dataclasses import dataclass
from functools import partial, partialmethod
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.frame import STATES
from hpo_tui.store.models import TrialState
from hpo_tui.tui.actions import bindings
from hpo_tui.tui.log_index import LogIndex
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.log_lines import beyond, drawn
from hpo_tui.tui.widgets.tones import ink
from hpo_tui.tui.words.fmt import duration
from hpo_tui.tui.words.plain import log_line, plain
from hpo_tui.tui.words.present import plural

POLL_SECONDS = 0.5
_LONG = 60.0
"""Seconds without output from which on it is said for how long."""


class LogTail(Widget, can_focus=True):
    """Standard output and error of a trial, as a terminal would have left each line."""

    HELP: ClassVar[str] = """\
## Log

The output of the selected trial (if none is selected: of the newest running one). `f` follows the
end of the log. `/` finds text; upper and lower case matter only if you type a capital letter. `n`
and `N` go to the next and the previous match, which is highlighted, and `Esc` ends the search. `…`
marks a line that is longer than the pane; `l` and `h` scroll right and left. Colours and cursor
movements of the script are removed; only the last state of a progress bar is shown. If a running
trial has written nothing for a minute or more, the line above says for how long.
"""
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("log")]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"log--dim", "log--match", "log--current"}
    ALLOW_SELECT = False

    @dataclass
    class Grown(Message):
        """The thread has taken in more of the file."""

        index: LogIndex
        searched: str = ""
        line: int | None = None

        def can_replace(self, message: Message) -> bool:
            """Take the place of a queued older one, which says nothing more, but for an answer."""
            return isinstance(message, LogTail.Grown) and not message.searched

    def __init__(self, *, id: str | None = None, trial: int | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id)
        self.trial = trial
        """Whose log it is whatever is selected; None: that of the selected trial."""
        self.number: int | None = None
        self._index: LogIndex | None = None
        self._top = 0
        self._left = 0
        self.following = True
        self._needle = ""
        """What is searched for, empty while nothing is."""
        self._last_needle = ""
        self._match: int | None = None
        self._over = threading.Event()
        self._gone = False
        """Whether the study's folder is not there any more."""
        self._now, self._runs = 0.0, False
        """When the study was last looked at, and whether the trial ran then."""
        self._silence = ""
        """How long the trial, which runs, has written nothing; empty for a short while."""
        self._sight: list[bytes] = []
        """The lines of the page, as read for ``_read_for``."""
        self._read_for: tuple[LogIndex, int, int, int] | None = None

    def show(self, snapshot: Snapshot, view: View) -> None:
        """Show the log of the selected trial, or of the newest that runs."""
        number = self.trial if self.trial is not None else view.selected
        if number is None:
            running = snapshot.frame.number[snapshot.frame.in_state(TrialState.RUNNING)]
            numbers = running if len(running) else snapshot.frame.number
            number = int(numbers[-1]) if len(numbers) else None
        row = None if number is None else snapshot.frame.index(number)
        self._now = snapshot.time
        self._runs = row is not None and STATES[snapshot.frame.state[row]] is TrialState.RUNNING
        if number is None or number == self.number:
            self._tell_silence()
            return
        self.number = number
        self._index = LogIndex(snapshot.folder.trial(number).log)
        self._top, self._left, self._match, self._silence = 0, 0, None, ""
        self.following = True
        self._over.set()
        self._over = threading.Event()
        work = partial(self._read, self._index, self._over, snapshot.folder)
        self.run_worker(work, thread=True, group="log", exit_on_error=False)
        self.refresh()

    def _tell_silence(self) -> None:
        """See whether the trial has long written nothing, as one that hangs."""
        written = self._index.written if self._index is not None and self._runs else None
        silent = 0.0 if written is None else self._now - written
        said = f"nothing new for {duration(silent)}" if silent >= _LONG else ""
        if said != self._silence:
            self._silence = said
            self.refresh()

    def on_unmount(self) -> None:
        """Let the thread end."""
        self._over.set()

    def _read(self, index: LogIndex, over: threading.Event, study: StudyFolder) -> None:
        while not over.is_set():
            self._gone = not study.path.is_dir()
            if self.app.app_focus and index.extend():
                self.post_message(self.Grown(index))
            over.wait(POLL_SECONDS)

    def on_log_tail_grown(self, message: Grown) -> None:
        """Show the new end, or what was found."""
        message.stop()
        if message.index is not self._index:
            return
        self._tell_silence()
        self._read_for = None  # another file in its place may have the same size
        if message.searched:
            if message.searched != self._needle:
                return  # another text is searched for since, or none
            if message.line is None:
                self.notify(f"No other line contains {plain(message.searched)!r}.", markup=False)
                return
            self._match, self.following = message.line, False
            self._to(message.line - self._page // 2)
        elif self.following:
            self._to(len(message.index))
        self.refresh()

    # moving

    @property
    def _page(self) -> int:
        return max(1, self.size.height - 1)

    @property
    def _count(self) -> int:
        """Lines of the log."""
        return len(self._index) if self._index else 0

    def _to(self, top: int) -> None:
        self._top = max(0, min(top, self._count - self._page))

    def _scroll(self, by: int) -> None:
        before = self._top
        self._to(self._top + by)
        self.following = self._top >= self._count - self._page and by > 0
        if before != self._top or by > 0:
            self.refresh()

    def _turn_pages(self, by: int) -> None:
        self._scroll(by * self._page)

    action_cursor_down = partialmethod(_scroll, 1)
    action_cursor_up = partialmethod(_scroll, -1)
    action_page_down = partialmethod(_turn_pages, 1)
    action_page_up = partialmethod(_turn_pages, -1)

    def action_top(self) -> None:
        """First line."""
        self._scroll(-self._top)

    def action_bottom(self) -> None:
        """Last line."""
        self._scroll(self._count)

    def action_left(self) -> None:
        """Scroll to the left."""
        self._left = max(0, self._left - 16)
        self.refresh()

    def action_right(self) -> None:
        """Scroll to the right, as long as there is more."""
        index = self._index
        texts = [] if index is None else [log_line(line) for line in self._in_sight(index)]
        if beyond(texts, self._left, self.size.width):
            self._left += 16
            self.refresh()

    def action_follow(self) -> None:
        """Stay at the end, or stay here."""
        self.following = not self.following
        if self.following:
            self._to(self._count)
        self.refresh()

    def _roll(self, by: int, event: events.MouseEvent) -> None:
        event.stop()
        self._scroll(by)

    on_mouse_scroll_down = partialmethod(_roll, 3)
    on_mouse_scroll_up = partialmethod(_roll, -3)

    def on_resize(self) -> None:
        """Stay at the end when following; what was painted for the new size may be elsewhere."""
        top = self._top
        self._to(self._count if self.following else top)
        if self._top != top:
            self.refresh()

    # searching

    def action_search(self) -> None:
        """Ask for the text to find."""
        from hpo_tui.tui.screens.dialogs import Ask

        def taken(text: str) -> None:
            self._look_for(text)
            if text:
                self._search(backwards=False)

        Ask("Find in the log", self._needle or self._last_needle).ask(self.app, taken)

    def _look_for(self, text: str) -> None:
        self._needle, self._match = text, None
        self._last_needle = text or self._last_needle
        self.refresh()
        self.refresh_bindings()

    def action_end_search(self) -> None:
        """Search for nothing any more; what is in sight stays there."""
        self._look_for("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Let Esc mean the screen's own where nothing is searched for."""
        if action == "end_search":
            return bool(self._needle)
        return super().check_action(action, parameters)

    def _search(self, *, backwards: bool) -> None:
        if not self._needle and self._last_needle:
            self._look_for(self._last_needle)
        index, needle, over = self._index, self._needle, self._over
        if index is None or not needle:
            self.notify("There is no search: / starts one.", markup=False)
            return
        # Without a match so far the search begins at the page in sight.
        line = self._match if self._match is not None else self._top - (0 if backwards else 1)

        def find() -> None:
            found = index.find(needle, line, backwards=backwards, over=over)
            if over.is_set():
                return
            self.post_message(self.Grown(index, needle, found))

        self.run_worker(find, thread=True, group="log-search", exit_on_error=False)

    action_next_match = partialmethod(_search, backwards=False)
    action_previous_match = partialmethod(_search, backwards=True)

    # drawing

    def _in_sight(self, index: LogIndex) -> list[bytes]:
        """Return the lines of the page; the file is opened once a page, not once a line."""
        wanted = (index, index.size, self._top, self._page)
        if wanted != self._read_for:
            self._read_for = wanted
            self._sight = index.lines(self._top, self._page)
        return self._sight

    def render_line(self, y: int) -> Strip:
        """Draw the heading or one line of the log."""
        width, base = self.size.width, self.rich_style
        dim = base + ink(self, "log--dim")
        if y == 0:
            return self._heading(width)
        index, at = self._index, self._top + y - 1
        if index is None or at >= len(index):
            text = ""
            if y == 1 and self.number is not None and not self._count:
                text = f" {self._why_empty()}"
            return Strip([Segment(text, dim)]).adjust_cell_length(width, base)
        lines = self._in_sight(index)
        text = log_line(lines[y - 1]) if y <= len(lines) else ""
        styles = (base, base + ink(self, "log--match"))
        if at == self._match:
            current = base + self.get_component_rich_style("log--current")
            styles = (current, current + Style(underline=True))
        return drawn(text, self._needle, styles, left=self._left, width=width)

    def _why_empty(self) -> str:
        if self._gone:
            return "The study is gone."
        if self._index is not None and self._index.fault:
            return f"The output cannot be read ({self._index.fault})."
        return "The trial has written nothing."

    def _heading(self, width: int) -> Strip:
        base = self.rich_style
        dim = base + ink(self, "log--dim")
        if self.number is None:
            return Strip([Segment(" no trial yet", dim)]).adjust_cell_length(width, base)
        last = min(self._count, self._top + self._page)
        state = "following" if self.following else f"lines {self._top + 1} to {last}"
        text = f" trial {self.number}   {plural(self._count, 'line')}, {state}"
        if self._silence:
            text += f", {self._silence}"
        if self._needle:
            text += f"   /{plain(self._needle)}"
        return Strip([Segment(text, dim)]).adjust_cell_length(width, base)
