"""The report: for each problem what every engine's recommendation is worth, beside ours."""

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr
from search_support.report import table

from real_support.engines import ENGINES
from real_support.problems import BUDGET, Real
from real_support.runs import Key, Run, entries, read
from real_support.scoring import AGAIN, DRAWN, Retrained, recommended, score, with_reference

COSTS = (5.0, 10.0, BUDGET)
_START, _END = "<!-- real -->", "<!-- /real -->"
_NOTES, _NOTES_END = "<!-- real notes -->", "<!-- /real notes -->"


AT = (*(f"at {c:.0f}" for c in COSTS), "at equal seconds")
"""Where engines are compared: at costs, and when all have trained as long as random search."""


@dataclass(frozen=True)
class Scored:
    """One run with its scores at the costs, and at equal seconds."""

    run: Run
    scores: tuple[float, ...]


def against(
    ours: Mapping[int, float], theirs: Mapping[int, float], *, log: bool
) -> tuple[float, float, int]:
    """Return the mean of theirs minus ours over common seeds, its standard error, and how many.

    ``log``: of the logarithms to base ten. The error of a single pair is not a number.
    """
    seeds = sorted(ours.keys() & theirs.keys())
    own = math.log10 if log else float
    found = [own(theirs[s]) - own(ours[s]) for s in seeds]
    error = statistics.stdev(found) / math.sqrt(len(found)) if len(found) > 1 else math.nan
    return (statistics.fmean(found) if found else math.nan), error, len(found)


def usual_seconds(runs: Iterable[Run]) -> float:
    """Return the CPU seconds that random search trains for in its median run; inf without one."""
    seconds = [run.cpu for run in runs if run.key.engine == "random"]
    return statistics.median(seconds) if seconds else math.inf


def signed(mean: float, error: float) -> str:
    """Return a difference as the other tables have it: ``+.12 ± .03``."""
    words = f"{mean:+.3f} ± {error:.3f}"
    return words.replace("+0.", "+.").replace("-0.", "−.").replace("± 0.", "± .").replace("-", "−")


def problem_table(problem: Real, found: Sequence[Scored]) -> str:
    """Return a problem's table, an engine a row."""
    by = {e: {s.run.key.seed: s for s in found if s.run.key.engine == e} for e in ENGINES}
    rows = []
    for engine, runs in by.items():
        if not runs:
            continue
        cells = [engine, str(len(runs))]
        for i in range(len(AT)):
            theirs = {seed: s.scores[i] for seed, s in runs.items()}
            own = {seed: s.scores[i] for seed, s in by["ours"].items()}
            cell = f"{statistics.median(theirs.values()):.3f}"
            if engine != "ours":
                mean, error, _ = against(own, theirs, log=problem.single)
                cell += f" ({signed(mean, error)})"
            cells.append(cell)
        cells += [_trainings(problem, [s.run for s in runs.values()])]
        cells += [f"{statistics.fmean(s.run.cpu for s in runs.values()):.1f}"]
        cells += [f"{statistics.fmean(s.run.ask for s in runs.values()):.1f}"]
        rows.append(cells)
    head = ["engine", "seeds", *AT]
    return table([*head, "trials: all, full", "training s", "own s"], rows)


def _trainings(problem: Real, runs: Sequence[Run]) -> str:
    whole = statistics.fmean(len(r.full(problem)) for r in runs)
    return f"{statistics.fmean(len(r.trials) for r in runs):.0f}, {whole:.0f}"


def pooled_table(problems: Sequence[Real], found: Mapping[str, Sequence[Scored]]) -> str:
    """Return the differences of all problems together; they have one objective each, or several."""
    single, rows = problems[0].single, []
    for engine in ENGINES:
        if engine == "ours":
            continue
        cells, count = [engine], 0
        for i in range(len(AT)):
            pairs: list[dict[int, float]] = [{}, {}]
            for n, problem in enumerate(problems):
                for s in found[problem.name]:
                    if s.run.key.engine in ("ours", engine):
                        side = pairs[s.run.key.engine == engine]
                        side[n * 1000 + s.run.key.seed] = s.scores[i]
            mean, error, count = against(pairs[0], pairs[1], log=single)
            common = pairs[0].keys() & pairs[1].keys()
            ahead = sum((pairs[0][k] < pairs[1][k]) == single and pairs[0][k] != pairs[1][k]
                        for k in common)  # fmt: skip
            cells.append(f"{signed(mean, error)} (ours ahead in {ahead})" if count else "–")
        if count:
            rows.append([*cells[:1], str(count), *cells[1:]])
    return table(["engine", "pairs", *AT], rows)


