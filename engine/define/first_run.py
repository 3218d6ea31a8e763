"""What a first run of a script shows: its metrics, how it went, and what its tasks take."""

import dataclasses
import math
from collections.abc import Mapping
from pathlib import Path

from hpo_tui.engine.define.compose import Plan, default_params, with_metrics
from hpo_tui.engine.define.logged import or_logged
from hpo_tui.engine.define.outputs import own_place
from hpo_tui.engine.define.per_epoch import best_of
from hpo_tui.engine.define.preview import buys
from hpo_tui.engine.define.printed import Printed, read_output
from hpo_tui.engine.define.scratch import scratch
from hpo_tui.engine.define.script_checkpoints import left_behind, saved_files
from hpo_tui.engine.define.try_one import Tried, found_in, try_one
from hpo_tui.engine.spec import BudgetUnit, StudySpec, Value
from hpo_tui.engine.spec.names import KeyPath, plain
from hpo_tui.engine.spec.space import from_unit
from hpo_tui.engine.spec.units import show_duration

_LEAST_STALL = 3600.0
"""Seconds without a report before which no trial is taken to hang."""
_PATIENCE = 5.0
"""How many times the full task's time: other parameters, or a shared GPU, may take longer."""


def first_run(
    plan: Plan, spec: StudySpec, folder: Path, files: Mapping[str, str], timeout: float
) -> tuple[Tried, Printed, list[str]]:
    """Run the script's defaults once at the smallest fidelity.

    Returns also the metrics that it reported, and what its user should know, each a sentence.
    """
    before = saved_files(folder)
    texts = [o for o in plan.left if o.style == "flag" and o.kind == "text" and o.default]
    places = {d: f"{o.flag} {own_place(d, folder)}" for o in texts for d in [str(o.default)]}
    params: dict[str, Value] = {p.name: from_unit(p, 0.5) for p in spec.space}
    params.update(default_params(plan))
    with scratch() as place:
        for name, text in files.items():
            (place / name).write_text(text, encoding="utf-8")
        placed = dataclasses.replace(spec, source=place / "study.toml")
        tried = try_one(placed, folder, params=params, limit=timeout)
    printed = read_output(tried.lines, tried.seen)
    printed = dataclasses.replace(printed, each_epoch=best_of(printed.values, tried.lines))
    entries = found_in(with_metrics(spec, printed), tried.lines)
    # Of a name that is printed more than once, trials do not take the last one in the text.
    read = {n: v for _, entry in entries for n, v in entry.items()}
    printed = dataclasses.replace(printed, values={**printed.values, **read})
    printed = or_logged(printed, tried.logged, len({step for step, _ in entries}))
    left = left_behind(folder, before, places)
    return tried, printed, [*faults(tried), *([left] if left else [])]


def faults(tried: Tried) -> list[str]:
    """Say what of a run was not as it should be."""
    # Hydra's last line tells how to see more, the one before it what is wrong.
    telling = [line for line in tried.last_lines if "HYDRA_FULL_ERROR" not in line]
    last = telling[-1] if telling else "it printed nothing"
    if tried.why and not tried.seconds:
        return [f"the command could not be tried: {plain(tried.why)}"]
    if tried.why:
        return [f"the first run did not end by itself: {plain(tried.why)}"]
    return [f"the first run ended with exit code {tried.code}: {last}"] if tried.code else []


def timed(spec: StudySpec, tried: Tried, notes: dict[KeyPath, str]) -> StudySpec:
    """Return the study with what ends a trial that hangs; ``notes`` get what the run has taken."""
    notes.update(times(spec, tried))
    # Patient even with a script that reports nothing before its end.
    startup, per_unit = _pace(tried)
    seconds = max(_LEAST_STALL, _PATIENCE * (startup + per_unit))
    stall = float(math.ceil(seconds / _LEAST_STALL) * _LEAST_STALL)
    notes["resources", "stall"] = "a trial that reports nothing for so long hangs, and is stopped"
    return dataclasses.replace(spec, resources=dataclasses.replace(spec.resources, stall=stall))


def _pace(tried: Tried) -> tuple[float, float]:
    """Return seconds before the first step, and those of a whole run after that."""
    startup = min(tried.startup or 0.0, tried.seconds)
    return startup, (tried.seconds - startup) / tried.task.cost


def times(spec: StudySpec, tried: Tried) -> dict[KeyPath, str]:
    """Return remarks on what the tasks take, from the run of the cheapest."""
    startup, per_unit = _pace(tried)
    full = startup + per_unit
    notes: dict[KeyPath, str] = {}
    for n, task in enumerate(spec.tasks):
        seconds = startup + per_unit * task.cost
        took = "took" if task == tried.task else "would take about"
        share = (
            f", {seconds / full:.2f} of the full task"
            if startup > 0.05 * full and task.cost < 1
            else ""
        )
        notes["task", n, "cost"] = f"{took} {_about(seconds)}{share}"
    last = buys(spec, full)[-1]
    unit = "in units of the full task; " if spec.budget.unit is BudgetUnit.FULL else ""
    notes["study", "budget"] = f"{unit}{last[:1].lower()}{last[1:]}"
    return notes


def _about(seconds: float) -> str:
    return f"{seconds:.2g} s" if seconds < 10 else show_duration(round(seconds))
