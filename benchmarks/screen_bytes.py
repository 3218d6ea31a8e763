"""Bytes that an SSH client gets, and what they cost, with two trials ending every second.

    python benchmarks/screen_bytes.py [--seconds 20]

Budget: 1 KiB/s at 80 by 24 and 4 at 200 by 50 while everything changes, none when nothing does (see
screen_idle.py); 6 % of a core at either size.
"""

import argparse
import tempfile
from pathlib import Path

from make_study import make
from screen_live import Live
from screen_support import Terminal, app_command, record, shows


def main() -> None:
    """Measure both sizes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    args = parser.parse_args()
    lines = ["| size | trials/s | KiB/s | CPU |", "|---|---|---|---|"]
    for columns, rows, most in ((80, 24, 1), (200, 50, 4)):
        with tempfile.TemporaryDirectory() as name:
            home = Path(name)
            study = make(home / ".hpo" / "study", 1000)
            with Terminal(app_command(study.path), columns, rows, home) as terminal:
                terminal.wait(shows(" left"), 60)
                terminal.settle(quiet=2)
                live = Live(study.db, rate=2)
                live.start()
                terminal.pump(3)
                before = terminal.cpu()
                rate = terminal.pump(args.seconds) / args.seconds / 1024
                share = (terminal.cpu() - before) / args.seconds
                live.stop()
        cost = f"{100 * share:.1f} % (budget 6 %)"
        lines.append(f"| {columns}x{rows} | 2 | {rate:.1f} (budget {most}) | {cost} |")
    record("bytes to a client", lines)


if __name__ == "__main__":
    main()
