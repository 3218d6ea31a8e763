"""What was typed and not saved, on the disk: a lost connection or a crash does not lose it."""

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable
from pathlib import Path

from hpo_tui.tui.config import write_text


class Draft:
    """The unsaved text of the study file ``path``; ``folder`` is the user's folder of state."""

    def __init__(self, path: Path, folder: Path) -> None:
        where = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()
        self.file = folder / "drafts" / f"{where[:24]}.toml"
        self._one_at_a_time = threading.Lock()
        self._looked = False
        self._left: str | None = None

    def read(self) -> str | None:
        """Return the text that was left before, None where there is none that can be read."""
        with self._one_at_a_time:
            return self._first()

    def _first(self) -> str | None:
        """Look once: before what is typed here takes the place of what was left."""
        if not self._looked:
            self._looked = True
            with contextlib.suppress(OSError, UnicodeDecodeError):
                self._left = self.file.read_text("utf-8")
        return self._left

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
