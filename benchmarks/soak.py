"""Soak: short real trials while runner, readers and trials are killed and the disk fills.

``python benchmarks/soak.py --seed 0`` runs 200 trials, four at a time, with 50 kills. At the end
every report line of every trial must be in the store exactly once and in order, the ledger must add
up, no process may be left, and SQLite must find its file sound. The exit status says whether all
held.

The disk is filled once when this user may mount a small tmpfs (root); otherwise that is said.
"""

import argparse
import contextlib
import json
import math
import os
import random
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hpo_tui.engine.analysis import charges
from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.reports import parse
from hpo_tui.engine.launch import LaunchError, create_study, runner_pid, send, start_runner
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import LOST, StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader

SCRIPT = """
import os, random, signal, sys, time
from hpo_tui import trial
rng = random.Random(trial.number * 7919 + int.from_bytes(os.urandom(2), "big"))
trial.should_stop()
begin = 0
state = trial.checkpoint / "state"
if trial.resume and (trial.resume / "state").exists():
    begin = int((trial.resume / "state").read_text() or 0)
kind = rng.random()
if kind < 0.08 and os.fork() == 0:      # a helper that leaves the session and ignores SIGTERM
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(3600)
for step in range(begin, int(trial.fidelity["epochs"])):
    time.sleep(PAUSE * rng.uniform(0.5, 1.5))
    accuracy = 1 - abs(trial.params["x"] - 0.3) - 0.5 / (step + 1)
    if kind > 0.75:                     # one in four turns out poor: work for the early stopping
        accuracy -= 0.2
    if 0.08 < kind < 0.11 and step > 4:
        accuracy = float("nan")
    trial.report(step + 1, accuracy=accuracy, loss=rng.random(), number=trial.number)
    if kind > 0.96 and step > 3:
        sys.exit("a crash of its own")
    if step % 3 == 2:
        try:
            (trial.checkpoint / "new").write_text(str(step + 1))
            (trial.checkpoint / "new").replace(state)
        except OSError:
            pass
    if trial.should_stop():
        break
"""

STUDY = """
[study]
name = "soak"
command = ["{python}", "{script}"]
budget = "{trials} trials"
resume = true
[space.x]
type = "float"
low = 0.0
high = 1.0
[space.y]
type = "int"
low = 1
high = 9
[[objective]]
metric = "accuracy"
direction = "maximize"
[[task]]
name = "short"
epochs = 8
cost = 0.3
[[task]]
name = "long"
epochs = 24
cost = 1.0
[resources]
gpus = "none"
slots = {slots}
grace = "1s"
timeout = "60s"
failures = 1000
"""

READER = """
import sys, time
from pathlib import Path
from hpo_tui.store.read import StudyReader
while True:
    with StudyReader(Path(sys.argv[1])) as reader:
        for _ in range(20):
            if reader.changed():
                reader.frame(); reader.trials(); reader.events(); reader.devices()
            time.sleep(0.1)
"""


