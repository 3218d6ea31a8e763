"""From the end of a trial to the start of the next process in its slot: the target is 100 ms.

``python benchmarks/turnaround.py`` runs short trials with the real optimizer. The end is when the
trial's command has ended, as its shim records it; the start is that of the next process, as the
kernel records it (in steps of 10 ms, rounded down).
"""

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from hpo_tui.engine.execution import processes
from hpo_tui.engine.launch import create_study, runner_pid, start_runner
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.read import StudyReader

SCRIPT = """
import json, os, random, time
given = json.load(open(os.environ["HPO_PARAMS"]))
time.sleep(random.uniform(0.5, 1.0) * SECONDS)
x = given["params"]
with open(os.environ["HPO_REPORTS"], "a") as out:
    out.write(json.dumps({"a": x["x"] + x["y"], "b": (x["x"] - 1) ** 2 + x["z"]}) + "\\n")
"""
STUDY = """
[study]
name = "turnaround"
command = ["{python}", "{script}"]
budget = "{trials} trials"
[space.x]
type = "float"
low = 0.0
high = 1.0
[space.y]
type = "float"
low = 0.0
high = 1.0
[space.z]
type = "float"
low = 0.0
high = 1.0
[[objective]]
metric = "a"
direction = "maximize"
[[objective]]
metric = "b"
direction = "minimize"
[resources]
gpus = "none"
slots = {slots}
"""


def gaps(folder: StudyFolder) -> list[float]:
    """Return the seconds from each end to the next start in the same slot, in order of time."""
    boot = time.time() - processes.uptime()
    slots: dict[str, list[tuple[float, float]]] = {}
    with StudyReader(folder.db) as reader:
        for trial in reader.trials():
            files = folder.trial(trial.number)
            end = json.loads(files.exit.read_bytes())["ended"]
            ticks = json.loads((files.path / "process.json").read_bytes())["ticks"]
            slots.setdefault(trial.device, []).append((boot + ticks / processes.TICKS, end))
    found = []
    for runs in slots.values():
        runs.sort()
        found += [(end, start - end) for (_, end), (start, _) in pairwise(runs)]
    return [gap for _, gap in sorted(found)]


def main() -> int:
    """Run, print the distribution; return 1 if the median is above the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0, help="the longest trial")
    parser.add_argument("--target", type=float, default=100.0, help="milliseconds")
    parser.add_argument("--keep", action="store_true", help="keep the folder")
    args = parser.parse_args()
    base = Path(tempfile.mkdtemp(prefix="turnaround-"))
    script = base / "train.py"
    script.write_text(SCRIPT.replace("SECONDS", repr(args.seconds)))
    text = STUDY.format(python=sys.executable, script=script, trials=args.trials, slots=args.slots)
    folder = create_study(text, base / HOME)
    start_runner(folder)
    while runner_pid(folder) is not None:
        time.sleep(0.2)
    found = sorted(1000 * gap for gap in gaps(folder))
    if not args.keep:
        shutil.rmtree(base)
    middle, most = statistics.median(found), found[-1]
    high = found[int(0.9 * len(found))]
    within = sum(gap <= args.target for gap in found) / len(found)
    print(
        f"{len(found)} turnarounds, {args.slots} slots, ms: median {middle:.0f}, 90 % {high:.0f},"
        f" longest {most:.0f}; within {args.target:g} ms: {within:.0%}"
    )
    return 1 if middle > args.target else 0


if __name__ == "__main__":
    sys.exit(main())
