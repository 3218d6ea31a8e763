"""The texts of requests and answers of SigOpt's service, as tables and lists."""

import math
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from hpo_tui.engine.objective.study_goals import goals as study_goals

Body = dict[str, Any]


def places_of(path: Iterable[Any]) -> list[tuple[str, str]]:
    """Return the resources of a path, each with its identifier, or nothing."""
    parts = [*map(str, path)] or [""]
    return list(zip_longest(parts[::2], parts[1::2], fillvalue=""))


def plain_of(value: Any) -> Any:
    """Return what a client hands over without its own classes."""
    if hasattr(value, "to_json"):
        value = value.to_json()
    if isinstance(value, Mapping):
        return {str(k): plain_of(v) for k, v in value.items()}
    return [plain_of(v) for v in value] if isinstance(value, list | tuple) else value


def named(values: Any, only: str = "") -> dict[str, Any]:
    """Return metrics by name, of a list or a table of evaluations; ``only``: the one without."""
    if isinstance(values, Mapping):
        return {n: v["value"] if isinstance(v, Mapping) else v for n, v in values.items()}
    entries = [v for v in values or () if isinstance(v, Mapping) and v.get("value") is not None]
    return {str(v.get("name") or only): v["value"] for v in entries}


def is_number(value: object) -> bool:
    """Whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def goals() -> list[Body]:
    """Return the study's metrics as SigOpt has them; none where its file cannot be read."""
    return [
        {"name": name, "objective": way, "strategy": strategy}
        for name, way, strategy in study_goals()
    ]


def active_of(values: Body, parameters: Iterable[Body]) -> Body:
    """Return a configuration without what its conditionals do not ask for.

    A study leaves those out by itself; this is for values that were made up here.
    """
    unmet = [
        p["name"]
        for p in parameters
        for parent, allowed in (p.get("conditions") or {}).items()
        if values.get(parent) not in ([allowed] if isinstance(allowed, str) else allowed)
    ]
    return {n: v for n, v in values.items() if n not in unmet}


def middle_of(parameter: Body) -> Any:
    """Return a value of a parameter in SigOpt's words: its middle, or the first one it names."""
    listed = parameter.get("grid") or parameter.get("categorical_values")
    if listed:
        return listed[0]["name"] if isinstance(listed[0], Mapping) else listed[0]
    bounds = parameter.get("bounds") or {"min": 0, "max": 1}
    low, high = bounds["min"], bounds["max"]
    if parameter.get("type") == "int":
        return int((low + high) // 2)
    return math.sqrt(low * high) if parameter.get("transformation") == "log" else (low + high) / 2
