"""From :class:`StudySpec` to a commented study file, which reads as an equal one again."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from hpo_tui.engine.spec import units
from hpo_tui.engine.spec.model import StudySpec
from hpo_tui.engine.spec.names import KeyPath, dotted
from hpo_tui.engine.spec.parts import (
    BudgetUnit,
    EarlyStopping,
    MetricSource,
    Parameter,
    ParameterKind,
    Resources,
    Summary,
)
from hpo_tui.engine.spec.reading.command import is_shell_word
from hpo_tui.engine.spec.reading.ending import show_notify, show_stop_when
from hpo_tui.engine.spec.reading.tasks import FULL
from hpo_tui.engine.spec.text.amend import (
    EditError,
    add_entry,
    add_parameter,
    move,
    remove,
    set_value,
)
from hpo_tui.engine.spec.text.toml_text import comment_lines, table_lines

__all__ = [
    "EditError",
    "add_entry",
    "add_parameter",
    "command_text",
    "move",
    "parameter_table",
    "remove",
    "set_value",
    "write",
]

_REMARKS: Mapping[KeyPath, str] = {
    ("study", "resume"): "a promotion continues from the checkpoint and pays the difference",
    ("study", "repeats"): "with how many seeds each finalist is run",
    ("resources", "gpus"): 'or [0, 1], or "none"',
    ("resources", "slots"): "how many trials run at once where there is no GPU",
}
_UNITS = {
    BudgetUnit.FULL: "in units of one full task",
    BudgetUnit.GPU_HOURS: "hours times GPUs",
    BudgetUnit.WALL: "wall time",
    BudgetUnit.TRIALS: "trials of whatever task",
}


def write(spec: StudySpec, notes: Mapping[KeyPath, str] | None = None) -> str:
    """Return the study as TOML; only what differs from the defaults is written.

    ``notes`` are remarks by key path: of a key, to its right; of a table, above it; of ``()``, at
    the top.
    """
    notes = {**_REMARKS, ("study", "budget"): _UNITS[spec.budget.unit], **(notes or {})}
    blocks = [comment_lines(notes[()])] if () in notes else []
    for path, table in _tables(spec):
        name = dotted([p for p in path if isinstance(p, str)])
        header = f"[[{name}]]" if isinstance(path[-1], int) else f"[{name}]"
        pairs = [(key, value, notes.get((*path, key), "")) for key, value in table.items()]
        above = comment_lines(notes[path]) if path in notes else []
        blocks.append(above + table_lines(header, pairs))
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def parameter_table(parameter: Parameter) -> dict[str, Any]:
    """Return the keys and values of a parameter's table."""
    table: dict[str, Any] = {"type": str(parameter.kind)}
    if parameter.numeric:
        whole = parameter.kind is ParameterKind.INT
        kind = int if whole else float
        table |= {"low": kind(parameter.low), "high": kind(parameter.high)}
        if parameter.log:
            table["log"] = True
        if parameter.step is not None:
            table["step"] = kind(parameter.step)
    elif parameter.kind is ParameterKind.FIXED:
        table["value"] = parameter.value
    else:
        table["choices"] = list(parameter.choices)
    if parameter.when:
        table["when"] = {parent: list(values) for parent, values in parameter.when.items()}
    if parameter.prior:
        names = ("mean", "sd") if parameter.prior.kind == "normal" else ("a", "b")
        table["prior"] = dict(zip(names, (parameter.prior.a, parameter.prior.b), strict=True))
    if parameter.default is not None:
        table["default"] = parameter.default
    return table


def command_text(words: tuple[str, ...]) -> str | list[str]:
    """Return a command as one line where that reads back the same, else as a list of words."""
    line = " ".join(w if re.fullmatch(r"[^\s'\"\\]+", w) else shlex.quote(w) for w in words)
    first = words[0] if words else ""
    plain = not any(map(is_shell_word, words)) and not re.match(r"[A-Za-z_]\w*=", first)
    return line if plain and shlex.split(line) == list(words) else list(words)


