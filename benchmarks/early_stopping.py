"""What stopping trials early is worth: the same studies with and without it, run by run.

    python benchmarks/early_stopping.py --seeds 4

Networks that report at every epoch (the benchmark's learning-curve family), carried on from
checkpoints, 30 full-task units; a stopped trial is charged for the epochs that it ran. Once with
tasks of a quarter and half the epochs, once with the full task alone. Prints with minus without: of
log10 regret with one objective (less is better), of hypervolume with several. The problems are
read from a benchmark folder (``--bench``, or beside the checkout).
"""

import argparse
import itertools
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from paired import COSTS, differences, line
from search_support.development import SURROGATES
from search_support.plan import Catalogue
from search_support.problem import BUDGET, Problem, find_bench
from search_support.records import Key, Record
from search_support.score import Scoreboard
from search_support.simulate import Step

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer
from hpo_tui.engine.spec import StudySpec


@dataclass(frozen=True)
class Case:
    """One study: its problem and seed, with cheap tasks or the full one alone, stopping or not."""

    problem: str
    seed: int
    cheap: bool
    stopping: bool


@dataclass(frozen=True)
class Outcome:
    """Its trajectory, and how many trials of each task were stopped or ran to their end."""

    record: Record
    trials: Counter[str]


def study_of(problem: Problem, case: Case) -> StudySpec:
    """Return the study, its tasks measured in whole epochs."""
    study: dict[str, Any] = problem.study(resume=True, full_only=not case.cheap)
    for task in study["task"]:
        task["fidelity"] = int(task["fidelity"])
    study["stopping"] = {"enabled": case.stopping}
    return StudySpec.from_dict(study)


def run(bench: str, case: Case) -> Outcome:
    """Spend a budget, reporting every epoch; the entry point of a worker process."""
    problem = Catalogue(Path(bench)).problem(case.problem)
    optimizer = Optimizer(study_of(problem, case), case.seed)
    board, spent, trials = Scoreboard(problem), 0.0, Counter[str]()
    whole = problem.full.fidelity
    reached: dict[int, int] = {}
    steps: list[Step] = []
    while spent < BUDGET:
        try:
            trial = optimizer.ask()
        except BudgetSpent:
            break
        begin = 0 if trial.resume_from is None else reached[trial.resume_from]
        last = int(problem.level(trial.task).fidelity)
        for epoch in range(begin + 1, last + 1):
            metrics = problem.function(trial.params, epoch)
            optimizer.report(trial.number, epoch, metrics)
            if epoch < last and optimizer.should_stop(trial.number).stop:
                break
        reached[trial.number] = epoch
        cost = (epoch - begin) / whole
        if epoch < last:
            optimizer.prune(trial.number, metrics, charged=cost)
        else:
            optimizer.tell(trial.number, metrics)
            if trial.task == problem.full.name:
                board.add(metrics)
        kind = "full" if trial.task == problem.full.name else "cheap"
        trials[f"{kind} {'stopped' if epoch < last else 'ended'}"] += 1
        spent += cost
        steps.append((round(spent, 6), trial.task, board.score))
    key = Key(case.seed, "inc", 1, "ours", case.problem)
    return Outcome(Record(key, tuple(steps), {}), trials)


def report(catalogue: Catalogue, found: dict[Case, Outcome]) -> None:
    """Print the differences for each kind of study, and how many trials were stopped."""
    print(f"{'':28} pairs  " + "   ".join(f"at {c:<12g}" for c in COSTS))
    for cheap, single in itertools.product((True, False), (True, False)):
        arms: list[dict[Key, Record]] = [
            {
                o.record.key: o.record
                for c, o in found.items()
                if (c.cheap, c.stopping) == (cheap, on)
                and catalogue.problem(c.problem).single == single
            }
            for on in (False, True)
        ]
        name = f"{'three tasks' if cheap else 'full task'}, {'regret' if single else 'volume'}"
        if arms[0]:
            print(line(name, differences(arms[0], arms[1], sorted(arms[0]), single=single)))
    for cheap, on in itertools.product((True, False), (False, True)):
        runs = [o.trials for c, o in found.items() if (c.cheap, c.stopping) == (cheap, on)]
        total = sum(runs, Counter[str]())
        counts = ", ".join(f"{k} {n / len(runs):.1f}" for k, n in sorted(total.items()))
        print(f"{'three tasks' if cheap else 'full task'}, {'on' if on else 'off'}: {counts}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run all cases and print the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", help="folder with problems.json and yahpo/")
    parser.add_argument("--problems", nargs="+", help="learning-curve problems; all that are known")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args(argv)
    bench = find_bench(args.bench)
    if bench is None:
        print("early_stopping.py: no benchmark folder; name one with --bench", file=sys.stderr)
        return 1
    names = args.problems or [n for n in SURROGATES if n.startswith("lc")]
    seeds = range(args.first_seed, args.first_seed + args.seeds)
    both = (True, False)
    cases = [Case(*c) for c in itertools.product(names, seeds, both, both)]
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        outcomes = pool.map(run, itertools.repeat(str(bench)), cases)
        report(Catalogue(bench), dict(zip(cases, outcomes, strict=True)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
