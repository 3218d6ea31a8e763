"""The study of ``crash_points.py``: short trials, and what must hold at its end."""

import json
import math
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution import processes
from hpo_tui.engine.launch import create_study
from hpo_tui.engine.optimizer.api import BudgetSpent, PastTrial, StopDecision, Suggestion
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader

BUDGET, EXTENDED = 3.0, 0.5
"""In full-task units: that of the study file, and what is asked for while it runs."""

SCRIPT = """
import json, os, sys, time
given = json.load(open(os.environ["HPO_PARAMS"]))
x, epochs = given["params"]["x"], int(given["fidelity"]["epochs"])
state, begin = os.path.join(os.environ["HPO_CHECKPOINT"], "state"), 0
resume = os.environ.get("HPO_RESUME")
if resume and os.path.exists(os.path.join(resume, "state")):
    begin = int(open(os.path.join(resume, "state")).read())
with open(os.environ["HPO_REPORTS"], "a", buffering=1) as out:
    for step in range(begin + 1, epochs + 1):
        time.sleep(0.02)
        out.write(json.dumps({"step": step, "accuracy": x - 1 / step, "size": x * step}) + "\\n")
        with open(state + ".new", "w") as file: file.write(str(step))
        os.replace(state + ".new", state)
if x > 0.85: sys.exit("too large")
with open("ended", "a") as file: file.write(f"{given['trial']} {x} {epochs}\\n")
"""

STUDY = """
[study]
name = "crash"
command = ["{python}", "-S", "train.py"]
budget = {budget}
resume = true
notify = "cat >> told"
[space.x]
type = "float"
low = 0.0
high = 1.0
[[objective]]
metric = "accuracy"
direction = "maximize"
[[objective]]
metric = "size"
direction = "minimize"
[[task]]
name = "short"
epochs = 2
cost = 0.25
[[task]]
name = "middle"
epochs = 4
cost = 0.5
[[task]]
name = "long"
epochs = 8
cost = 1.0
[resources]
gpus = "none"
slots = 2
grace = "1s"
failures = 1000
"""


