"""What the source of a script says of its search with Ray Tune, which is read and never run."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpo_tui.engine.define.optuna.values import Known, constants_of
from hpo_tui.engine.define.raytune.told import Told
from hpo_tui.engine.define.raytune.values import Reader
from hpo_tui.engine.define.sources.syntax import (
    arguments,
    keywords,
    last_name,
    literal,
    parsed,
    set_once,
    text_of,
)

_IMPORTS = re.compile(r"^\s*(import\s+ray\b|from\s+ray\b)", re.MULTILINE)
_RUNS = re.compile(r"\bTuner\s*\(|\btune\.run(_experiments)?\s*\(")
_SAVES = re.compile(r"\bcheckpoint\s*=|\bdef save_checkpoint\b|\bcheckpoint_dir\s*\(")
_LOADS = re.compile(r"\bget_checkpoint\s*\(|\bdef load_checkpoint\b|\bcheckpoint_dir\s*=\s*None")
_BEST = ("get_best_result", "get_best_trial", "get_best_config", "get_dataframe")
"""Functions of Ray's that are told the metric after the search."""
_SCHEDULERS: Mapping[str, Mapping[str, Any]] = {
    "ASHAScheduler": {"max_t": 100, "grace_period": 1, "reduction_factor": 4},
    "AsyncHyperBandScheduler": {"max_t": 100, "grace_period": 1, "reduction_factor": 4},
    "HyperBandScheduler": {"max_t": 81, "reduction_factor": 3},
    "HyperBandForBOHB": {"max_t": 81, "reduction_factor": 3},
    "PopulationBasedTraining": {}, "PB2": {}, "MedianStoppingRule": {}, "FIFOScheduler": {},
}  # fmt: skip
"""Ray's schedulers, with what they do where they are not told."""


@dataclass(slots=True)
class Source:
    """What a source says. ``told``: of its search, None where none could be read.

    ``unread``: parts of the space that only a run can tell; ``goal``: the metric and mode that the
    best trial is looked for by; ``best``: whether that is its best step, not its last.
    """

    told: Told | None = None
    unread: list[str] = field(default_factory=list)
    goal: tuple[str, str] = ("", "")
    best: bool = False
    saves: bool = False
    loads: bool = False


def uses_ray_tune(texts: Sequence[str]) -> bool:
    """Whether a source runs a search of Ray Tune's."""
    text = "\n".join(texts)
    return bool(_IMPORTS.search(text) and _RUNS.search(text))


def said_in(texts: Sequence[str]) -> Source:
    """Return what the sources of a script say; the script itself is the first."""
    trees = [tree for text in texts if (tree := parsed(text)) is not None]
    found = Source(saves=any(map(_SAVES.search, texts)), loads=any(map(_LOADS.search, texts)))
    constants = constants_of(trees)
    for tree in trees:
        for call, inside in _calls(tree, constants, trees):
            name = last_name(call.func)
            if name in _BEST:
                _take_goal(call, inside, found)
            if found.told is None and _searches(call):
                found.told = _told(call, inside, trees, found)
    return found


def _searches(call: ast.Call) -> bool:
    return last_name(call.func) == "Tuner" or text_of(call.func) in ("tune.run", "ray.tune.run")


def _calls(
    tree: ast.Module, constants: Mapping[str, ast.expr], trees: Sequence[ast.Module]
) -> Iterator[tuple[ast.Call, Mapping[str, ast.expr]]]:
    """Yield the calls of a source, each with what the names where it stands are set to."""
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
    inner: set[int] = set()
    for function in functions:
        names = {**constants, **_handed(function, trees), **set_once(ast.walk(function))}
        for node in ast.walk(function):
            if isinstance(node, ast.Call) and id(node) not in inner:
                inner.add(id(node))
                yield node, names
    loose = {**constants, **set_once(ast.walk(tree))}  # below ``if __name__`` too
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) not in inner:
            yield node, loose


def _handed(function: ast.FunctionDef, trees: Sequence[ast.Module]) -> dict[str, ast.expr]:
    """Return what a function is called with: its defaults, or what its only call says."""
    taken = arguments(function.args)
    found = {arg.arg: default for arg, default in taken if default is not None}
    calls = [
        node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and text_of(node.func) == function.name
    ]
    if len(calls) == 1:
        by_place = zip((arg.arg for arg, _ in taken), calls[0].args, strict=False)
        given = {**dict(by_place), **keywords(calls[0])}
        found |= {n: v for n, v in given.items() if literal(v) is not None}
    return found


def _take_goal(call: ast.Call, names: Mapping[str, ast.expr], found: Source) -> None:
    """Take in by which metric, and how, a script looks for its best trial."""
    known = Known(names)
    given = dict(zip(("metric", "mode", "scope"), call.args, strict=False)) | keywords(call)
    said = {n: known.value(v) for n, v in given.items()}
    metric, mode = said.get("metric"), said.get("mode")
    if isinstance(metric, str) and not found.goal[0]:
        found.goal = (metric, mode if mode in ("min", "max") else "")
    found.best = found.best or said.get("scope") == "all"


