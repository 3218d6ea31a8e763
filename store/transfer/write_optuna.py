"""A study as an Optuna study, for its dashboard and for programs that read those."""

import json
import math
import os
import re
import shlex
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hpo_tui.store.models import Report, Study, Trial, TrialState, Value
from hpo_tui.store.transfer.atomic_files import atomic_database
from hpo_tui.store.transfer.optuna_storage import fault, is_sqlite, opened

if TYPE_CHECKING:
    import optuna

STUDY_ATTR = "hpo_tui_study"
TRIAL_ATTR = "hpo_tui_trial"
"""User attributes with what Optuna has no place for; :mod:`read_optuna` takes it back from them."""
UNFINISHED = "unfinished"
"""What the first of them says until all trials are written."""
_OTHER = re.compile("[?:]")
"""In what is no plain file's name: URLs, and what they ask for."""

_DECADES = 100
"""How many times the smallest the greatest of some numbers is, from which their scale is a log."""


@dataclass(frozen=True, slots=True)
class OptunaPlan:
    """What of a study's definition Optuna has a place for.

    ``space``: parameter → distribution as Optuna's JSON. ``directions``: metric → ``minimize`` or
    ``maximize``, the objectives in order (at least one). ``limits``: (metric, min, max) of the
    constraints.
    """

    full_task: str
    space: Mapping[str, str]
    directions: Mapping[str, Literal["minimize", "maximize"]]
    limits: Sequence[tuple[str, float | None, float | None]] = ()
    curves: Mapping[int, Sequence[Report]] = field(default_factory=dict)


