"""What decides nothing about what is sought leaves the suggestions alone."""

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer
from hpo_tui.engine.optimizer.models.gp import Posterior, Rows
from hpo_tui.engine.optimizer.models.kernel import Hyper, prior
from hpo_tui.engine.optimizer.models.relevance import between, relevance
from hpo_tui.engine.spec import StudySpec

ANYWHERE = np.random.default_rng(1).random((64, 2))
NUMBERS = np.array([False, False])
Params = dict[str, Any]


def study(objectives: int, **more: Any) -> dict[str, Any]:
    goals = [{"metric": f"f{i}", "direction": "minimize"} for i in range(objectives)]
    return {
        "study": {"name": "s", "budget": 9, "resume": True},
        "space": {f"x{i}": {"type": "float", "low": 0.0, "high": 1.0} for i in range(3)},
        "objective": goals,
        "task": [{"name": "cheap", "cost": 0.25}, {"name": "full", "cost": 1.0}],
        **more,
    }


def losses(params: Params, task: str) -> dict[str, float]:
    """Two losses that blow up in a quarter of the space, and a metric that the task turns round."""
    x = [float(params[f"x{i}"]) for i in range(3)]
    blown = 1e3 if x[0] > 0.75 else 1.0
    near = sum(abs(v - 0.3) for v in x) + 0.05 + (0.02 * x[1] if task == "cheap" else 0.0)
    other = sum(abs(v - 0.6) for v in x) + 0.05
    turned = 1.0 - x[2] if task == "cheap" else x[2]
    return {"f0": blown * near, "f1": blown * other, "seconds": turned, "same": 3.0}


def suggested(spec: dict[str, Any]) -> list[tuple[Params, str]]:
    """Run a study to its end: what was suggested, in order."""
    optimizer = Optimizer(StudySpec.from_dict(spec), 3)
    out: list[tuple[Params, str]] = []
    names = {g["metric"] for key in ("objective", "constraint") for g in spec.get(key, [])}
    while True:
        try:
            trial = optimizer.ask()
        except BudgetSpent:
            return out
        out.append((dict(trial.params), trial.task))
        told = losses(dict(trial.params), trial.task)
        optimizer.tell(trial.number, {name: told[name] for name in names})


@pytest.mark.parametrize("objectives", [1, 2])
def test_a_constraint_that_all_results_keep_changes_nothing(objectives: int) -> None:
    kept = [{"metric": "seconds", "max": 50.0}]
    plain = suggested(study(objectives))
    assert suggested(study(objectives, constraint=kept)) == plain
    assert {task for _, task in plain} == {"cheap", "full"}


def test_a_constraint_that_is_open_does_change_something() -> None:
    assert suggested(study(1, constraint=[{"metric": "seconds", "max": 0.4}])) != suggested(
        study(1)
    )


@pytest.mark.parametrize("threshold", [0.5, 10.0, 1e9])
def test_the_threshold_of_a_single_objective_changes_nothing(threshold: float) -> None:
    spec = study(1)
    spec["objective"][0]["threshold"] = threshold
    assert suggested(spec) == suggested(study(1))


def test_an_objective_that_is_always_the_same_is_not_hoped_to_change() -> None:
    """It leaves the trade of the others alone: all that could be gained is by that hope."""
    spec = study(2)
    third = {"metric": "same", "direction": "minimize"}
    more = spec | {"objective": [*spec["objective"], third]}
    assert suggested(more)[8:] == suggested(spec)[8:]


@pytest.mark.parametrize(
    ("values", "flat"),
    [
        ([3.0] * 5, True),
        ([3.0] * 4, False),
        ([0.0] * 6, True),
        ([3.0, 3.0 + 1e-12, 3.0, 3.0, 3.0], True),
        ([3.0, 3.001, 3.0, 3.0, 3.0], False),
        ([np.nan, 3.0, 3.0, 3.0, 3.0, 3.0], True),
        ([1.0, 1.0, 1.0, 4.0, 4.0, 4.0], True),  # it grows with the task alone
    ],
)
def test_what_is_the_same_in_all_results_does_not_matter(values: list[float], flat: bool) -> None:
    n = len(values)
    spec = StudySpec.from_dict(study(2))
    told = np.column_stack([np.linspace(0.0, 1.0, n), values])
    task = (np.arange(n) >= 3).astype(np.intp)
    table: Any = SimpleNamespace(values=told, task=task)
    assert relevance(spec, table, [], [], ANYWHERE) == [1.0, 0.0 if flat else 1.0]
    both: Any = SimpleNamespace(values=np.column_stack([values, values]), task=task)
    assert relevance(spec, both, [], [], ANYWHERE) == [1.0, 1.0]


