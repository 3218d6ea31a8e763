"""The study folder: where everything of a study lies, and how studies are found."""

import errno
import fcntl
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.store.locks import folder_of, is_held, is_process_of, is_suspended

HOME = ".hpo"
"""The folder beside the user's code that holds the studies."""

ARCHIVE = ".archive"
"""The folder under it of the studies that were put away."""

_RUNNER = "hpo_tui.engine.runner"
"""The module that a runner's process runs."""

_FILES = ("study.toml", "study.db")
"""The files by which a study can be named."""


@dataclass(frozen=True, slots=True)
class TrialFolder:
    """The files of one trial."""

    path: Path

    @property
    def params(self) -> Path:
        """The trial, task, parameters and fidelity as JSON."""
        return self.path / "params.json"

    @property
    def reports(self) -> Path:
        """JSON lines that the trial appends."""
        return self.path / "reports.jsonl"

    @property
    def log(self) -> Path:
        """Standard output and error, as they came."""
        return self.path / "stdout.log"

    @property
    def checkpoint(self) -> Path:
        """The folder that the trial writes what it needs to be carried on."""
        return self.path / "checkpoint"

    @property
    def process(self) -> Path:
        """Which process the trial's shim is, written by it."""
        return self.path / "process.json"

    @property
    def exit(self) -> Path:
        """Exit status and end time, written by the trial's shim."""
        return self.path / "exit.json"

    @property
    def exit_ready(self) -> Path:
        """What becomes :attr:`exit`: until the end, room that is kept for it."""
        return self.path / "exit.new"


