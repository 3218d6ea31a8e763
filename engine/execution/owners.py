"""Whose the trials are that outlived their runner: another user's can be neither read nor ended.

Nor can one's own from within a container that shares the machine's processes but not its users.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from hpo_tui.engine.execution.leftovers import STRANGE, read_record
from hpo_tui.engine.execution.processes import (
    Process,
    all_pids,
    boot_id,
    is_hidden,
    owner,
    prints_to,
)
from hpo_tui.engine.spec.names import numbered
from hpo_tui.store.file_errors import user_name
from hpo_tui.store.folder import StudyFolder, TrialFolder


def others_run(folder: StudyFolder, numbers: Iterable[int]) -> str:
    """Return why a study cannot go on while trials run that cannot be seen, empty where none does.

    To be taken for lost and started once more beside themselves would mix the output and the
    checkpoints of two processes. Raises OSError where that cannot be told at present.
    """
    numbers = list(numbers)
    owners = {n: who for n in numbers if (who := owner_of_running(folder.trial(n)))}
    if not owners:
        return _untold(folder, numbers)
    who = sorted(set(owners.values()))[0]
    theirs = [n for n, owner in owners.items() if owner == who]
    one = len(theirs) == 1
    runs, are, them = ("runs", "It is", "it") if one else ("run", "They are", "them")
    ended = "it has ended" if one else "they have ended"
    resume = f"`hpo-tui resume {folder.path_word}`"
    if who == user_name(os.geteuid()):
        return (
            f"{numbered(theirs)} of {folder.name} still {runs} without a runner, outside of this"
            f" container: take {them} over there ({resume}), or go on here once {ended}"
        )
    return (
        f"{numbered(theirs)} of {folder.name} still {runs} without a runner. {are} {who}'s: only"
        f" {who} can take {them} over ({resume}) or end {them} (`hpo-tui stop {folder.path_word}`);"
        f" ask {who}, or go on once {ended}"
    )


def owner_of_running(files: TrialFolder) -> str:
    """Return the user of a trial's living shim that cannot be adopted, empty where it is not so.

    Where it prints cannot be seen of such a process. A folder that was copied while it ran is known
    by its owner, or by another that the process names in its command line.
    Raises OSError where the trial's files cannot be read at present.
    """
    data = read_record(files.process)
    if data is None:
        return ""
    with suppress(OSError, *STRANGE):
        shim = Process(int(data["pid"]), int(data["ticks"]))
        if data.get("boot") != boot_id():
            return ""
        wrote = files.process.stat().st_uid
        seen = shim.alive and owner(shim.pid) == wrote and _may_be_of(shim.pid, files)
        # Of what is hidden not even the start is known: its PID alone has to do.
        if seen or (wrote != os.geteuid() and is_hidden(shim.pid)):
            return user_name(wrote)
    return ""


def _untold(folder: StudyFolder, numbers: Iterable[int]) -> str:
    """Return why a study cannot go on where nobody can tell what runs, as after a umask of 077.

    Empty where the records can be read, or their owners have no processes here.
    """
    closed = {n: uid for n in numbers if (uid := _closed_by(folder.trial(n))) is not None}
    busy = {owner(pid) for pid in all_pids()} if closed else set()
    theirs = {n: uid for n, uid in closed.items() if uid in busy or is_hidden(1)}
    if not theirs:
        return ""
    first = min(theirs.values())
    who, those = user_name(first), [n for n, uid in theirs.items() if uid == first]
    run, their = ("runs", "its") if len(those) == 1 else ("run", "their")
    return (
        f"whether {numbered(those)} of {folder.name} still {run} cannot be told: {their} files are"
        f" {who}'s and closed to you. Ask {who} to open them (`chmod -R g+rwX {folder.path}`), or"
        f" go on once no process of {who} runs here"
    )


def _closed_by(files: TrialFolder) -> int | None:
    """Return the other user whose record of a trial this one may not read, None where it may."""
    for path, right in ((files.path, os.X_OK), (files.process, os.R_OK)):
        try:
            found = path.stat()
        except OSError:
            return None
        if not os.access(path, right):
            return found.st_uid if found.st_uid != os.geteuid() else None
    return None


def _may_be_of(pid: int, files: TrialFolder) -> bool:
    """Whether a process may be that of a trial, as far as may be seen of it.

    Raises OSError where it works in a folder that is closed to this user, which the trial's is not.
    """
    if prints_to(pid, files.log) or not prints_to(pid, files.log, of_others=True):
        return False  # it can be told, as of one's own, and by root
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    named = [Path(os.fsdecode(w)) for w in words if w.endswith(os.fsencode(files.path.name))]
    places = [p for p in named if p.is_absolute() and p.is_dir()]
    return not places or any(p.samefile(files.path) for p in places)
