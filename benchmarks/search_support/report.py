"""The report: targets with what was measured, tables of every problem, plots."""

from collections.abc import Callable, Sequence
from pathlib import Path

from search_support.chart import chart
from search_support.compare import COSTS, Row, Scored
from search_support.generated import GENERATED
from search_support.instances import INSTANCES, SEVERAL
from search_support.plan import Catalogue, commits
from search_support.records import peers_for, read, read_peers
from search_support.results import Results
from search_support.spoiled import FAILING, NOISY
from search_support.targets import (
    allocation_rows,
    cost,
    number,
    spoiled_rows,
    targets,
    worker_rows,
)
from search_support.timing import Timing, measure
from search_support.verify import Check, check

_START, _END = "<!-- search -->", "<!-- /search -->"
_NOTES, _NOTES_END = "<!-- search notes -->", "<!-- /search notes -->"
_DRAWN = ("gp", "botorch-mf", "tpe", "random")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in rows])


def problem_table(rows: Sequence[Row]) -> str:
    """Return the table of our medians against the best peer's on each problem."""
    head = ["problem", "score", "seeds"]
    head += [f"at {c:.0f}: ours (quartiles) / best peer" for c in COSTS] + ["reached at"]
    body = []
    for row in rows:
        cells = [row.problem, "regret" if row.single else "volume", str(row.seeds)]
        for ours, (a, b), (peer, theirs), won in zip(
            row.ours, row.spread, row.best, row.ahead, strict=True
        ):
            mine = f"**{number(ours)}**" if won else number(ours)
            cells.append(f"{mine} ({number(a)}–{number(b)}) / {number(theirs)} {peer}")
        body.append([*cells, cost(row.reached)])
    return table(head, body)


def compose(
    results: Results, timing: Sequence[Timing], checks: Sequence[Check], stamps: str
) -> str:
    """Return the whole section as Markdown."""
    marks = {True: "yes", False: "no", None: "–"}
    parts = [
        "## Search",
        _preface(stamps),
        "### Targets",
        table(
            ["target", "measured", "met"],
            [[w, s, marks[m]] for w, s, m in targets(results, timing)],
        ),
    ]
    for accounting, words in (
        ("inc", "a promotion pays the difference"),
        ("sep", "every evaluation pays in full"),
    ):
        rows = results.given_rows(accounting)
        if rows:
            parts += [f"### Given problems, `-{accounting}`: {words}", _LEGEND, problem_table(rows)]
    failing = [f"{name}~{FAILING}" for name in (*INSTANCES, *GENERATED)]
    noisy = [f"{name}~{kind}" for name in (*INSTANCES, *GENERATED) for kind in NOISY]
    for names, title, words in (
        (INSTANCES, "Other data sets, `-inc`", _INSTANCES),
        (SEVERAL, "Three and four objectives, `-inc`", _SEVERAL),
        (GENERATED, "Generated problems, `-inc`", _GENERATED),
        (failing, "Trials that fail, `-inc`", _FAILING),
        (noisy, "Noisy results, `-inc`", _NOISY),
    ):
        rows = results.local_rows(names, "inc")
        if rows:
            parts += [f"### {title}", words, _ahead(rows), problem_table(rows)]
    parts += _extras(results)
    if checks:
        parts += ["### Check of scores and accounting", _CHECKED, _check_table(checks)]
    plots = [n for n in results.names() if n in results.catalogue.given()]
    if plots:
        parts += ["### Score against cost", "Medians; the band is our quartiles."]
        parts.append("\n".join(f"![{n}](measurements/{n}.svg)" for n in plots))
    return "\n\n".join(parts)


_LEGEND = (
    "Medians over seeds. Bold: ahead of every peer's median. `reached at`: the cost at which our "
    "median seed has the best peer's median score at 30."
)
_INSTANCES = (
    "The surrogates of the given problems on data sets nothing was tuned on. The peers were run "
    "here with the full task only: random and TPE, Optuna's GPSampler on few; the references are "
    "estimates."
)
_SEVERAL = (
    "The same data sets with more objectives. The peers were run here with the full task only: "
    "random, TPE and, but for four objectives, GPSampler (one seed); the references are estimates."
)
_GENERATED = (
    "Textbook functions with biased cheap tasks, three or four objectives, conditional parameters, "
    "an outcome constraint and a staircase; the peers were run here with the full task only: "
    "random, TPE and, but for four objectives, GPSampler."
)

_FAILING = (
    "The same two groups where three of ten configurations fail, by chance but at every task. The "
    "peers, random and TPE, have the full task only."
)


_NOISY = (
    "Every result, at every task, has normal noise of a tenth (`noisy10`) or three tenths "
    "(`noisy30`) of the way from the median of random configurations to the best. Scored is the "
    "true value of what is best by the results, which is what a user takes away, so a score can "
    "fall. The peers have the full task only."
)
_ALLOCATION = (
    "The same model three ways (`-inc`, the same seeds): as it is; with the full task alone; and "
    "with SigOpt's published allocation, which draws the task with probability ∝ exp(−cost) before "
    "anything is looked at and promotes nothing."
)
_CHECKED = (
    "The harness reruns two of the given peers. Optuna's TPE must give the same trajectories (a "
    "rounding difference can make one run part from its twin late); random search must agree in "
    "distribution (p: the share of medians of five of our 200 seeds below the given median)."
)


