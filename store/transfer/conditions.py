"""Conditions between parameters, found again from which of them the trials have.

A program that defines its space by running (Optuna) and a table with empty cells keep no
conditions. Without them a trial that lacks a parameter is no configuration of the space, and
teaches nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from hpo_tui.store.models import Trial, TrialState, Value
from hpo_tui.store.transfer.arrivals import Dimension

When = dict[str, tuple[Value, ...]]
_MOST = 64
"""Values of a whole number up to which a condition lists those that no trial has shown."""


def with_conditions(
    space: Mapping[str, Dimension], trials: Sequence[Trial]
) -> tuple[dict[str, Dimension], dict[str, int]]:
    """Return ``space`` with the conditions that the trials show, and what none explains.

    The latter as parameter → how many trials lack it. Only complete trials say what is lacking,
    where there are any: another may have ended before it came to all of its parameters.

    A parameter that some trials lack depends on another one (or two) whose values tell exactly
    which: choices rather than whole numbers, what stands before it rather than after. A value that
    no trial has shown counts as one without it, unless it continues a range that has it.
    """
    whole = [t for t in trials if t.state is TrialState.COMPLETE] or trials
    having = {name: frozenset(t.number for t in trials if name in t.params) for name in space}
    found, unexplained = dict(space), dict[str, int]()
    for name, dimension in space.items():
        lacking = [t for t in whole if name not in t.params]
        holding = [t for t in trials if name in t.params]
        if not lacking or not holding:
            continue
        parents = _parents(name, space, having)
        when = _one(parents, space, holding, lacking) or _two(parents, space, holding, lacking)
        if when is None:
            unexplained[name] = len(lacking)
        else:
            found[name] = replace(dimension, when=when)
    return found, unexplained


def _parents(
    name: str, space: Mapping[str, Dimension], having: Mapping[str, frozenset[int]]
) -> list[str]:
    """Return what ``name`` can depend on, likeliest first: in no order can that go in a circle."""
    places = {n: i for i, n in enumerate(space)}
    mine = having[name]
    able = [
        n
        for n, d in space.items()
        if n != name
        and (len(d.choices) > 1 or (d.kind == "int" and d.low < d.high))
        and (having[n] > mine or (having[n] == mine and places[n] < places[name]))
    ]
    return sorted(able, key=lambda n: (not space[n].choices, places[n] > places[name], places[n]))


def _one(
    parents: Collection[str],
    space: Mapping[str, Dimension],
    holding: Sequence[Trial],
    lacking: Sequence[Trial],
) -> When | None:
    """Return the first parent whose values alone tell who has the parameter."""
    for parent in parents:
        on = {t.params[parent] for t in holding}
        off = {t.params[parent] for t in lacking if parent in t.params}
        if not on & off:
            return {parent: _allowed(space[parent], on, off)}
    return None


def _two(
    parents: Collection[str],
    space: Mapping[str, Dimension],
    holding: Sequence[Trial],
    lacking: Sequence[Trial],
) -> When | None:
    """Return the first pair of parents that both have to agree."""
    for pair in combinations(parents, 2):
        on = {p: {t.params[p] for t in holding} for p in pair}
        if not any(all(t.params.get(p) in on[p] for p in pair) for t in lacking):
            return {p: _allowed(space[p], on[p], ()) for p in pair}
    return None


def _allowed(parent: Dimension, on: set[Value], off: Collection[Value]) -> tuple[Value, ...]:
    """Return the parent's values with the parameter, those between and beyond them included."""
    if parent.choices:
        return tuple(c for c in parent.choices if c in on)
    numbers = [int(v) for v in on]
    low, high = min(numbers), max(numbers)
    others = [int(v) for v in off]
    step = int(parent.step or 1)
    if others and all(o < low for o in others):
        high = int(parent.high)
    elif others and all(o > high for o in others):
        low = int(parent.low)
    values = range(low, high + 1, step)
    if len(values) > _MOST or any(o in values for o in others):
        return tuple(sorted(numbers))
    return tuple(values)
