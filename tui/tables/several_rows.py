"""The best trials of several studies, each study beside the others, as rows of a table."""

from collections.abc import Hashable, Sequence

from hpo_tui.engine.spec import Budget, BudgetUnit, Objective, OutcomeConstraint
from hpo_tui.tui.tables.best import best_table, best_trials, metric_heading
from hpo_tui.tui.tables.rows import Cell, Column
from hpo_tui.tui.tables.trial_order import result_counts, result_spreads
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.budgets import amount_of, gone
from hpo_tui.tui.words.figures import shown
from hpo_tui.tui.words.goals import goals_of
from hpo_tui.tui.words.plain import plain

LEAD = ["study", "spent", "trials", "#"]
"""Headings of the columns before the metrics."""
_WIDEST = 24
"""Cells of a column at the most: names of studies and choices can be long."""


class SeveralRows:
    """Rows by the folder names of their studies, in ``names``; ``head`` and ``rows`` as text.

    Headings of metrics may end with the goal behind a space, which is not cut. A result that
    misses its goal ends with ``!``.
    """

    def __init__(
        self, names: Sequence[str], head: Sequence[str], rows: Sequence[Sequence[str]]
    ) -> None:
        self._names, self._rows = names, rows
        self.columns: Sequence[Column] = tuple(
            _column(title, [row[at] for row in rows], first=not at) for at, title in enumerate(head)
        )

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, row: int) -> Hashable:
        """Return the name of the study's folder."""
        return self._names[row]

    def find(self, key: Hashable) -> int | None:
        """Return the row of a study."""
        return next((at for at, name in enumerate(self._names) if name == key), None)

    def cells(self, row: int) -> Sequence[Cell]:
        """Return the study, what it has spent, its trials and the best of them."""
        name, *others = self._rows[row]
        return [(name, "bold"), *((text, _tone(text)) for text in others)]


def _column(title: str, texts: Sequence[str], *, first: bool) -> Column:
    width = min(max(map(fmt.width_of, (title, *texts))), _WIDEST)
    _, space, goal = title.rpartition(" ")
    tail = space + goal if goal[:1] in {"≥", "≤"} else ""
    return Column(title, title, width, "left" if first else "right", fixed=first, tail=tail)


def _tone(text: str) -> str:
    return "dim" if text == "-" else "bad" if text.endswith("!") else ""


def several_table(
    pictures: Sequence[Snapshot], most: int, *, near: bool = False
) -> tuple[list[str], list[list[str]]]:
    """Return headings and rows: metrics, then searched parameters, of any study; - where not of it.

    A metric has its goal in the heading where it is the same in all studies that have it.
    """
    goals = _headings([g for p in pictures for g in goals_of(p.spec)])
    params = list(dict.fromkeys(plain(q.name) for p in pictures for q in p.spec.free))
    rows = []
    for picture in pictures:
        lead = [plain(picture.folder.name), _spent(picture), str(len(picture.frame))]
        for cells in _cells(picture, most, near=near) or [{}]:
            named = [cells.get(("metric", name), "-") for name in goals]
            named += [cells.get(("param", name), "-") for name in params]
            rows.append([*lead, cells.get(("", "#"), "-"), *named])
    return [*LEAD, *goals.values(), *params], rows


def _spent(picture: Snapshot) -> str:
    """Return what a study has spent, in the unit of its budget."""
    budget = picture.spec.budget
    if budget.unit is BudgetUnit.WALL:
        return gone(picture.spent, budget.amount)
    return amount_of(Budget(round(picture.spent, 2), budget.unit))


def _headings(goals: Sequence[Objective | OutcomeConstraint]) -> dict[str, str]:
    """Return metric → heading."""
    texts: dict[str, set[str]] = {}
    for goal in goals:
        texts.setdefault(plain(goal.metric), set()).add(metric_heading(goal))
    return {name: said.pop() if len(said) == 1 else name for name, said in texts.items()}


def _cells(picture: Snapshot, most: int, *, near: bool) -> list[dict[tuple[str, str], str]]:
    """Return the cells of a study's best trials, else of its nearest, by kind and name."""
    trials = best_trials(picture, most, near=near) or best_trials(picture, most, near=True)
    spec = picture.spec
    several = result_counts(picture)
    spreads = result_spreads(picture) if several else {}
    _, rows, before = best_table(trials, spec, several, spreads)
    names = [("metric", plain(g.metric)) for g in goals_of(spec)]
    names += [("param", plain(p.name)) for p in spec.free]
    first = before - len(goals_of(spec))
    fixed = [p.name for p in spec.space if p not in spec.free]  # searched in another study, maybe
    return [
        {
            ("", "#"): row[0],
            **{("param", plain(p)): shown(trial.params[p]) for p in fixed if p in trial.params},
            **dict(zip(names, row[first:], strict=True)),
        }
        for trial, row in zip(trials, rows, strict=True)
    ]
