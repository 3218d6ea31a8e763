"""Commands of ``crash_points.py`` to a runner that lives: killed, they are heard whole or not."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import crash_study
from crash_digest import end_runners
from crash_strace import ENVIRONMENT, lines, runner_of, traced

from hpo_tui.engine.launch import create_study, runner_pid
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.read import StudyReader

_WAITS = """
import os, time
with open(os.environ["HPO_REPORTS"], "a") as out:
    out.write('{"step": 1, "accuracy": 0.5, "size": 1}\\n')
while not os.path.exists("go"): time.sleep(0.05)
"""
"""A script that ends when it is told."""
_SECONDS = 20.0
"""How long anything is waited for."""
_ERRORS = ("signal=KILL", "error=ENOSPC", "error=EIO", "error=EACCES")


def _is(state: StudyState) -> Callable[[StudyReader], bool]:
    return lambda reader: reader.study().state is state


def _killed(reader: StudyReader) -> bool:
    trial = reader.trial(1)
    return trial is not None and trial.state is TrialState.KILLED


def _answered(reader: StudyReader) -> bool:
    return not reader.open_commands(["star"])


COMMANDS: dict[str, Callable[[StudyReader], bool]] = {
    "pause": _is(StudyState.PAUSED),
    "stop": _is(StudyState.STOPPED),
    "stop --kill": _is(StudyState.STOPPED),
    "kill 1": _killed,
    "star 1": _answered,
}
"""Command → what has come of it once it is done."""


def _make(place: Path) -> StudyFolder:
    """Make a study whose trials wait."""
    (place / HOME).mkdir(parents=True)
    (place / "train.py").write_text(_WAITS)
    text = crash_study.STUDY.format(python=sys.executable, budget=crash_study.BUDGET)
    return create_study(text, place / HOME)


@contextmanager
def _running(place: Path) -> Iterator[StudyFolder]:
    """Give a study that runs: both its slots have a trial that waits."""
    folder = _make(place)
    with folder.log.open("ab") as log:
        runner = subprocess.Popen(
            runner_of(folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=ENVIRONMENT,
            cwd=place,
        )  # fmt: skip
        try:
            _wait(folder, lambda reader: reader.counts().get(TrialState.RUNNING, 0) == 2)
            yield folder
        finally:
            end_runners(place)
            runner.wait()


def _wait(folder: StudyFolder, holds: Callable[[StudyReader], bool]) -> bool:
    """Wait until something holds of a study; return whether it does."""
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        with StudyReader(folder.db) as reader:
            if holds(reader):
                return True
        time.sleep(0.02)
    return False


def _given(
    folder: StudyFolder, words: str, before: list[str]
) -> "subprocess.CompletedProcess[str]":
    argv = [*before, sys.executable, "-m", "hpo_tui", *words.split()]
    return subprocess.run(argv, cwd=folder.workplace, capture_output=True, text=True, check=False)


def _point(base: Path, words: str, call: str, number: int, fault: str) -> str:
    """Have a command run into a fault, give it again; return what is wrong."""
    name = re.sub(r"\W+", "-", f"{words}-{call}-{number}-{fault}")
    place, done_when = base / name, COMMANDS[words]
    with _running(place) as folder:
        inject = f"{call}:{fault}:when={number}"
        first = _given(folder, words, traced([], base / f"{name}.strace", inject, calls=call))
        if "KILL" not in fault and ("Traceback" in first.stderr or not first.stderr.strip()):
            return f"it says {first.stderr[-300:]}"
        if first.returncode == 0 and not _wait(folder, done_when):
            return "status 0, but it is not done"
        again = _given(folder, words, [])
        if "Traceback" in again.stderr or (again.returncode and not _wait(folder, done_when)):
            return f"given again it says {again.stderr[-300:]}"
        if not _wait(folder, done_when):
            return "given again it is not done"
        if words.startswith("stop") and not _ended(folder):
            return "the runner does not go"
        if "Traceback" in folder.log.read_text():
            return "the runner's log has a traceback"
    shutil.rmtree(place)
    return ""


def _ended(folder: StudyFolder) -> bool:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        if runner_pid(folder) is None and not crash_study.left(folder):
            return True
        time.sleep(0.02)
    return False


def sweep(base: Path, jobs: int) -> int:
    """Have each command run into each fault at each of its calls; return how many had faults."""
    base.mkdir(parents=True)
    plans: list[tuple[str, str, int, str]] = []
    for words in COMMANDS:
        log = base / "whole.strace"
        place = base / "whole"
        with _running(place) as folder:
            done = _given(folder, words, traced([], log))
            if done.returncode:
                raise SystemExit(f"{words}: {done.stderr}")
        shutil.rmtree(place)
        for call in ("pwrite64", "fdatasync", "ftruncate", "unlink"):
            plans += [
                (words, call, n + 1, e) for n in range(len(lines(log, call))) for e in _ERRORS
            ]
    with ThreadPoolExecutor(jobs) as pool:
        found = list(pool.map(lambda plan: _point(base, *plan), plans))
    for plan, fault in zip(plans, found, strict=True):
        if fault:
            print(f"  FAULT {' '.join(map(str, plan))}: {fault}", flush=True)
    wrong = sum(map(bool, found))
    print(f"commands to a runner: {len(COMMANDS)} at {len(plans)} points, {wrong} with faults")
    return wrong
