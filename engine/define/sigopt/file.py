"""An experiment of SigOpt's: its YAML or JSON file, or what a script hands to ``create``.

Read are the forms of all of SigOpt's years: ``budget`` and ``observation_budget``, a ``metric``
and ``metrics``, and the file of Orchestrate, in which the experiment stands below
``optimization``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.documents import number, read_document
from hpo_tui.engine.spec.names import did_you_mean, plain, show

_WHAT = "an experiment of SigOpt's"
_READ = (
    "name", "parameters", "metrics", "metric", "conditionals", "linear_constraints", "tasks",
    "budget", "observation_budget", "parallel_bandwidth", "run", "optimization",
)  # fmt: skip
_HERE = "a study belongs to the folder that it runs in"
_LEFT = {
    "num_solutions": "hpo-tui best shows as many as are asked for, and not apart from each other",
    "type": "the search is the study's own",
    "metadata": "a study has none; a note can be set in the app (n)",
    "project": _HERE,
    "client": _HERE,
    "training_monitor": "trials that fall behind are stopped early anyway ([stopping])",
}
"""What a study has no place for, and why it needs none."""
DOUBTFUL = ("num_solutions", "type")
"""Those of which a study does something else than was asked for."""
_ORCHESTRATE = ("image", "install", "language", "framework", "resources_per_model", "resources",
                "aws", "sigopt", "pythonpath", "cpus", "gpus")  # fmt: skip
_KEYS = (*_READ, *_LEFT, *_ORCHESTRATE)


@dataclass(frozen=True, slots=True)
class Experiment:
    """What an experiment says, its lists as they stand in it. ``called``: the file's name.

    ``budget``: None where it has none; ``bandwidth``: how many runs at once it is made for.
    ``run``: the command of Orchestrate's file. ``left``: what is said of keys that are not taken
    over; ``unknown``: of those that it misspells.
    """

    called: str
    parameters: tuple[Mapping[str, Any], ...]
    metrics: tuple[Mapping[str, Any], ...]
    name: str = ""
    conditionals: tuple[Mapping[str, Any], ...] = ()
    relations: tuple[Mapping[str, Any], ...] = ()
    tasks: tuple[Mapping[str, Any], ...] = ()
    budget: float | None = None
    budget_key: str = "budget"
    bandwidth: int = 1
    run: str = ""
    left: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def is_experiment(path: Path) -> bool:
    """Whether a file is SigOpt's rather than W&B's, in which parameters are a table by name."""
    try:
        data = read_document(path, _WHAT)
    except ValueError:
        return False
    found = _unwrapped(data)
    return isinstance(found.get("parameters"), list) and "method" not in found


def _unwrapped(data: object) -> Mapping[str, Any]:
    """Return an experiment, which Orchestrate's file has below a key of its own."""
    found = data if isinstance(data, Mapping) else {}
    inner = found.get("optimization")
    if isinstance(inner, Mapping):
        return {**{k: v for k, v in found.items() if k != "optimization"}, **inner}
    return found


def read_experiment(path: Path) -> Experiment:
    """Return the experiment of a file. Raises ValueError, a sentence, where it is none."""
    return experiment_of(read_document(path, _WHAT), plain(path.name))


def experiment_of(data: object, called: str) -> Experiment:
    """Return an experiment from its keys and values. Raises ValueError, a sentence."""
    found = _unwrapped(data)
    parameters = _tables(found, "parameters", called)
    if not parameters:
        raise ValueError(
            f"{called} is no experiment of SigOpt's: it lacks parameters. To write a study for a"
            " script, name the script: hpo-tui init train.py"
        )
    key = "observation_budget" if found.get("observation_budget") is not None else "budget"
    run = found.get("run")
    bandwidth = number(found.get("parallel_bandwidth"))
    return Experiment(
        called,
        parameters,
        _metrics(found, called),
        str(found.get("name") or ""),
        _tables(found, "conditionals", called),
        _tables(found, "linear_constraints", called),
        _tables(found, "tasks", called),
        _budget(found.get(key), key, called),
        key,
        int(bandwidth) if bandwidth and bandwidth >= 1 else 1,
        run if isinstance(run, str) else "",
        _left(found),
        _misspelt(found),
    )


def _left(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is said of the keys that are not taken over."""
    return tuple(
        f"{key} is not taken over: {_LEFT[key]}"
        for key, value in found.items()
        if key in _LEFT and value not in (None, "", "offline", 1, {}, [], False)
    )


def _misspelt(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is said of the keys that are meant to be others."""
    unknown = ((str(key), did_you_mean(str(key), _KEYS)) for key in found if key not in _KEYS)
    return tuple(f"{plain(key)} is not read{meant}" for key, meant in unknown if meant)


def _tables(found: Mapping[str, Any], key: str, called: str) -> tuple[Mapping[str, Any], ...]:
    """Return a list of tables. Raises ValueError where it is something else."""
    value = found.get(key)
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise ValueError(f"{called}: {key} must be a list, found {show(value)}")
    named = key != "linear_constraints"
    for n, entry in enumerate(value):
        if not isinstance(entry, Mapping) or (named and not entry.get("name")):
            what = "a table with a name" if named else "a table"
            raise ValueError(f"{called}: {key}[{n + 1}] must be {what}, found {show(entry)}")
    return tuple(value)


def _metrics(found: Mapping[str, Any], called: str) -> tuple[Mapping[str, Any], ...]:
    """Return the metrics, of which SigOpt takes a mere name as well."""
    said = found.get("metrics")
    said = [found["metric"]] if said is None and found.get("metric") else said
    if isinstance(said, list | tuple):
        said = [{"name": m} if isinstance(m, str) else m for m in said]
    return _tables({"metrics": said}, "metrics", called)


def _budget(value: object, key: str, called: str) -> float | None:
    if value is None:
        return None
    amount = number(value)
    if amount is None or amount <= 0:
        raise ValueError(f"{called}: {key} must be a number above 0, found {show(value)}")
    return float(amount)