def write_optuna(where: str, study: Study, trials: Iterable[Trial], plan: OptunaPlan) -> int:
    """Write a new Optuna study called as ours; return how many trials it holds.

    Optuna knows no tasks. Trials of the full task are COMPLETE, those of a cheaper one PRUNED with
    their curve, as Optuna has it of trials that stopped early: so its best trials are of the full
    task. Failed and killed trials are FAIL; waiting and running ones are left out. The task, cost,
    state and all metrics are in user attributes. Raises ValueError if there is such a study.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    file = Path(where.removeprefix("sqlite:///"))
    try:
        if _OTHER.search(str(file)) or os.path.lexists(file):
            with opened(where, make=True) as storage:
                return _write(storage, study, list(trials), plan)
        kind = "sqlite:///" if is_sqlite(where) else ""
        with (
            atomic_database(file.absolute()) as made,
            opened(f"{kind}{made}", make=True, called=where) as storage,
        ):
            return _write(storage, study, list(trials), plan)
    except optuna.exceptions.DuplicatedStudyError:
        raise ValueError(_there_already(where, study.name)) from None
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError, OSError) as error:
        raise ValueError(f"{where} cannot be written: {fault(error)}") from error
    except RuntimeError as error:  # of a journal's lock, which is a file
        if not isinstance(error.__context__, OSError):
            raise
        raise ValueError(f"{where} cannot be written: {fault(error)}") from error


def _there_already(where: str, name: str) -> str:
    """Return what is said of a study that is in a storage already, or half of it."""
    import optuna

    with opened(where, make=False) as storage:
        attributes = optuna.load_study(study_name=name, storage=storage).user_attrs
    return half(where, name, attributes) or f"{where} holds a study {name} already"


def half(where: str, name: str, attributes: Mapping[str, object]) -> str:
    """Return what is said of a study that was not written to its end; empty for all others.

    ``attributes``: its user attributes.
    """
    if attributes.get(STUDY_ATTR) != UNFINISHED:
        return ""
    url = where if "://" in where or not is_sqlite(where) else f"sqlite:///{where}"
    return (
        f"{where} holds half a study {name}: its export goes on, or was cut off. If it was, remove"
        f" what is there and export it anew: optuna delete-study --storage {shlex.quote(url)}"
        f" --study-name {shlex.quote(name)}"
    )


def _write(
    storage: "optuna.storages.BaseStorage",
    study: Study,
    trials: Sequence[Trial],
    plan: OptunaPlan,
) -> int:
    import optuna

    made = optuna.create_study(
        storage=storage, study_name=study.name, directions=list(plan.directions.values())
    )
    try:
        with warnings.catch_warnings():
            # Experimental since Optuna 3.2; without it a dashboard shows numbers for names.
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            made.set_metric_names(list(plan.directions))
        made.set_user_attr(STUDY_ATTR, UNFINISHED)
        ended = [t for t in trials if t.state.ended]
        space = _widened(plan.space, ended)
        made.add_trials([_frozen(t, plan, space) for t in ended])
        made.set_user_attr(STUDY_ATTR, study.text)  # the last: with it, all is there
    except BaseException:
        with suppress(Exception):  # half a study would pass for the whole
            optuna.delete_study(study_name=study.name, storage=storage)
        raise
    return len(ended)


def _widened(
    space: Mapping[str, str], trials: Sequence[Trial]
) -> "dict[str, optuna.distributions.BaseDistribution]":
    """Return one distribution a parameter, wide enough for every value that was run.

    The space may have been edited, and a person may enqueue what lies outside it; Optuna wants
    one distribution for all trials.
    """
    from optuna.distributions import CategoricalDistribution, json_to_distribution

    found: dict[str, Any] = {name: json_to_distribution(text) for name, text in space.items()}
    for name in dict.fromkeys(n for t in trials for n in t.params):
        known = found.get(name)
        values = [t.params[name] for t in trials if name in t.params]
        numbers = [v for v in values if isinstance(v, int | float)]
        varied = _range_of([*getattr(known, "choices", ()), *values])
        if len(getattr(known, "choices", ())) == 1 and varied is not None:
            found[name] = varied
        elif known is None or hasattr(known, "choices") or len(numbers) < len(values):
            choices = list(getattr(known, "choices", ()))
            new = [v for v in dict.fromkeys(values) if v not in choices]
            found[name] = CategoricalDistribution([*choices, *new])
        elif not all(_fits(known, v) for v in numbers):
            found[name] = _spanning(known, numbers)
    return found


def _range_of(values: Sequence[Value]) -> "optuna.distributions.BaseDistribution | None":
    """Return the range of several numbers: a parameter that is frozen now was searched as one.

    What its range was is not known any more; nor its scale, so that two decades count as many.
    """
    from optuna.distributions import FloatDistribution, IntDistribution

    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(values) or len(set(numbers)) < 2:
        return None
    low, high = min(numbers), max(numbers)
    log = low > 0 and high >= _DECADES * low
    if all(isinstance(v, int) for v in numbers):
        return IntDistribution(int(low), int(high), log=log)
    return FloatDistribution(float(low), float(high), log=log)


def _spanning(known: Any, numbers: Sequence[float]) -> "optuna.distributions.BaseDistribution":
    """Return a range widened to hold all ``numbers``: of the same kind, with its step if it can."""
    from optuna.distributions import FloatDistribution, IntDistribution

    low, high = min(known.low, *numbers), max(known.high, *numbers)
    log = known.log and low > 0
    stepped = all(_on_step(v - low, known.step) for v in (*numbers, known.low, high))
    if isinstance(known, IntDistribution) and all(isinstance(v, int) for v in numbers):
        return IntDistribution(low, high, log=log, step=known.step if stepped else 1)
    step = known.step if stepped and isinstance(known, FloatDistribution) else None
    return FloatDistribution(float(low), float(high), log=log, step=step)


def _fits(known: Any, number: float) -> bool:
    if not known.low <= number <= known.high:
        return False
    return _on_step(number - known.low, known.step)


def _on_step(distance: float, step: float | None) -> bool:
    steps = distance / step if step else 0.0
    return abs(steps - round(steps)) < 1e-6


def _frozen(
    trial: Trial, plan: OptunaPlan, space: "Mapping[str, optuna.distributions.BaseDistribution]"
) -> "optuna.trial.FrozenTrial":
    """Return a trial as Optuna's; ours as a whole goes with it in a user attribute."""
    from optuna.trial import TrialState as Theirs
    from optuna.trial import create_trial

    values = [trial.metrics.get(m, math.nan) for m in plan.directions]
    whole = all(math.isfinite(v) for v in values)
    state = Theirs.FAIL
    if trial.state in (TrialState.COMPLETE, TrialState.PRUNED):
        finished = trial.state is TrialState.COMPLETE and trial.task == plan.full_task
        state = Theirs.PRUNED if not finished else Theirs.COMPLETE if whole else Theirs.FAIL
    ours = {
        "number": trial.number, "configuration": trial.configuration, "task": trial.task,
        "state": str(trial.state), "cost": trial.cost, "charged": trial.charged,
        "resumed_from": trial.resumed_from, "reason": trial.reason,
        "exit_code": trial.exit_code, "device": trial.device, "note": trial.note,
        "tags": list(trial.tags), "starred": trial.starred, "repeat": trial.repeat,
        "wasted": trial.wasted, "created": trial.created, "started": trial.started,
        "ended": trial.ended, "duration": trial.duration,
        "metrics": {k: v for k, v in trial.metrics.items() if math.isfinite(v)},
    }  # fmt: skip
    frozen = create_trial(
        state=state,
        values=values if state is Theirs.COMPLETE else None,
        params={n: _native(v, space[n]) for n, v in trial.params.items()},
        distributions={n: space[n] for n in trial.params},
        user_attrs={TRIAL_ATTR: json.dumps(ours), "task": trial.task, "cost": trial.charged},
        intermediate_values=_curve(trial, plan),
        constraints=_constraints(trial, plan) if state is Theirs.COMPLETE else None,
    )
    # In Optuna's trials times are local and have no zone, whatever its storages make of them: in
    # another zone, and in the hour that comes twice in autumn, they are others.
    start = trial.started if trial.started is not None else trial.created
    end = trial.ended if trial.ended is not None else start
    frozen.datetime_start = datetime.fromtimestamp(start)
    frozen.datetime_complete = datetime.fromtimestamp(end)
    return frozen


def _native(value: Any, distribution: "optuna.distributions.BaseDistribution") -> Any:
    """Return the very choice: SQLite gives back 1 for True, which Optuna would not take for it."""
    choices = getattr(distribution, "choices", None)
    if choices is None:
        return value
    same = [c for c in choices if c == value]
    return same[0] if same else value


def _curve(trial: Trial, plan: OptunaPlan) -> dict[int, float]:
    """Return step → the first objective (Optuna keeps one number a step)."""
    metric = next(iter(plan.directions))
    return {
        r.step: r.metrics[metric]
        for r in plan.curves.get(trial.number, ())
        if r.step is not None and metric in r.metrics and math.isfinite(r.metrics[metric])
    }


def _constraints(trial: Trial, plan: OptunaPlan) -> dict[str, float] | None:
    """Return name → excess over each limit; at most 0 holds."""
    found = {}
    for metric, low, high in plan.limits:
        value = trial.metrics.get(metric)
        if value is None or not math.isfinite(value):
            value = math.inf
        if low is not None:
            found[f"{metric} min"] = low - value if value != math.inf else math.inf
        if high is not None:
            found[f"{metric} max"] = value - high
    return found or None