def _tables(spec: StudySpec) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Yield every table of the file with its path, in the order of the file."""
    yield ("study",), _study(spec)
    if spec.env:
        yield ("env",), dict(spec.env)
    for parameter in spec.space:
        yield ("space", parameter.name), parameter_table(parameter)
    yield from _metric_tables(spec)
    if spec.tasks != (FULL,):
        for n, task in enumerate(spec.tasks):
            yield ("task", n), {"name": task.name, **task.fidelity, "cost": task.cost}
    for n, start in enumerate(spec.start):
        yield ("start", n), dict(start)
    if spec.metrics != (MetricSource(),):
        for n, source in enumerate(spec.metrics):
            yield ("metrics", n), _source(source)
    resources = _resources(spec.resources)
    if resources:
        yield ("resources",), resources
    if spec.stopping != EarlyStopping():
        stopping, usual = spec.stopping, EarlyStopping()
        keys = [k for k in usual.__slots__ if getattr(stopping, k) != getattr(usual, k)]
        yield ("stopping",), {k: getattr(stopping, k) for k in keys}


def _metric_tables(spec: StudySpec) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    for n, objective in enumerate(spec.objectives):
        table: dict[str, Any] = {"metric": objective.metric, "direction": str(objective.direction)}
        if objective.threshold is not None:
            table["threshold"] = _tidy(objective.threshold)
        if objective.log:
            table["log"] = True
        yield ("objective", n), _summarized(table, objective.summary)
    for n, constraint in enumerate(spec.outcome_constraints):
        limits = {"min": constraint.min, "max": constraint.max}
        table = {k: _tidy(v) for k, v in limits.items() if v is not None}
        yield (
            ("constraint", n),
            _summarized({"metric": constraint.metric, **table}, constraint.summary),
        )


def _study(spec: StudySpec) -> dict[str, Any]:
    file, target = spec.template or ("", "")
    table = {
        "name": spec.name,
        "command": command_text(spec.command) if spec.command else None,
        "budget": units.budget_value(spec.budget),
        "resume": spec.resume or None,
        "seed": spec.seed or None,
        "repeats": None if spec.repeats == 1 else spec.repeats,
        "cost": "measured" if spec.cost_measured else None,
        "noisy": spec.noisy,
        "stop_when": show_stop_when(spec.stop_when) or None,
        "notify": show_notify(spec.notify) or None,
        "warm": list(spec.warm) or None,
        "learn_from": list(spec.learn_from) or None,
        "record": list(spec.record) or None,
        "template": (file if PurePath(file).name == target else [file, target]) if file else None,
        "constraints": list(spec.constraints) or None,
    }
    return {key: value for key, value in table.items() if value is not None}


def _source(source: MetricSource) -> dict[str, Any]:
    said = {"path": source.path, "pattern": source.pattern, "step": source.step}
    table = {"kind": source.kind} | {k: v for k, v in said.items() if v is not None}
    return {**table, "rename": dict(source.rename)} if source.rename else table


def _resources(resources: Resources) -> dict[str, Any]:
    usual = Resources()
    table: dict[str, Any] = {}
    for key in usual.__slots__:
        value = getattr(resources, key)
        if value == getattr(usual, key):
            continue
        if key == "gpus" and not isinstance(value, str):
            value = list(value)
        elif key in ("timeout", "stall", "grace"):
            value = units.show_duration(value)
        elif key == "checkpoint_quota":
            value = units.show_size(value)
        table[key] = value
    return table


def _summarized(table: dict[str, Any], summary: Summary) -> dict[str, Any]:
    return table if summary is Summary.LAST else {**table, "summary": str(summary)}


def _tidy(value: float) -> float | int:
    """Return a whole number as an int, which reads better: 20000, not 20000.0."""
    return int(value) if value == int(value) and abs(value) < 2**53 else value
