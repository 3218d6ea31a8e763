"""From a key to the screen while trials end, at 10 000 trials, 200 by 50.

    python benchmarks/screen_keys.py [--presses 60]

The key goes to the next axis of the parallel coordinates, which repaints them: the dearest key
there is. It is on the screen when the line below the axes says another range. Budget: a median of
20 ms.
"""

import argparse
import re
import statistics
import tempfile
import time
from pathlib import Path

from make_study import make
from screen_live import Live
from screen_support import Terminal, app_command, record, shows

_RANGE = re.compile(rb"[0-9] to [0-9]|[0-9] choices")


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presses", type=int, default=60)
    parser.add_argument("--trials", type=int, default=10_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        study = make(home / ".hpo" / "study", args.trials)
        with Terminal(app_command(study.path), 200, 50, home) as terminal:
            terminal.wait(shows("partial", " left"), 60)
            terminal.settle(quiet=2)
            live = Live(study.db, rate=2)
            live.start()
            terminal.press("0")
            terminal.pump(1)
            times = []
            for i in range(args.presses):
                terminal.pump(0.13 + 0.07 * (i % 5))
                terminal.press("l" if i % 10 < 5 else "h")
                times.append(terminal.wait(lambda d: bool(_RANGE.search(d)), 5))
            live.stop()
            time.sleep(0)
    ordered = sorted(times)
    median, late = statistics.median(ordered), ordered[int(0.9 * len(ordered))]
    record(
        "key to screen, live",
        [
            "| trials | median ms | 90 % ms |",
            "|---|---|---|",
            f"| {args.trials} | {1000 * median:.0f} (budget 20) | {1000 * late:.0f} |",
        ],
    )


if __name__ == "__main__":
    main()