def posterior(values: np.ndarray) -> Posterior:
    """A model of full-task results."""
    x = np.random.default_rng(0).random((len(values), 2))
    hyper = Hyper.unpack(prior(2, 2).mean, 2, 2)
    return Posterior(Rows(x, np.ones(len(values), dtype=np.intp), values), hyper, NUMBERS)


def matters(spec: StudySpec, values: Posterior, *limits: tuple[float, float]) -> float:
    """Return how much the last metric matters within limits."""
    count = len(spec.metric_names)
    told: Any = SimpleNamespace(
        values=np.random.default_rng(2).random((9, count)), task=np.zeros(9)
    )
    ends = [(count - 1, *both) for both in limits]
    found = relevance(spec, told, [values] * count, ends, ANYWHERE)
    assert found[:-1] == [1.0] * (count - 1)
    return found[-1]


def test_what_is_bounded_matters_as_far_as_it_is_open_whether_it_keeps_the_limit() -> None:
    spec = StudySpec.from_dict(study(1, constraint=[{"metric": "seconds", "max": 0.4}]))
    values = posterior(np.linspace(-1.0, 1.0, 12))
    shares = [matters(spec, values, (-math.inf, high)) for high in (50.0, 4.5, 3.5, 0.9, -50.0)]
    assert shares[0] == pytest.approx(0.0, abs=1e-9)
    assert 0.0 < shares[1] < 0.3 < shares[2] < 1.0
    assert shares[3] == shares[4] == 1.0  # some are believed to miss it, or all
    assert matters(spec, values, (-9.0, 50.0)) < 1e-3
    assert matters(spec, values, (-9.0, 50.0), (0.0, math.inf)) > 0.5


def test_a_limit_that_parts_what_was_run_is_open_between_them() -> None:
    """Although it is known of each of them on which side it lies."""
    spec = StudySpec.from_dict(study(1, constraint=[{"metric": "seconds", "max": 0.4}]))
    values = posterior(np.array([-1.0, -0.9, -1.1, 1.0, 0.9, 1.1]))
    mean, sd = values.predict(values.rows.x)
    assert np.all(np.abs(mean) > 9 * sd)
    assert matters(spec, values, (-math.inf, 0.0)) > 0.9


def test_objectives_matter_and_so_does_every_limit_where_nothing_else_is_sought() -> None:
    values = posterior(np.linspace(-1.0, 1.0, 12))
    limits = study(1, constraint=[{"metric": "f0", "max": 50.0}])
    assert matters(StudySpec.from_dict(limits), values, (-math.inf, 50.0)) == 1.0
    del limits["objective"]
    assert matters(StudySpec.from_dict(limits), values, (-math.inf, 50.0)) == 1.0


def test_of_what_no_trial_has_reported_nothing_is_decided() -> None:
    spec = StudySpec.from_dict(study(1, constraint=[{"metric": "seconds", "max": 0.4}]))
    assert matters(spec, posterior(np.zeros(0)), (-math.inf, 50.0)) == 1.0


def test_the_chance_of_lying_between_is_exact_in_both_tails() -> None:
    low, high = np.array([-32.0, 30.0, -1.0, 9.0]), np.array([-30.0, 32.0, 1.0, math.inf])
    chance = between(low, high)
    assert chance[0] == pytest.approx(chance[1])
    assert chance[0] > 0
    assert chance[2] == pytest.approx(0.682689492137)
    assert chance[3] == pytest.approx(1.12858840595e-19)


def test_models_are_trusted_by_what_matters_alone() -> None:
    spec = StudySpec.from_dict(study(1, constraint=[{"metric": "seconds", "max": 50.0}]))
    optimizer = Optimizer(spec, 3)
    for _ in range(10):
        trial = optimizer.ask()
        told = losses(dict(trial.params), trial.task)
        optimizer.tell(trial.number, {name: told[name] for name in spec.metric_names})
    models = optimizer._search.models(optimizer._history)
    assert models is not None
    assert models.relevance == [1.0, pytest.approx(0.0, abs=1e-3)]
    assert replace(models, trust=[0.9, 0.1]).trusted
    assert not replace(models, trust=[0.1, 0.9]).trusted
    assert not replace(models, trust=[0.9, 0.1], relevance=[1.0, 0.9]).trusted
