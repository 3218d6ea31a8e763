"""Compare the search with other optimizers on real trainings, and write what comes out.

    python benchmarks/real_trainings.py --seeds 3                  # scikit-learn's data
    python benchmarks/real_trainings.py --data recordings --seeds 3  # and the spoken digits
    python benchmarks/real_trainings.py --report --docs docs       # only the report

Runs are appended to a file of JSON lines, one a run; the same command goes on where it stopped, and
so does training again what is recommended, by which an engine is judged. Needs scikit-learn.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import real_support  # noqa: F401 - one thread, before numpy
from real_support.engines import ENGINES, takes
from real_support.problems import problems
from real_support.report import compose, write
from real_support.runs import Key, conduct, line, read
from search_support.plan import commit


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--data", type=Path, help="folder (or tar) of the Free Spoken Digit Dataset")
    add("--problems", nargs="+", help="all that there are data for")
    add("--engines", nargs="+", default=list(ENGINES), choices=list(ENGINES))
    add("--seeds", type=int, default=3, help="how many")
    add("--first-seed", type=int, default=0)
    add("--seconds", type=float, default=float("inf"), help="begin no run after so many")
    add("--out", type=Path, default=root / "benchmarks/results/real.jsonl")
    add("--report", action="store_true", help="make no runs")
    add("--docs", type=Path, help="folder whose measurements.md gets the report")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Make the runs and the report; return the exit status."""
    args = _arguments(argv)
    known = problems(args.data)
    names = args.problems or list(known)
    if unknown := [name for name in names if name not in known]:
        print(
            f"real_trainings.py: no problem {unknown[0]!r}; there are: {', '.join(known)}"
            + ("" if args.data else " (and spoken-loss with --data)"),
            file=sys.stderr,
        )
        return 2
    started, stamp, done = time.monotonic(), commit(), read(args.out)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    # Seed by seed, so that any part of it is balanced.
    keys = [
        Key(seed, name, engine)
        for seed in range(args.first_seed, args.first_seed + args.seeds)
        for name in names
        for engine in args.engines
        if takes(engine, known[name])
    ]
    for key in [] if args.report else [k for k in keys if k not in done]:
        if time.monotonic() - started > args.seconds:
            break
        run = conduct(known[key.problem], key)
        with args.out.open("a", encoding="utf-8") as file:
            file.write(line(run, stamp) + "\n")
        print(f"{key}: {len(run.trials)} trials, {run.cpu:.1f} s, own {run.ask:.1f} s", flush=True)
    if not read(args.out):
        print(f"real_trainings.py: no run in {args.out}", file=sys.stderr)
        return 1
    text = compose([known[name] for name in names], args.out, lambda t: print(t, flush=True))
    print(text)
    if args.docs is not None:
        write(args.docs / "measurements.md", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
