"""Two studies side by side: how they stand, what they reached, where the best lie. Pure."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from hpo_tui.tui.tables.rows import Cell
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import budgets, fmt, present
from hpo_tui.tui.words.entries import Entry
from hpo_tui.tui.words.goals import fair_number, goals_sentence
from hpo_tui.tui.words.parameter_values import value_text, value_texts
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.side_by_side import metric_cell
from hpo_tui.tui.words.standing import standing_of

_MANY = 5
"""Trials that are summed up where there is no front of them."""


class Best:
    """The best trials of a study, best first; where none meets all goals, the nearest misses."""

    def __init__(self, snapshot: Snapshot) -> None:
        from hpo_tui.engine.analysis.front import best_rows, near_misses, results

        frame, spec = snapshot.frame, snapshot.spec
        self.snapshot = snapshot
        rows = best_rows(frame, spec)
        self.met = len(rows) > 0
        """Whether they meet all goals."""
        if not self.met:
            rows = near_misses(frame, spec, _MANY)
        elif len(spec.objectives) < 2:
            rows = rows[:_MANY]
        self.rows: list[int] = rows.tolist()
        self.first = self.rows[0] if self.rows else None
        self._means = results(frame, spec)[1]

    def number(self) -> str:
        """Return the number of the first one, in brackets where it misses a goal."""
        if self.first is None:
            return ""
        number = f"#{self.snapshot.frame.number[self.first]}"
        return number if self.met else f"({number}, misses a goal)"

    def metric(self, name: str) -> Cell:
        """Return a metric of the first one, marked as met or missed by its goal."""
        return metric_cell(self.snapshot, self._means, name, self.first)

    def in_short(self) -> str:
        """Return its number and objectives: ``best #7: accuracy 0.93``; empty without one."""
        spec = self.snapshot.spec
        if self.first is None or not spec.objectives:
            return ""
        texts = (
            f"{plain(o.metric)} {fair_number(float(self._means.metrics[o.metric][self.first]), o)}"
            for o in spec.objectives
        )
        number = self.snapshot.frame.number[self.first]
        return f"{'best' if self.met else 'nearest'} #{number}: {', '.join(texts)}"

    def parameter(self, name: str) -> str:
        """Return a parameter of the first one."""
        return "" if self.first is None else value_text(self.snapshot, name, self.first, 6)

    def spread(self, name: str) -> str:
        """Return between which values of a parameter they lie, or how often they have which."""
        text, values = (
            value_texts(self.snapshot, name),
            self.snapshot.frame.params.get(name),
        )
        rows = [] if values is None else [r for r in self.rows if not math.isnan(values[r])]
        if values is None or not rows:
            return ""
        text = value_texts(self.snapshot, name)
        parameter = next((p for p in self.snapshot.spec.space if p.name == name), None)
        if parameter is not None and parameter.numeric:
            low, high = (text(f(rows, key=values.__getitem__)) for f in (min, max))
            return low if low == high else f"{low} to {high}"
        counts = Counter(text(r) for r in rows).most_common()
        return counts[0][0] if len(counts) == 1 else ", ".join(f"{n} × {t}" for t, n in counts)


def study_entries(snapshots: Sequence[Snapshot]) -> list[Entry]:
    """Return two studies side by side: how they stand, what they reached, where they differ."""
    return [
        *_state_entries(snapshots),
        *best_entries(snapshots),
        Entry("the space"),
        *(line(n, [_range(s, n) for s in snapshots], differ=True) for n in _parameters(snapshots)),
        Entry("tasks"),
        *(line(n, [_task(s, n) for s in snapshots]) for n in _names(snapshots, _task_names)),
    ]


def line(name: str, texts: Sequence[str], *, differ: bool = False) -> Entry:
    """Return a line of both; ``differ``: what is different in the two is to be seen."""
    tone = "accent" if differ and len(set(texts)) > 1 else ""
    return Entry(plain(name), tuple((plain(t) or "–", tone) for t in texts))


def _names(snapshots: Sequence[Snapshot], of: Callable[[Snapshot], Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(name for s in snapshots for name in of(s)))


def _task_names(snapshot: Snapshot) -> list[str]:
    return [t.name for t in snapshot.spec.tasks_by_cost]


def _objectives(snapshots: Sequence[Snapshot]) -> list[str]:
    return _names(snapshots, lambda s: [o.metric for o in s.spec.objectives])


def _parameters(snapshots: Sequence[Snapshot]) -> list[str]:
    return _names(snapshots, lambda s: [p.name for p in s.spec.space])


def _state_entries(snapshots: Sequence[Snapshot]) -> Iterator[Entry]:
    yield Entry("state")
    stands = [standing_of(s) for s in snapshots]
    yield line("state", [f"{stand.mark} {stand.word}" for stand in stands])
    yield line("trials", [present.grouped(len(s.frame)) for s in snapshots])
    yield line("budget", [budgets.budget_text(s) for s in snapshots])
    yield line("lost", [budgets.lost_text(s) for s in snapshots])
    yield line("goals", [goals_sentence(s) for s in snapshots])


def best_entries(snapshots: Sequence[Snapshot]) -> Iterator[Entry]:
    """Yield what both reached, what their best trials consist of, and where these lie."""
    best = [Best(s) for s in snapshots]
    yield Entry("best of each metric among full trials that meet all other goals")
    for name in _objectives(snapshots):
        yield line(name, [_best_value(s, name) for s in snapshots])
    yield Entry("the best trial")
    yield line("trial", [b.number() for b in best])
    for name in _objectives(snapshots):
        yield Entry(plain(name), tuple(b.metric(name) for b in best))
    for name in _parameters(snapshots):
        yield line(name, [b.parameter(name) for b in best], differ=True)
    yield Entry("where the best trials lie")
    yield line("trials", [_count(b) for b in best])
    for name in _parameters(snapshots):
        yield line(name, [b.spread(name) for b in best], differ=True)


def _count(best: Best) -> str:
    n = len(best.rows)
    return "" if not n else str(n) if best.met else f"{n}, which miss a goal"


def _best_value(snapshot: Snapshot, metric: str) -> str:
    from hpo_tui.engine.analysis.front import best_so_far

    objective = next((o for o in snapshot.spec.objectives if o.metric == metric), None)
    if objective is None:
        return ""
    values = best_so_far(snapshot.frame, snapshot.spec, objective)[1]
    return present.number(float(values[-1]), 6) if len(values) else ""


def _range(snapshot: Snapshot, name: str) -> str:
    found = next((p for p in snapshot.spec.space if p.name == name), None)
    if found is None:
        return ""
    if found.numeric:
        scale = " log" if found.log else ""
        return f"{fmt.number(found.low)} to {fmt.number(found.high)}{scale}"
    if found.choices:
        return ", ".join(fmt.values(found.choices))
    return fmt.value(found.value)


def _task(snapshot: Snapshot, name: str) -> str:
    found = next((t for t in snapshot.spec.tasks if t.name == name), None)
    if found is None:
        return ""
    n = int(snapshot.frame.at_task(name).sum())
    return f"cost {fmt.number(found.cost)}, {present.plural(n, 'trial')}"
