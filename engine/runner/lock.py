"""The lock that one runner has on a study: of the kernel, on a file in the study's folder."""

import contextlib
import fcntl
import os
import time

from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.locks import is_held, why_unlockable

_RUNNER_SECONDS = 0.5
"""How long a runner that has the study may take to let go of it."""
_COMMAND_SECONDS = 50.0
"""How long commands are waited for: less than whoever starts the runner waits for its word."""


class Unopenable(Exception):  # noqa: N818 - a sentence for people
    """The study cannot be run; the sentence says why and what to do."""


class Lock:
    """The runner's lock on a study, held for life.

    Others share it for a moment: those who ask whether a runner lives, and commands that change a
    study which has none. These are waited for. Raises :class:`Unopenable`.
    """

    def __init__(self, folder: StudyFolder) -> None:
        self.folder = folder
        try:
            self.fd = self._opened()
        except OSError as error:
            raise Unopenable(_unwritable(folder, error)) from error
        try:
            self._take()
            self.since = time.time()
            """When it was taken (Unix time)."""
            self._sign()
        except Unopenable:
            os.close(self.fd)
            raise
        except OSError as error:  # a full disk
            os.close(self.fd)
            raise Unopenable(_unwritable(folder, error)) from error

    def _opened(self) -> int:
        return os.open(self.folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)

    def _take(self) -> None:
        """Have the lock for this process alone."""
        begun = time.monotonic()
        self._wait(begun)
        while not self._is_current():
            # The study was made anew meanwhile: what is locked belongs to the one before.
            fresh = self._opened()
            os.close(self.fd)
            self.fd = fresh
            self._wait(begun)

    def _is_current(self) -> bool:
        """Whether what is locked is the study's lock. Raises Unopenable if that is gone."""
        try:
            return os.path.samestat(self.folder.lock.stat(), os.fstat(self.fd))
        except FileNotFoundError:
            gone = f"the study is gone: {self.folder.path} is not there any more"
            raise Unopenable(gone) from None

    def _wait(self, begun: float) -> None:
        """Wait until nobody else has the lock. ``begun``: since when it is waited for."""
        while not self._is_free(fcntl.LOCK_EX):
            waited = time.monotonic() - begun
            if waited >= _RUNNER_SECONDS and not self._is_free(fcntl.LOCK_SH):
                pid = os.pread(self.fd, 32, 0).decode("ascii", "replace").strip()
                raise Unopenable(
                    f"a runner works on {self.folder.name} already (process {pid or 'unknown'})"
                )
            if waited >= _COMMAND_SECONDS:
                raise Unopenable(
                    f"another command is changing {self.folder.name}, and has not finished within"
                    f" {_COMMAND_SECONDS:.0f} s: start it again when that is done"
                )
            time.sleep(0.025)

    def _sign(self) -> None:
        """Write down who has the lock."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, f"{os.getpid()}\n".encode(), 0)

    def _is_free(self, kind: int) -> bool:
        """Try to lock the file; return whether that worked. A shared lock is given back at once."""
        try:
            fcntl.flock(self.fd, kind | fcntl.LOCK_NB)
        except OSError as error:
            if not is_held(error):
                raise Unopenable(why_unlockable(self.folder.lock, error)) from error
            return False
        if kind == fcntl.LOCK_SH:
            fcntl.flock(self.fd, fcntl.LOCK_UN)
        return True

    def keep(self) -> bool:
        """Lock the file anew if it was deleted, as people do; False if another runner came first.

        A lock on a deleted file keeps nobody out: two runners could work on one study.
        """
        try:
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(self.folder.lock.stat(), os.fstat(self.fd)):
                    return True
            fresh = self._opened()
        except OSError:  # no answer of a network file system at present, a full disk, all is gone
            return True
        old, self.fd = self.fd, fresh
        if not self._is_free(fcntl.LOCK_EX):
            shared = self._is_free(fcntl.LOCK_SH)  # by a command, for a moment
            os.close(fresh)
            self.fd = old
            return shared
        os.close(old)
        with contextlib.suppress(OSError):  # a full disk
            self._sign()
        return True

    def release(self) -> None:
        """Let the next runner in."""
        os.ftruncate(self.fd, 0)
        os.close(self.fd)


def _unwritable(folder: StudyFolder, error: OSError) -> str:
    return f"cannot write in {folder.path}: {in_words(error, folder.lock)}"