def _told(
    call: ast.Call, names: Mapping[str, ast.expr], trees: Sequence[ast.Module], found: Source
) -> Told:
    """Return what a call of ``Tuner`` or of ``tune.run`` says."""
    reader = Reader(names, _imported(trees))
    given = keywords(call)
    for part in ("tune_config", "run_config"):
        node = reader.followed(given.pop(part, None))
        given |= keywords(node) if isinstance(node, ast.Call) else {}
    space = given.get("param_space", given.get("config"))
    entries = reader.entries(space) if space is not None else []
    found.unread = reader.unread
    scheduler = _scheduler(reader, given.get("scheduler"))
    searcher = _searcher(reader, given.get("search_alg"))
    metric, mode = next(
        (goal for goal in (_goal(reader, given), *(s.pop("goal", ([], [])) for s in
         (scheduler, searcher))) if goal[0]), ([], []),
    )  # fmt: skip
    trainable = given.get("trainable", given.get("run_or_experiment"))
    trainable = call.args[0] if call.args else trainable
    return Told(
        space=list(entries), name=str(reader.value(given.get("name")) or ""),
        metric=metric, mode=mode,
        samples=_whole(reader.value(given.get("num_samples"))),
        seconds=_number(reader.value(given.get("time_budget_s"))),
        concurrent=_whole(reader.value(given.get("max_concurrent_trials"))),
        scheduler=scheduler, search=searcher, stop=_stops(reader, given.get("stop")),
        resources=_resources(reader, given, trees),
        trainable="class" if _is_class(reader, trainable, trees) else "function",
    )  # fmt: skip


def _imported(trees: Sequence[ast.Module]) -> frozenset[str]:
    return frozenset(
        alias.asname or alias.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ray.tune")
        for alias in node.names
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _goal(reader: Reader, given: Mapping[str, ast.expr]) -> tuple[list[str], list[str]]:
    metric, mode = (reader.value(given.get(n)) for n in ("metric", "mode"))
    if not metric or not isinstance(metric, str | list | tuple):
        return [], []
    names = [metric] if isinstance(metric, str) else [*map(str, metric)]
    modes = [*map(str, mode)] if isinstance(mode, list | tuple) else [str(mode or "")] * len(names)
    return names, modes


def _scheduler(reader: Reader, node: ast.expr | None) -> dict[str, Any]:
    node = reader.followed(node)
    if not isinstance(node, ast.Call) or last_name(node.func) not in _SCHEDULERS:
        said = reader.value(node)
        return {"kind": said} if isinstance(said, str) else {}
    given = keywords(node)
    if node.args:
        given.setdefault("time_attr", node.args[0])
    kind = last_name(node.func)
    said = {n: v for n, part in given.items() if isinstance(v := reader.value(part), int | str)}
    changed = given.get("hyperparam_mutations")
    usual = {"time_attr": "training_iteration", **_SCHEDULERS[kind]}
    mutations = reader.mutations(changed) if changed is not None else []
    return {**usual, **said, "kind": kind, "mutations": mutations, "goal": _goal(reader, given)}


def _searcher(reader: Reader, node: ast.expr | None) -> dict[str, Any]:
    """Return what a search algorithm says, also within one that only limits it."""
    node = reader.followed(node)
    for _ in range(4):
        if not isinstance(node, ast.Call) or not last_name(node.func).endswith(("Limiter", "er")):
            break
        inner = node.args[0] if node.args else keywords(node).get("searcher")
        if inner is None:
            break
        node = reader.followed(inner)
    if not isinstance(node, ast.Call):
        return {}
    given = keywords(node)
    start = reader.value(given.get("points_to_evaluate"))
    points = [p for p in start if isinstance(p, dict)] if isinstance(start, list) else []
    return {
        "kind": last_name(node.func), "space": "space" in given, "start": points,
        "goal": _goal(reader, given),
    }  # fmt: skip


def _stops(reader: Reader, node: ast.expr | None) -> dict[str, float]:
    said = reader.value(node)
    if isinstance(said, dict):
        return {str(n): v for n, v in said.items() if isinstance(v, int | float)}
    node = reader.followed(node)
    if isinstance(node, ast.Call) and last_name(node.func) == "MaximumIterationStopper":
        first = node.args[0] if node.args else keywords(node).get("max_iter")
        steps = reader.value(first)
        return {"training_iteration": steps} if isinstance(steps, int) else {}
    return {}


def _resources(
    reader: Reader, given: Mapping[str, ast.expr], trees: Sequence[ast.Module]
) -> dict[str, float]:
    """Return what a trial asks for, by ``resources_per_trial`` or ``tune.with_resources``."""
    node = given.get("resources_per_trial")
    for call in (n for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Call)):
        if node is None and last_name(call.func) == "with_resources":
            node = call.args[1] if len(call.args) > 1 else keywords(call).get("resources")
    said = reader.value(node)
    if not isinstance(said, dict):
        return {}
    found = {str(n).lower(): v for n, v in said.items()}
    return {n: float(v) for n, v in found.items() if n in ("cpu", "gpu") and _number(v)}


def _is_class(reader: Reader, node: ast.expr | None, trees: Sequence[ast.Module]) -> bool:
    """Whether a trainable is a class of Ray's kind."""
    classes = {
        part.name
        for tree in trees
        for part in ast.walk(tree)
        if isinstance(part, ast.ClassDef) and any(last_name(b) == "Trainable" for b in part.bases)
    }
    for _ in range(4):
        node = reader.followed(node)
        if not isinstance(node, ast.Call) or not node.args:
            break
        node = node.args[0]
    return last_name(node) in classes
