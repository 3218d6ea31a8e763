"""What an app tells: short messages, the bell, the clipboard, and what came of what was asked."""

import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from textual.driver import Driver
from textual.notifications import SeverityLevel

from hpo_tui.tui.config import state_folder, write_text
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.typed_ahead import TypedAhead
from hpo_tui.tui.watching.notices import InSight
from hpo_tui.tui.words.plain import plain

UNSAID = 0.5
"""Seconds that the shell may wait for its prompt until it is said for what."""


class NotifyingApp(TypedAhead):
    """An app that says nothing twice at once, and whose copies are found in a file too."""

    def __init__(self) -> None:
        super().__init__()
        self.state_folder = state_folder()
        self._in_sight = InSight()
        self._asides: dict[asyncio.Future[object], str] = {}
        """What is being done for a person, in a few words."""
        self._told_after: list[str] = []
        """What came of it after the screens were gone."""

    def aside(self, work: Callable[[], object], said: str) -> None:
        """Do in a thread what a person asked for, whatever is closed meanwhile; ``said``: what.

        A worker ends with the screen that began it, and does nothing at all where its thread has
        not begun by then: a key typed ahead that closes the screen would take the wish back.
        """
        future = asyncio.get_running_loop().run_in_executor(None, work)
        self._asides[future] = said
        future.add_done_callback(self._is_over)

    def _is_over(self, future: asyncio.Future[object]) -> None:
        """Forget what was done; that it failed by a bug would be known to nobody."""
        self._asides.pop(future, None)
        error = None if future.cancelled() else future.exception()
        if error is not None and self.is_running:
            self.notify(report_crash(error), severity="error", markup=False)

    async def run_async(self, **options: Any) -> int | None:
        """Run; what the shell waits for afterwards, with its prompt, is said, and its outcome."""
        result: int | None = await super().run_async(**options)
        if self._asides:
            await asyncio.wait(self._asides, timeout=UNSAID)
        if self._asides:
            what = ", ".join(dict.fromkeys(map(plain, self._asides.values())))
            print(f"hpo-tui: finishing what was asked for: {what}", file=sys.stderr)  # noqa: T201 - the screens are gone
            await asyncio.wait(self._asides)
        for said in self._told_after:
            print(f"hpo-tui: {said}", file=sys.stderr)  # noqa: T201 - the screens are gone
        return result

    def tell_from_thread(self, text: str, severity: SeverityLevel, title: str) -> None:
        """Show a short message, of a thread; markup in it is text.

        Without screens it is told on the terminal, with the last thing that is said there.
        """
        said = f"{plain(title)}: {plain(text)}"
        if self.is_leaving:
            self._told_after.append(said)
            return
        show = partial(self.notify, plain(text), title=title, severity=severity, markup=False)
        self.call_from_thread(show)

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = True,
    ) -> None:
        """Show a short message, unless the very same is in sight already."""
        seconds = self.NOTIFICATION_TIMEOUT if timeout is None else timeout
        if self._in_sight.takes(f"{title}\n{message}", time.monotonic(), seconds):
            super().notify(message, title=title, severity=severity, timeout=timeout, markup=markup)

    def clear_notifications(self) -> None:
        """Take all short messages away."""
        self._in_sight = InSight()
        super().clear_notifications()

    def make_room(self) -> None:
        """Take away the short messages that lie over what is asked now; what went wrong stays."""
        if all(told.severity != "error" for told in getattr(self, "_notifications", ())):
            self.clear_notifications()

    def withdraw(self, text: str) -> None:
        """Take a sentence away that :meth:`attract` has shown and that is true no more."""
        said = list(getattr(self, "_notifications", ()))
        others = [told for told in said if told.message != plain(text)]
        if len(others) < len(said):
            super().clear_notifications()
            for told in others:
                super().notify(
                    told.message, title=told.title, severity=told.severity,
                    timeout=told.time_left, markup=told.markup,
                )  # fmt: skip
        self._in_sight.forget(f"\n{plain(text)}")

    @property
    def is_leaving(self) -> bool:
        """Whether the screens are being taken down, or not there."""
        return getattr(self, "_exit", False) or not self.is_running

    @property
    def terminal(self) -> Driver | None:
        """What draws on the terminal and reads from it: on Unix a ``Terminal``, as a rule."""
        found: Driver | None = getattr(self, "_driver", None)
        return found

    def attract(self, text: str) -> None:
        """Ring, send the terminal a notice (OSC 9), and show the sentence."""
        self.notify(plain(text), markup=False, timeout=15)
        self.bell()
        driver = self.terminal
        if driver is not None and not self.is_headless:
            driver.write(f"\x1b]9;{plain(text)}\x07")

    def entitle(self, title: str) -> None:
        """Give the terminal's window a title, where the driver can."""
        entitle = getattr(self.terminal, "entitle", None)
        if entitle is not None:
            entitle(title)

    def copy(self, text: str, what: str) -> None:
        """Copy by the terminal (OSC 52) and into a file, and say both."""
        self.copy_to_clipboard(text)
        path = self.state_folder / "clip.txt"
        kept = f"; also in {path}" if write_text(path, text + "\n") else ""
        self.notify(f"Sent to the terminal's clipboard{kept}", title=f"Copied {what}", markup=False)
