"""What an earlier study is worth: alone against learning from one, run by run.

    python benchmarks/earlier.py --seeds 4

The earlier study is one of 30 units on another data set, that of the next problem of the same
family and metrics. ``reversed`` learns from the same study with every metric turned round, the most
misleading that there is. Problems: the development ones that have such a neighbour. Prints taught
minus alone and its standard error: of log10 regret with one objective (less is better), of
hypervolume with several.
"""

import argparse
import itertools
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from paired import COSTS, differences, line
from search_support.development import SURROGATES
from search_support.engines import Ours
from search_support.plan import Catalogue
from search_support.problem import find_bench
from search_support.records import Key, Record
from search_support.simulate import simulate

from hpo_tui.engine.optimizer import Earlier
from hpo_tui.engine.optimizer.earlier import Finding

ARMS = ("alone", "taught", "reversed")
_OTHER_SEED = 5000


def family(problem: str) -> tuple[str, str]:
    """Return what problems with the same space and metrics have in common: lc…, …-acc_time."""
    name, _, metrics = problem.partition("-")
    return name.rstrip("0123456789"), metrics


def neighbours(problems: Sequence[str]) -> dict[str, str]:
    """Return for each problem the next one of its family; none for those that are alone."""
    found: dict[str, str] = {}
    for _, names in itertools.groupby(sorted(problems, key=family), key=family):
        group = list(names)
        pairs = zip(group, group[1:] + group[:1], strict=True)
        found |= {a: b for a, b in pairs if a != b}
    return found


@dataclass(frozen=True)
class Case:
    """One run of a problem, its neighbour's study and how it learns from it."""

    problem: str
    other: str
    seed: int
    accounting: str
    arm: str

    @property
    def resume(self) -> bool:
        """Whether a promotion pays the difference alone."""
        return self.accounting == "inc"


def reverse(earlier: Earlier) -> Earlier:
    """Return a study with every metric the other way round."""
    turned = tuple(
        Finding(f.configuration, f.params, f.task, {m: -v for m, v in f.metrics.items()}, f.failed)
        for f in earlier.findings
    )
    return Earlier(earlier.name, earlier.costs, turned)


def run(bench: str, case: Case) -> Record:
    """Make one run; the entry point of a worker process."""
    catalogue = Catalogue(Path(bench))
    earlier: list[Earlier] = []
    if case.arm != "alone":
        other = catalogue.problem(case.other)
        former = Ours(other, case.seed + _OTHER_SEED, resume=True)
        simulate(other, former, resume=True)
        found = former.found(case.other)
        earlier = [reverse(found) if case.arm == "reversed" else found]
    problem = catalogue.problem(case.problem)
    engine = Ours(problem, case.seed, resume=case.resume, earlier=earlier)
    made = simulate(problem, engine, resume=case.resume)
    key = Key(case.seed, case.accounting, 1, "ours", case.problem)
    return Record(key, tuple(made.steps), {})


def report(catalogue: Catalogue, found: Mapping[Case, Record]) -> None:
    """Print how the arms that learn differ from the one that does not."""
    print(f"{'':28} pairs  " + "   ".join(f"at {c:<12g}" for c in COSTS))
    kinds = sorted({(c.accounting, catalogue.problem(c.problem).single) for c in found})
    for accounting, single in kinds:
        chosen = {
            arm: {
                r.key: r
                for c, r in found.items()
                if (c.arm, c.accounting) == (arm, accounting)
                and catalogue.problem(c.problem).single == single
            }
            for arm in ARMS
        }
        for arm in ARMS[1:]:
            name = f"{accounting}, {'regret' if single else 'volume'}, {arm}"
            columns = differences(
                chosen["alone"], chosen[arm], sorted(chosen["alone"]), single=single
            )
            print(line(name, columns))


def main(argv: Sequence[str] | None = None) -> int:
    """Run all cases and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", help="folder with problems.json and yahpo/")
    parser.add_argument("--problems", nargs="+", help="problems of one family; all that are known")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--accounting", nargs="+", default=["inc"], choices=("inc", "sep"))
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args(argv)
    bench = find_bench(args.bench)
    if bench is None:
        print("earlier.py: no benchmark folder; name one with --bench", file=sys.stderr)
        return 1
    pairs = neighbours(args.problems or list(SURROGATES))
    if not pairs:
        print("earlier.py: no two problems of one family were named", file=sys.stderr)
        return 1
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    cases = [
        Case(a, b, seed, accounting, arm)
        for seed, accounting, (a, b), arm in itertools.product(
            seeds, args.accounting, pairs.items(), ARMS
        )
    ]
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        records = pool.map(run, itertools.repeat(str(bench)), cases)
        report(Catalogue(bench), dict(zip(cases, records, strict=True)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
