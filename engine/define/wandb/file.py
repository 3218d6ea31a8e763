"""A sweep of Weights & Biases: its YAML or JSON file, or the script that starts it.

Such a script (``wandb.sweep(…)``, then ``wandb.agent(…, train)``) is run up to the point where its
agent, or a run, would start, with nothing behind ``wandb.sweep`` but a pencil, so that the sweep is
known as its code makes it. In a trial its agent runs the function once, and the script ends: what
follows looks at the results of all runs.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.documents import number, read_document
from hpo_tui.engine.define.process import run_briefly
from hpo_tui.engine.define.scratch import scratch
from hpo_tui.engine.define.script import script_at
from hpo_tui.engine.spec import Direction, Objective
from hpo_tui.engine.spec.names import did_you_mean, listing, plain, show

SUFFIXES = (".yaml", ".yml", ".json")
_METHODS = ("bayes", "random", "grid", "custom")
_KEYS = (
    "program", "method", "parameters", "metric", "metrics", "command", "name", "run_cap", "project",
    "entity", "early_terminate", "description", "controller", "scheduler", "job", "image_uri",
)  # fmt: skip
"""Everything that a sweep may say; not all of it is read."""
_SWEEPS = re.compile(
    r"^[^#\n]*\bwandb\.sweep\s*\(|^\s*from wandb import [^\n]*\bsweep\b", re.MULTILINE
)
UNREAD = (
    "the script can start a W&B sweep, and did not come to it here: to take the sweep over, name"
    " the command that starts it (hpo-tui init --force -- COMMAND), where it has all that it needs"
)
_LIMIT = 60.0
"""Seconds that a script may take to come to its sweep."""
_RECORD = "HPO_TUI_SWEEP"
_BEGIN = "import os, runpy, sys, wandb; sys.argv = sys.argv[1:];"
_SCRIPT = (
    " sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]));"
    ' runpy.run_path(sys.argv[0], run_name="__main__")'
)
_MODULE = ' runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)'
_LOOK = (
    " import json; said = dict();"
    ' plain = lambda v: v.tolist() if hasattr(v, "tolist") else'
    ' list(v) if hasattr(v, "__iter__") else str(v);'
    " tell = lambda **k: (said.update(k),"
    f' open(os.environ["{_RECORD}"], "w").write(json.dumps(said, default=plain)));'
    " wandb.login = lambda *a, **k: True; wandb.init = lambda *a, **k: os._exit(0);"
    ' wandb.sweep = lambda sweep, *a, **k: tell(sweep=sweep) and "study";'
    " wandb.agent = lambda sweep_id=None, function=None, entity=None, project=None, count=None,"
    " *a, **k: (tell(count=count, runs=function is not None), os._exit(0));"
)
_ONCE = (
    ' wandb.login = lambda *a, **k: True; wandb.sweep = lambda *a, **k: "study";'
    " wandb.agent = lambda sweep_id, function, *a, **k: (function(), sys.exit());"
)


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a sweep says. ``parameters`` are as they stand in it; ``command`` may be empty.

    ``goals``: its metrics, with the values to reach. ``run_cap``: the runs that it allows.
    ``unknown``: what is said of keys that it misspells. ``called``: the file's name.
    """

    called: str
    method: str
    parameters: Mapping[str, Any]
    program: str = ""
    command: tuple[str, ...] = ()
    name: str = ""
    goals: tuple[Objective, ...] = ()
    run_cap: int | None = None
    stops_early: bool = False
    project: str = ""
    entity: str = ""
    unknown: tuple[str, ...] = ()


def read_sweep(path: Path) -> Sweep:
    """Return the sweep that a file describes. Raises ValueError, a sentence, where it is none."""
    return sweep_of(read_document(path, "a W&B sweep"), plain(path.name))


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
    unknown = ((str(key), did_you_mean(str(key), _KEYS)) for key in found if key not in _KEYS)
    return Sweep(
        called=called,
        method=str(method),
        parameters=parameters,
        program=_text(found, "program"),
        command=_words(found, called),
        name=_text(found, "name"),
        goals=_goals(found, called),
        run_cap=_run_cap(found, called),
        stops_early=bool(found.get("early_terminate")),
        project=_text(found, "project"),
        entity=_text(found, "entity"),
        unknown=tuple(f"{plain(key)} is not read{meant}" for key, meant in unknown if meant),
    )