@dataclass(frozen=True, slots=True)
class StudyFolder:
    """The unit that is copied, archived and opened."""

    path: Path

    @property
    def name(self) -> str:
        """The folder's name, by which the study is called on the command line."""
        return self.path.name

    @property
    def word(self) -> str:
        """What names the study in a shell's command line, to be copied from what is said here.

        Its name where that finds it from the working folder, else its path.
        """
        here = working_folder()
        if self._is_found_as(self.name, here):
            return self.name_word
        path = by_its_links(self.path)
        return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))

    @property
    def name_word(self) -> str:
        """The name as a word of a command line: it finds the study from where its home is."""
        return shlex.quote(self.name)

    @property
    def path_word(self) -> str:
        """What names it in a command line anywhere, for what is read who knows where."""
        return shlex.quote(str(by_its_links(self.path)))

    def _is_found_as(self, text: str, here: Path) -> bool:
        found = None if text.startswith("-") else find_study(text, here)
        with suppress(OSError):
            return found is not None and found.path.samefile(self.path)
        return False

    @property
    def workplace(self) -> Path:
        """Where trials run: beside the ``.hpo`` that holds the study, else beside the study."""
        above = self.path.absolute().parent
        if above.name == ARCHIVE and above.parent.name == HOME:
            above = above.parent
        return above.parent if above.name == HOME else above

    @property
    def file(self) -> Path:
        """The study file."""
        return self.path / "study.toml"

    @property
    def made_from(self) -> Path:
        """The study file's text as the study was made from it; edits leave it as it is."""
        return self.path / "made-from.toml"

    @property
    def db(self) -> Path:
        """The SQLite file."""
        return self.path / "study.db"

    @property
    def lock(self) -> Path:
        """Locked by the runner as long as it lives; holds its PID as text."""
        return self.path / "runner.lock"

    @property
    def log(self) -> Path:
        """The runner's log, tracebacks included."""
        return self.path / "runner.log"

    @property
    def trials(self) -> Path:
        """The folder of the trial folders."""
        return self.path / "trials"

    def trial(self, number: int) -> TrialFolder:
        """Return the files of trial ``number``."""
        return TrialFolder(self.trials / f"{number:04d}")

    @property
    def exists(self) -> bool:
        """Whether this is a study folder (it has a study file or a database).

        One that cannot be looked into counts: whoever reads it is told why it cannot be read.
        """
        try:
            return self.db.is_file() or self.file.is_file()
        except PermissionError:
            return True

    @contextmanager
    def making(self) -> Iterator[None]:
        """Let one process at a time make the study, or change it: several may be started at once.

        The folder is made, anew if another process takes it away meanwhile. Raises OSError where
        it cannot be.
        """
        fd = None
        while fd is None:
            self.path.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                fd = self._alone()
        try:
            yield
        finally:
            os.close(fd)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Do the same for a study that is there. Raises FileNotFoundError if it is not any more."""
        fd = self._alone()
        try:
            yield
        finally:
            os.close(fd)

    def _alone(self) -> int:
        """Wait until nobody else makes or changes the study; return what keeps others waiting.

        Raises FileNotFoundError if the folder is gone then, or another lies in its place.
        """
        fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            with suppress(OSError):  # a file system that locks no folders
                fcntl.flock(fd, fcntl.LOCK_EX)
            if not os.path.samestat(os.fstat(fd), self.path.stat()):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path))
        except BaseException:
            os.close(fd)
            raise
        return fd

    def runner_pid(self) -> int | None:
        """Return the PID of the runner that holds the lock, 0 if it holds it unsaid, else None.

        The lock itself is asked, so a PID file left by a dead runner deceives nobody.
        """
        try:
            fd = os.open(self.lock, os.O_RDONLY)
        except OSError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            text = os.read(fd, 32).decode("ascii", "replace").strip()
            pid = int(text) if text.isdigit() else 0
            # Of a file system that gives no lock just now, it is asked whether its writer lives.
            lives = is_held(error) or is_process_of(pid, _RUNNER, self.path)
            return pid if lives else None
        finally:
            os.close(fd)
        return None

    def is_suspended(self, runner: int | None) -> bool:
        """Whether the process ``runner``, which holds the lock, was told to stand still.

        The one of another machine may have the number of any process here.
        """
        if not runner or not is_suspended(runner):
            return False
        return is_process_of(runner, _RUNNER, self.path)

    def is_runner(self, pid: int) -> bool:
        """Whether a process of this machine runs this study, or one that was renamed since.

        The lock can tell of the runner before, or of one of another machine.
        """
        path = folder_of(pid, _RUNNER)
        try:
            return path is not None and path.samefile(self.path)
        except OSError:
            return True

    def sought_at(self, runner: int | None) -> Path | None:
        """Return where the process ``runner`` looks for this study, if that is not here.

        It was renamed while it ran. The runner waits a little for it to be back, then ends.
        """
        path = folder_of(runner, _RUNNER) if runner else None
        if path is None:
            return None
        try:
            return None if path.samefile(self.path) else path
        except FileNotFoundError:
            return path
        except OSError:  # a file system that does not answer at present
            return None


def working_folder() -> Path:
    """Return the working directory by the links that it was entered through, as shells show it.

    The kernel knows it without them: inside a linked ``.hpo`` nothing else says whose it is.
    """
    shown = os.environ.get("PWD", "")
    with suppress(OSError):
        if Path(shown).is_absolute() and Path(shown).samefile("."):
            return Path(shown)
    return Path.cwd()


def find_home(start: Path) -> Path | None:
    """Return the nearest ``.hpo`` folder at or above ``start``, as git finds its own.

    Of a folder in a linked ``.hpo`` it is the link, if ``start`` goes by it.
    """
    named, start = start.absolute(), start.resolve()
    if HOME in named.parts and HOME not in start.parts:
        return next(f for f in (named, *named.parents) if f.name == HOME)
    for folder in (start, *start.parents):
        if folder.name == HOME and folder.is_dir():
            return folder
        if (folder / HOME).is_dir():
            return folder / HOME
    return None


def list_studies(home: Path) -> list[StudyFolder]:
    """Return the studies under ``home``, by name; archived ones (``.archive/``) are left out."""
    if not home.is_dir():
        return []
    folders = (StudyFolder(p) for p in sorted(home.iterdir()) if p.is_dir() and p.name[0] != ".")
    return [f for f in folders if f.exists]


def umask() -> int:
    """Return the mask of new files.

    The system call tells it only by setting another: in the meantime the files of other threads
    would get that one, and of two that ask at once one would leave the other's behind for good.
    """
    with suppress(OSError, ValueError, IndexError):
        status = Path("/proc/self/status").read_text("utf-8", "replace")
        return int(status.partition("\nUmask:")[2].split()[0], 8)
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def by_its_links(path: Path) -> Path:
    """Return an absolute path that still goes by its links: trials run beside the ``.hpo`` named.

    Many have that folder, or a study, on another disk, with a link to it beside their code.
    """
    return path.resolve() if ".." in path.parts else path.absolute()


def find_study(text: str, cwd: Path) -> StudyFolder | None:
    """Return the study that ``text`` names by folder, by its study file, or by its name.

    A study file outside a study folder (``./study.toml``) is no study yet: None.
    """
    path = cwd / text
    # Only a file that is there names the folder around it: inside a study's folder any other
    # word would mean that very study, to `delete` too.
    named = path.parent if path.is_file() and path.name in _FILES else path
    if named.is_dir() and StudyFolder(named).db.is_file():
        return StudyFolder(by_its_links(named))
    home = find_home(cwd)
    if home and text and "/" not in text and (home / text).is_dir():
        folder = StudyFolder(home / text)
        return folder if folder.exists else None
    return None
