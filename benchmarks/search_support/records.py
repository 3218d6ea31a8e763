"""Results as lines of JSON: appended as runs end, read back to resume and to report."""

import json
import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search_support.simulate import Run, Step

ACCOUNTINGS = ("inc", "sep")
"""``inc``: a promotion pays the difference. ``sep``: every evaluation pays its task in full."""


@dataclass(frozen=True, order=True)
class Key:
    """What identifies a run."""

    seed: int
    accounting: str
    workers: int
    engine: str
    problem: str


@dataclass(frozen=True)
class Record:
    """One run that has ended; ``ask``: CPU seconds (median, max, total) and how many."""

    key: Key
    trajectory: tuple[Step, ...]
    ask: Mapping[str, float]

    def at(self, cost: float) -> float | None:
        """Return the score when ``cost`` full-task units were spent."""
        return score_at(self.trajectory, cost)


def score_at(trajectory: Iterable[Step], cost: float) -> float | None:
    """Return the last score of a trajectory at or before ``cost``; None before any."""
    score = None
    for spent, _, value in trajectory:
        if spent > cost + 1e-6:
            break
        score = value
    return score


def line(key: Key, run: Run, commit: str) -> str:
    """Return the line that stands for a run."""
    asks = run.asks or [0.0]
    entry = {
        "problem": key.problem,
        "engine": key.engine,
        "accounting": key.accounting,
        "workers": key.workers,
        "seed": key.seed,
        "commit": commit,
        "ask_cpu_s": {
            "median": round(statistics.median(asks), 4),
            "max": round(max(asks), 4),
            "total": round(sum(asks), 3),
            "count": len(run.asks),
        },
        "trajectory": [[c, t, None if s is None else round(s, 6)] for c, t, s in run.steps],
    }
    return json.dumps(entry)


def read(path: Path) -> list[Record]:
    """Return the records of a file, the last one where a run is there twice; [] without a file."""
    if not path.is_file():
        return []
    found: dict[Key, Record] = {}
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            entry = json.loads(text)
        except json.JSONDecodeError:
            continue  # cut off when the machine stopped: that run is made again
        record = _record(entry)
        found[record.key] = record
    return list(found.values())


def _record(entry: Mapping[str, Any]) -> Record:
    key = Key(
        entry["seed"],
        entry["accounting"],
        entry["workers"],
        entry["engine"],
        entry["problem"],
    )
    steps = tuple((c, t, s) for c, t, s in entry["trajectory"])
    return Record(key, steps, entry["ask_cpu_s"])


@dataclass(frozen=True)
class PeerRun:
    """One run of a peer."""

    peer: str
    seed: int
    trajectory: tuple[Step, ...]

    def at(self, cost: float) -> float | None:
        """Return the score when ``cost`` full-task units were spent."""
        return score_at(self.trajectory, cost)


def read_peers(bench: Path, problem: str) -> list[PeerRun]:
    """Return the given peers' runs on a problem; [] when there are none."""
    path = bench / "peers" / f"{problem}.jsonl"
    if not path.is_file():
        return []
    entries = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    return [
        PeerRun(e["peer"], e["seed"], tuple((c, t, s) for c, t, s in e["trajectory"]))
        for e in entries
    ]


def peers_for(runs: Iterable[PeerRun], accounting: str) -> dict[str, list[PeerRun]]:
    """Return peers by name, without those that ran under the other accounting."""
    other = next(a for a in ACCOUNTINGS if a != accounting)
    out: dict[str, list[PeerRun]] = {}
    for run in runs:
        if not run.peer.endswith(f"-{other}"):
            out.setdefault(run.peer, []).append(run)
    return out
