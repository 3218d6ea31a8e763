"""Runs a script that uses Optuna as one trial of a study; the script stays as it is.

``python -m hpo_tui.engine.objective train.py`` (or ``-m package.train``, with the script's own
arguments behind it) runs the script as Python would, with this difference: the first
``Study.optimize`` runs the objective once, or the first ``Study.ask`` is answered once, and with
that the script ends. Its trial is an ``optuna.Trial`` of a study in memory, whatever storage the
script names:

- what it suggests is the configuration in ``HPO_PARAMS``,
- what it reports goes to ``HPO_REPORTS``, and so does what the objective returns, under the name
  that the study gives its metric (``value``, or ``value_0``, ``value_1``, …, if it gives none),
  beside constraints and user attributes that are numbers,
- ``should_prune`` is true once the study has asked the trial to end, and at a task below the full
  one after as many reports as its fidelity value ``steps`` says: then what was reported last is the
  result.

Outside a study the script runs as if started by itself. With ``HPO_RECORD``, the path of a file,
the script is being looked at for the first time: parameters that have no value yet get one of their
range, and what is asked for is written there, one JSON object a line.
"""

import runpy
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from hpo_tui.engine import trial as client
from hpo_tui.engine.configured import ConfiguredPruner, ConfiguredSampler, record


def metric_names(study: optuna.Study) -> list[str]:
    """Return what a study calls its values."""
    count = len(study.directions)
    return study.metric_names or (["value"] if count == 1 else [f"value_{i}" for i in range(count)])


def _create_study(
    *,
    direction: Any = None,
    directions: Any = None,
    study_name: str | None = None,
    sampler: optuna.samplers.BaseSampler | None = None,
    **_: Any,
) -> optuna.Study:
    """Stand for ``optuna.create_study``: the script's storage and pruner are left out."""
    return _made(
        study_name=study_name,
        directions=[direction or "minimize"] if directions is None else directions,
        sampler=ConfiguredSampler(sampler),
        pruner=ConfiguredPruner(),
    )


def _load_study(*, study_name: str | None, storage: Any, **given: Any) -> optuna.Study:
    """Stand for ``optuna.load_study``: a study in memory with the directions of the stored one."""
    directions = [StudyDirection.MINIMIZE]
    with suppress(Exception):  # it may not be there, or not yet
        directions = _loaded(study_name=study_name, storage=storage).directions
    return _create_study(directions=directions, study_name=study_name, **given)


def _nothing(*_: Any, **__: Any) -> None:
    """Stand for what has no part in a single trial: storages, trials of before and to come."""


def _optimize(
    study: optuna.Study, func: Callable[[optuna.Trial], Any], *_: Any, **given: Any
) -> None:
    """Stand for ``Study.optimize``: run the objective once, tell of its result, end the script."""
    study = _configured(study)
    record(trials=given.get("n_trials", _[0] if _ else None), **_goals(study))
    _optimized(study, func, n_trials=1)
    _end(study, study.trials[-1])


def _ask(study: optuna.Study, fixed_distributions: Any = None) -> optuna.Trial:
    """Stand for ``Study.ask``."""
    study.sampler, study.pruner = ConfiguredSampler(study.sampler), ConfiguredPruner()
    return _asked(study, fixed_distributions)


def _tell(
    study: optuna.Study, trial: Any, values: Any = None, *given: Any, **more: Any
) -> NoReturn:
    """Stand for ``Study.tell``: tell of the result, and end the script."""
    _end(study, _told(study, trial, values, *given, **more))


def _configured(study: optuna.Study) -> optuna.Study:
    """Return a study in memory for one that the script has made in another way."""
    if isinstance(study.sampler, ConfiguredSampler):
        return study
    made = _create_study(directions=study.directions, sampler=study.sampler)
    if study.metric_names:
        made.set_metric_names(study.metric_names)
    return made


def _end(study: optuna.Study, trial: FrozenTrial) -> NoReturn:
    """Report the result of the trial and end the script."""
    names = metric_names(study)
    limits = study.sampler.limits(trial) if isinstance(study.sampler, ConfiguredSampler) else {}
    whole = trial.state is TrialState.COMPLETE  # one that was stopped has not made all its steps
    steps = len(trial.intermediate_values) if whole else 0
    record(constraints=[*limits], steps=steps, **_goals(study))
    values: Sequence[float] = trial.values or ()
    if trial.state is TrialState.PRUNED and client.cost < 1 and trial.intermediate_values:
        values = [trial.intermediate_values[max(trial.intermediate_values)]]
    if not values:
        pruned = trial.state is TrialState.PRUNED
        why = "pruned the trial itself" if pruned else "returned no number"
        raise SystemExit(f"the objective {why}")
    also = {**trial.user_attrs, **limits}
    numbers = {str(k): v for k, v in also.items() if type(v) in (int, float) and k != "step"}
    client.report(**{**numbers, **dict(zip(names, values, strict=False))})
    raise SystemExit(0)


def _goals(study: optuna.Study) -> dict[str, list[str]]:
    said = {StudyDirection.MAXIMIZE: "maximize", StudyDirection.MINIMIZE: "minimize"}
    directions = [said.get(d, "minimize") for d in study.directions]
    return {"metrics": metric_names(study), "directions": directions}


def _report(trial: optuna.Trial, value: float, step: int) -> None:
    """Stand for ``Trial.report``: tell Optuna, then the study."""
    _reported(trial, value, step)
    client.report(int(step), **{metric_names(trial.study)[0]: float(value)})


def _take_over() -> None:
    """Put our functions in the place of Optuna's."""
    functions: dict[str, object] = {
        "create_study": _create_study, "load_study": _load_study, "delete_study": _nothing,
    }  # fmt: skip
    methods: dict[str, object] = {
        "optimize": _optimize, "ask": _ask, "tell": _tell,
        "enqueue_trial": _nothing, "add_trial": _nothing, "add_trials": _nothing,
    }  # fmt: skip
    parts: dict[str, object] = {"report": _report, "number": property(_number)}
    for home, ours in (
        (optuna, functions), (optuna.study, functions),
        (optuna.Study, methods), (optuna.Trial, parts),
    ):  # fmt: skip
        for name, part in ours.items():
            setattr(home, name, part)


def _number(_: optuna.Trial) -> int:
    """Stand for ``Trial.number``: scripts name files after it."""
    return client.number


_made, _loaded = optuna.create_study, optuna.load_study
_optimized, _asked, _told = optuna.Study.optimize, optuna.Study.ask, optuna.Study.tell
_reported = optuna.Trial.report


def main(argv: Sequence[str]) -> None:
    """Run a script, ``train.py …`` or ``-m module …``. Raises SystemExit, as the script does."""
    module = argv[:1] == ["-m"]
    words = list(argv[1:] if module else argv)
    if not words:
        raise SystemExit("name a script: python -m hpo_tui.engine.objective train.py")
    active = client.active
    if active:
        _take_over()
    sys.argv = words
    if module:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
    else:
        sys.path[0] = str(Path(words[0]).absolute().parent)
        runpy.run_path(words[0], run_name="__main__")
    if active:
        raise SystemExit(f"{words[0]} called neither Study.optimize nor Study.ask and Study.tell")


if __name__ == "__main__":
    main(sys.argv[1:])
