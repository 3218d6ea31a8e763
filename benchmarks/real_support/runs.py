"""One run: trainings one after another until the budget is spent, and what is kept of it."""

import itertools
import json
import math
import tempfile
import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from search_support.engines import Proposal, Spent
from search_support.problem import Metrics
from search_support.simulate import CheatError

from real_support.engines import ENGINES, End, Searcher
from real_support.problems import BUDGET, Model, Real

_TOLERANCE = 1e-6


@dataclass(frozen=True, order=True)
class Key:
    """What identifies a run."""

    seed: int
    problem: str
    engine: str


@dataclass(frozen=True)
class Trial:
    """One training. ``spent``: units when it ended. ``cpu``, ``wall``: its seconds."""

    spent: float
    task: str
    state: str
    params: Mapping[str, Any]
    metrics: Metrics
    cpu: float
    wall: float


@dataclass(frozen=True)
class Run:
    """A run that has ended. ``ask``: CPU seconds of the engine itself, telling included."""

    key: Key
    trials: tuple[Trial, ...]
    ask: float

    @property
    def cpu(self) -> float:
        """CPU seconds of its trainings."""
        return sum(trial.cpu for trial in self.trials)

    def within(self, seconds: float) -> "Run":
        """Return what had ended when so many CPU seconds of training were spent."""
        ends = itertools.accumulate(trial.cpu for trial in self.trials)
        kept = [t for t, end in zip(self.trials, ends, strict=True) if end <= seconds]
        return replace(self, trials=tuple(kept))

    def full(self, problem: Real, cost: float = BUDGET) -> list[Trial]:
        """Return the trials of the full task that ended within a cost."""
        return [
            t for t in self.trials
            if (t.task, t.state) == (problem.full.name, "complete") and t.spent <= cost + _TOLERANCE
        ]  # fmt: skip


def training_seed(*words: object) -> int:
    """Return a seed that belongs to these words alone."""
    return zlib.crc32("/".join(map(str, words)).encode())


def conduct(problem: Real, key: Key) -> Run:
    """Spend the budget; every training has a seed of its own."""
    engine = ENGINES[key.engine](problem, key.seed)
    trials: list[Trial] = []
    spent = ask = 0.0
    with tempfile.TemporaryDirectory(prefix="hpo-real-") as folder:
        while spent < BUDGET - _TOLERANCE:
            started = time.process_time()
            try:
                proposal = engine.ask()
            except Spent:
                break
            ask += time.process_time() - started
            seed = training_seed(key.problem, key.engine, key.seed, proposal.number)
            end, cpu, wall, deciding = _train(problem, engine, proposal, seed, Path(folder))
            spent += end.charged
            started = time.process_time()
            engine.end(proposal.number, end)
            ask += time.process_time() - started + deciding
            params, metrics = dict(proposal.params), dict(end.metrics)
            trials.append(Trial(spent, proposal.task, end.state, params, metrics, cpu, wall))
    return Run(key, tuple(trials), ask)


def _train(
    problem: Real, engine: Searcher, proposal: Proposal, seed: int, folder: Path
) -> tuple[End, float, float, float]:
    """Return how a trial ended, its CPU and wall seconds, and CPU seconds of the engine in it.

    Raises CheatError when the engine expected another price than that of the steps that were run.
    """
    began, wall, deciding = time.process_time(), time.perf_counter(), 0.0
    model = problem.model(proposal.params, seed)
    origin = engine.origin(proposal.number)
    if origin is not None:
        model.load(folder / f"{origin}.npz")
    first, last = model.step, int(problem.level(proposal.task).fidelity)
    state = "complete"
    for until in range(first + problem.every, last + 1, problem.every):
        model.run(until, last)
        metrics = model.score(model.data.valid)
        if not math.isfinite(metrics["loss"]):
            state = "diverged"
            break
        started = time.process_time()
        stop = engine.report(proposal.number, until, metrics)
        deciding += time.process_time() - started
        if stop and until < last:
            state = "stopped"
            break
    model.save(folder / f"{proposal.number}.npz")
    end = End(state, metrics, (model.step - first) / problem.steps)
    if state == "complete" and abs(end.charged - proposal.cost) > _TOLERANCE:
        raise CheatError(f"{proposal} claims to cost {proposal.cost:g}; it cost {end.charged:g}")
    cpu = time.process_time() - began - deciding
    return end, cpu, time.perf_counter() - wall, deciding


def trained(problem: Real, params: Mapping[str, Any], seed: int, task: str) -> Model:
    """Return a model after a whole task, from a new beginning."""
    model, last = problem.model(params, seed), int(problem.level(task).fidelity)
    for until in range(problem.every, last + 1, problem.every):
        model.run(until, last)
    return model


def line(run: Run, commit: str) -> str:
    """Return the line of JSON that stands for a run."""
    trials = [asdict(t) | {k: round(getattr(t, k), 4) for k in ("spent", "cpu", "wall")}
              for t in run.trials]  # fmt: skip
    return json.dumps(asdict(run.key) | {"commit": commit, "ask": run.ask, "trials": trials})


def read(path: Path) -> dict[Key, Run]:
    """Return the runs of a file; {} without a file."""
    found = {}
    for entry in entries(path):
        key = Key(entry["seed"], entry["problem"], entry["engine"])
        found[key] = Run(key, tuple(Trial(**t) for t in entry["trials"]), entry["ask"])
    return found


def entries(path: Path) -> list[dict[str, Any]]:
    """Return the objects in a file of JSON lines, without one that was cut off."""
    out = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            out.append(json.loads(text))
        except json.JSONDecodeError:
            continue  # cut off when the machine stopped: it is made again
    return out