def drawn_table(drawn: Mapping[str, tuple[Real, Sequence[Mapping[str, Any]]]]) -> str:
    """Return what random configurations tell of each problem: its scale, its tasks, its noise."""
    rows = []
    for name, (problem, configurations) in drawn.items():
        goal = problem.goals[0].metric
        tests = [c["by_task"][problem.full.name][1][goal] for c in configurations]
        better = np.argsort(tests)[: len(tests) // 2]
        ranks = []
        for level in problem.levels:
            valid = [c["by_task"][level.name][0][goal] for c in configurations]
            of = [
                _rank(valid, tests),
                _rank([valid[i] for i in better], [tests[i] for i in better]),
            ]
            ranks.append(" / ".join(f"{r:.2f}" for r in of))
        scale = f"{problem.reference.median[0]:.3f}, {problem.reference.best[0]:.3f}"
        rows.append([name, problem.source, str(len(problem.space)), scale, *ranks])
    head = ["problem", "data", "parameters", "test: median, best"]
    return table([*head, *(f"task {s:g}" for s in (0.25, 0.5, 1))], rows)


def _rank(a: Sequence[float], b: Sequence[float]) -> float:
    one, other = (np.nan_to_num(v, nan=1e9) for v in (a, b))
    return float(spearmanr(one, other).statistic)


def noise_of(problem: Real, runs: Sequence[Scored], retrained: Retrained) -> str:
    """Return how far training again changes what is recommended at the end, as a line."""
    name = problem.goals[0].metric
    again, hopes = [], []
    for s in runs:
        for trial in recommended(problem, s.run.full(problem)):
            tests = retrained.tests(problem, trial.params)
            values = [m[name] for m in tests]
            if all(math.isfinite(v) for v in values):
                again.append(statistics.stdev(values))
                hopes.append(statistics.fmean(values) - trial.metrics[name])
    return (
        f"* {problem.name}: trained again, a recommendation's test {name} varies by "
        f"{statistics.median(again):.4f} (standard deviation), and its mean is "
        f"{statistics.fmean(hopes):+.4f} from the validation {name} that it was chosen by."
    )


def compose(problems: Sequence[Real], out: Path, say: Any) -> str:
    """Return the section as Markdown, training again what has not been trained yet."""
    retrained = Retrained(out.with_suffix(".again.jsonl"))
    runs = read(out)
    drawn = {p.name: with_reference(p, retrained) for p in problems if _of(runs, p)}
    found: dict[str, list[Scored]] = {}
    for name, (problem, _) in drawn.items():
        found[name] = []
        seconds = usual_seconds(_of(runs, problem).values())
        for key, run in _of(runs, problem).items():
            scores = (
                *(score(problem, run, c, retrained) for c in COSTS),
                score(problem, run.within(seconds), BUDGET, retrained),
            )
            found[name].append(Scored(run, scores))
            say(f"scored {key}: {', '.join(f'{s:.4f}' for s in scores)}")
    shown = [problem for problem, _ in drawn.values()]
    stamps = Counter(e["commit"] for e in entries(out) if e["problem"] in drawn).most_common()
    commits = ", ".join(f"`{c}` ({n} runs)" for c, n in stamps)
    parts = ["## Real trainings", _PREFACE + f" Engine measured: {commits}."]
    for problem in shown:
        loss = "test loss" if problem.single else "hypervolume"
        parts += [f"### {problem.name}: {loss}", problem_table(problem, found[problem.name])]
    for title, single in (("one objective", True), ("several objectives", False)):
        if alike := [p for p in shown if p.single is single]:
            parts += [f"### All with {title}", _POOLED, pooled_table(alike, found)]
    parts += ["### What is searched", _DRAWN, drawn_table(drawn)]
    parts.append("\n".join(noise_of(p, found[p.name], retrained) for p in shown))
    return "\n\n".join(parts)


def _of(runs: Mapping[Key, Run], problem: Real) -> dict[Key, Run]:
    return {key: run for key, run in sorted(runs.items()) if key.problem == problem.name}


_PREFACE = (
    "`python benchmarks/real_trainings.py` trains small models, most of them on real data, each "
    f"training with a seed of its own. Budget: {BUDGET:.0f} full trainings; a promotion pays the "
    "difference (on `tumours-boosting` it pays in full), and a trial that is stopped or diverges "
    f"pays for its steps. Scored is what an engine would recommend, trained {AGAIN} times anew "
    "with other seeds, on data that no search has seen. Medians over seeds; in parentheses the "
    "mean of the paired difference to ours ± its standard error: of log₁₀ of the test loss "
    "(positive: worse than ours; +.30: twice the loss), or of the hypervolume below the median of "
    "random configurations (negative: worse than ours). *At equal seconds*: after the CPU seconds "
    "for which random search trains. *Own s*: CPU seconds of the engine."
)
_POOLED = "The differences of all problems and seeds together, as above."
_DRAWN = (
    f"{DRAWN} random configurations. Tasks: the rank correlation of one validation result at the "
    "task with one test result of another, full training; after the stroke among the better half."
)


def write(page: Path, text: str) -> None:
    """Put the section into a page in place of its last one; notes written by hand are kept."""
    old = page.read_text(encoding="utf-8") if page.is_file() else "# Measurements\n"
    head, _, rest = old.partition(_START)
    section, _, tail = rest.partition(_END)
    notes = section.partition(_NOTES)[2].partition(_NOTES_END)[0]
    kept = f"\n\n{_NOTES}{notes}{_NOTES_END}" if notes else ""
    gap = "" if rest else "\n"
    page.write_text(f"{head}{gap}{_START}\n{text}{kept}\n{_END}{tail or chr(10)}", "utf-8")
