"""What an app tells: short messages, the bell, the clipboard."""

import time

from textual.notifications import SeverityLevel

from hpo_tui.tui.config import state_folder, write_text
from hpo_tui.tui.notices import InSight
from hpo_tui.tui.plain import plain
from hpo_tui.tui.typed_ahead import TypedAhead


class NotifyingApp(TypedAhead):
    """An app that says nothing twice at once, and whose copies are found in a file too."""

    def __init__(self) -> None:
        super().__init__()
        self.state_folder = state_folder()
        self._in_sight = InSight()

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
        if all(told.severity != "error" for told in self._notifications):
            self.clear_notifications()

    def attract(self, text: str) -> None:
        """Ring, send the terminal a notice (OSC 9), and show the sentence."""
        self.notify(plain(text), markup=False, timeout=15)
        self.bell()
        driver = self._driver
        if driver is not None and not self.is_headless:
            driver.write(f"\x1b]9;{plain(text)}\x07")

    def copy(self, text: str, what: str) -> None:
        """Copy by the terminal (OSC 52) and into a file, and say both."""
        self.copy_to_clipboard(text)
        path = self.state_folder / "clip.txt"
        kept = f"; also in {path}" if write_text(path, text + "\n") else ""
        self.notify(f"Sent to the terminal's clipboard{kept}", title=f"Copied {what}", markup=False)
