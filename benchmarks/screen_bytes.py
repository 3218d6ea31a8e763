"""Bytes that an SSH client gets, at 80 by 24 with trials ending every second.

    python benchmarks/screen_bytes.py [--seconds 20]

Budget: 15 KiB/s while everything changes, none when nothing does (see screen_idle.py).
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
    for columns, rows in ((80, 24), (200, 50)):
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
        budget = " (budget 15)" if columns == 80 else ""
        lines.append(f"| {columns}x{rows} | 2 | {rate:.1f}{budget} | {100 * share:.0f} % |")
    record("bytes to a client", lines)


if __name__ == "__main__":
    main()
