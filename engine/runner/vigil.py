"""A small process that outlives a runner, to notify people if the runner is killed or sent away.

A process that is killed cannot tell anybody: that a runner ran out of memory would be noticed in
the morning. So if a study has ``notify``, its runner starts this process, which only reads a pipe.
Before the runner ends it writes there that it ends, or that it was sent away. If the pipe closes
without such a word, the runner was killed or crashed. Until then nothing is imported, so that the
process needs little more memory than Python itself.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpo_tui.store.folder import StudyFolder

_GOODBYE = b"bye"
_SENT_AWAY = b"sent away"
_AGAIN = 60.0
"""Seconds until one that has ended is started anew."""
_SUCCESSOR = 5.0
"""Seconds in which another runner may come: nobody has to be told of one that was replaced."""


class Vigil:
    """The runner's side: has the process there, and says goodbye to it."""

    def __init__(self, folder: "StudyFolder") -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._next = 0.0

    def keep(self) -> None:
        """Start the process unless it is there; what keeps it from starting is tried again."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _AGAIN
        if self._process is not None and self._process.poll() is None:
            return
        argv = [sys.executable, "-P", "-m", "hpo_tui.engine.runner.vigil"]
        argv += [str(self.folder.path.absolute()), str(os.getpid())]
        with contextlib.suppress(OSError):
            self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, start_new_session=True)

    def leave(self, *, sent_away: bool = False) -> None:
        """Say goodbye: this runner ends as it should, or has people told itself.

        ``sent_away``: it ends because the machine wants it to; whether another comes is waited for.
        """
        if self._process is None or self._process.stdin is None:
            return
        with contextlib.suppress(OSError):  # it was killed itself
            self._process.stdin.write(_SENT_AWAY if sent_away else _GOODBYE)
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        self._process.returncode = 0  # it ends without us, and without a warning
        self._process = None


def is_replaced(folder: "StudyFolder", pid: int) -> bool:
    """Whether another runner than ``pid``, which may be just leaving, comes soon."""
    deadline = time.monotonic() + _SUCCESSOR
    while time.monotonic() < deadline:
        # 0: one that has not said its number yet, or has just taken it back.
        if folder.runner_pid() not in (None, 0, pid):
            return True
        time.sleep(0.1)
    return False


def mourn(folder: "StudyFolder", pid: str, *, sent_away: bool = False) -> None:
    """Have people told that the runner ``pid`` is no more, and of what it did not live to tell.

    A paused study is not interrupted when its runner is ``sent_away``: it waits for a person.
    """
    from hpo_tui.engine.launch.orphans import orphans
    from hpo_tui.engine.notify import deliver_overdue, inform
    from hpo_tui.engine.spec.names import numbered
    from hpo_tui.store.models import StudyState
    from hpo_tui.store.read import StudyReader

    over = {StudyState.FINISHED, StudyState.STOPPED}
    if sent_away:
        over.add(StudyState.PAUSED)
    with StudyReader(folder.db) as reader:
        state = reader.study().state
    deliver_overdue(folder)
    if state in over:
        return
    left = orphans(folder)
    on = "none of its trials runs any more"
    if left:
        on = f"{numbered(left)} {'runs' if len(left) == 1 else 'run'} on"
    event, how = "failed", "was killed or has crashed"
    if sent_away:
        event, how = "interrupted", "was told to end (SIGTERM: a logout, a shutdown, the job's end)"
    reason = f"its runner (process {pid}) {how}; {on}. Start it again with"
    inform(folder, event, f"{reason} `hpo-tui run {folder.path_word}`")


def main(argv: list[str]) -> int:
    """``python -P -m hpo_tui.engine.runner.vigil FOLDER PID``: wait for the end of runner PID."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Who ends a whole session or job ends this too, which has somebody to tell of just that. A
    # handler, unlike what is ignored, is not handed on to the command that tells.
    signal.signal(signal.SIGTERM, lambda *_: None)
    said = sys.stdin.buffer.read()
    if said == _GOODBYE:
        return 0
    from hpo_tui.store.folder import StudyFolder

    folder = StudyFolder(Path(argv[0]))
    if not is_replaced(folder, int(argv[1])):
        mourn(folder, argv[1], sent_away=said == _SENT_AWAY)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
