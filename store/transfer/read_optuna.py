"""Optuna's studies, from any storage of its, as trials of ours."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hpo_tui.store.models import Report, Trial, TrialState
from hpo_tui.store.transfer.arrivals import Arrival, Dimension, choice, value_names
from hpo_tui.store.transfer.optuna_storage import opened
from hpo_tui.store.transfer.tables import in_order
from hpo_tui.store.transfer.write_optuna import STUDY_ATTR, TRIAL_ATTR, half

if TYPE_CHECKING:
    import optuna

FULL = "full"
"""The task of trials that come from a program without tasks."""


def read_optuna(where: str, name: str | None) -> Arrival:
    """Read one study. Raises ValueError if there is none, or several and ``name`` says not which.

    A study that :mod:`write_optuna` wrote comes back with its tasks, costs and states.
    """
    with opened(where, make=False) as storage:
        return _read(storage, where, name)


def _read(storage: "optuna.storages.BaseStorage", where: str, name: str | None) -> Arrival:
    """Return the study ``name`` of a storage, or its only one. Raises ValueError without one."""
    import optuna

    names = optuna.get_all_study_names(storage)
    if name is None and len(names) == 1:
        name = names[0]
    if not names:
        raise ValueError(f"{where} holds no Optuna study")
    if name not in names:
        asked = f"no study {name}" if name else "several studies, say which with --study"
        raise ValueError(f"{where} holds {asked}: {', '.join(names)}")
    study = optuna.load_study(study_name=name, storage=storage)
    if fault := half(where, name, study.user_attrs):
        raise ValueError(fault)
    theirs = study.get_trials(deepcopy=False)
    metrics = value_names(study.metric_names, len(study.directions))
    trials = [_trial(t, metrics) for t in theirs]
    numbers = {t.number: number.number for t, number in zip(theirs, trials, strict=True)}
    reports = [r for t in theirs for r in _reports(t, numbers[t.number], metrics)]
    text = study.user_attrs.get(STUDY_ATTR)
    return Arrival(
        name=name,
        source=f"Optuna, {where}",
        space=_space(theirs),
        directions={
            m: "maximize" if d is optuna.study.StudyDirection.MAXIMIZE else "minimize"
            for m, d in zip(metrics, study.directions, strict=True)
        },
        trials=trials,
        reports=reports,
        text=text if isinstance(text, str) else None,
    )


def _space(trials: "Sequence[optuna.trial.FrozenTrial]") -> dict[str, Dimension]:
    """Return each parameter with all that the trials say of it."""
    found: dict[str, Any] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            found.setdefault(name, []).append(distribution)
    return {name: _dimension(kinds) for name, kinds in found.items()}


def _dimension(distributions: "Sequence[Any]") -> Dimension:
    last = distributions[-1]
    if hasattr(last, "choices"):
        choices = dict.fromkeys(choice(c) for d in distributions for c in getattr(d, "choices", ()))
        return Dimension("categorical", choices=tuple(choices))
    numeric = [d for d in distributions if hasattr(d, "low")]
    whole = all(type(d).__name__.startswith("Int") for d in numeric)
    return Dimension(
        "int" if whole else "float",
        min(d.low for d in numeric),
        max(d.high for d in numeric),
        bool(last.log),
        last.step,
    )


_STATES = {
    "COMPLETE": TrialState.COMPLETE, "PRUNED": TrialState.PRUNED, "FAIL": TrialState.FAILED,
    "WAITING": TrialState.WAITING, "RUNNING": TrialState.RUNNING,
}  # fmt: skip


def _trial(trial: "optuna.trial.FrozenTrial", metrics: Sequence[str]) -> Trial:
    """Return a trial of Optuna's as ours; what we have exported ourselves comes back as it was."""
    ours = trial.user_attrs.get(TRIAL_ATTR)
    known: Mapping[str, Any] = json.loads(ours) if isinstance(ours, str) else {}
    values = dict(zip(metrics, trial.values or [], strict=False))
    if not values and trial.intermediate_values and len(metrics) == 1:
        values = {metrics[0]: trial.intermediate_values[max(trial.intermediate_values)]}
    number = int(known.get("number", trial.number + 1))
    state = TrialState(known["state"]) if "state" in known else _STATES[trial.state.name]
    why = "" if state.ended else "unfinished in Optuna"
    if not state.ended:
        state = TrialState.KILLED  # it will never go on here
    theirs = in_order(_seconds(trial.datetime_start), _seconds(trial.datetime_complete))
    start, end = known.get("started", theirs[0]), known.get("ended", theirs[1])
    span = end - start if start is not None and end is not None else None
    finite = {k: v for k, v in values.items() if math.isfinite(v)}
    return Trial(
        number=number,
        configuration=int(known.get("configuration", number)),
        task=str(known.get("task", FULL)),
        state=state,
        cost=float(known.get("cost", 1.0)),
        wasted=float(known.get("wasted", 0.0)),
        repeat=int(known.get("repeat", 0)),
        charged=float(known.get("charged", 1.0 if state is TrialState.COMPLETE else 0.0)),
        params={n: choice(v) for n, v in trial.params.items()},
        metrics=known.get("metrics", finite),
        resumed_from=known.get("resumed_from"),
        reason=str(known.get("reason", why)),
        created=float(known.get("created", start or end or 0.0)),
        started=start,
        ended=end,
        duration=known.get("duration", span),
        exit_code=known.get("exit_code"),
        device=str(known.get("device", "")),
        step=max(trial.intermediate_values, default=None),
        starred=bool(known.get("starred", False)),
        tags=tuple(known.get("tags", ())),
        note=str(known.get("note", "")),
    )


def _reports(
    trial: "optuna.trial.FrozenTrial", number: int, metrics: Sequence[str]
) -> list[Report]:
    return [
        Report(number, seq, int(step), {metrics[0]: float(found)})
        for seq, (step, found) in enumerate(sorted(trial.intermediate_values.items()), start=1)
    ]


def _seconds(time: datetime | None) -> float | None:
    """Return Unix seconds; Optuna's times have no zone and are local, from every storage."""
    return None if time is None else time.timestamp()
