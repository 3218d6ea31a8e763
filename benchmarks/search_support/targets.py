"""The bars that the search is held to, each with what was measured."""

import math
from collections.abc import Sequence

from search_support.compare import COSTS, median_at, share
from search_support.results import Results
from search_support.timing import Timing


def number(value: float) -> str:
    """Return a score in three digits; a dash where there is none."""
    return f"{value:.3f}" if math.isfinite(value) else "–"


def cost(value: float) -> str:
    """Return a cost; ``> 30`` when it was not reached."""
    return f"{value:.1f}" if math.isfinite(value) else "> 30"


Target = tuple[str, str, bool | None]
"""What is asked, what was measured, whether it is met (None: not measured)."""


def targets(results: Results, timing: Sequence[Timing]) -> list[Target]:
    """Return every target with its measurement."""
    rows = {a: results.given_rows(a) for a in ("inc", "sep")}
    out: list[Target] = []
    for accounting, wanted in (("inc", 8), ("sep", 7)):
        ahead = sum(all(r.ahead) for r in rows[accounting])
        each = [sum(r.ahead[i] for r in rows[accounting]) for i in range(len(COSTS))]
        out.append(
            (
                f"ahead of every peer's median at 10, 20 and 30, `-{accounting}`: "
                f"{wanted} of 10 problems",
                f"{ahead} of {len(rows[accounting])} at all three; "
                f"{each[0]}, {each[1]}, {each[2]} at 10, 20, 30",
                ahead >= wanted if rows[accounting] else None,
            )
        )
    reached = sorted(r.reached for r in rows["inc"])
    middle = _median(reached)
    out.append(
        (
            "the best peer's score at 30 reached by 15 units (median over problems, `-inc`)",
            f"{cost(middle)}; `-sep`: {cost(_median(sorted(r.reached for r in rows['sep'])))}",
            middle <= 15.0 if reached else None,
        )
    )
    below = [f"{r.problem} ({a})" for a in rows for r in rows[a] if not r.above_random]
    out.append(
        (
            "never below random at 30",
            f"below on {', '.join(below)}" if below else "never below",
            not below if rows["inc"] else None,
        )
    )
    return [*out, _spoiled_target(results), _worker_target(results), *_ask_targets(timing)]


def _median(values: Sequence[float]) -> float:
    if not values:
        return math.nan
    half = len(values) // 2
    if len(values) % 2:
        return values[half]
    return (values[half - 1] + values[half]) / 2.0


def spoiled_rows(results: Results) -> list[tuple[str, tuple[float, ...], tuple[float, ...], float]]:
    """Return, for each spoiled problem, ours and full-only at each cost, and the share kept."""
    out = []
    for name in results.names(spoiled=True):
        single = results.catalogue.problem(name).single
        ours, alone = results.runs(name), results.runs(name, engine="full-only")
        alone = alone or results.runs(name.partition("~")[0], engine="full-only")
        if ours and alone:
            a = tuple(median_at(ours, c, single=single) for c in COSTS)
            b = tuple(median_at(alone, c, single=single) for c in COSTS)
            out.append((name, a, b, _kept(a[-1], b[-1], single=single)))
    return out


def _kept(ours: float, other: float, *, single: bool) -> float:
    bottom = share(other, single=single)
    return share(ours, single=single) / bottom if bottom > 0.0 else math.inf


def _spoiled_target(results: Results) -> Target:
    rows = spoiled_rows(results)
    what = "with mirrored or random cheap tasks at most 10 % behind the full-task-only engine at 30"
    if not rows:
        return what, "not measured", None
    worst = min(rows, key=lambda r: r[3])
    good = sum(r[3] >= 0.9 for r in rows)
    return what, f"{good} of {len(rows)}; worst {worst[0]}: {worst[3]:.2f} of it", good == len(rows)


Cells = tuple[str, tuple[tuple[float, ...], ...]]
"""A problem and, engine by engine, the medians at each cost."""


def allocation_rows(results: Results, engines: Sequence[str]) -> list[Cells]:
    """Return the medians of several engines of ours on the seeds that all of them ran."""
    out: list[Cells] = []
    for name in results.catalogue.given():
        single = results.catalogue.problem(name).single
        runs = {e: results.runs(name, engine=e) for e in engines}
        seeds = set.intersection(*({r.key.seed for r in found} for found in runs.values()))
        if seeds:
            kept = [[r for r in found if r.key.seed in seeds] for found in runs.values()]
            medians = tuple(tuple(median_at(k, c, single=single) for c in COSTS) for k in kept)
            out.append((name, medians))
    return out


def worker_rows(results: Results) -> list[tuple[str, tuple[float, ...], tuple[float, ...]]]:
    """Return, for each problem run with four workers, one worker's and four's medians."""
    out = []
    for name in results.names():
        single = results.catalogue.problem(name).single
        four = results.runs(name, workers=4)
        seeds = {r.key.seed for r in four}
        one = [r for r in results.runs(name) if r.key.seed in seeds]
        if one and four:
            a = tuple(median_at(one, c, single=single) for c in COSTS)
            b = tuple(median_at(four, c, single=single) for c in COSTS)
            out.append((name, a, b))
    return out


def _worker_target(results: Results) -> Target:
    rows = worker_rows(results)
    what = "four workers at most 10 % behind one at the same cost (mean share over problems)"
    if not rows:
        return what, "not measured", None
    ratios = []
    for i in range(len(COSTS)):
        one = sum(share(a[i], single=results.catalogue.problem(n).single) for n, a, _ in rows)
        four = sum(share(b[i], single=results.catalogue.problem(n).single) for n, _, b in rows)
        ratios.append(four / one if one else math.inf)
    said = ", ".join(f"{r:.2f}" for r in ratios)
    return what, f"{said} of one worker's at 10, 20, 30", min(ratios) >= 0.9


def _ask_targets(timing: Sequence[Timing]) -> list[Target]:
    limits = {200: 0.1, 1000: 0.5, 5000: 1.0}
    out: list[Target] = []
    for rows, limit in limits.items():
        found = next((t for t in timing if t.rows == rows), None)
        said = "not measured"
        if found:
            said = f"{found.median:.3f} s (first after loading {found.first:.2f} s)"
        met = None if found is None else found.median <= limit
        out.append((f"`ask` at n = {rows}: ≤ {limit:g} s CPU (median)", said, met))
    return out
