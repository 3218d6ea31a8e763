"""How soon a trial's first line runs: started cold, and forked from a warm parent.

``python benchmarks/warm_start.py [--runs 7] [--import torch]`` prints both side by side, measured
in turn on the same machine: from the moment of the start to the first line after the script's
imports, and the CPU time that the start costs.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from warm_ready import ready

from hpo_tui.engine.execution import warm
from hpo_tui.engine.execution.warm import WarmServer

SCRIPT = """
import {module}
import json, os, sys, time
def spent():
    used = os.times()
    return [time.time(), used.user + used.system]
found = spent()
{use}
with open(sys.argv[1], "w") as file:
    json.dump(found + spent(), file)
"""
USE = {"torch": "torch.optim.Adam([torch.zeros(1, requires_grad=True)])"}
"""What a script does soon after the import, and what imports more."""
SHIM = Path(warm.__file__).with_name("shim.py")


def wait_for(path: Path) -> None:
    """Wait until the shim has written how the trial ended."""
    deadline = time.monotonic() + 120
    while not path.exists():
        if time.monotonic() > deadline:
            raise SystemExit(f"no end of the trial in {path.parent}")
        time.sleep(0.002)


def measure(begin: Callable[[list[str], Path], None], folder: Path, script: Path) -> list[float]:
    """Start the script once; return seconds and CPU seconds to its first line, then of its use."""
    folder.mkdir()
    out = folder / "first"
    began = time.time()
    begin([sys.executable, str(script), str(out)], folder)
    wait_for(folder / "exit.json")
    at, used, then, by_then = json.loads(out.read_text())
    return [at - began, used, then - began, by_then]


def cold(argv: list[str], folder: Path) -> None:
    """Start as a trial is started without a warm parent."""
    words = [str(SHIM), str(folder), "1", "0", "30", *argv]
    with (folder / "stdout.log").open("wb") as log:
        subprocess.Popen(
            [sys.executable, "-I", "-S", *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--import", dest="module", default="torch", help="the heavy import")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as text:
        place = Path(text)
        script = place / "script.py"
        script.write_text(SCRIPT.format(module=args.module, use=USE.get(args.module, "")))
        server = WarmServer([args.module])
        began = time.monotonic()
        server.start()
        if not ready(server, 180):
            raise SystemExit(server.problem)
        warming = time.monotonic() - began

        def forked(argv: list[str], folder: Path) -> None:
            server.spawn(argv, dict(os.environ), folder, folder / "stdout.log", folder)

        found: dict[str, list[list[float]]] = {"cold": [], "warm": []}
        for kind, begin in (("cold", cold), ("warm", forked)):  # once unmeasured: file caches
            measure(begin, place / f"{kind}-first", script)
        for run in range(args.runs):
            for kind, begin in (("cold", cold), ("warm", forked)):
                found[kind].append(measure(begin, place / f"{kind}{run}", script))
        server.stop()
    show(args.module, found, warming)


def show(module: str, found: dict[str, list[list[float]]], warming: float) -> None:
    """Print the table."""
    print(f"median of {len(found['cold'])} starts; the parent warms up once in {warming:.1f} s")
    points = [(0, f"first line after import {module}")]
    points += [(2, "first optimizer made")] if module in USE else []
    print(f"{'':<36}{'':<6}{'wall':>9}{'slowest':>10}{'CPU':>9}{'ratio':>8}")
    for place, name in points:
        medians = {k: statistics.median(run[place] for run in runs) for k, runs in found.items()}
        for kind, runs in found.items():
            slowest = max(run[place] for run in runs)
            cpu = statistics.median(run[place + 1] for run in runs)
            ratio = f"{medians['cold'] / medians[kind]:.0f}x"
            print(
                f"{name:<36}{kind:<6}{medians[kind]:>8.3f}s{slowest:>9.3f}s{cpu:>8.3f}s{ratio:>8}"
            )


if __name__ == "__main__":
    main()
