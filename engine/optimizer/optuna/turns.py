"""Lets processes that share an Optuna study plan in turn, so that none repeats another's trial."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from hpo_tui.engine.optimizer.optuna import conversion
from hpo_tui.engine.spec import Params

_TURN, _PAUSE = 30.0, 0.01
"""Seconds that others are waited for to note what they run, and between two looks."""
_TRIES = 4
"""Times that values are chosen, anew where another process has chosen the same meanwhile."""


def in_turn(study: Study, trial: FrozenTrial) -> None:
    """Wait until the trials begun before this one are planned, where there is a study file.

    So several processes together spend no more than the budget, and none runs what another does.
    """
    _wait(study, trial, lambda t: not (t.params or conversion.PARAMS in t.user_attrs))


def settle(study: Study, trial: FrozenTrial, choose: Callable[[], Params]) -> Params:
    """Choose a trial's values where there is no study file, and note them for other processes.

    Of two that choose the same at once, the one that was begun later chooses anew (as in Lamport's
    bakery): an empty note says that a trial is choosing, and later ones wait for it before they
    compare. An earlier one whose choosing begins after that knows the note of the later.
    """
    for left in reversed(range(_TRIES)):
        _note(study, trial, {})
        before = _noted(study, trial)
        found = choose()
        if left and found in _since(study, trial, before).values():
            continue
        _note(study, trial, found)
        _wait(study, trial, lambda t: t.system_attrs.get(conversion.PARAMS) == {})
        new = _since(study, trial, before)
        if all(n > trial.number or p != found for n, p in new.items()):
            break
    return found


def _wait(study: Study, trial: FrozenTrial, busy: Callable[[FrozenTrial], bool]) -> None:
    """Wait while a running trial that was begun before this one is ``busy``.

    One that was begun long ago and still is was lost.
    """
    until = time.monotonic() + _TURN
    while time.monotonic() < until and any(
        t.number < trial.number
        and t.datetime_start is not None
        and (datetime.now() - t.datetime_start).total_seconds() < _TURN
        and busy(t)
        for t in _trials(study, TrialState.RUNNING)
    ):
        time.sleep(_PAUSE)


def _note(study: Study, trial: FrozenTrial, params: Params) -> None:
    """Note a trial's values for other processes."""
    study._storage.set_trial_system_attr(trial._trial_id, conversion.PARAMS, params)


def _since(study: Study, trial: FrozenTrial, before: Mapping[int, Params]) -> dict[int, Params]:
    """Return what is noted of other trials now and was not ``before``, by number."""
    return {n: p for n, p in _noted(study, trial).items() if before.get(n) != p}


def _noted(study: Study, trial: FrozenTrial) -> dict[int, Params]:
    """Return what is noted of the other trials, by number."""
    noted = {t.number: t.system_attrs.get(conversion.PARAMS) for t in _trials(study)}
    return {n: params for n, params in noted.items() if params and n != trial.number}


def _trials(study: Study, *states: TrialState) -> list[FrozenTrial]:
    """Return all trials, also those that a pruner does not show."""
    return study._storage.get_all_trials(study._study_id, deepcopy=False, states=states or None)
