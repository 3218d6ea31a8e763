"""CPU time to the first frame of a study, against a bare Textual app in the same run.

    python benchmarks/screen_start.py [--repeats 5]

Budget: twice the bare app.
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from make_study import make
from screen_support import BARE, Terminal, app_command, record, shows


def first_frame(command: list[str], word: str, home: Path) -> float:
    """Return the CPU seconds until ``word`` is on the screen."""
    with Terminal(command, 120, 40, home) as terminal:
        terminal.wait(shows(word), 30)
        return terminal.cpu()


def main() -> None:
    """Measure both, in turns."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        study = make(home / ".hpo" / "study", 200)
        bare, ours = [], []
        for _ in range(1 + args.repeats):
            bare.append(first_frame([sys.executable, "-c", BARE], "bare-ready", home))
            ours.append(first_frame(app_command(study.path), "study", home))
    # The first of each has compiled the modules.
    a, b = statistics.median(bare[1:]), statistics.median(ours[1:])
    record(
        "first frame",
        [
            "| program | CPU s, median | ratio |",
            "|---|---|---|",
            f"| bare Textual app | {a:.2f} | 1 |",
            f"| hpo-tui on a study | {b:.2f} | {b / a:.2f} (budget 2) |",
        ],
    )


if __name__ == "__main__":
    main()