class Ladder:
    """An optimizer that starts in milliseconds; every other configuration climbs all tasks."""

    def __init__(self, spec: StudySpec, seed: int, state: object = None) -> None:
        del state
        self.spec, self.seed, self.more = spec, seed, 0.0
        self.known: dict[int, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []

    def restore(self, past: Iterable[PastTrial]) -> None:
        """Take over what the store knows."""
        for t in past:
            self.known[t.number] = {
                "configuration": t.configuration, "params": dict(t.params), "task": t.task,
                "cost": t.charged, "done": t.state == "complete", "from": t.resume_from,
            }  # fmt: skip

    def ask(self, left: float | None = None) -> Suggestion:
        """Return a promotion where one is due, else a new configuration."""
        del left
        number = max(self.known, default=0) + 1
        names = [t.name for t in self.spec.tasks]
        climbed = {t["from"] for t in self.known.values()}
        due = [
            n for n, t in self.known.items()
            if t["done"] and n not in climbed and t["task"] != names[-1] and t["configuration"] % 2
        ]  # fmt: skip
        if due and not self.asked:
            old = self.known[due[0]]
            task = names[names.index(old["task"]) + 1]
            spared = self.spec.task(old["task"]).cost
            new = {**old, "task": task, "from": due[0], "done": False}
        else:
            x = (0.381966 * number + 0.1) % 1.0
            params = self.asked.pop()["params"] if self.asked else {"x": x}
            count = max((t["configuration"] for t in self.known.values()), default=0) + 1
            task, spared = names[0], 0.0
            new = {"configuration": count, "params": params, "task": task, "from": None}
        new["cost"], new["done"] = self.spec.task(task).cost - spared, False
        spent = sum(t["cost"] for t in self.known.values())
        if spent + new["cost"] > self.spec.budget.amount + 1e-9:
            raise BudgetSpent
        self.known[number] = new
        why = {"kind": "random", "text": "its turn"}
        return Suggestion(
            number, new["configuration"], new["params"], task, new["cost"], new["from"], why
        )

    def withdraw(self, number: int) -> None:
        """Take a suggestion back."""
        del self.known[number]

    def tell(self, number: int, metrics: object, duration: object = None) -> None:
        """Learn that a trial is complete."""
        del metrics, duration
        self.known[number]["done"] = True

    def drop(self, number: int, *args: object, charged: float | None = None) -> None:
        """Learn that a trial came to nothing."""
        del args
        self.known[number]["cost"] = charged or 0.0

    def fail(self, number: int, reason: object, charged: float | None = None) -> None:
        """Learn that a trial has failed."""
        del reason
        self.drop(number, charged=charged)

    def reprice(self, number: int, cost: float) -> None:
        """Learn what a trial costs."""
        self.known[number]["cost"] = cost

    def enqueue(self, params: dict[str, Any], *args: object, **others: object) -> None:
        """Run a configuration that was asked for."""
        del args, others
        self.asked.append({"params": params})

    def change_spec(self, spec: StudySpec) -> None:
        """Go on by another definition."""
        self.spec = spec

    def should_stop(self, number: int) -> StopDecision:
        """Let every trial run to its end."""
        del number
        return StopDecision(False, "", 1.0)

    def state(self) -> dict[str, Any]:
        """Return what to keep."""
        return {}

    def eta(self, workers: int) -> float:
        """Return the seconds that are left."""
        return float(workers)

    def _nothing(self, *args: object, **others: object) -> list[Any]:
        del args, others
        return []

    report = no_checkpoint = extend_budget = confirm = slices = prune = _nothing

    def maps(self) -> Iterator[Any]:
        """Yield nothing."""
        return iter(())


def make(place: Path) -> StudyFolder:
    """Make the study in a folder of its own."""
    (place / HOME).mkdir(parents=True)
    (place / "train.py").write_text(SCRIPT)
    return create_study(STUDY.format(python=sys.executable, budget=BUDGET), place / HOME)


def faults(folder: StudyFolder) -> list[str]:
    """Return what is wrong with a study that has come to its end."""
    with StudyReader(folder.db) as reader:
        trials, study = reader.trials(), reader.study()
        found = [fault for t in trials for fault in _of_trial(folder, reader, t)]
        extend = reader.command(2)
        found += [f"command {c.id} ({c.action}) is open" for c in reader.open_commands(["extend"])]
    budget = StudySpec.from_text(study.text).budget.amount
    if study.state is not StudyState.FINISHED:
        found += [f"the study is {study.state}: {study.reason}"]
    spent = sum(t.charged for t in trials)
    if spent > budget + 1e-9:
        found += [f"spent {spent} of {budget}"]
    if spent < budget - 0.5:
        found += [f"only {spent} of {budget} was spent"]
    if budget != BUDGET + (EXTENDED if extend and extend.ok else 0.0):  # it may be refused
        found += [f"the budget is {budget}"]
    if folder.file.read_text() != study.text:
        found += ["study.toml does not say what the study is"]
    if sum(t.params.get("x") == 0.5 for t in trials if t.task == "short") != 1:
        found += ["what was asked for did not run once"]
    ended = folder.workplace / "ended"
    lines = Counter(ended.read_text().splitlines())
    done = Counter(f"{t.number} {t.params['x']} {_epochs(t)}" for t in trials if _complete(t))
    if lines != done:
        found += [f"ran to the end: {lines - done}; complete: {done - lines}"]
    return found + _of_files(folder)


def _complete(trial: Trial) -> bool:
    return trial.state is TrialState.COMPLETE


def _epochs(trial: Trial) -> int:
    return {"short": 2, "middle": 4, "long": 8}[trial.task]


def _of_trial(folder: StudyFolder, reader: StudyReader, trial: Trial) -> list[str]:
    """Return what is wrong with one trial: its state, result, charge or reports."""
    found, x, last = [], float(trial.params["x"]), _epochs(trial)
    expected = TrialState.FAILED if x > 0.85 else TrialState.COMPLETE
    if trial.state is not expected:
        found += [f"is {trial.state} ({trial.reason}), not {expected}"]
    if trial.pid is not None:
        found += [f"still has process {trial.pid}"]
    right = {"accuracy": x - 1 / last, "size": x * last}
    if dict(trial.metrics) != right:
        found += [f"has {dict(trial.metrics)}, not {right}"]
    if _complete(trial) and not math.isclose(trial.charged, trial.cost + trial.wasted):
        found += [f"is charged {trial.charged} for {trial.cost} and {trial.wasted} wasted"]
    written = folder.trial(trial.number).reports.read_text().splitlines()
    stored = [{"step": r.step, **r.metrics} for r in reader.reports(trial.number)]
    if [json.loads(line) for line in written] != stored:
        found += [f"wrote {len(written)} reports, {len(stored)} are stored"]
    return [f"trial {trial.number} {text}" for text in found]


def _of_files(folder: StudyFolder) -> list[str]:
    """Return what is wrong with the study's files, and which processes are left."""
    with closing(sqlite3.connect(folder.db)) as connection:
        verdict = connection.execute("PRAGMA integrity_check").fetchone()[0]
    found = [] if verdict == "ok" else [f"integrity_check: {verdict}"]
    found += [f"{p.name} was set aside" for p in folder.trials.iterdir() if "aside" in p.name]
    log = folder.log.read_text("utf-8", "replace")
    if "the runner failed" in log:
        found += ["the runner failed: " + log[log.rindex("Traceback") :].splitlines()[-1]]
    return found + [f"process {pid} is left" for pid in left(folder)]


def left(folder: StudyFolder) -> list[int]:
    """Return the processes that belong to the study."""
    mark = f"HPO_STUDY={folder.path.absolute()}".encode()
    found = []
    for pid in processes.all_pids():
        try:
            words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            line = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if (mark in words or os.fsencode(folder.path) in line) and processes.Process.of(pid):
            found.append(pid)
    return found


def end(folder: StudyFolder) -> None:
    """End what is left of the study's processes."""
    for pid in left(folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def asked(folder: StudyFolder) -> list[str]:
    """Return what is wrong with what commands say about the study."""
    found = []
    for words in (["status", "--json"], ["best", "--json"], ["show", "1"]):
        argv = [sys.executable, "-m", "hpo_tui", words[0], folder.name, *words[1:]]
        done = subprocess.run(
            argv, cwd=folder.workplace, capture_output=True, text=True, check=False
        )
        if done.returncode or "Traceback" in done.stderr:
            if words[0] != "show" or "has no trial" not in done.stderr:
                found += [f"{words[0]}: {done.returncode} {done.stderr.strip()[-200:]}"]
        elif "--json" in words:
            json.loads(done.stdout)
    return found