def _goals(found: Mapping[str, Any], called: str) -> tuple[Objective, ...]:
    """Return the sweep's metrics: ``metric``, or the list ``metrics`` where there are several."""
    said = found.get("metrics") or [found.get("metric")]
    if not isinstance(said, list):
        raise ValueError(f"{called}: metrics must be a list, found {show(said)}")
    return tuple(_goal(metric, called) for metric in said if metric is not None)


def _goal(metric: object, called: str) -> Objective:
    if not isinstance(metric, Mapping) or not _text(metric, "name"):
        example = "metric: {name: loss, goal: minimize}"
        raise ValueError(f"{called}: metric must have a name, as {example}; found {show(metric)}")
    goal, target = metric.get("goal", "minimize"), metric.get("target")
    if goal not in ("minimize", "maximize"):
        near = did_you_mean(str(goal), ("minimize", "maximize"))
        raise ValueError(
            f'{called}: metric.goal must be "minimize" or "maximize", found {show(goal)}{near}'
        )
    if target is not None and number(target) is None:
        raise ValueError(f"{called}: metric.target must be a number, found {show(target)}")
    return Objective(_text(metric, "name"), Direction(goal), number(target))


def _run_cap(found: Mapping[str, Any], called: str) -> int | None:
    cap = number(found.get("run_cap"))
    if isinstance(cap, int) and cap > 0:
        return cap
    if "run_cap" in found:
        said = show(found["run_cap"])
        raise ValueError(f"{called}: run_cap must be a whole number from 1 on, found {said}")
    return None


def _text(data: Mapping[str, Any], key: str) -> str:
    value = data.get(key)
    return str(value) if isinstance(value, str | int | float) else ""


def _words(data: Mapping[str, Any], called: str) -> tuple[str, ...]:
    command = data.get("command")
    if command is None:
        return ()
    if isinstance(command, str) or not isinstance(command, Sequence):
        raise ValueError(
            f"{called}: command must be a list of words, as [python, train.py, ${{args}}]; found"
            f" {show(command)}"
        )
    return tuple(str(word) for word in command)


def starts_sweep(texts: Sequence[str]) -> bool:
    """Whether a script, or a module beside it, starts a sweep."""
    return any(map(_SWEEPS.search, texts))


def sweep_in(words: Sequence[str], folder: Path) -> Sweep | None:
    """Return the sweep that a command's script would start, with a command that runs one trial.

    None where it does not come to one. Raises ValueError for one that is none of W&B's.
    """
    at = script_at(words, folder)
    module = at > 0 and words[at - 1] == "-m"
    if not module and (not at or not words[at].endswith(".py") or words[at - 1].startswith("-")):
        return None
    before, end = (words[: at - 1], _MODULE) if module else (words[:at], _SCRIPT)
    with scratch() as place:
        record = place / "sweep.json"
        looking = [*before, "-c", _BEGIN + _LOOK + end, *words[at:]]
        given = {_RECORD: str(record), "WANDB_MODE": "offline", "WANDB_DIR": str(place)}
        given["PYTHONDONTWRITEBYTECODE"] = "1"
        run_briefly(looking, folder, _LIMIT, given)
        if not record.exists():
            return None
        said = json.loads(record.read_text("utf-8"))
    found = sweep_of(said.get("sweep"), f"the sweep of {plain(words[at])}")
    if not said.get("runs"):
        return found if found.program else None
    command = (*before, "-c", _BEGIN + _ONCE + end, *words[at:])
    count = said.get("count")
    cap = found.run_cap or (count if isinstance(count, int) and count > 0 else None)
    return replace(found, command=command, run_cap=cap)
