"""Leases on GPUs across studies: locked files under the user's runtime directory.

One file a GPU. The runner that has trials there holds an exclusive ``flock`` on it and writes who
it is and which processes its trials are. A lock dies with its runner while the trials may live on,
so the note outlives the lock: another study's runner that gets the lock still leaves the GPU alone
as long as one of the noted processes lives (same PID, same start, same boot).
"""

import fcntl
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution.processes import Process, boot_id


class LeaseError(Exception):
    """The place for leases cannot be used; the message is for people."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A trial's process as noted in a lease file.

    ``ticks``: its start in clock ticks since the boot called ``boot``, 0 where it had ended.
    """

    trial: int
    pid: int
    ticks: int
    boot: str

    @property
    def alive(self) -> bool:
        """Whether that very process still runs (a reused PID has another start)."""
        return self.boot == boot_id() and Process(self.pid, self.ticks).alive


def find_runtime_dir(environ: Mapping[str, str] | None) -> Path:
    """Return the user's directory for leases, made with mode 0700. Raises :class:`LeaseError`.

    ``/run/user/UID`` is taken when the variable is unset too: a study started by cron and one
    started over SSH must meet in the same place.
    """
    environ = os.environ if environ is None else environ
    uid = os.getuid()
    for base in (environ.get("XDG_RUNTIME_DIR"), f"/run/user/{uid}"):
        if base and os.access(base, os.W_OK | os.X_OK) and Path(base).stat().st_uid == uid:
            return make_private(Path(base) / "hpo-tui")
    return make_private(Path(f"/tmp/hpo-tui-{uid}"))


def make_private(path: Path) -> Path:
    """Make ``path`` a directory that only this user can enter. Raises :class:`LeaseError`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = path.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.getuid():
            raise LeaseError(
                f"{path} belongs to another user or is no directory, so GPUs cannot be leased"
                " there. Remove it, or set XDG_RUNTIME_DIR to a directory of yours."
            )
        if info.st_mode & 0o077:
            path.chmod(0o700)
    except OSError as error:
        raise LeaseError(
            f"{path} cannot be made ({error.strerror})."
            " Set XDG_RUNTIME_DIR to a directory of yours."
        ) from error
    return path


@dataclass
class LeaseFile:
    """The lock on one GPU: taken while any trial of this study is there.

    ``name`` becomes the file's name; ``study`` identifies the holder to other runners. ``folder``
    is made anew where it vanished. One in ``/run/user`` cannot be, once its user has logged out:
    until the next login the lease lies where studies that start meanwhile look for it.
    """

    folder: Path
    name: str
    study: str
    _place: Path | None = None
    """Where the file lay when it was last opened, None before that."""
    _fd: int | None = None
    _holders: dict[int, Holder] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """The lease file."""
        return (self._place or self.folder) / f"{self.name}.lease"

    @property
    def held(self) -> bool:
        """Whether this object has the lock."""
        return self._fd is not None

    def take(self) -> str:
        """Take the lock; return an empty string, or in words who has the GPU or what is amiss."""
        if self._fd is not None:
            return ""
        try:
            fd = self._open()
        except (OSError, LeaseError) as error:
            return f"its lease cannot be opened: {error}"
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            note = _read_note(fd)
            os.close(fd)
            return f"the study {note.get('study') or 'of another runner'} has it"
        note = _read_note(fd)
        living = [h for h in _holders_of(note) if h.alive]
        if living and note.get("study") != self.study:
            os.close(fd)
            pids = ", ".join(f"trial {h.trial}, pid {h.pid}" for h in living)
            return f"trials of the study {note.get('study')} still run on it ({pids})"
        self._fd = fd
        self._holders = {h.trial: h for h in living}
        self._write()
        return ""

    def others(self) -> tuple[str, dict[int, int]]:
        """Return another study that has noted trials here, and PID → trial of those that live.

        The lock is not needed for that, and not looked at.
        """
        try:
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return "", {}
        note = _read_note(fd)
        os.close(fd)
        study = str(note.get("study") or "")
        if study == self.study:
            return "", {}
        return study, {h.pid: h.trial for h in _holders_of(note) if h.alive}

    def note(self, trial: int, pid: int) -> None:
        """Write down that ``trial`` runs as process ``pid``: this outlives the lock."""
        process, known = Process.of(pid), self._holders.get(trial)
        ticks = process.ticks if process is not None else 0
        if known is None or (known.pid, known.ticks) != (pid, ticks):
            self._holders[trial] = Holder(trial, pid, ticks, boot_id())
            self._write()

    def drop(self, trial: int) -> None:
        """Take ``trial`` off the note."""
        if self._holders.pop(trial, None) is not None:
            self._write()

    def free(self) -> None:
        """Give the lock back, with an empty note."""
        if self._fd is None:
            return
        self._holders.clear()
        self._write()
        os.close(self._fd)
        self._fd = None

    def heal(self) -> None:
        """Lock the file anew if it vanished: a runtime directory goes when its user logs out.

        And comes back, in which case the lease goes back to it.
        """
        if self._fd is None:
            return
        try:
            self._place = self._find_place()
            there, ours = self.path.stat(), os.fstat(self._fd)
            if (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino):
                return
        except (OSError, LeaseError):
            pass
        holders, old = dict(self._holders), self._fd
        self._fd = None
        # The old lock is kept: it still marks us as holders to whoever has that file open.
        if self.take():
            self._fd = old
            return
        os.close(old)
        self._holders = holders
        self._write()

    def _open(self) -> int:
        """Open the file where it belongs. Raises OSError or LeaseError if that cannot be done."""
        self._place = self._find_place()
        return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _find_place(self) -> Path:
        """Return the folder in which runners meet at present, made if need be."""
        try:
            return make_private(self.folder)
        except LeaseError:
            return find_runtime_dir(None)

    def _write(self) -> None:
        if self._fd is None:
            return
        note = {
            "study": self.study,
            "runner": os.getpid(),
            "boot": boot_id(),
            "trials": [[h.trial, h.pid, h.ticks] for h in self._holders.values()],
        }
        data = json.dumps(note).encode()
        try:
            # Blanks up to its length before are JSON too: nothing has to be cut off, so whoever
            # reads it now, or after a crash of this process, finds all of it.
            os.pwrite(self._fd, data.ljust(os.fstat(self._fd).st_size), 0)
        except OSError:  # a full disk must not end a study: the lock itself holds without a note
            return


def _read_note(fd: int) -> dict[str, Any]:
    try:
        note: object = json.loads(os.pread(fd, 1 << 16, 0) or b"{}")
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _holders_of(note: Mapping[str, Any]) -> Iterable[Holder]:
    entries, boot = note.get("trials"), str(note.get("boot", ""))
    for entry in entries if isinstance(entries, list) else ():
        try:
            trial, pid, ticks = entry
            yield Holder(int(trial), int(pid), int(ticks), boot)
        except (TypeError, ValueError):
            continue
