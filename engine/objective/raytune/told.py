"""What a script tells Ray Tune beside its space: goals, scheduler, search, resources, its end.

It is written down for the first look at a script. Ray's own objects are asked for it, whose private
parts differ from version to version: what is not there is not said.
"""

import functools
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

from hpo_tui.engine.objective.raytune.space import Leaf, described, kind_of, leaves_of

_GIVEN = "_hpo_tui_given"
"""The attribute with what a scheduler was made with."""
_LENGTHS = ("time_attr", "max_t", "grace_period", "reduction_factor", "perturbation_interval")


def remember_given(schedulers: Iterable[type]) -> None:
    """Have schedulers remember what they are made with, as they keep little of it."""
    for cls in schedulers:
        if "__init__" in vars(cls):
            cls.__init__ = _remembering(cls.__init__)  # type: ignore[misc]


def _remembering(made: Callable[..., None]) -> Callable[..., None]:
    signature = inspect.signature(made)

    @functools.wraps(made)
    def init(self: Any, *given: Any, **more: Any) -> None:
        with suppress(TypeError):  # the scheduler says itself what is wrong
            bound = signature.bind(self, *given, **more)
            bound.apply_defaults()
            self.__dict__.setdefault(_GIVEN, bound.arguments)
        made(self, *given, **more)

    return init


def mutated(scheduler: Any) -> list[Leaf]:
    """Return what a scheduler changes while trials train, as something to be searched."""
    given = getattr(scheduler, _GIVEN, {})
    found: list[Leaf] = []
    for leaf in leaves_of(given.get("hyperparam_mutations") or {}):
        value = leaf.value
        if isinstance(value, list | tuple):
            value = {"grid_search": list(value)}
        found += [Leaf(leaf.path, value)] if kind_of(value) else []
    return found


def bounds_of(scheduler: Any) -> list[dict[str, Any]]:
    """Return the bounds of a scheduler that has no more than those."""
    given = getattr(scheduler, _GIVEN, {}).get("hyperparam_bounds") or {}
    return [
        {"name": str(name), "is": "float", "low": low, "high": high, "log": False, "q": None}
        for name, (low, high) in given.items()
    ]


def told_of(space: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a script says of its search, as JSON.

    ``given``: by the names of ``tune.run``, with ``trainable``, its resources in
    ``resources_per_trial``.
    """
    scheduler, searcher = given.get("scheduler"), _innermost(given.get("search_alg"))
    metric, mode = _goal(given, scheduler, searcher)
    seconds: Any = given.get("time_budget_s")
    said = [found for leaf in leaves_of(space) if (found := described(leaf)) is not None]
    return {
        "name": str(given.get("name") or ""), "space": said,
        "metric": metric, "mode": mode, "samples": given.get("num_samples"),
        "seconds": seconds.total_seconds() if hasattr(seconds, "total_seconds") else seconds,
        "concurrent": given.get("max_concurrent_trials"), "scheduler": _scheduled(scheduler),
        "search": _searched(searcher), "stop": _stops(given.get("stop")),
        "resources": resources_of(given.get("resources_per_trial")),
        "trainable": given.get("trainable"),
    }  # fmt: skip


def _innermost(searcher: Any) -> Any:
    """Return a search algorithm without what only limits or repeats it."""
    for _ in range(8):
        inner = getattr(searcher, "searcher", None)
        if inner is None:
            break
        searcher = inner
    return searcher


def _goal(given: Mapping[str, Any], scheduler: Any, searcher: Any) -> tuple[list[str], list[str]]:
    """Return the metrics and their modes, from whoever knows them."""
    places = (given, getattr(scheduler, _GIVEN, {}), _kept(scheduler), _kept(searcher))
    for place in places:
        if metric := place.get("metric"):
            names = [*metric] if isinstance(metric, list | tuple) else [str(metric)]
            mode = place.get("mode") or ""
            modes = [*mode] if isinstance(mode, list | tuple) else [str(mode)] * len(names)
            return [*map(str, names)], [*map(str, modes)]
    return [], []


def _kept(part: Any) -> dict[str, Any]:
    return {n: getattr(part, f"_{n}", None) for n in ("metric", "mode")}


def _scheduled(scheduler: Any) -> dict[str, Any]:
    if scheduler is None:
        return {}
    if isinstance(scheduler, str):
        return {"kind": scheduler}
    given = getattr(scheduler, _GIVEN, {})
    said = {n: v for n in _LENGTHS if isinstance(v := given.get(n), int | float | str)}
    changed = [f for leaf in mutated(scheduler) if (f := described(leaf)) is not None]
    changed = [{**f, "grid": False} for f in changed]
    changed += bounds_of(scheduler)
    return {"kind": type(scheduler).__name__, **said, "mutations": changed}


def _searched(searcher: Any) -> dict[str, Any]:
    if searcher is None:
        return {}
    if isinstance(searcher, str):
        return {"kind": searcher}
    start = getattr(searcher, "_points_to_evaluate", None)
    points = [dict(point) for point in start or () if isinstance(point, Mapping)]
    own = getattr(searcher, "_space", None)
    return {"kind": type(searcher).__name__, "space": bool(own), "start": points}


def _stops(stop: Any) -> dict[str, float]:
    """Return the values of metrics at which a trial ends; a stopper tells how many steps."""
    if isinstance(stop, Mapping):
        return {str(n): v for n, v in stop.items() if isinstance(v, int | float)}
    parts = [stop, *(getattr(stop, "_stoppers", None) or ())]
    steps = [m for s in parts if isinstance(m := getattr(s, "_max_iter", None), int)]
    return {"training_iteration": min(steps)} if steps else {}


def resources_of(asked: Any) -> dict[str, float]:
    """Return how many cores and GPUs a trial asks for: ``cpu`` and ``gpu``."""
    if asked is None:
        return {}
    required = getattr(asked, "required_resources", asked)
    if not isinstance(required, Mapping):
        return {}
    found = {str(n).lower(): float(v) for n, v in required.items() if isinstance(v, int | float)}
    return {n: v for n, v in found.items() if n in ("cpu", "gpu") and math.isfinite(v)}
