"""Asks git for the state of the code in a folder: its commit, and what is changed there.

Nothing is written into the repository, nobody is asked for anything, and a git that takes long is
given up.
"""

import os
import subprocess
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.spec.names import plain

PATIENCE = 20.0
"""Seconds that one command of git may take."""
MOST = 1 << 20
"""Bytes of a patch that is kept at most."""
_NEW_FILES = 50
"""Scripts that git does not know which a patch has at most."""
_SCRIPTS = ("*.py", "*.sh")
"""What is taken of files that git does not know: the rest is likelier to be written by trials."""
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF")
"""What would have git look at another repository, or run another program."""
_CAREFUL = ("-c", "diff.autoRefreshIndex=false", "-c", "core.fsmonitor=false")
"""Keeps a diff from writing the index anew, and from starting a process that stays."""
_DIFF = (
    "diff", "--binary", "--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/",
    "--dst-prefix=b/", "--unified=3", "--ignore-submodules=dirty",
)  # fmt: skip
_SUBJECT = 60
"""Characters of a commit's first line that are kept at most."""
_running: set[subprocess.Popen[bytes]] = set()
"""What is asked at present, in whichever thread."""


@dataclass(frozen=True, slots=True)
class Code:
    """The commit, its subject, and the patch from it to what is there; None: too large to keep."""

    commit: str
    subject: str
    patch: bytes | None


class GivenUpError(Exception):
    """Git took longer than :data:`PATIENCE`."""


def code_in(folder: Path, patience: float = PATIENCE) -> Code | None:
    """Return the state of the repository that ``folder`` lies in, None where there is none.

    Nor where git is not there, does not trust the repository, or finds no commit. Raises
    :class:`GivenUpError`.
    """
    git = _Git(folder, patience)
    found = git.said("rev-parse", "--show-toplevel")
    if not found:
        return None
    git = _Git(Path(os.fsdecode(found.rstrip(b"\n"))), patience)
    head = git.said("log", "-1", "--no-show-signature", "--format=%H%n%s")
    if not head:
        return None
    commit, _, subject = head.decode(errors="replace").partition("\n")
    patch = git.said(*_DIFF, "HEAD", "--", ".", ":(exclude,glob)**/.hpo/**")
    if patch is None:
        return None
    for name in git.new_scripts():
        patch += git.said(*_DIFF, "--no-index", "--", os.devnull, name, fine=(0, 1)) or b""
    said = plain(" ".join(subject.split()))
    said = said if len(said) <= _SUBJECT else said[: _SUBJECT - 1].rstrip() + "…"
    return Code(commit, said, patch if len(patch) <= MOST else None)


def leave() -> None:
    """End what is still asked: nobody waits for it any more."""
    for git in tuple(_running):
        with suppress(OSError):
            git.kill()


class _Git:
    """Git, as run in one folder."""

    def __init__(self, folder: Path, patience: float) -> None:
        self.folder, self.patience = folder, patience
        kept = {k: v for k, v in os.environ.items() if k not in _ELSEWHERE}
        self.environment = {
            **kept, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat",
            "LC_ALL": "C",
        }  # fmt: skip

    def new_scripts(self) -> list[str]:
        """Return scripts that git does not know, though it does not ignore them."""
        listed = self.said("ls-files", "-z", "--others", "--exclude-standard", "--", *_SCRIPTS)
        names = [os.fsdecode(name) for name in (listed or b"").split(b"\0") if name]
        return [n for n in names if ".hpo" not in Path(n).parts][:_NEW_FILES]

    def said(self, *words: str, fine: tuple[int, ...] = (0,)) -> bytes | None:
        """Return what git prints, a little more than :data:`MOST` at most; None if it fails."""
        try:
            git = subprocess.Popen(
                ["git", *_CAREFUL, *words], cwd=self.folder, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        except OSError:
            return None
        late = threading.Event()

        def give_up() -> None:
            late.set()
            git.kill()

        timer = threading.Timer(self.patience, give_up)
        timer.daemon = True
        timer.start()
        _running.add(git)
        try:
            assert git.stdout is not None
            with git.stdout:
                text = git.stdout.read(MOST + 1)
            if len(text) > MOST:
                with suppress(OSError):
                    git.kill()
                git.wait()
                return text
            status = git.wait()
        finally:
            timer.cancel()
            _running.discard(git)
        if late.is_set():
            raise GivenUpError
        return text if status in fine else None
