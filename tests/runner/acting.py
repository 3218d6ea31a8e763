"""A running trial without a process: what tests of the runner's parts need of one."""

import os
from pathlib import Path
from types import SimpleNamespace

from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live
from hpo_tui.store.folder import TrialFolder


class Process:
    """A running process that only notes what is asked of it."""

    def __init__(self) -> None:
        self.started, self.device, self.asked = 1.0, "GPU-5ee7", list[str]()
        self.pid = os.getpid()

    def stop(self) -> None:
        self.asked.append("stop")

    def kill(self) -> None:
        self.asked.append("kill")


def live(desk: Desk, tmp_path: Path) -> Live:
    folder = TrialFolder(tmp_path / "trials" / "0001")
    folder.checkpoint.mkdir(parents=True)
    launch, process, tail = SimpleNamespace(folder=folder, grace=30.0), Process(), SimpleNamespace()
    found = Live(1, launch, process, tail)  # type: ignore[arg-type]
    desk.live[1] = found
    return found
