"""Trials that run on after their runner has gone: asked of the kernel, without an optimizer."""

import json
import os
import sqlite3
from contextlib import suppress

from hpo_tui.engine.execution.processes import Process, boot_id, owner, prints_to
from hpo_tui.engine.execution.transient_errors import small_file
from hpo_tui.engine.spec.names import numbered
from hpo_tui.store.file_errors import user_name
from hpo_tui.store.folder import StudyFolder, TrialFolder
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
    others = {uid for n in left if (uid := _user(folder, n)) not in (None, os.geteuid())}
    if others and os.geteuid() != 0:
        who = user_name(min(others))
        whose = "it is" if len(left) == 1 else "they are"
        stop = f"{whose} {who}'s, ask {who} for `hpo-tui stop {folder.path_word}`"
    return f"{numbered(left)} of {folder.name} {run} without a runner: {stop}"


def lives(folder: StudyFolder, number: int) -> bool:
    """Whether the shim of a trial lives, by what it has written of itself, and by its log."""
    files = folder.trial(number)
    try:
        shim = _shim(files)
        return shim is not None and prints_to(shim.pid, files.log, of_others=True)
    except OSError:
        return False


def _shim(files: TrialFolder) -> Process | None:
    """Return the process of a trial's shim, None where none lives on this machine."""
    try:
        data = json.loads(small_file(files.process))
        shim = Process(int(data["pid"]), int(data["ticks"]))
        return shim if data.get("boot") == boot_id() and shim.alive else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _user(folder: StudyFolder, number: int) -> int | None:
    """Return the user whose a trial's process is, None where that cannot be seen."""
    shim = _shim(folder.trial(number))
    return None if shim is None else owner(shim.pid)