@dataclass
class Soak:
    """One soak: the study, what is done to it, and what was done."""

    folder: StudyFolder
    rng: random.Random
    kills: int
    optimizer: str | None
    mount: Path | None
    done: Counter[str] = field(default_factory=Counter)
    ui: bool = False
    reader: "subprocess.Popen[bytes] | None" = None

    def run(self, limit: float) -> bool:
        """Torment the study until it is finished; return whether it was, within ``limit`` s."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            self.revive()
            if self.state() is StudyState.FINISHED and runner_pid(self.folder) is None:
                return True
            time.sleep(self.rng.uniform(0.05, 1.0))
            if self.done["runner"] + self.done["reader"] < self.kills:
                self.torment()
            elif self.mount and not self.done["disk"]:
                self.fill()
        return False

    def state(self) -> StudyState:
        """Return where the study stands."""
        with StudyReader(self.folder.db) as reader:
            return reader.study().state

    def revive(self) -> None:
        """Start a runner where none is, a reader too, and resume a study that paused itself."""
        if self.reader is None or self.reader.poll() is not None:
            self.reader = watch(self.folder, self.ui)
        if self.state() is StudyState.FINISHED:
            return
        try:
            if runner_pid(self.folder) is None:
                start_runner(self.folder, optimizer=self.optimizer)
                self.done["starts"] += 1
            elif self.state() is StudyState.PAUSED:
                self.done["pauses"] += 1
                send(self.folder, "resume", {})
        except LaunchError as error:
            print(f"  {error}", file=sys.stderr)

    def torment(self) -> None:
        """Kill something, or fill the disk."""
        actions: list[tuple[float, Callable[[], None]]] = [
            (4, self.kill_runner), (2, self.kill_reader), (1.5, self.kill_trial),
        ]  # fmt: skip
        if self.mount and not self.done["disk"]:
            actions.append((0.5, self.fill))
        weights = [w for w, _ in actions]
        self.rng.choices([a for _, a in actions], weights)[0]()

    def kill_runner(self) -> None:
        """SIGKILL the runner, at whatever it does."""
        pid = runner_pid(self.folder)
        if pid:
            kill(pid)
            self.done["runner"] += 1
            while runner_pid(self.folder) is not None:
                time.sleep(0.005)
            time.sleep(self.rng.choice((0.0, 0.0, 0.2, 1.0)))

    def kill_reader(self) -> None:
        """SIGKILL the screen, or the reader that stands for it."""
        if self.reader is not None:
            end(self.reader)
            self.done["reader"] += 1

    def kill_trial(self) -> None:
        """SIGKILL a trial, or now and then the shim above it."""
        running = [t for t in self.trials() if t.state is TrialState.RUNNING and t.pid]
        if not running:
            return
        trial = self.rng.choice(running)
        assert trial.pid is not None
        inner = processes.children().get(trial.pid, [])
        if self.rng.random() < 0.3 or not inner:
            kill(trial.pid)
            self.done["shim"] += 1
        else:
            kill(inner[0])
            self.done["trial"] += 1

    def fill(self) -> None:
        """Leave no byte free on the study's disk for some seconds."""
        assert self.mount is not None
        path = self.mount / "filler"
        with path.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass
        self.done["disk"] += 1
        time.sleep(3.0)
        path.unlink()

    def trials(self) -> list[Trial]:
        """Return all trials."""
        with StudyReader(self.folder.db) as reader:
            return reader.trials()


def watch(folder: StudyFolder, ui: bool) -> "subprocess.Popen[bytes]":
    """Start the dashboard in a terminal of its own, or a bare reader in its place."""
    argv = [sys.executable, "-c", READER, str(folder.db)]
    if ui:
        main = "import sys; from hpo_tui.tui.cli import main; sys.exit(main())"
        inner = shlex.join([sys.executable, "-c", main, "watch", str(folder.path)])
        argv = ["script", "-qfec", inner, "/dev/null"]
    return subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True, env={**os.environ, "TERM": "xterm-256color"},
    )  # fmt: skip


def end(process: "subprocess.Popen[bytes]") -> None:
    """SIGKILL a process and all below it."""
    for pid in processes.tree(process.pid):
        kill(pid)
    process.wait()


