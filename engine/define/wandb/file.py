"""A sweep of Weights & Biases as its users describe one: a YAML or JSON file, or a dictionary."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.files import read_yaml
from hpo_tui.engine.define.options import typed
from hpo_tui.engine.spec.names import did_you_mean, listing, plain, show

SUFFIXES = (".yaml", ".yml", ".json")
_LARGEST = 1 << 20
"""Bytes beyond which a file is no sweep that anybody wrote."""
_GREATEST = 1e300
"""The greatest number that anybody means."""
_METHODS = ("bayes", "random", "grid", "custom")


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep says. ``parameters`` are as they stand in it; ``command`` may be empty.

    ``metric``: name, whether more is better, and the value to reach. ``called``: the file's name.
    """

    called: str
    method: str
    parameters: Mapping[str, Any]
    program: str = ""
    command: tuple[str, ...] = ()
    name: str = ""
    metric: str = ""
    upwards: bool = False
    target: float | None = None
    run_cap: int | None = None
    stops_early: bool = False
    project: str = ""
    entity: str = ""


def read_sweep(path: Path) -> Sweep:
    """Return the sweep that a file describes. Raises ValueError, a sentence, where it is none."""
    name = plain(path.name)
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"{name} is too large to be a W&B sweep")
        text = path.read_text("utf-8")
        data = json.loads(text) if path.suffix == ".json" else read_yaml(text)
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        if str(error).startswith(name):
            raise
        kind = "JSON" if path.suffix == ".json" else "YAML"
        said = plain(" ".join(str(error).split()))
        raise ValueError(f"{name} is no {kind} that can be read: {said}") from None
    return sweep_of(data, name)


def sweep_of(data: object, called: str) -> Sweep:
    """Return a sweep from its keys and values. Raises ValueError, which says what is missing."""
    found = data if isinstance(data, Mapping) else {}
    lacks = [key for key in ("parameters", "method") if not found.get(key)]
    if lacks:
        raise ValueError(
            f"{called} is no W&B sweep: it lacks {' and '.join(lacks)}. To write a study for a"
            " script, name the script: hpo-tui init train.py"
        )
    parameters, method = found["parameters"], found["method"]
    if not isinstance(parameters, Mapping):
        raise ValueError(f"{called}: parameters must be a table of names, found {show(parameters)}")
    if method not in _METHODS:
        near = did_you_mean(str(method), _METHODS)
        raise ValueError(f"{called}: method must be one of {listing(_METHODS)}{near}")
    metric = found.get("metric")
    metric = metric if isinstance(metric, Mapping) else {}
    goal = str(metric.get("goal", "minimize"))
    if goal not in ("minimize", "maximize"):
        raise ValueError(f'{called}: metric.goal must be "minimize" or "maximize", found {goal}')
    target, cap = number(metric.get("target")), number(found.get("run_cap"))
    return Sweep(
        called, str(method), parameters, _text(found, "program"), _words(found, called),
        _text(found, "name"), _text(metric, "name"), goal == "maximize", target,
        int(cap) if cap is not None and cap >= 1 else None, bool(found.get("early_terminate")),
        _text(found, "project"), _text(found, "entity"),
    )  # fmt: skip


def number(value: object) -> float | int | None:
    """Return a finite number, also one that YAML takes for a text (1e-5), or None."""
    value = typed(value) if isinstance(value, str) else value
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if -_GREATEST <= value <= _GREATEST else None


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return str(value) if isinstance(value, str | int | float) else ""


def _words(data: Mapping[str, Any], called: str) -> tuple[str, ...]:
    command = data.get("command")
    if command is None:
        return ()
    if isinstance(command, str) or not isinstance(command, Sequence):
        raise ValueError(f"{called}: command must be a list of words, found {show(command)}")
    return tuple(str(word) for word in command)
