"""The commands of ``crash_points.py``: each is done whole or not at all, and can be given again."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import crash_study
from crash_strace import ENVIRONMENT, counted, runner_of, spread, traced

from hpo_tui.engine.launch import runner_pid
from hpo_tui.engine.spec.text.files import edited_by_hand
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.read import StudyReader

COMMANDS = (
    "extend 1", "edit x.high=1.5 slots=1", "enqueue x=0.25", "retry 2",
    "promote {short}", "confirm 5", "star 3", "tag 3 a b", "note 3 hello", "tidy crash --yes",
    "archive crash", "delete crash --yes", "import trials.csv --name other --maximize accuracy",
    "export --csv -o out.csv", "run other.toml --no-wait", "resume",
)  # fmt: skip
_LOOSE = {"tidy": "/checkpoints", "run": "/study.toml", "resume": "/study.toml"}
"""Commands of which only a part is compared: tidy goes on where it was, a runner does the rest."""
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


def prepare(place: Path) -> None:
    """Make ready what the commands work on: ``place`` holds a study that was run."""
    hpo_tui(place, "extend 2 -s crash")
    hpo_tui(place, "export --csv -o trials.csv")
    text = crash_study.STUDY.format(python=sys.executable, budget=3).replace('"crash"', '"other"')
    (place / "other.toml").write_text(text)


def hpo_tui(
    place: Path, words: str, before: list[str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command, ``before`` it what it runs under."""
    argv = [*(before or []), sys.executable, "-m", "hpo_tui", *words.split()]
    return subprocess.run(argv, cwd=place, capture_output=True, text=True, check=False)


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
        name = str(db.parent.relative_to(place))
        with closing(sqlite3.connect(db)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                found[name] = "broken"
                continue
            connection.row_factory = sqlite3.Row
            for table in ("study", "trials", "commands", "reports"):
                rows = connection.execute(f"SELECT * FROM {table}").fetchall()
                found[f"{name}/{table}"] = [
                    {k: v for k, v in dict(r).items() if k not in _TIMES} for r in rows
                ]
            rows = connection.execute("SELECT kind, text FROM events").fetchall()
            found[f"{name}/events"] = sorted(re.sub(r"\d+\.\d+", "", str(tuple(r))) for r in rows)
        text, file = found[f"{name}/study"][0]["text"], db.parent / "study.toml"
        # What lies ready to replace it counts: the next run, or edit, puts it there.
        by_hand = edited_by_hand(file, text) is not None
        found[f"{name}/study.toml"] = file.read_text() if by_hand else text
        found[f"{name}/checkpoints"] = sorted(
            str(p.relative_to(db.parent)) for p in db.parent.glob("trials/*/checkpoint/*")
        )
    if (place / "out.csv").exists():
        found["out.csv"] = (place / "out.csv").read_text()
    return found


def differs(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """Return the parts in which two digests differ."""
    return sorted(k for k in a.keys() | b.keys() if a.get(k) != b.get(k))


class Command:
    """One command, on copies of a study: what it changes, and what a kill makes of it."""

    def __init__(self, words: str, source: Path) -> None:
        self.words, self.source = words, source
        place = self._copy("whole")
        self.before = digest(place)
        log = source.parent / "whole.strace"
        done = hpo_tui(place, words, traced([], log))
        end_runners(place)
        self.after = digest(place)
        shutil.rmtree(place)
        self.refused = done.stderr if done.returncode else ""
        self.calls = counted(log)

    def _copy(self, name: str) -> Path:
        place = self.source.parent / name
        shutil.copytree(self.source, place, symlinks=True)
        return place

    def fault(self, call: str, number: int) -> str:
        """Kill it before a call, then give it again; return what is wrong, else an empty text."""
        place = self._copy(f"{re.sub(r'[^a-z]+', '-', self.words)}-{call}-{number}")
        log = self.source.parent / f"{place.name}.strace"
        hpo_tui(place, self.words, traced([], log, f"{call}:signal=KILL:when={number}", calls=call))
        end_runners(place)
        found, done = digest(place), False
        if differs(found, self.before):
            done = not differs(found, self.after)
            if not done and self.words.split()[0] not in _LOOSE:
                changed, lacks = differs(found, self.before), differs(found, self.after)
                return f"it is in between: {changed} changed, {lacks} not"
        again = hpo_tui(place, self.words)
        end_runners(place)
        if "Traceback" in again.stderr or (again.returncode and not done):
            return f"given again it says {again.stderr[-300:]}"
        loose = _LOOSE.get(self.words.split()[0], "")
        parts = [p for p in differs(digest(place), self.after) if p.endswith(loose)]
        if not done and parts:
            return f"given again it makes {parts} otherwise than at once"
        shutil.rmtree(place)
        log.unlink()
        return ""


def sweep(base: Path, most: int, jobs: int) -> int:
    """Kill every command at its calls, ``most`` of a kind; return how many points had faults."""
    made = crash_study.make(base / "commands" / "study")
    subprocess.run(
        runner_of(made), cwd=made.workplace, env=ENVIRONMENT, check=True, capture_output=True
    )
    prepare(made.workplace)
    points = wrong = 0
    with StudyReader(made.db) as reader:
        trials = reader.trials()
    carried = {t.resumed_from for t in trials}
    short = next(t.number for t in trials if t.task == "short" and t.number not in {2, *carried})
    for words in (each.format(short=short) for each in COMMANDS):
        command = Command(words, made.workplace)
        plans = [(c, n) for c, count in command.calls.items() for n in spread(1, count, most)]
        points += len(plans)
        if command.refused:
            raise SystemExit(f"{words}: {command.refused.strip()}")
        with ThreadPoolExecutor(jobs) as pool:
            found = list(pool.map(command.fault, *zip(*plans, strict=True)))
        for (call, number), fault in zip(plans, found, strict=True):
            if fault:
                wrong += 1
                print(f"  FAULT {words}, {call} {number}: {fault}", flush=True)
    print(f"commands: {len(COMMANDS)} at {points} points, {wrong} with faults", flush=True)
    return wrong
