"""How much of the time slots work where a trial takes no longer than a suggestion.

``python benchmarks/short_trials.py`` runs 1 500 trials of about 0.3 s on four slots with the real
runner and optimizer: 8 parameters, 2 objectives. Trials sleep, so that what the machine's cores do
is what the program does. A line for every hundred results: the share of the time in which slots
worked, results per minute, CPU seconds of the optimizer and of the runner per result; and at the
end how much of the front was found.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from hpo_tui.engine.execution import processes
from hpo_tui.engine.launch import create_study, runner_pid, start_runner
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.read import StudyReader

SCRIPT = """
import json, os, time
x = [v for k, v in sorted(json.load(open(os.environ["HPO_PARAMS"]))["params"].items())]
time.sleep(SECONDS * (0.7 + 0.6 * x[7]))
far = sum((v - 0.3 - 0.05 * i) ** 2 for i, v in enumerate(x[1:]))
bend = (x[1] - x[2]) ** 2 + abs(x[3] - x[0])
with open(os.environ["HPO_REPORTS"], "a") as out:
    a, b = x[0] + far + bend, (1 - x[0] ** 0.5) + far + bend
    out.write(json.dumps({"a": a, "b": b}) + "\\n")
"""
STUDY = """
[study]
name = "short"
command = ["{python}", "-S", "-E", "{script}"]
budget = "{trials} trials"
seed = {seed}
{space}
[[objective]]
metric = "a"
direction = "minimize"
threshold = 1.2
[[objective]]
metric = "b"
direction = "minimize"
threshold = 1.2
[resources]
gpus = "none"
slots = {slots}
"""
PARAMETER = '[space.x{}]\ntype = "float"\nlow = 0.0\nhigh = 1.0\n'
WINDOW = 100


@dataclass(frozen=True, slots=True)
class Ran:
    """When a trial's process ran, in seconds of the clock, and what came of it."""

    start: float
    end: float
    losses: tuple[float, float]


def ran(folder: StudyFolder) -> list[Ran]:
    """Return all trials in the order of their ends."""
    boot = time.time() - processes.uptime()
    found = []
    with StudyReader(folder.db) as reader:
        for trial in reader.trials():
            files = folder.trial(trial.number)
            end = json.loads(files.exit.read_bytes())["ended"]
            ticks = json.loads((files.path / "process.json").read_bytes())["ticks"]
            start = boot + ticks / processes.TICKS
            found.append(Ran(start, end, (trial.metrics["a"], trial.metrics["b"])))
    return sorted(found, key=lambda r: r.end)


def windows(runs: Sequence[Ran], slots: int) -> Iterator[tuple[int, float, float]]:
    """Yield results so far, the share of the time that slots worked, and results per minute."""
    begin = min(r.start for r in runs)
    for first in range(0, len(runs), WINDOW):
        end = runs[min(first + WINDOW, len(runs)) - 1].end
        worked = sum(max(0.0, min(r.end, end) - max(r.start, begin)) for r in runs)
        here = min(WINDOW, len(runs) - first)
        yield first + here, worked / (slots * (end - begin)), 60 * here / (end - begin)
        begin = end


def volume(runs: Sequence[Ran]) -> float:
    """Return the share of the box below the thresholds that the trials dominate."""
    area, low = 0.0, 1.2
    for a, b in sorted(r.losses for r in runs):
        if a < 1.2 and b < low:
            area += (1.2 - a) * (low - b)
            low = b
    return area / 1.2**2


def cpu(folder: StudyFolder) -> dict[str, float]:
    """Return the CPU seconds of the study's runner and of its optimizer till now."""
    pid = runner_pid(folder)
    spent: dict[str, float] = {}
    if pid is None:
        return spent
    try:
        runner = psutil.Process(pid)
        spent["runner"] = sum(runner.cpu_times()[:2])
        for child in runner.children():
            if any("proposals" in word for word in child.cmdline()):
                spent["optimizer"] = sum(child.cpu_times()[:2])
    except psutil.Error:
        return {}
    return spent


def main() -> int:
    """Run, print a line a window."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=1500)
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=0.3, help="what a trial takes about")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    args = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="short-"))
    script = base / "train.py"
    script.write_text(SCRIPT.replace("SECONDS", repr(args.seconds)))
    text = STUDY.format(
        python=sys.executable, script=script, trials=args.trials, slots=args.slots, seed=args.seed,
        space="".join(map(PARAMETER.format, range(8))),
    )  # fmt: skip
    folder = create_study(text, base / HOME)
    start_runner(folder)
    last: dict[str, float] = {}
    while runner_pid(folder) is not None:
        last = cpu(folder) or last
        time.sleep(0.5)
    runs = ran(folder)
    for done, share, rate in windows(runs, args.slots):
        print(f"{done:6d} results: slots work {share:4.0%}, {rate:5.0f} results a minute")
    took = runs[-1].end - min(r.start for r in runs)
    each = ", ".join(f"{name} {1000 * s / len(runs):.0f} ms" for name, s in sorted(last.items()))
    shares = " ".join(f"{volume(runs[:n]):.3f}@{n}" for n in (100, 300, len(runs)))
    print(f"{len(runs)} results in {took:.0f} s; CPU a result: {each}; volume {shares}")
    if args.keep:
        print(base)
    else:
        shutil.rmtree(base)
    return 0


if __name__ == "__main__":
    sys.exit(main())
