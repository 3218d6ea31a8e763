"""CPU time to open a large study to a full dashboard.

    python benchmarks/screen_open.py [--trials 100000] [--study FOLDER]

Budget: 1.5 s for 100 000 trials. Counted until the dashboard is drawn and nothing moves any more.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from make_study import make
from screen_support import Terminal, app_command, record, shows


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--study", type=Path, help="a study made before")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        folder = args.study or make(home / ".hpo" / "study", args.trials).path
        drawn, settled = [], []
        for _ in range(args.repeats):
            with Terminal(app_command(folder), 200, 50, home) as terminal:
                terminal.wait(shows("partial", " left"), 60)
                drawn.append(terminal.cpu())
                settled.append(terminal.settle())
    record(
        "open a large study",
        [
            "| trials | CPU s to the dashboard | CPU s until all is still |",
            "|---|---|---|",
            f"| {args.trials} | {statistics.median(drawn):.2f}"
            f" | {statistics.median(settled):.2f} (budget 1.5) |",
        ],
    )


if __name__ == "__main__":
    main()
