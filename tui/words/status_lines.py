"""A study as a few lines of text, for commands and the smallest windows. Pure."""

import math
import shlex
from typing import TYPE_CHECKING

from hpo_tui.engine.answers import wish_text
from hpo_tui.engine.waiting import BESIDE
from hpo_tui.store.folder import ARCHIVE, by_its_links
from hpo_tui.tui.words import budgets, fmt, present
from hpo_tui.tui.words.goals import goals_of, goals_sentence
from hpo_tui.tui.words.parameter_values import value_text
from hpo_tui.tui.words.plain import fit, plain
from hpo_tui.tui.words.progress import running_lines
from hpo_tui.tui.words.running import overdue_text
from hpo_tui.tui.words.standing import misnamed_lines, silent_lines, standing_of, until

if TYPE_CHECKING:
    from hpo_tui.tui.watching.snapshot import Snapshot

_LEAST_NAME = 4
"""Cells of a metric's name where there is hardly any room: its value says more."""


def status_lines(snapshot: "Snapshot", width: int = 80) -> list[str]:
    """Return the study as a few lines of text, for ``--once`` and the smallest windows."""
    stand = standing_of(snapshot)
    lines = [f"{plain(snapshot.study.name)}  {stand.mark} {stand.word}"]
    if stand.detail:
        lines.append(stand.detail)
    lines.append(f"{present.plural(len(snapshot.frame), 'trial')}, {budgets.budget_text(snapshot)}")
    if snapshot.lost > 0:
        lines[-1] += f", {budgets.lost_text(snapshot)} lost"
    lines += silent_lines(snapshot)
    lines += misnamed_lines(snapshot)
    lines += waits_lines(snapshot)
    lines += queued_lines(snapshot)
    lines += [line for line in [overdue_text(snapshot), *until(snapshot)] if line]
    lines.append(goals_sentence(snapshot))
    lines += best_lines(snapshot, 5, width)
    lines += running_lines(snapshot)
    return [fit(line, width).rstrip() for line in lines]


def archived_lines(snapshot: "Snapshot") -> list[str]:
    """Return where an archived study lies, and what brings it back, in a line; else none."""
    place = by_its_links(snapshot.folder.path)
    if place.parent.name != ARCHIVE:
        return []
    back = f"mv {shlex.quote(str(place))} {shlex.quote(str(place.parent.parent))}/"
    return [plain(f"archived, and so in no list; to have it back: {back}")]


def waits_lines(snapshot: "Snapshot") -> list[str]:
    """Return what keeps every trial from starting, a reason a line."""
    reasons = [reason for reason in plain(snapshot.waits).split("; ") if reason]
    return [r if r == BESIDE else f"waits: {r}" for r in reasons]


def queued_lines(snapshot: "Snapshot") -> list[str]:
    """Return what waits for the next run, a wish a line."""
    said = (plain(wish_text(c.action, c.args)) for c in snapshot.queued)
    return [f"queued for the next run: {text}" for text in said]


def best_lines(snapshot: "Snapshot", k: int, width: int) -> list[str]:
    """Return the ``k`` best trials, a line each: number, metrics, parameters.

    Where ``width`` is too little for the metrics, it is their names that give way.
    """
    from hpo_tui.engine.analysis.front import best_rows, results

    spec = snapshot.spec
    frame = results(snapshot.frame, spec)[1]
    lines = []
    for row in best_rows(frame, spec)[:k]:
        known = [g.metric for g in goals_of(spec) if g.metric in frame.metrics]
        values = [present.number(float(frame.metrics[name][row])) for name in known]
        number = f"#{frame.number[row]}"
        names = _within(list(map(plain, known)), width - len(number + "".join(values)))
        metrics = "  ".join(f"{n} {v}" for n, v in zip(names, values, strict=True))
        params = " ".join(
            f"{plain(p.name)}={value_text(snapshot, p.name, row)}"
            for p in spec.free
            if p.name in frame.params and not math.isnan(frame.params[p.name][row])
        )
        lines.append(fmt.clip_line(f"{number}  {metrics}  {params}", width))
    return lines


def _within(names: list[str], width: int) -> list[str]:
    """Return names in ``width`` cells, three of which stand around each: the longest are cut.

    Two more are for the mark that what follows is cut.
    """
    room = width - 3 * len(names) - 2
    for most in range(max(map(fmt.width_of, names), default=0), _LEAST_NAME, -1):
        cut = [fmt.clip(name, most) for name in names]
        if sum(map(fmt.width_of, cut)) <= room:
            return cut
    return [fmt.clip(name, _LEAST_NAME) for name in names]
