"""What was typed and not saved, on the disk: a lost connection or a crash does not lose it."""

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from hpo_tui.store.locks import start_of
from hpo_tui.tui.config import write_text


class Draft:
    """The unsaved text of the study file ``path``; ``folder`` is the user's folder of state.

    Each app has its own, with its process in the name: of two that edit one file, neither takes
    the other's text for one that was left, nor drops it.
    """

    def __init__(self, path: Path, folder: Path) -> None:
        where = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()
        self._stem, pid = where[:24], os.getpid()
        self.file = folder / "drafts" / f"{self._stem}-{pid}-{start_of(pid)}.toml"
        self._one_at_a_time = threading.Lock()
        self._looked = False
        self._left: str | None = None

    def read(self) -> str | None:
        """Return the text that was left before, None where there is none that can be read.

        What an app has left that is gone is this one's from now on.
        """
        with self._one_at_a_time:
            return self._first()

    def _first(self) -> str | None:
        """Look once: before what is typed here takes the place of what was left."""
        if not self._looked:
            self._looked = True
            with contextlib.suppress(OSError):
                self._take_up()
            with contextlib.suppress(OSError, UnicodeDecodeError):
                self._left = self.file.read_text("utf-8")
        return self._left

    def _take_up(self) -> None:
        """Make the newest text that nobody works on this app's, if it has none."""
        if self.file.exists():
            return
        left = [p for p in self.file.parent.glob(f"{self._stem}*.toml") if not _is_written(p)]
        for path in sorted(left, key=lambda p: p.stat().st_mtime, reverse=True):
            with contextlib.suppress(FileNotFoundError):  # another app was quicker
                path.replace(self.file)
                return

    def keep(self, unsaved: Callable[[], str | None]) -> None:
        """Write what ``unsaved`` returns, or drop the draft when it is None; for a thread.

        It is asked here, so that of several threads the last to come writes the newest text.
        """
        with self._one_at_a_time:
            self._first()
            text = unsaved()
            if text is not None:
                write_text(self.file, text)
            else:
                with contextlib.suppress(OSError):
                    self.file.unlink(missing_ok=True)


def _is_written(path: Path) -> bool:
    """Whether the app lives that a text is of; one without a process in its name is nobody's."""
    _, *process = path.stem.split("-")
    if len(process) != 2 or not all(p.isdecimal() for p in process):
        return False
    pid, start = map(int, process)
    return start > 0 and start_of(pid) == start
