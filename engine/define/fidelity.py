"""Which option says how long or on how much a script trains, and the tasks that follow."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from hpo_tui.engine.define.options import Option, bare_name
from hpo_tui.engine.spec import Task, Value

_FOLDS = r"(num_|n_|nb_|cv_|max_)?(k_?)?folds|(num_|n_|cv_)?splits|cv"
"""Parts of a cross-validation; ``fold`` alone says which of them is run."""
_BY_RANK = (
    # Before epochs and steps: beside them, those are what one update takes.
    r"(max_|num_|n_|total_)?time_?steps|(max_|num_|n_|total_)?env_steps|(max_|num_|total_)frames",
    r"(max_|num_|n_|train_|total_|nb_|num_train_)?n?epochs?",
    r"total_steps|(max_|num_|n_|total_)?episodes",
    # Before rounds and trees: each fold trains a model as large as the configuration says.
    _FOLDS,
    r"(max_|num_|n_|train_|total_|training_|max_train_|num_train_|num_training_)?"
    r"(steps?|iterations?|n?iters?|updates?|batches)|max_iter",
    r"n_estimators|num_trees|n_trees|trees|num_boost_rounds?|num_rounds?|n_rounds?|rounds?|nrounds",
    r"(data_|train_|training_|sample_)?(fraction|frac|subset|portion|ratio)|limit_train_batches|"
    r"subset_(fraction|frac|ratio)",
    r"(num_|n_|max_)?(train_)?(samples|examples|rows|train)|(train|train_set|sample|subset)_size",
)
"""Names of options that set the length of a training or the amount of data, the surest first."""
_COUNTED = re.compile(
    r"epoch|(time)?step|iter(ation)?|update|round|tree|sample|episode|frame|fold|split"
)
"""What is counted, where one word says so."""
_SHARES = (0.25, 0.5, 1.0)
"""Of the default, for the tasks from the cheapest to the full one."""
_FEWEST_FOLDS = 2
"""Into fewer parts no data can be split, should that be what the option says."""


@dataclass(frozen=True, slots=True)
class Fidelity:
    """The option that makes a run shorter, and the tasks at a quarter, a half and the whole."""

    option: Option
    tasks: tuple[Task, ...]


def find_fidelity(options: Sequence[Option]) -> Fidelity | None:
    """Return the fidelity of a script, or None where no option has a default to divide.

    What a script asks ``trial.fidelity`` for goes first, whatever its name.
    """
    asked = [o for o in options if o.style == "fidelity"]
    return (
        _ranked(asked)
        or next((Fidelity(o, tasks) for o in asked if (tasks := tasks_for(o))), None)
        or _ranked([o for o in options if o.style not in ("params", "fidelity")])
    )


def _ranked(options: Sequence[Option]) -> Fidelity | None:
    for pattern in _BY_RANK:
        for option in options:
            named = re.fullmatch(pattern, bare_name(option.name))
            tasks = tasks_for(option) if named else ()
            if tasks:
                return Fidelity(option, tasks)
    return None


def is_folds(option: Option) -> bool:
    """Whether an option says how many folds a cross-validation has."""
    return re.fullmatch(_FOLDS, bare_name(option.name)) is not None


def tasks_for(option: Option) -> tuple[Task, ...]:
    """Return the tasks of a fidelity, cheapest first; fewer where the full value is small."""
    full = option.default
    if option.kind not in ("int", "float") or isinstance(full, bool | str) or not full or full <= 0:
        return ()
    whole = isinstance(full, int)
    if not whole and full > 1 and full == int(full):
        whole, full = True, int(full)
    least = _FEWEST_FOLDS if is_folds(option) else 1
    values: list[float] = []
    for share in _SHARES:
        value = (
            max(least, math.floor(full * share + 0.5)) if whole else float(f"{full * share:.6g}")
        )
        if value not in values and value <= full:
            values.append(value)
    noun = _noun(option.name)
    tasks = []
    for value in values:
        fidelity: dict[str, Value] = {option.name: int(value) if whole else value}
        shown = str(int(value)) if whole else f"{value:g}"
        name = f"{shown} {noun}" if whole else f"{noun} {shown}"
        if whole and value == 1 and noun.endswith("s"):
            name = f"{shown} {noun[:-1]}"
        tasks.append(Task(name, 1.0 if value == full else round(value / full, 4), fidelity))
    return tuple(tasks)


def _noun(name: str) -> str:
    """Return what is counted: ``epochs`` for ``--max-epochs`` and for ``train.num_epoch``."""
    words = re.sub(r"^n(?=epochs?$|iters?$)", "", bare_name(name).replace("_", " "))
    if re.fullmatch(_FOLDS, bare_name(name)):
        return "folds"
    for prefix in ("num ", "n ", "max ", "nb ", "total ", "train "):
        words = words.removeprefix(prefix)
    return f"{words}s" if _COUNTED.fullmatch(words.rpartition(" ")[2]) else words
