"""CPU time of one update of the parallel coordinates in a live app in a pty, 200 by 50, 12 axes.

    python benchmarks/screen_parallel.py [--updates 60]

Every update brings one more trial. Counted is the whole process: count layers, cells, Textual,
what is written to the terminal. Budget: 25 ms, the same at 1 000 and at 100 000 trials.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from make_study import make
from screen_support import Terminal, record

SIZES = (1_000, 10_000, 100_000)


def shortened(frame: Any, count: int) -> Any:
    """Return the first ``count`` trials of a frame, in arrays of its own."""
    from hpo_tui.store.frame import Frame

    changes: dict[str, Any] = {}
    for name in Frame.__dataclass_fields__:
        value = getattr(frame, name)
        if isinstance(value, np.ndarray):
            changes[name] = value[:count].copy()
        elif isinstance(value, dict) and name in ("params", "metrics"):
            changes[name] = {k: v[:count].copy() for k, v in value.items()}
    return replace(frame, **changes)


def worker(folder: Path, updates: int, result: Path) -> None:
    """Run an app with the widget alone; write the CPU milliseconds an update."""
    from textual.app import App, ComposeResult

    from hpo_tui.engine.spec import StudySpec
    from hpo_tui.store.folder import StudyFolder
    from hpo_tui.store.read import StudyReader
    from hpo_tui.tui.charts import axes
    from hpo_tui.tui.watching.snapshot import Snapshot, View
    from hpo_tui.tui.widgets.parallel import ParallelCoordinates

    study = StudyFolder(folder)
    with StudyReader(study.db) as reader:
        row, frame = reader.study(), reader.frame()
    spec = StudySpec.from_text(row.text)
    whole = Snapshot(time.time(), study, row, spec, frame, None, 0.0, 0.0)

    class Alone(App[None]):
        def compose(self) -> ComposeResult:
            yield ParallelCoordinates()

        def on_mount(self) -> None:
            self.at = len(frame) - updates - 20
            self.call_after_refresh(self.begin)

        def begin(self) -> None:
            widget = self.query_one(ParallelCoordinates)
            widget.show(replace(whole, frame=shortened(frame, self.at)), View(selected=5))
            widget.choose_axes(tuple(axes.names(frame, spec)[:12]))
            if len(widget.options.names) != 12 or widget.size != (200, 50):
                raise SystemExit(f"not what is to be measured: {widget.size}")
            self.set_timer(1.0, self.count)

        def count(self) -> None:
            self.begun = time.process_time()
            self.making = 0.0
            self.timer = self.set_interval(0.1, self.step)
            self.last = self.at + updates

        def step(self) -> None:
            if self.at >= self.last:
                spent = time.process_time() - self.begun - self.making
                result.write_text(json.dumps(1000 * spent / updates))
                self.exit()
                return
            self.at += 1
            start = time.process_time()
            snapshot = replace(whole, frame=shortened(frame, self.at))
            self.making += time.process_time() - start
            self.query_one(ParallelCoordinates).show(snapshot, View(selected=5))

    Alone().run()


def measure(trials: int, updates: int, home: Path) -> float:
    """Return the CPU milliseconds an update at so many trials."""
    study = make(home / f"study-{trials}", trials)
    result = home / f"{trials}.json"
    command = [sys.executable, __file__, "--worker", str(study.path), str(updates), str(result)]
    with Terminal(command, 200, 50, home) as terminal:
        end = time.monotonic() + 120
        while not result.exists() and time.monotonic() < end:
            terminal.pump(0.05)
    return float(json.loads(result.read_text()))


def main() -> None:
    """Measure every size."""
    if sys.argv[1:2] == ["--worker"]:
        worker(Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--updates", type=int, default=60)
    args = parser.parse_args()
    lines = ["| trials | CPU ms an update |", "|---|---|"]
    with tempfile.TemporaryDirectory() as name:
        for trials in SIZES:
            spent = measure(trials, args.updates, Path(name))
            lines.append(f"| {trials} | {spent:.1f} (budget 25) |")
    record("parallel coordinates, one update", lines)


if __name__ == "__main__":
    main()
