"""SigOpt's metrics and tasks as those of a study."""

import itertools
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hpo_tui.engine.define.documents import number
from hpo_tui.engine.define.fidelity import find_fidelity
from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.sigopt.file import Experiment
from hpo_tui.engine.define.sigopt.source import Said
from hpo_tui.engine.spec import Direction, Objective, OutcomeConstraint, Task, Value
from hpo_tui.engine.spec.names import did_you_mean, listing, plain, show

_STRATEGIES = ("optimize", "constraint", "store")
_NUMBERED = re.compile(
    r"(?P<n>\d+)[\s_-]*(?P<what>[A-Za-z]+)|(?P<what2>[A-Za-z]+)[\s_=-]*(?P<n2>\d+)"
)
"""A task's name that says how long it is: ``15 epochs``, ``epochs_15``."""


def goals_of(
    experiment: Experiment,
) -> tuple[list[Objective], list[OutcomeConstraint], list[str]]:
    """Return what is optimized, what must hold, what is only kept. Raises ValueError."""
    objectives, constraints, kept = [], [], []
    for entry in experiment.metrics:
        place = f"{experiment.called}: metrics[{plain(str(entry['name']))}]"
        way = _one_of(entry, "objective", ("maximize", "minimize"), place)
        strategy = _one_of(entry, "strategy", _STRATEGIES, place)
        name, threshold = str(entry["name"]), number(entry.get("threshold"))
        if entry.get("threshold") is not None and threshold is None:
            raise ValueError(
                f"{place}.threshold must be a number, found {show(entry['threshold'])}"
            )
        if strategy == "store":
            kept.append(name)
        elif strategy == "optimize":
            objectives.append(Objective(name, Direction(way), threshold))
        elif threshold is None:
            raise ValueError(f"{place} needs a threshold (strategy: constraint)")
        elif way == "maximize":
            constraints.append(OutcomeConstraint(name, min=threshold))
        else:
            constraints.append(OutcomeConstraint(name, max=threshold))
    return objectives, constraints, kept


def _one_of(entry: Mapping[str, Any], key: str, allowed: Sequence[str], place: str) -> str:
    """Return a word of a metric, the first of those that are allowed where it says none."""
    said = entry.get(key) or allowed[0]
    if said not in allowed:
        near = did_you_mean(str(said), allowed)
        raise ValueError(
            f"{place}.{key} must be one of {listing(allowed)}, found {show(said)}{near}"
        )
    return str(said)


def tasks_of(experiment: Experiment, said: Said) -> tuple[tuple[Task, ...], str]:
    """Return the tasks, and where their fidelity comes from. Raises ValueError.

    SigOpt has but a name and a cost: a script looks the name up, or else its own default, such as
    60 epochs, is divided by the costs, or the names tell. The place is ``script``, ``default``,
    ``names``, or nothing.
    """
    tasks = [_task(entry, experiment.called) for entry in experiment.tasks]
    if len(tasks) < 2:
        return (tuple(tasks) or (Task("full", 1.0),)), "script"
    if said.task:
        return tuple(tasks), "script"
    options = [Option.of(n, v, "config") for n, v in said.defaults.items()]
    whole = find_fidelity(options)
    if whole is not None:
        name, full = whole.option.name, whole.option.default
        return tuple(Task(t.name, t.cost, {name: _share(full, t.cost)}) for t in tasks), "default"
    named = [_length(t.name) for t in tasks]
    whats = {what for what, _ in named}
    if len(whats) == 1 and "" not in whats and _in_order(tasks, [n for _, n in named]):
        name = next(iter(whats))
        pairs = zip(tasks, named, strict=True)
        return tuple(Task(t.name, t.cost, {name: n}) for t, (_, n) in pairs), "names"
    return tuple(tasks), ""


def _task(entry: Mapping[str, Any], called: str) -> Task:
    cost = number(entry.get("cost"))
    if cost is None:
        place = f"{called}: tasks[{plain(str(entry['name']))}].cost"
        raise ValueError(f"{place} must be a number, found {show(entry.get('cost'))}")
    return Task(str(entry["name"]), float(cost))


def _share(full: Value | None, cost: float) -> Value:
    """Return a part of a number, a whole one of a whole one."""
    if isinstance(full, int):
        return max(1, math.floor(full * cost + 0.5))
    return float(f"{float(full or 0) * cost:.6g}")


def _length(name: str) -> tuple[str, int]:
    """Return what a task's name counts, and how many; nothing where it does not."""
    found = _NUMBERED.fullmatch(name.strip())
    if found is None:
        return "", 0
    what = (found["what"] or found["what2"]).lower()
    return what if what.endswith("s") else f"{what}s", int(found["n"] or found["n2"])


def _in_order(tasks: Sequence[Task], lengths: Sequence[int]) -> bool:
    """Whether dearer tasks are longer."""
    ordered = [n for _, n in sorted(zip([t.cost for t in tasks], lengths, strict=True))]
    return all(a < b for a, b in itertools.pairwise(ordered))
