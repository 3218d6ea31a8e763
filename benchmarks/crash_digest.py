"""What a command of ``crash_commands.py`` has changed: a study's folder, and files beside it."""

import os
import re
import shutil
import signal
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import crash_study

from hpo_tui.engine.launch import runner_pid
from hpo_tui.engine.spec.text.files import edited_by_hand
from hpo_tui.store.folder import HOME, StudyFolder

_TIMES = {
    "created",
    "started",
    "ended",
    "time",
    "asked",
    "answered",
    "taken",
    "duration",
    "rev",
    "revision",
}
_WORKED_OUT = ("slices", "maps", "learned")
"""What ``analyse`` keeps with a study."""
_UNFINISHED = re.compile(r"\.hpo-[0-9a-f]{8}\.part|\.tmp$|-journal$|-wal$|-shm$")
"""In the names of files in the making."""
_NOT_OURS = ("ended", "told", "strace")


def end_runners(place: Path) -> None:
    """End what a command has started."""
    for path in (place / HOME).glob("*/runner.lock"):
        folder = StudyFolder(path.parent)
        pid = runner_pid(folder)
        for one in [*([pid] if pid else []), *crash_study.left(folder)]:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        while runner_pid(folder):
            time.sleep(0.01)


def digest(place: Path) -> dict[str, Any]:
    """Return what a command may change, without times and what a runner does by itself."""
    found: dict[str, Any] = {}
    for db in sorted(place.glob(f"{HOME}/**/study.db")):
        if "/.deleted-" in str(db) or "/.import-" in str(db):  # to those who look it is not there
            continue
        found |= _of_study(place, db)
    for path in sorted(p for p in place.iterdir() if p.is_file() and p.name not in _NOT_OURS):
        if not _UNFINISHED.search(path.name):
            found[path.name] = _of_file(path)
    return found


def unfinished(place: Path) -> list[str]:
    """Return the names of files beside the studies that somebody has not written to their end."""
    return sorted(p.name for p in place.iterdir() if _UNFINISHED.search(p.name))


def _of_study(place: Path, db: Path) -> dict[str, Any]:
    """Return what is to be known of a study."""
    name, found = str(db.parent.relative_to(place)), dict[str, Any]()
    with closing(sqlite3.connect(db)) as connection:
        if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
            return {name: "broken"}
        connection.row_factory = sqlite3.Row
        for table in ("study", "trials", "commands", "reports"):
            rows = connection.execute(f"SELECT * FROM {table}").fetchall()
            found[f"{name}/{table}"] = [
                {k: v for k, v in dict(r).items() if k not in _TIMES} for r in rows
            ]
        rows = connection.execute("SELECT kind, text FROM events").fetchall()
        found[f"{name}/events"] = sorted(re.sub(r"\d+\.\d+", "", str(tuple(r))) for r in rows)
        rows = connection.execute("SELECT key, value FROM optimizer").fetchall()
        found[f"{name}/worked out"] = {k: v for k, v in map(tuple, rows) if k in _WORKED_OUT}
    text, file = found[f"{name}/study"][0]["text"], db.parent / "study.toml"
    # What lies ready to replace it counts: the next run, or edit, puts it there.
    by_hand = edited_by_hand(file, text) is not None
    found[f"{name}/study.toml"] = file.read_text() if by_hand else text
    found[f"{name}/checkpoints"] = sorted(
        str(p.relative_to(db.parent)) for p in db.parent.glob("trials/*/checkpoint/*")
    )
    return found


def _of_file(path: Path) -> Any:
    """Return what a file says; of what holds times of its own or names of processes, how much."""
    if path.suffix == ".db":
        try:
            with closing(sqlite3.connect(path)) as connection:
                tables = ("studies", "trials", "trial_params", "study_user_attributes")
                ask = "SELECT count(*) FROM {}"
                return [connection.execute(ask.format(t)).fetchone()[0] for t in tables]
        except sqlite3.Error as error:
            return f"broken: {error}"
    if path.suffix == ".journal":
        return path.read_bytes().count(b"\n")
    if path.name == "study.toml":  # of ``init``: comments tell how long its run took
        return re.sub(r"#.*", "", path.read_text())
    return path.read_bytes()


def differs(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """Return the parts in which two digests differ."""
    return sorted(k for k in a.keys() | b.keys() if a.get(k) != b.get(k))


def copied(source: Path, place: Path) -> Path:
    """Copy a folder with studies."""
    shutil.copytree(source, place, symlinks=True)
    return place
