"""A sampler and a pruner that give an Optuna objective the configuration of a trial of ours."""
# ruff: noqa: ARG002 - the methods have Optuna's signatures

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from hpo_tui.engine import trial as client
from hpo_tui.engine.objective.recorded import looked_at, record
from hpo_tui.store.transfer.arrivals import choice as plain_choice

STEPS = "steps"
"""The fidelity value after how many reports a trial below the full task ends."""
_UNROLLED = 16
"""A whole number with at most so many values may be a count of layers: the largest shows all."""


class ConfiguredSampler(optuna.samplers.BaseSampler):
    """Suggests the trial's configuration.

    ``instead``: the script's own sampler, of which the constraints are kept: values that are at
    most 0 where they hold.
    """

    def __init__(self, instead: optuna.samplers.BaseSampler | None = None) -> None:
        self._constraints_func: Callable[[FrozenTrial], Sequence[float]] | None = getattr(
            instead, "_constraints_func", None
        )

    def limits(self, trial: FrozenTrial) -> dict[str, float]:
        """Return what the script has said so far of a trial's constraints, by name."""
        found = dict(trial.constraints or {})
        if self._constraints_func is None:
            return found
        try:
            values = self._constraints_func(trial)
        except Exception:
            if trial.state is TrialState.COMPLETE:
                raise
            return found  # it asks for what is set at the end of the objective
        return found | {f"constraint_{i}": float(value) for i, value in enumerate(values)}

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return nothing: each parameter is looked up when it is asked for."""
        return {}

    def sample_relative(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Return nothing."""
        return {}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return a parameter's value. Ends the script, in a sentence, if there is none."""
        record(parameter=param_name, **_described(param_distribution))
        if param_name in client.params:
            return _fitted(param_name, client.params[param_name], param_distribution)
        if looked_at():
            return _first(param_distribution)
        raise SystemExit(_lacking(param_name, param_distribution))


def _described(distribution: Any) -> dict[str, Any]:
    """Return a distribution in the words of a study file."""
    if isinstance(distribution, CategoricalDistribution):
        return {"type": "categorical", "choices": [*map(plain_choice, distribution.choices)]}
    whole = isinstance(distribution, IntDistribution)
    kind = "int" if whole else "float"
    found: dict[str, Any] = {"type": kind, "low": distribution.low, "high": distribution.high}
    if distribution.log:
        found["log"] = True
    if distribution.step is not None and not (whole and distribution.step == 1):
        found["step"] = distribution.step
    return found


def _fitted(name: str, value: Any, distribution: BaseDistribution) -> Any:
    """Return a value of the study as the script's own: its choice, a whole number where it asks so.

    A number outside the script's range is left as it is: the range is the study file's affair.
    """
    if isinstance(distribution, CategoricalDistribution):
        for choice in distribution.choices:
            alike = isinstance(value, bool) == isinstance(choice, bool)  # 1 is true for Python
            if alike and plain_choice(choice) == value:
                return choice
        known = ", ".join(map(repr, distribution.choices))
        raise SystemExit(f"{name} = {value!r} is none of the script's choices: {known}")
    whole = isinstance(distribution, IntDistribution)
    try:
        return int(value) if whole else float(value)
    except (TypeError, ValueError):
        raise SystemExit(f"{name} = {value!r}: the script asks for a number") from None


def _first(distribution: Any) -> Any:
    """Return a value that shows much of the script: the first choice, the middle, most layers."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[0]
    low, high = distribution.low, distribution.high
    whole = isinstance(distribution, IntDistribution)
    if whole and high - low < _UNROLLED:
        return high
    middle = math.sqrt(low * high) if distribution.log else (low + high) / 2
    if distribution.step:
        middle = low + (middle - low) // distribution.step * distribution.step
    return int(middle) if whole else middle


def _lacking(name: str, distribution: BaseDistribution) -> str:
    said = ", ".join(f"{key} = {json.dumps(v)}" for key, v in _described(distribution).items())
    table = json.dumps(name, ensure_ascii=False)
    return f"the script asks for {name}, which the study lacks: add [space.{table}] with {said}"


class ConfiguredPruner(optuna.pruners.BasePruner):
    """Ends the trial where its task ends, and where the study asks it to."""

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether the trial has to end now."""
        if looked_at() and isinstance(study.sampler, ConfiguredSampler):
            record(prunes=True, early=[*study.sampler.limits(trial)])
        most = client.fidelity.get(STEPS, math.inf) if client.cost < 1 else math.inf
        return client.should_stop() or len(trial.intermediate_values) >= float(most)