def _ahead(rows: Sequence[Row]) -> str:
    counts = [sum(r.ahead[i] for r in rows) for i in range(len(COSTS))]
    ends = ", ".join(f"{n} at {c:.0f}" for n, c in zip(counts, COSTS, strict=True))
    return f"Ahead of every peer's median, of {len(rows)} problems: {ends}."


def _check_table(checks: Sequence[Check]) -> str:
    head = ["problem", "TPE runs the same", "random, p at 10, 20, 30"]
    body = [
        [c.problem, f"{c.same} of {c.seeds}", ", ".join(f"{p:.2f}" for p in c.chances)]
        for c in checks
    ]
    return table(head, body)


def _preface(stamps: str) -> str:
    return (
        "`python benchmarks/search.py` makes the runs, `--report` these tables. Budget: 30 "
        "full-task units; only full-task results score; seeds as stated in each table. One goal: "
        "regret, (y − best) / (median of random configurations − best). Several: hypervolume "
        "below the median, as a share of the best known. Shares that compare engines are "
        f"1 − regret, or the hypervolume share. Engine measured: {stamps}."
    )


def _extras(results: Results) -> list[str]:
    parts = []
    spoiled = spoiled_rows(results)
    if spoiled:
        body = [
            [n, *(f"{number(x)} / {number(y)}" for x, y in zip(a, b, strict=True)), f"{kept:.2f}"]
            for n, a, b, kept in spoiled
        ]
        head = ["problem", *(f"at {c:.0f}: ours / full-only" for c in COSTS), "share kept at 30"]
        parts += ["### Cheap tasks that mislead", table(head, body)]
    allocations = allocation_rows(results, ("ours", "full-only", "cost-draw"))
    if allocations:
        body = [
            [n, *(" / ".join(number(m[i]) for m in medians) for i in range(len(COSTS)))]
            for n, medians in allocations
        ]
        head = ["problem", *(f"at {c:.0f}: ours / full-only / cost-draw" for c in COSTS)]
        parts += ["### What the choice of task is worth", _ALLOCATION, table(head, body)]
    workers = worker_rows(results)
    if workers:
        body = [
            [n, *(f"{number(x)} / {number(y)}" for x, y in zip(a, b, strict=True))]
            for n, a, b in workers
        ]
        head = ["problem", *(f"at {c:.0f}: one / four workers" for c in COSTS)]
        parts += ["### Four workers (`-inc`, the same seeds)", table(head, body)]
    return parts


def write_report(
    catalogue: Catalogue,
    out: Path,
    docs: Path | None,
    *,
    timing: bool = False,
    verify: bool = False,
    say: Callable[[str], None] = print,
) -> None:
    """Print the report of a file of runs; write it and the plots into ``docs`` when given."""
    results = Results(catalogue, read(out))
    timings = measure(out.with_suffix(".timing.json"), fresh=timing)
    checks = check(catalogue, out.with_suffix(".verify.json"), fresh=verify)
    text = compose(results, timings, checks, commits(out))
    say(text)
    if docs is None:
        return
    page = docs / "measurements.md"
    old = page.read_text(encoding="utf-8") if page.is_file() else "# Measurements\n"
    page.write_text(_placed(old, text), encoding="utf-8")
    _plots(results, docs / "measurements")


def _placed(page: str, text: str) -> str:
    """Return ``page`` with the section replaced; notes written by hand inside of it are kept."""
    block = f"{_START}\n{text}\n{_END}"
    if _START in page and _END in page:
        head, _, rest = page.partition(_START)
        old, _, tail = rest.partition(_END)
        if _NOTES in old and _NOTES_END in old:
            notes = old.partition(_NOTES)[2].partition(_NOTES_END)[0]
            block = f"{_START}\n{text}\n\n{_NOTES}{notes}{_NOTES_END}\n{_END}"
        return head + block + tail
    return page.rstrip("\n") + f"\n\n{block}\n"


def _plots(results: Results, folder: Path) -> None:
    bench = results.catalogue.bench
    if bench is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in results.names():
        if name not in results.catalogue.given():
            continue
        series: dict[str, Sequence[Scored]] = {}
        for accounting in ("inc", "sep"):
            runs = results.runs(name, accounting=accounting)
            if runs:
                series[f"ours -{accounting}"] = runs
        peers = peers_for(read_peers(bench, name), "inc")
        series |= {p: peers[p] for p in _DRAWN if p in peers}
        single = results.catalogue.problem(name).single
        path = folder / f"{name}.svg"
        path.write_text(chart(name, series, single=single), encoding="utf-8")
