"""How far maps can be believed: what `Optimizer.maps()` expects against the true full results.

    python benchmarks/maps.py --seed 971

Each problem is searched once, with promotions that pay the difference. At 10, 20 and 29 units every
cell of every map is run at the full task, beside the search. Prints, mean over the problems:

* `inside`, `twice`: the share of true values inside the band (one standard deviation to either
  side) and inside twice the band;
* `rank`: the rank correlation of what is expected and what is true over a map;
* `hatched`: the share of cells that the screen hatches as unsure, and of those and the others how
  many are truly two colours or more away from the one they have (`off if`, `off else`);
* `best`: how many of a map's cells are truly better than the one where the best is expected (.50:
  a cell at random), `trial`: than the trial that the map goes through, and `gains`: the share of
  maps whose best expected cell is truly better than that trial.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import groupby, product
from pathlib import Path

import numpy as np
from scipy import stats
from search_support.looks import COSTS, looks, searches
from search_support.plan import Catalogue
from search_support.problem import Metrics, Params, Problem, active

from hpo_tui.engine.analysis.maps import Map
from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.spec import StudySpec
from hpo_tui.tui.charts.axes import good_ends
from hpo_tui.tui.charts.heat import Heat
from hpo_tui.tui.charts.palette import HEAT_LEVELS
from hpo_tui.tui.glyphs import UNICODE

COLUMNS = (
    "inside", "twice", "rank", "hatched", "off if", "off else", "best", "trial", "gains"
)  # fmt: skip


def truths(problem: Problem, params: Params, one: Map) -> list[Metrics]:
    """Return the full results of a map's cells, row after row; none where a parameter is missing.

    ``params``: of the map's trial.
    """
    out: list[Metrics] = []
    for up, across in product(one.rows, one.columns):
        out.append({})
        with suppress(KeyError):
            changed = active(problem.space, {**params, one.across: across, one.up: up})
            out[-1] = problem.evaluate(changed, problem.full.name)
    return out


def believed(spec: StudySpec, one: Map, truth: Array, centre: float) -> list[float]:
    """Return the :data:`COLUMNS` of one map, NaN what it cannot say; ``centre``: of its trial."""
    known = np.isfinite(truth) & np.isfinite(np.array(one.expected))
    low, mean, high = (np.array(v)[known] for v in (one.low, one.expected, one.high))
    true = truth[known]
    slack = 1e-3 * np.ptp(mean)  # maps are kept to a part of their range
    inside = (true >= low - slack) & (true <= high + slack)
    twice = (true >= 2 * low - mean - slack) & (true <= 2 * high - mean + slack)
    flat = np.ptp(true) == 0 or np.ptp(mean) == 0
    rank = np.nan if flat else float(stats.spearmanr(true, mean).statistic)
    good = good_ends(one.metric, spec)
    log = any(o.metric == one.metric and o.log for o in spec.objectives)
    heats = Heat.of(one, log, good, UNICODE)
    hatched = heats.blurred(one)[known] == 1
    colours = (np.clip(heats.scale.unit(v), 0, 1) * HEAT_LEVELS for v in (true, mean))
    off = np.abs(np.subtract(*colours)) >= 2
    off_if, off_else = (float(off[at].mean()) if at.any() else np.nan for at in (hatched, ~hatched))
    said = [
        float(inside.mean()),
        float(twice.mean()),
        rank,
        float(hatched.mean()),
        off_if,
        off_else,
    ]
    if good[0] == good[1] or flat:
        return [*said, np.nan, np.nan, np.nan]
    sign = 1.0 if heats.turned else -1.0
    peak = float(sign * true[np.argmin(sign * mean)])
    ahead = [better(sign * true, v) for v in (peak, sign * centre)]
    return [*said, *ahead, float(peak < sign * centre)]


def better(losses: Array, loss: float) -> float:
    """Return the share of cells that are better than a loss; those that are as good count half."""
    return float((losses < loss).mean() + (losses == loss).mean() / 2)


def judged(optimizer: Optimizer, problem: Problem, ran: dict[int, Params]) -> Iterator[list[float]]:
    """Yield the figures of each map of now."""
    for _, pair in groupby(optimizer.maps(), lambda one: (one.across, one.up)):
        maps = list(pair)
        params = ran[maps[0].trial]
        found, centre = (
            truths(problem, params, maps[0]),
            problem.evaluate(params, problem.full.name),
        )
        for one in maps:
            true = np.array([cell.get(one.metric, np.nan) for cell in found])
            if np.isfinite(true).any():
                yield believed(optimizer.spec, one, true, centre[one.metric])


def searched(seed: int, bench: Path | None, name: str) -> Array:
    """Return the figures of one problem at each of the costs, mean over its maps."""
    problem = Catalogue(bench).problem(name)
    out = []
    for optimizer, ran in looks(problem, seed):
        each = np.array([*judged(optimizer, problem, ran), [np.nan] * len(COLUMNS)])
        out.append(mean_of(each))
    return np.array(out)


def mean_of(figures: Array) -> Array:
    """Return the mean over the first axis of what is known."""
    known = np.isfinite(figures)
    total = np.where(known, figures, 0.0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def main(argv: Sequence[str]) -> None:
    """Search every problem once and print the figures."""
    found = np.array(searches(__doc__, searched, argv))
    print("units  " + "  ".join(COLUMNS))
    for cost, row in zip(COSTS, mean_of(found), strict=True):
        cells = (f"{v:{len(name)}.2f}" for v, name in zip(row, COLUMNS, strict=True))
        print(f"{cost:5.0f}  " + "  ".join(cells))


if __name__ == "__main__":
    main(sys.argv[1:])
