"""The distributions of an exported study whose space was edited: Optuna has one for all trials."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from hpo_tui.store.models import Study, StudyState, Trial, TrialState, Value
from hpo_tui.store.transfer.write_optuna import OptunaPlan, write_optuna

ONE = CategoricalDistribution
"""What a frozen parameter is exported as: its only choice."""


@pytest.mark.parametrize(
    ("now", "values", "written"),
    [
        (IntDistribution(32, 64), [16, 40], IntDistribution(16, 64)),
        (IntDistribution(2, 8, step=2), [4, 12], IntDistribution(2, 12, step=2)),
        (IntDistribution(2, 8, step=2), [4, 11], IntDistribution(2, 11)),
        (IntDistribution(2, 8, log=True), [64], IntDistribution(2, 64, log=True)),
        (IntDistribution(2, 8), [2.5], FloatDistribution(2.0, 8.0)),
        (FloatDistribution(0.1, 0.3), [0.5], FloatDistribution(0.1, 0.5)),
        (FloatDistribution(0.2, 0.4, step=0.1), [0.0], FloatDistribution(0.0, 0.4, step=0.1)),
        (FloatDistribution(0.2, 0.4, step=0.1), [0.25], FloatDistribution(0.2, 0.4)),
        (FloatDistribution(0.1, 1.0, log=True), [0.01], FloatDistribution(0.01, 1.0, log=True)),
        (ONE((0.9,)), [0.9, 0.85, 0.99], FloatDistribution(0.85, 0.99)),
        (ONE((1e-3,)), [1e-5, 0.01], FloatDistribution(1e-5, 0.01, log=True)),
        (ONE((32,)), [16, 48], IntDistribution(16, 48)),
        (ONE((0.9,)), [0.9, 0.9], ONE((0.9,))),
        (ONE((True,)), [True, False], ONE((True, False))),
        (ONE(("sgd",)), ["adam"], ONE(("sgd", "adam"))),
        (ONE((16, 32)), [64], ONE((16, 32, 64))),
    ],
)
def test_a_distribution_holds_every_value_that_was_run(
    tmp_path: Path, storage_of: Callable[[str], Any], now: Any, values: list[Value], written: Any
) -> None:
    where = f"sqlite:///{tmp_path}/x.db"
    text = optuna.distributions.distribution_to_json(now)
    plan = OptunaPlan("full", {"p": text}, {"a": "maximize"})
    trials = [
        Trial(
            n, n, "full", TrialState.COMPLETE, 1.0, params={"p": value}, metrics={"a": 0.5},
            created=0.0, started=0.0, ended=1.0,
        )
        for n, value in enumerate(values, start=1)
    ]  # fmt: skip
    study = Study("s", "", StudyState.FINISHED, "", 0, 0.0, None, None, 0)
    assert write_optuna(where, study, trials, plan) == len(values)
    found = optuna.load_study(study_name="s", storage=storage_of(where))
    kept = [t.params["p"] for t in found.trials]
    assert kept == values
    assert [type(v) for v in kept] == [type(v) for v in values]
    assert {json.dumps(t.distributions["p"]._asdict()) for t in found.trials} == {
        json.dumps(written._asdict())
    }
