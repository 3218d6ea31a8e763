"""Trials that run on after their runner has gone: asked of the kernel, without an optimizer."""

import json
import sqlite3
from contextlib import suppress

from hpo_tui.engine.execution.processes import Process, boot_id, prints_to
from hpo_tui.engine.execution.transient_errors import small_file
from hpo_tui.engine.spec.names import numbered
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader


def orphans(folder: StudyFolder) -> list[int]:
    """Return the numbers of the trials that run while no runner is there to end them."""
    if folder.runner_pid() is not None or not folder.db.is_file():
        return []
    running: list[int] = []
    with suppress(sqlite3.Error), StudyReader(folder.db) as reader:  # a broken file may go, too
        running = [t.number for t in reader.trials() if t.state is TrialState.RUNNING]
    return [number for number in running if lives(folder, number)]


def in_the_way(folder: StudyFolder) -> str:
    """Return why the study's folder cannot be taken away, empty where it can."""
    left = orphans(folder)
    if not left:
        return ""
    run = "still runs" if len(left) == 1 else "still run"
    stop = f"stop it first with `hpo-tui stop {folder.word}`"
    return f"{numbered(left)} of {folder.name} {run} without a runner: {stop}"


def lives(folder: StudyFolder, number: int) -> bool:
    """Whether the shim of a trial lives, by what it has written of itself, and by its log."""
    files = folder.trial(number)
    try:
        data = json.loads(small_file(files.process))
        shim = Process(int(data["pid"]), int(data["ticks"]))
        here = data.get("boot") == boot_id() and shim.alive
        return here and prints_to(shim.pid, files.log, of_others=True)
    except (OSError, ValueError, KeyError, TypeError):
        return False