def kill(pid: int) -> None:
    """Send SIGKILL, unless it is gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def check(folder: StudyFolder) -> list[str]:
    """Return everything that is wrong with a soaked study."""
    faults = []
    with StudyReader(folder.db) as reader:
        trials = reader.trials()
        lines = 0
        for trial in trials:
            fault, count = check_reports(folder, reader, trial)
            lines += count
            if fault:
                faults.append(fault)
        frame = reader.frame()
    spent, lost = float(charges.charged(frame).sum()), float(charges.lost(frame).sum())
    total = sum(t.charged for t in trials)
    wasted = sum(t.charged if t.state in LOST else t.wasted for t in trials)
    if not math.isclose(total, spent) or not math.isclose(wasted, lost, abs_tol=1e-9):
        faults.append(f"trials add up to {total} and {wasted}, the screens say {spent} and {lost}")
    for trial in trials:
        if not trial.state.ended:
            faults.append(f"trial {trial.number} is {trial.state}")
        if trial.state is TrialState.COMPLETE and not math.isclose(
            trial.charged, trial.cost + trial.wasted
        ):
            faults.append(f"trial {trial.number} is charged {trial.charged} for {trial.cost}")
    with contextlib.closing(sqlite3.connect(folder.db)) as connection:
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
    if verdict != "ok":
        faults.append(f"integrity_check: {verdict}")
    faults += [f"process {pid} is left" for pid in left(folder)]
    states = Counter(str(t.state) for t in trials)
    print(f"  {len(trials)} trials {dict(states)}, {lines} report lines, "
          f"spent {spent:.2f}, lost {lost:.2f}")  # fmt: skip
    return faults


def check_reports(folder: StudyFolder, reader: StudyReader, trial: Trial) -> tuple[str, int]:
    """Compare a trial's report file with the store, line by line; return (fault, lines)."""
    path = folder.trial(trial.number).reports
    data = path.read_bytes() if path.exists() else b""
    wanted = [parse(line) for line in data.split(b"\n") if line.strip()]
    found = [(r.step, dict(r.metrics)) for r in reader.reports(trial.number)]
    if len(wanted) != len(found):
        return f"trial {trial.number}: {len(wanted)} lines written, {len(found)} stored", len(found)
    for line, (want, have) in enumerate(zip(wanted, found, strict=True)):
        if want is None or json.dumps(want) != json.dumps(have):
            return f"trial {trial.number}, line {line}: wrote {want}, stored {have}", len(found)
    return "", len(found)


def left(folder: StudyFolder) -> list[int]:
    """Return the processes that still belong to the study."""
    mark = f"HPO_STUDY={folder.path.absolute()}".encode()
    found = []
    for pid in processes.all_pids():
        try:
            environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mark in environment and processes.Process.of(pid):
            found.append(pid)
    return found


def mounted(base: Path, megabytes: int) -> Path | None:
    """Mount a small tmpfs, None if this user may not."""
    path = base / "disk"
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "soak", str(path)]
    try:
        done = subprocess.run(command, check=False, capture_output=True)
    except OSError:
        return None
    return path if done.returncode == 0 else None


def main() -> int:
    """Run the soak; return 0 if everything held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--pause", type=float, default=0.05, help="seconds of one step")
    parser.add_argument("--disk", type=int, default=48, help="MB of the disk to fill; 0: none")
    parser.add_argument("--limit", type=float, default=1200.0, help="seconds")
    parser.add_argument("--optimizer", help="module:class of another optimizer")
    parser.add_argument("--ui", action="store_true", help="watch with the real screen (script(1))")
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    args = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="soak-"))
    mount = mounted(base, args.disk) if args.disk else None
    if args.disk and mount is None:
        print("  the disk is not filled: no tmpfs can be mounted here")
    home = (mount or base) / HOME
    home.mkdir()
    script = base / "train.py"
    script.write_text(SCRIPT.replace("PAUSE", repr(args.pause)))
    text = STUDY.format(python=sys.executable, script=script, trials=args.trials, slots=args.slots)
    folder = create_study(text, home)
    soak = Soak(folder, random.Random(args.seed), args.kills, args.optimizer, mount, ui=args.ui)
    began = time.monotonic()
    finished = False
    try:
        finished = soak.run(args.limit)
        print(f"seed {args.seed}: {time.monotonic() - began:.0f} s, done to it: {dict(soak.done)}")
        faults = check(folder)
    finally:
        tidy(soak, base, mount, keep=args.keep)
    if not finished:
        faults.append(f"not finished within {args.limit:g} s")
    for fault in faults:
        print(f"  FAULT {fault}")
    print("  all held" if not faults else f"  {len(faults)} faults")
    return 1 if faults else 0


def tidy(soak: Soak, base: Path, mount: Path | None, *, keep: bool) -> None:
    """End what is left and remove the folder."""
    if soak.reader is not None:
        end(soak.reader)
    pid = runner_pid(soak.folder)
    if pid:
        kill(pid)
    for process in left(soak.folder):
        kill(process)
    if keep:
        print(f"  kept in {base}")
        return
    if mount is not None:
        subprocess.run(["umount", "-l", str(mount)], check=False)
    shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
