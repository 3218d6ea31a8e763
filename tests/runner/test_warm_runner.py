"""Trials forked from a warm parent, when their runner is killed as it starts one."""

import contextlib
import os
import signal
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.processes import Process
from hpo_tui.store.models import TrialState

SCRIPT = """
number = given["trial"]
open("began", "a").write(f"{number}\\n")
report(accuracy=0.5)
while not os.path.exists(f"go-{number}"): time.sleep(0.02)
"""


def server_of(runner: int) -> Process | None:
    """Return the warm parent of a runner."""
    for pid in processes.children().get(runner, ()):
        with contextlib.suppress(OSError):
            if b"warm_server.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return Process.of(pid)
    return None


def test_a_trial_that_a_killed_runner_was_starting_runs_once(make_study: Any) -> None:
    study = make_study(SCRIPT, budget=99, study='warm = ["json"]')
    home, runner = study.folder.workplace, study.start()
    server = study.until(lambda: server_of(runner))
    number = 1
    while processes.parent(study.running(number).pid) != server.pid:  # until it has its imports
        (home / f"go-{number}").touch()
        number += 1
    os.kill(server.pid, signal.SIGSTOP)
    (home / f"go-{number}").touch()
    number += 1  # written down, and asked of a parent that does not come to it
    study.until(lambda: (t := study.trial(number)) is not None and t.state is TrialState.RUNNING)
    study.kill_runner()
    study.start()
    study.running(number)
    if server.alive:
        os.kill(server.pid, signal.SIGCONT)
    study.until(lambda: not server.alive)
    (home / f"go-{number}").touch()
    study.ended(number)
    study.stop(kill=True)
    assert (home / "began").read_text().splitlines().count(str(number)) == 1
