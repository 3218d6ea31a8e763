"""What watching an unchanged study costs: CPU share and bytes.

    python benchmarks/screen_idle.py [--seconds 20]

Budget: 1 % of a core, and no byte written.
"""

import argparse
import tempfile
from pathlib import Path

from make_study import make
from screen_support import Terminal, app_command, record, shows


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        study = make(home / ".hpo" / "study", 1000)
        with Terminal(app_command(study.path), 120, 40, home) as terminal:
            terminal.wait(shows("partial"), 60)
            terminal.settle(quiet=3)
            before = terminal.cpu()
            written = terminal.pump(args.seconds)
            share = (terminal.cpu() - before) / args.seconds
    record(
        "watching an unchanged study",
        [
            "| seconds | CPU | bytes |",
            "|---|---|---|",
            f"| {args.seconds:.0f} | {100 * share:.1f} % (budget 1 %) | {written} (budget 0) |",
        ],
    )


if __name__ == "__main__":
    main()
