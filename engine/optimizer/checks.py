"""Checks of what callers pass in, made before any of it is stored: an error changes nothing."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from numbers import Integral
from typing import Any, get_args

from hpo_tui.engine.optimizer.api import PastTrial, State
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec import names as words
from hpo_tui.engine.spec.names import did_you_mean, fold, listing, plain_data

_ALIKE = 0.85
"""How like names are of which one is a slip: acuracy for accuracy, not train_loss for val_loss."""
OWN = "to run a configuration of your own: enqueue(params), then ask()"
"""What is said to whoever tells of a trial that was not asked for."""
_HISTORY, _GIVES = "a history is a list of PastTrial", "optimizer.trials() gives one"


def show(value: object) -> str:
    """Return a value as a message has it."""
    return "None" if value is None else words.show(value)


def study(value: object) -> StudySpec:
    """Return a study's definition. Raises TypeError for anything else."""
    if isinstance(value, StudySpec):
        return value
    seed = "; a seed is given by its name, seed=…" if isinstance(value, Integral) else ""
    raise TypeError(
        f"a StudySpec is needed, found {show(value)}: "
        f"StudySpec.load(path) and StudySpec.from_dict({{…}}) make one{seed}"
    )


def seed(value: Any) -> int:
    """Return a seed. Raises ValueError for what is no whole number from 0 on."""
    if not isinstance(value, Integral) or value < 0:
        raise ValueError(f"the seed must be a whole number from 0 on, found {show(value)}")
    return int(value)


def state(value: Any) -> Mapping[str, Any]:
    """Return fitted hyperparameters. Raises TypeError for what cannot be any."""
    if not isinstance(value, Mapping):
        raise TypeError(f"the state is what optimizer.state() returned, found {show(value)}")
    return value


def repeats(value: Any) -> int:
    """Return how often a configuration is repeated. Raises ValueError."""
    if not isinstance(value, Integral) or value < 1:
        raise ValueError(f"a configuration is repeated once or more, found {show(value)}")
    return int(value)


def trial_number(value: Any) -> None:
    """Raise TypeError for what is no number of a trial."""
    if not isinstance(value, Integral):
        kind = type(value).__name__
        own = f"; {OWN}" if isinstance(value, Mapping) else ""
        raise TypeError(f"a trial is named by its number, suggestion.number, not by a {kind}{own}")


def history(given: Any) -> list[PastTrial]:
    """Return the trials of a history, as they came. Raises TypeError or ValueError."""
    if not isinstance(given, Iterable):
        raise TypeError(f"{_HISTORY}, found {show(given)}: {_GIVES}")
    return [past(trial) for trial in given]


def past(value: object) -> PastTrial:
    """Return a trial of a history, with plain values. Raises TypeError or ValueError."""
    if not isinstance(value, PastTrial):
        raise TypeError(f"{_HISTORY}, found {show(value)}: {_GIVES}")
    trial_number(value.number)
    if value.state not in get_args(State):
        raise ValueError(
            f"trial {value.number} has the state {show(value.state)}; there are "
            f"{listing(get_args(State))}"
        )
    return replace(
        value,
        params=configuration(value.params),
        metrics=values(value.metrics),
        charged=amount(f"what trial {value.number} was charged", value.charged),
    )


def number(what: str, value: Any) -> float:
    """Return a number, NaN and infinities too. Raises TypeError or ValueError, by its name."""
    try:
        # An array of one number is that number, as for the client of training scripts.
        return float(value.item() if getattr(value, "size", 0) == 1 else value)
    except (TypeError, ValueError, OverflowError) as error:
        wrong = ValueError if isinstance(error, OverflowError) else type(error)
        raise wrong(f"{what} must be a number, found {show(value)}") from error


def amount(what: str, value: Any) -> float:
    """Return a finite number. Raises TypeError or ValueError, by its name."""
    found = number(what, value)
    if not math.isfinite(found):
        raise ValueError(f"{what} must be a finite number, found {found}")
    return found


def _by_name(given: object) -> Mapping[Any, Any]:
    """Return metrics as they were given. Raises TypeError for what has no names."""
    if not isinstance(given, Mapping):
        raise TypeError(f'metrics are told by name, as {{"loss": 0.5}}, found {show(given)}')
    return given


def values(given: object) -> dict[str, float]:
    """Return numbers by name, NaN and infinities too. Raises TypeError or ValueError."""
    told = _by_name(given)
    return {str(n): number(f"the metric {show(str(n))}", v) for n, v in told.items()}


def metrics(spec: StudySpec, given: object) -> dict[str, float]:
    """Return a result as told, with the numbers that are not the study's, without other values.

    A metric of the study that is missing teaches as a failure of it, so no name may be misspelt.
    Raises TypeError or ValueError.
    """
    names = spec.metric_names
    given = {str(n): v for n, v in _by_name(given).items()}
    strange = [n for n in given if n not in names]
    told = values({n: v for n, v in given.items() if n in names or _is_number(v)})
    missing = [n for n in names if n not in told]
    misspelt = [n for n in strange if get_close_matches(fold(n), map(fold, missing), 1, _ALIKE)]
    if missing and strange and (misspelt or len(missing) == len(names)):
        wrong = (misspelt or strange)[0]
        guess = did_you_mean(wrong, missing)
        raise ValueError(
            f"{show(wrong)} is no metric of this study{guess or '; it has ' + listing(names)}"
        )
    return told


def _is_number(value: Any) -> bool:
    """Whether it can be told beside the study's own metrics: a text or a list is none."""
    try:
        number("", value)
    except (TypeError, ValueError):
        return False
    return True


def configuration(given: object) -> dict[str, Any]:
    """Return values by name, of numpy as Python's own. Raises TypeError for anything else."""
    if not isinstance(given, Mapping):
        raise TypeError(f'a configuration is values by name, as {{"lr": 0.1}}, found {show(given)}')
    return {str(name): plain_data(value) for name, value in given.items()}
