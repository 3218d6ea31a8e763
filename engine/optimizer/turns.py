"""Lets processes that share an Optuna study plan in turn, so that none repeats another's trial."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from hpo_tui.engine.optimizer import bridge
from hpo_tui.engine.spec import Params

_TURN, _PAUSE = 30.0, 0.01
"""Seconds that others are waited for to note what they run, and between two looks."""
_TRIES = 4
"""Times that values are chosen, anew where another process has chosen the same meanwhile."""


def in_turn(study: Study, trial: FrozenTrial) -> None:
    """Wait until the trials begun before this one are planned, where there is a study file.

    So several processes together spend no more than the budget, and none runs what another does.
    One that was begun long ago and is not planned was lost.
    """
    until = time.monotonic() + _TURN
    while time.monotonic() < until and any(
        t.number < trial.number
        and t.datetime_start is not None
        and (datetime.now() - t.datetime_start).total_seconds() < _TURN
        and not (t.params or bridge.PARAMS in t.user_attrs)
        for t in _trials(study, TrialState.RUNNING)
    ):
        time.sleep(_PAUSE)


def settle(study: Study, trial: FrozenTrial, choose: Callable[[], Params]) -> Params:
    """Choose a trial's values where there is no study file, and note them for other processes.

    Of two that choose the same at once, the one that sees the other's note first chooses anew, and
    of two that note at once the one that was begun later.
    """
    for left in reversed(range(_TRIES)):
        before = _noted(study, trial).keys()
        found = choose()
        new = {n: p for n, p in _noted(study, trial).items() if n not in before}
        if left and found in new.values():
            continue
        study._storage.set_trial_system_attr(trial._trial_id, bridge.PARAMS, found)
        new = {n: p for n, p in _noted(study, trial).items() if n not in before}
        if all(n > trial.number or p != found for n, p in new.items()):
            break
    return found


def _noted(study: Study, trial: FrozenTrial) -> dict[int, Any]:
    """Return what is noted of the other trials, by number."""
    noted = {t.number: t.system_attrs.get(bridge.PARAMS) for t in _trials(study)}
    return {n: params for n, params in noted.items() if params and n != trial.number}


def _trials(study: Study, *states: TrialState) -> list[FrozenTrial]:
    """Return all trials, also those that a pruner does not show."""
    return study._storage.get_all_trials(study._study_id, deepcopy=False, states=states or None)
