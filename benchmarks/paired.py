"""Compare two states of the engine run by run: same problems, seeds, accounting and workers.

    python benchmarks/search.py --problems development --seeds 4 --out /tmp/before.jsonl
    ... change the engine ...
    python benchmarks/search.py --problems development --seeds 4 --out /tmp/after.jsonl
    python benchmarks/paired.py /tmp/before.jsonl /tmp/after.jsonl --by-problem

Prints the mean difference, after minus before, and its standard error: of log10 regret with one
objective (less is better), of hypervolume with several. Differences under two errors are noise.
"""

import argparse
import math
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from search_support.plan import Catalogue
from search_support.problem import find_bench
from search_support.records import Key, Record, read

COSTS = (5.0, 10.0, 15.0, 20.0, 30.0)
_NO_RESULT, _FLOOR = 2.0, 1e-3


def value(record: Record, cost: float, *, single: bool) -> float:
    """Return log10 regret at a cost, floored at -3, or hypervolume; 2 or 0 before any result."""
    score = record.at(cost)
    if single:
        return math.log10(max(_NO_RESULT if score is None else score, _FLOOR))
    return score or 0.0


def differences(
    before: Mapping[Key, Record], after: Mapping[Key, Record], keys: Sequence[Key], *, single: bool
) -> list[list[float]]:
    """Return after minus before at every cost, one list of differences for each."""
    return [
        [value(after[k], c, single=single) - value(before[k], c, single=single) for k in keys]
        for c in COSTS
    ]


def line(name: str, columns: Sequence[Sequence[float]]) -> str:
    """Return one line: a name, how many pairs, mean and standard error at each cost."""
    cells = []
    for column in columns:
        error = statistics.stdev(column) / math.sqrt(len(column)) if len(column) > 1 else math.nan
        cells.append(f"{statistics.mean(column):+.3f} ± {error:.3f}")
    return f"{name:28} {len(columns[0]):4}  " + "   ".join(cells)


def main(argv: Sequence[str] | None = None) -> int:
    """Print the comparison; return 1 where the files have no run in common."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("--bench", help="folder with problems.json, yahpo/ and peers/")
    parser.add_argument("--by-problem", action="store_true")
    parser.add_argument("--engines", action="store_true", help="the files are of two engines")
    args = parser.parse_args(argv)
    catalogue = Catalogue(find_bench(args.bench))
    before, after = (
        {replace(r.key, engine="") if args.engines else r.key: r for r in read(path)}
        for path in (args.before, args.after)
    )
    common = sorted(before.keys() & after.keys())
    if not common:
        print(f"paired.py: {args.before} and {args.after} have no run in common", file=sys.stderr)
        return 1
    print(f"{'':28} pairs  " + "   ".join(f"at {c:<12g}" for c in COSTS))
    for accounting, workers in sorted({(k.accounting, k.workers) for k in common}):
        for single in (True, False):
            keys = [
                k
                for k in common
                if (k.accounting, k.workers) == (accounting, workers)
                and catalogue.problem(k.problem).single == single
            ]
            if not keys:
                continue
            what = "log10 regret" if single else "hypervolume"
            columns = differences(before, after, keys, single=single)
            print(line(f"{what} -{accounting} p{workers}", columns))
            for problem in sorted({k.problem for k in keys}) if args.by_problem else ():
                mine = [k for k in keys if k.problem == problem]
                print(line(f"  {problem}", differences(before, after, mine, single=single)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
