"""A trial's configuration and results as plain data, to be copied, edited and judged."""

import json
import math
import shlex
import tomllib
from collections.abc import Mapping
from typing import Any

from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec, Value
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.watching.snapshot import Snapshot


def tasks_taken(snapshot: Snapshot, row: int) -> set[str]:
    """Return the tasks where the configuration of ``row`` has a result or is under way."""
    frame = snapshot.frame
    mine = (frame.configuration == frame.configuration[row]) & (frame.repeat == 0)
    mine &= frame.in_state(TrialState.COMPLETE, TrialState.RUNNING, TrialState.WAITING)
    return {frame.tasks[t] for t in set(frame.task[mine].tolist())}


def dearer_tasks(snapshot: Snapshot, row: int) -> list[str]:
    """Return the tasks to which the trial at ``row`` can be promoted, the cheapest first."""
    spec, now = snapshot.spec, snapshot.frame.tasks[snapshot.frame.task[row]]
    cost = next((t.cost for t in spec.tasks if t.name == now), 0.0)
    taken = tasks_taken(snapshot, row)
    return [t.name for t in spec.tasks_by_cost if t.cost > cost and t.name not in taken]


def why_no_promotion(snapshot: Snapshot, row: int) -> str:
    """Return why the trial at ``row`` cannot be promoted, empty where it can."""
    if dearer_tasks(snapshot, row):
        return ""
    number = int(snapshot.frame.number[row])
    if snapshot.frame.tasks[snapshot.frame.task[row]] == snapshot.spec.full_task.name:
        return f"Trial {number} ran at the full task: there is no more expensive one."
    return f"The configuration of trial {number} has been promoted already."


def params_at(snapshot: Snapshot, row: int) -> dict[str, Value]:
    """Return the active parameters of the trial at ``row``, integers as such."""
    frame = snapshot.frame
    known = {p.name: p for p in snapshot.spec.space}
    return {
        name: stored_value(frame, name, known.get(name), float(values[row]))
        for name, values in frame.params.items()
        if not math.isnan(values[row])
    }


def stored_value(frame: Frame, name: str, parameter: Parameter | None, number: float) -> Value:
    """Return a parameter's value from the number that the frame keeps of it."""
    if name in frame.choices:
        return frame.choices[name][int(number)]
    if parameter is not None and parameter.choices:
        return next((c for c in parameter.choices if c == number), number)
    whole = parameter is not None and parameter.kind is ParameterKind.INT
    return int(number) if whole and number.is_integer() else number


def rerun_line(
    snapshot: Snapshot,
    number: int,
    params: Mapping[str, Value],
    task: str,
    repeat: int,
    *,
    changed: Mapping[str, Value] | None = None,
) -> str:
    """Return the shell line that runs a trial's configuration again by hand, where trials run.

    ``changed``: other values for some of the names that the command has. A trial that has not run
    here, an imported one, has no file with its configuration: the line then writes one.
    """
    # It brings the parser of expressions: too much for the first frame.
    from hpo_tui.engine.spec.command import (
        params_content,
        placeholder_values,
        shell_line,
        trial_seed,
    )

    spec, files = snapshot.spec, snapshot.folder.trial(number)
    at = next((t for t in spec.tasks if t.name == task), spec.full_task)
    seed = trial_seed(spec, repeat)
    values = placeholder_values(spec, params, at, files.path.absolute(), seed=seed, trial=number)
    if files.params.exists():
        return shell_line(spec, at, {**values, **(changed or {})})
    made = str(snapshot.folder.workplace.absolute() / f"rerun-{files.path.name}.json")
    line = shell_line(spec, at, {**values, "params_file": made, **(changed or {})})
    if made not in line:
        return line
    content = params_content(params, at, trial=number, seed=seed, attempt=1)
    text = shlex.quote(json.dumps(content, ensure_ascii=False))
    return f"printf %s {text} > {shlex.quote(made)} && {line}"


def trial_data(snapshot: Snapshot, row: int) -> dict[str, Any]:
    """Return the trial at ``row`` as plain data."""
    frame = snapshot.frame
    metrics: Mapping[str, float] = {
        n: float(v[row]) for n, v in frame.metrics.items() if not math.isnan(v[row])
    }
    return {
        "trial": int(frame.number[row]),
        "task": frame.tasks[frame.task[row]],
        "state": str(STATES[frame.state[row]]),
        "params": params_at(snapshot, row),
        "metrics": metrics,
    }


def configuration_text(params: Mapping[str, Any]) -> str:
    """Return a configuration as TOML, a parameter a line, of printable characters alone."""
    from hpo_tui.engine.spec.text.toml_text import toml_key, toml_value

    lines = [f"{toml_key(name)} = {toml_value(value)}" for name, value in params.items()]
    return "\n".join("".join(map(_escaped, line)) for line in lines) + "\n"


def configuration_fault(text: str, spec: StudySpec) -> str:
    """Return what is wrong with a configuration written as TOML lines, empty when nothing is."""
    from hpo_tui.engine.spec.names import did_you_mean
    from hpo_tui.engine.spec.values import value_fault

    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return f"Not understood: {error}"
    known = {p.name: p for p in spec.space}
    for name, value in given.items():
        if name not in known:
            return f"{name!r} is not a parameter of this study{did_you_mean(name, known) or '.'}"
        fault = value_fault(known[name], value)
        if fault:
            return f"{name} {fault}"
    return "" if given else "Give at least one parameter."


def _escaped(char: str) -> str:
    """Return a character of a text in double quotes so that no terminal obeys it."""
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"
