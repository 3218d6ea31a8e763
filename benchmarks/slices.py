"""How far slices can be believed: what `Optimizer.slices()` expects against the true full results.

    python benchmarks/slices.py --seed 952

Each problem is searched once, with promotions that pay the difference. At 10, 20 and 29 units every
value of every slice is run at the full task, beside the search. Prints, mean over the problems: the
share of true values inside the band (one standard deviation to either side) and inside twice the
band, and the rank correlation of what is expected and what is true along a slice.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from scipy import stats
from search_support.looks import COSTS, looks, searches
from search_support.plan import Catalogue
from search_support.problem import Params, Problem

from hpo_tui.engine.analysis.slices import Slice

Figures = tuple[float, float, float]


def believed(problem: Problem, params: Params, one: Slice) -> Figures:
    """Return the shares inside the band and twice the band, and the rank correlation.

    ``params``: of the slice's trial. Of a value that brings other parameters along, which the
    problem would miss, nothing is said.
    """
    truth = np.full(len(one.values), np.nan)
    for i, value in enumerate(one.values):
        with suppress(KeyError):
            changed = {**params, one.parameter: value}
            truth[i] = problem.evaluate(changed, problem.full.name)[one.metric]
    known = np.isfinite(truth)
    low, mean, high = (np.array(v)[known] for v in (one.low, one.expected, one.high))
    truth = truth[known]
    slack = 1e-6 * np.abs(truth)  # slices are kept with six digits
    inside = (truth >= low - slack) & (truth <= high + slack)
    twice = (truth >= 2 * low - mean - slack) & (truth <= 2 * high - mean + slack)
    flat = np.ptp(truth) == 0 or np.ptp(mean) == 0
    rank = np.nan if flat else float(stats.spearmanr(truth, mean).statistic)
    return float(inside.mean()), float(twice.mean()), rank


def searched(seed: int, bench: Path | None, name: str) -> list[Figures]:
    """Return the figures of one problem at each of the costs, mean over its slices."""
    problem = Catalogue(bench).problem(name)
    out: list[Figures] = []
    for optimizer, ran in looks(problem, seed):
        each = [believed(problem, ran[one.trial], one) for one in optimizer.slices()]
        inside, twice, rank = np.nanmean(each, axis=0).tolist()
        out.append((inside, twice, rank))
    return out


def main(argv: Sequence[str]) -> None:
    """Search every problem once and print the figures."""
    found = np.array(searches(__doc__, searched, argv))
    print("units  inside  twice  rank correlation")
    for cost, (inside, twice, rank) in zip(COSTS, np.nanmean(found, axis=0), strict=True):
        print(f"{cost:5.0f}  {inside:6.2f}  {twice:5.2f}  {rank:5.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
