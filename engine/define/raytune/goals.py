"""Metrics, tasks, budget and resources of a search of Ray Tune's, as those of a study."""

import math
import os
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.define.compose import BUDGET
from hpo_tui.engine.define.fidelity import find_fidelity
from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.printed import Printed, direction_of
from hpo_tui.engine.define.raytune.run import Shown
from hpo_tui.engine.define.raytune.told import Told
from hpo_tui.engine.spec import Budget, BudgetUnit, Direction, Objective, Resources, Task
from hpo_tui.engine.spec.parts import Summary

STEPS = "training_iteration"
"""The fidelity value of the tasks: Ray's word for the steps of a trial."""
GUESSED = 100
"""The steps of a class of which nothing says how long it trains."""
FULL = Task("full", 1.0)
_FEWEST = 4
"""Steps from which on a trial can be cut into tasks, where no scheduler does so."""
_CHEAP = 3
"""Tasks below the full one, at most."""
_SHARES = (0.25, 0.5)


def objectives_of(shown: Shown) -> tuple[tuple[Objective, ...], str]:
    """Return the objectives, and where they come from.

    That is ``script``, ``best`` (what the script looks for its best trial by), ``run`` (the
    likeliest metric of a first run) or nothing, for a stand-in.
    """
    told, source, seen = shown.told, shown.source, shown.seen
    names, modes, origin = list(told.metric), list(told.mode), "script"
    if not names and source.goal[0]:
        names, modes, origin = [source.goal[0]], [source.goal[1]], "best"
    if not names and seen.logged:
        names, modes, origin = Printed(seen.logged).ranked()[:1], [""], "run"
    if not names:
        names, modes, origin = ["loss"], ["min"], ""
    best = source.best
    return tuple(
        _objective(name, mode, best=best)
        for name, mode in zip(names, [*modes, *[""] * len(names)], strict=False)
    ), origin


def _objective(name: str, mode: str, *, best: bool) -> Objective:
    known = {"min": Direction.MINIMIZE, "max": Direction.MAXIMIZE}.get(mode)
    direction = known or direction_of(name) or Direction.MINIMIZE
    kept = Summary.MIN if direction is Direction.MINIMIZE else Summary.MAX
    return Objective(name, direction, summary=kept if best else Summary.LAST)


def counts_steps(shown: Shown) -> bool:
    """Whether the scheduler counts in steps, by Ray's word for them or by a metric that does."""
    attr, seen = shown.told.scheduler.get("time_attr", STEPS), shown.seen
    return attr == STEPS or (seen.steps > 0 and seen.logged.get(str(attr)) == seen.steps)


def length_of(shown: Shown) -> tuple[int | None, str]:
    """Return how many steps a whole trial makes, and what says so.

    That is ``stop``, ``scheduler``, ``run`` (which came to its own end), the name of a constant in
    the space, or nothing, for none.
    """
    told, seen = shown.told, shown.seen
    known: list[tuple[int, str]] = []
    if isinstance(stop := told.stop.get(STEPS), int | float):
        known.append((int(stop), "stop"))
    if isinstance(most := told.scheduler.get("max_t"), int) and counts_steps(shown):
        known.append((most, "scheduler"))
    if told.trainable == "function":
        if seen.ended and seen.steps:
            known.append((seen.steps, "run"))
        elif (constant := _constant(told)) is not None:
            known.append(constant)
    known = [(n, origin) for n, origin in known if n > 0]
    return min(known, default=(None, ""), key=lambda pair: pair[0] or 0)


def _constant(told: Told) -> tuple[int, str] | None:
    """Return a constant of the space that says how long a training is: ``epochs``."""
    constants = [e for e in told.space if e["is"] == "constant"]
    options = [Option.of(str(e["name"]), e["value"], "config") for e in constants]
    found = find_fidelity(options)
    if found is None or not isinstance(found.option.default, int):
        return None
    return found.option.default, found.option.name


def tasks_of(told: Told, full: int | None) -> tuple[Task, ...]:
    """Return the tasks: the scheduler's rungs, or a quarter and a half of the whole.

    ``full``: the steps of a whole trial; None: they are not known, and there are no cheap tasks.
    """
    if full is None and told.trainable == "function":
        return (FULL,)
    whole = full or GUESSED
    rungs = _rungs(told.scheduler, whole)
    if not rungs and whole >= _FEWEST:
        rungs = sorted({max(1, round(whole * share)) for share in _SHARES})
    steps = [*(n for n in rungs if n < whole), whole]
    if len(steps) == 1 and told.trainable == "function":
        return (FULL,)
    return tuple(
        Task(
            f"{n} iteration{'s' if n > 1 else ''}",
            1.0 if n == whole else round(n / whole, 4),
            {STEPS: n},
        )
        for n in steps
    )


def _rungs(scheduler: Mapping[str, Any], whole: int) -> list[int]:
    """Return at how many steps a scheduler of successive halving stops trials, the last three.

    One that is nearly whole saves little.
    """
    factor = scheduler.get("reduction_factor")
    if not isinstance(factor, int | float) or factor <= 1:
        return []
    first = scheduler.get("grace_period")
    if not isinstance(first, int | float) or first < 1:
        most = scheduler.get("max_t")
        first = most if isinstance(most, int | float) else whole
        while first / factor >= 1:
            first /= factor
    found: list[int] = []
    rung = float(first)
    while rung < whole and len(found) < 64:
        found.append(round(rung))
        rung *= factor
    found = list(dict.fromkeys(found))
    cheap = [n for n in found if n <= whole / 2]
    return (cheap or found[:1])[-_CHEAP:]


def budget_of(told: Told) -> tuple[Budget, str]:
    """Return the budget, and what of the script it is; nothing where it is a usual one."""
    grid = math.prod(len(e["choices"]) for e in told.searched if e.get("grid"))
    samples = told.samples if told.samples is not None else 1
    count = samples * grid
    if samples < 1 and told.seconds:
        return Budget(float(told.seconds), BudgetUnit.WALL), "time_budget_s"
    if count > 1:
        said = "num_samples" if grid == 1 else "num_samples times the grid"
        return Budget(float(count)), said if samples > 1 or grid == 1 else "the size of the grid"
    return Budget(BUDGET), ""


def resources_of(told: Told) -> Resources:
    """Return where and how many trials run at once, as Ray would run them."""
    gpu, cpu = told.resources.get("gpu", 0.0), told.resources.get("cpu", 1.0)
    if gpu <= 0:
        slots = max(1, int((os.cpu_count() or 1) / (cpu if cpu > 0 else 1.0)))
        return Resources(gpus="none", slots=min(slots, told.concurrent or slots))
    if gpu < 1:
        return Resources(trials_per_gpu=int(1 / gpu + 1e-9))
    return Resources(gpus_per_trial=math.ceil(gpu))
