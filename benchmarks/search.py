"""Measure the optimizer against other engines and write what comes out.

    python benchmarks/search.py                       # the given problems, ten seeds
    python benchmarks/search.py --problems generated --engines ours random tpe gp --seeds 3
    python benchmarks/search.py --problems spoiled --engines ours full-only
    python benchmarks/search.py --report              # only the report of what is in --out

Runs are appended to a file of JSON lines, one a run; the same command goes on where it stopped.
The given problems are read from --bench, the environment variable HPO_TUI_BENCH or a folder
``shared/bench`` beside the checkout; without them the generated problems remain.
"""

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path

from search_support.engines import ENGINES
from search_support.plan import Catalogue, make
from search_support.problem import find_bench
from search_support.records import ACCOUNTINGS, Key


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    root = Path(__file__).resolve().parents[1]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--bench", help="folder with problems.json, yahpo/ and peers/")
    add(
        "--problems",
        nargs="+",
        help="names, or given, generated, instances, several, development, spoiled, failing, noisy,"
        " all",
    )
    add("--engines", nargs="+", default=["ours"], choices=sorted(ENGINES))
    add("--peers", action="store_true", help="also run random, tpe and gp (full task)")
    add("--seeds", type=int, default=10, help="how many")
    add("--first-seed", type=int, default=0)
    add("--workers", type=int, nargs="+", default=[1])
    add("--until", type=float, default=math.inf, help="leave a run after so many units")
    add("--accounting", nargs="+", default=list(ACCOUNTINGS), choices=ACCOUNTINGS)
    add("--jobs", type=int, default=1, help="runs at once")
    add("--out", type=Path, default=root / "benchmarks/results/search.jsonl")
    add("--timing", action="store_true", help="also measure the CPU time of ask")
    add("--verify", action="store_true", help="also rerun peers to check scores and accounting")
    add("--report", action="store_true", help="make no runs")
    add("--docs", type=Path, help="folder whose measurements.md gets the report and its plots")
    return parser.parse_args(argv)


def keys(args: argparse.Namespace, problems: Sequence[str]) -> list[Key]:
    """Return the runs that the arguments mean, seed by seed, so that any prefix is balanced."""
    engines = dict.fromkeys([*args.engines, *(("random", "tpe", "gp") if args.peers else ())])
    found = [
        Key(seed, accounting, workers, engine, problem)
        for seed in range(args.first_seed, args.first_seed + args.seeds)
        for accounting in args.accounting
        for workers in args.workers
        for engine in engines
        for problem in problems
    ]
    return [k for k in found if k.accounting == args.accounting[0] or not _same(k.engine)]


def _same(engine: str) -> bool:
    """Whether an engine promotes nothing, so that the accounting makes no difference."""
    return engine in ("random", "tpe", "gp", "full-only", "botorch")


def main(argv: Sequence[str] | None = None) -> int:
    """Make the runs and the report; return the exit status."""
    args = _arguments(argv)
    bench = find_bench(args.bench)
    catalogue = Catalogue(bench)
    failed = 0
    if not args.report:
        words = args.problems or (["given"] if bench else ["generated"])
        names = catalogue.expand(words)
        for name in names:
            catalogue.problem(name)
        wanted, until = keys(args, names), args.until
        failed = make(
            bench, wanted, args.out, args.jobs, lambda t: print(t, flush=True), until=until
        )
    from search_support.report import write_report

    write_report(catalogue, args.out, args.docs, timing=args.timing, verify=args.verify)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
