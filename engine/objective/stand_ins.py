"""What stands in the place of Optuna's functions while a script runs as one trial of a study.

Each keeps the signature of the function that it stands for, as far as scripts use it.
"""

import multiprocessing.spawn
from collections.abc import Callable, Sequence
from contextlib import suppress
from numbers import Real
from typing import Any, NoReturn

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpo_tui.engine import trial as client
from hpo_tui.engine.objective.configured import ConfiguredPruner, ConfiguredSampler
from hpo_tui.engine.objective.recorded import record
from hpo_tui.engine.objective.turn import Turn
from hpo_tui.store.transfer.arrivals import choice, value_names

turn = Turn()
_created: dict[str | None, Any] = {}
"""The directions of the studies that the script has made, by name."""
_GUESSED = "hpo_tui:directions"
"""The attribute of a study of which nobody knows the directions."""
_made, _loaded = optuna.create_study, optuna.load_study
_optimized, _asked, _told = optuna.Study.optimize, optuna.Study.ask, optuna.Study.tell
_reported = optuna.Trial.report
_prepared = multiprocessing.spawn.get_preparation_data


def take_over() -> None:
    """Put our functions in the place of Optuna's, for the process in which the script starts."""
    turn.begin()
    _replace()


def _take_over_again(script: int, created: dict[str | None, Any]) -> None:
    """Put them there in a process that the script has started anew."""
    turn.script = script
    _created.update(created)
    _replace()


def _replace() -> None:
    functions: dict[str, object] = {
        "create_study": _create_study, "load_study": _load_study, "delete_study": _nothing,
    }  # fmt: skip
    methods: dict[str, object] = {
        "optimize": _optimize, "ask": _ask, "tell": _tell,
        "enqueue_trial": _enqueue_trial, "add_trial": _nothing, "add_trials": _nothing,
    }  # fmt: skip
    parts: dict[str, object] = {"report": _report, "number": property(lambda _: client.number)}
    for home, ours in (
        (optuna, functions), (optuna.study, functions),
        (optuna.Study, methods), (optuna.Trial, parts),
        (multiprocessing.spawn, {"get_preparation_data": _preparation}),
    ):  # fmt: skip
        for name, part in ours.items():
            setattr(home, name, part)


class _Heritage:
    """Takes over in the process that reads it, before that process imports the script."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _take_over_again, (turn.script, _created)


def _preparation(name: str) -> dict[str, Any]:
    """Stand for what multiprocessing tells a process that is not forked."""
    return {**_prepared(name), "hpo_tui": _Heritage()}


def _nothing(*_: Any, **__: Any) -> None:
    """Stand for what has no part in a single trial: stored studies, trials of before."""


def _create_study(
    *,
    direction: Any = None,
    directions: Any = None,
    study_name: str | None = None,
    sampler: optuna.samplers.BaseSampler | None = None,
    **_: Any,
) -> optuna.Study:
    """Stand for ``optuna.create_study``: the script's storage and pruner are left out."""
    study = _made(
        study_name=study_name,
        directions=[direction or "minimize"] if directions is None else directions,
        sampler=ConfiguredSampler(sampler),
        pruner=ConfiguredPruner(),
    )
    _created[study_name] = study.directions
    return study


def _load_study(*, study_name: str | None, storage: Any, **given: Any) -> optuna.Study:
    """Stand for ``optuna.load_study``: a study in memory with the directions of the real one."""
    directions = _created.get(study_name)
    if directions is None:
        with suppress(Exception):  # it may not be there, or not yet
            directions = _loaded(study_name=study_name, storage=storage).directions
    study = _create_study(directions=directions, study_name=study_name, **given)
    if directions is None:
        study.set_user_attr(_GUESSED, value=True)
    return study


def _enqueue_trial(_: optuna.Study, params: dict[str, Any], *__: Any, **___: Any) -> None:
    """Stand for ``Study.enqueue_trial``: the study is told of the wish once, by ``init``."""
    record(start={name: choice(value) for name, value in params.items()})


def _optimize(
    study: optuna.Study,
    func: Callable[[optuna.Trial], Any],
    n_trials: int | None = None,
    timeout: float | None = None,
    *_: Any,
    **__: Any,
) -> None:
    """Stand for ``Study.optimize``: run the objective once, tell of its result, end the script."""
    turn.take()
    with turn.ends():
        study = _configured(study)
        record(trials=n_trials, timeout=timeout, **_said(study))
        _optimized(study, func, n_trials=1)
        _end(study, study.trials[-1], "the objective returned no number")


def _ask(study: optuna.Study, fixed_distributions: Any = None) -> optuna.Trial:
    turn.take()
    study.sampler, study.pruner = ConfiguredSampler(study.sampler), ConfiguredPruner()
    return _asked(study, fixed_distributions)


def _tell(
    study: optuna.Study, trial: Any, values: Any = None, *given: Any, **more: Any
) -> NoReturn:
    """Stand for ``Study.tell``: tell of the result, and end the script.

    A number is that of our trial, not of the one that was asked for.
    """
    with turn.ends():
        asked = study.trials[-1].number if isinstance(trial, int) else trial
        ended = _told(study, asked, values, *given, **more)
        _end(study, ended, "the script says that the trial failed")


def _configured(study: optuna.Study) -> optuna.Study:
    """Return a study in memory for one that the script has made in another way."""
    if isinstance(study.sampler, ConfiguredSampler):
        return study
    made = _create_study(directions=study.directions, sampler=study.sampler)
    if study.metric_names:
        made.set_metric_names(study.metric_names)
    return made


def _end(study: optuna.Study, trial: FrozenTrial, failed: str) -> NoReturn:
    """Report the result of the trial and end the script; ``failed``: what is said without one."""
    limits = study.sampler.limits(trial) if isinstance(study.sampler, ConfiguredSampler) else {}
    whole = trial.state is TrialState.COMPLETE  # one that was stopped has not made all its steps
    steps = len(trial.intermediate_values) if whole else 0
    record(constraints=[*limits], steps=steps, **_said(study))
    values: Sequence[float] = trial.values or ()
    if trial.state is TrialState.PRUNED and client.cost < 1 and trial.intermediate_values:
        values = [trial.intermediate_values[max(trial.intermediate_values)]]
    if not values:
        if trial.state is TrialState.PRUNED:
            failed = "the objective pruned the trial itself"
            failed = "the study asked the trial to end" if client.should_stop() else failed
        raise SystemExit(failed)
    numbers = {str(k): v for k, v in {**trial.user_attrs, **limits}.items() if _is_number(v)}
    numbers.pop("step", None)  # would be the step of the report
    client.report(**{**numbers, **dict(zip(_names(study), values, strict=False))})
    raise SystemExit(0)


def _is_number(value: object) -> bool:
    """Whether a value is a number, numpy's too, as scores are; true and false are none here."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _said(study: optuna.Study) -> dict[str, Any]:
    """Return what the script says of its study."""
    maximize = [d is StudyDirection.MAXIMIZE for d in study.directions]
    said: dict[str, Any] = {"metrics": _names(study)}
    if _GUESSED not in study.user_attrs:
        said["directions"] = ["maximize" if up else "minimize" for up in maximize]
    if not study.study_name.startswith("no-name-"):  # as Optuna calls one that has none
        said["name"] = study.study_name
    return said


def _names(study: optuna.Study) -> list[str]:
    return value_names(study.metric_names, len(study.directions))


def _report(trial: optuna.Trial, value: float, step: int) -> None:
    """Stand for ``Trial.report``: tell Optuna, then the study."""
    _reported(trial, value, step)
    client.report(int(step), **{_names(trial.study)[0]: float(value)})
