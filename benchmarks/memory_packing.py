"""Measures what it is worth to know how much GPU memory a configuration will need.

``python benchmarks/memory_packing.py [SEEDS]`` plays studies of random configurations on one GPU of
24 GiB with the runner's own packing and memory model: trials of about the same duration, whatever
shares the GPU, which reach their peak after a third of it. Memory alone limits how many run at
once. It prints how long the trials take, in durations of one, and how many run out of memory: with
the largest peak so far for every configuration, and with the model. Takes ten seconds.
"""

import heapq
import math
import random
import statistics
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hpo_tui.engine.execution.gpus.memory import MemoryModel
from hpo_tui.engine.execution.gpus.packing import Packing, Resident, Room
from hpo_tui.engine.spec.parts import Parameter, ParameterKind, Value

GIB = 1 << 30
TOTAL = 24 * GIB
START = GIB // 2
"""Bytes that a trial takes as soon as it starts."""
SPACE = (
    Parameter("batch", ParameterKind.INT, 16, 512, log=True),
    Parameter("width", ParameterKind.INT, 64, 1024, log=True),
    Parameter("depth", ParameterKind.INT, 2, 8),
    Parameter("rate", ParameterKind.FLOAT, 1e-4, 1.0, log=True),
    Parameter("dropout", ParameterKind.FLOAT, 0.0, 0.5),
    Parameter("kind", ParameterKind.CATEGORICAL, choices=("a", "b", "c")),
)
Params = Mapping[str, Value]
Gibibytes = Callable[[Params, random.Random], float]


def share(params: Params, *names: str) -> float:
    """Return the product of parameters, as a part of the largest there is."""
    high = {p.name: p.high for p in SPACE}
    return math.prod(float(params[n]) / high[n] for n in names)


STUDIES: dict[str, Gibibytes] = {
    "the same for all: 5 GiB": lambda _p, _r: 5.0,
    "batch size: 1 to 7 GiB": lambda p, _: 0.7 + 6 * share(p, "batch"),
    "width: 2 to 9 GiB": lambda p, _: 1.5 + 8 * share(p, "width"),
    "batch size × width: 1 to 15 GiB": lambda p, _: 0.7 + 14 * share(p, "batch", "width"),
    "with depth, too: 1 to 23 GiB": lambda p, _: 0.7 + 22 * share(p, "batch", "width", "depth"),
    "a choice: 3, 5 or 9 GiB": lambda p, _: {"a": 3.0, "b": 5.0, "c": 9.0}[str(p["kind"])],
    "by chance: 1 to 12 GiB": lambda _, r: math.exp(r.uniform(0, math.log(12))),
}


@dataclass
class Running:
    """A trial on the GPU: bytes that were kept for it and that it holds; when it began and ends."""

    expected: int | None
    held: int
    alone: bool
    began: float
    end: float


def draw(rng: random.Random) -> dict[str, Value]:
    """Return a random configuration."""
    params: dict[str, Value] = {}
    for p in SPACE:
        at = rng.random()
        on_log = p.low * (p.high / p.low) ** at if p.log else p.low + at * (p.high - p.low)
        params[p.name] = rng.choice(p.choices) if p.choices else on_log
    return params


class Study:
    """One study, played event by event. ``model``: what tells memory by configuration."""

    def __init__(self, gibibytes: Gibibytes, trials: int, seed: int, model: MemoryModel) -> None:
        rng = random.Random(seed)
        self.packing, self.model, self.running = Packing(), model, dict[int, Running]()
        self.params = [draw(rng) for _ in range(trials)]
        self.peaks = [int(GIB * gibibytes(p, rng) * rng.uniform(0.98, 1.02)) for p in self.params]
        self.lengths = [rng.uniform(0.9, 1.1) for _ in self.params]
        self.queue = [(n, False) for n in range(trials)]
        self.events: list[tuple[float, int, bool]] = []
        self.now, self.lost = 0.0, 0

    def play(self) -> tuple[float, int]:
        """Return when the last trial ended, and how many attempts ran out of memory."""
        while self.queue or self.running:
            while self.queue and self.begins(*self.queue[0]):
                self.queue.pop(0)
            self.now, trial, ends = heapq.heappop(self.events)
            if trial in self.running and (self.running[trial].end == self.now) == ends:
                self.ended(trial) if ends else self.grown(trial)
        return self.now, self.lost

    def begins(self, trial: int, alone: bool) -> bool:
        """Start a trial if it is admitted; return whether it was."""
        said = self.model.expected("t", self.params[trial])
        memory = None if said is None else int(said * (1 + self.packing.margin))
        there = (Resident(n, "t", r.expected, r.held, r.alone) for n, r in self.running.items())
        if not self.packing.admits(Room(TOTAL, 0, tuple(there)), "t", memory=memory, alone=alone):
            return False
        expected = self.packing.expected("t") if memory is None else memory
        end = self.now + self.lengths[trial]
        self.running[trial] = Running(expected, START, alone, self.now, end)
        heapq.heappush(self.events, (self.now + self.lengths[trial] / 3, trial, False))
        heapq.heappush(self.events, (end, trial, True))
        return True

    def grown(self, trial: int) -> None:
        """Let a trial reach its peak, or run out of memory and wait for the GPU alone."""
        there = self.running[trial]
        others = sum(r.held for r in self.running.values()) - there.held
        if others + self.peaks[trial] <= TOTAL:
            there.held = self.peaks[trial]
            return
        self.packing.ran_out(len(self.running), there.began, self.now)
        self.lost += 1
        del self.running[trial]
        self.queue.insert(0, (trial, True))

    def ended(self, trial: int) -> None:
        """Learn from a trial that ended well."""
        peak = self.running.pop(trial).held
        self.packing.succeeded("t", peak, self.lengths[trial], 1)
        self.model.add("t", self.params[trial], peak)


def main() -> None:
    """Print a table of the studies."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print("| memory by | trials | largest peak | model | faster | out of memory |")
    print("|---|---|---|---|---|---|")
    for name, gibibytes in STUDIES.items():
        for trials in (20, 60):
            took, lost = [], []
            for space in ((), SPACE):
                runs = [
                    Study(gibibytes, trials, s, MemoryModel(space)).play() for s in range(seeds)
                ]
                took.append(statistics.mean(end for end, _ in runs))
                lost.append(statistics.mean(number for _, number in runs))
            gain, said = took[0] / took[1], f"{lost[0]:.1f}, {lost[1]:.1f}"
            print(f"| {name} | {trials} | {took[0]:.1f} | {took[1]:.1f} | {gain:.2f} | {said} |")


if __name__ == "__main__":
    main()
