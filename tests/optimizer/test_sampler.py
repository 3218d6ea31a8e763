"""The sampler in plain Optuna studies: without a study file, and with one."""

import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import Trial, TrialState

from hpo_tui.engine.optimizer import BudgetSpent, CostWeightedSampler
from hpo_tui.engine.optimizer.optuna.conversion import parameter
from hpo_tui.engine.spec import ParameterKind

optuna.logging.set_verbosity(optuna.logging.WARNING)


def sphere(trial: Trial) -> float:
    x = trial.suggest_float("x", -5, 5)
    n = trial.suggest_int("n", 0, 10)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    return (x - 2) ** 2 + 0.3 * (n - 7) ** 2 + (kind == "b")


def test_it_beats_random_search_on_a_plain_study() -> None:
    values = {}
    for name, sampler in (
        ("ours", CostWeightedSampler(seed=1)),
        ("random", optuna.samplers.RandomSampler(seed=1)),
    ):
        study = optuna.create_study(sampler=sampler)
        study.optimize(sphere, n_trials=30)
        values[name] = study.best_value
    assert values["ours"] < 0.05
    assert values["ours"] < values["random"]


def test_two_runs_with_one_seed_are_equal() -> None:
    runs = []
    for _ in range(2):
        study = optuna.create_study(sampler=CostWeightedSampler(seed=3))
        study.optimize(sphere, n_trials=14)
        runs.append([t.params for t in study.trials])
    assert runs[0] == runs[1]


@pytest.mark.parametrize("teach", [True, False])
def test_parameters_that_failed_are_avoided_unless_failures_teach_nothing(teach: bool) -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.suggest_float("y", 0, 1)
        if x > 0.5:
            raise MemoryError
        return 1 - x

    study = optuna.create_study(sampler=CostWeightedSampler(seed=0, failures_teach=teach))
    study.optimize(objective, n_trials=40, catch=MemoryError)
    late = [t.state for t in study.trials[20:]]
    assert (late.count(TrialState.FAIL) <= 6) == teach


def test_constraints_set_by_trials_are_kept() -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        y = trial.suggest_float("y", 0, 1)
        trial.set_constraint("size", x + y - 0.6)
        return -x - 0.5 * y

    study = optuna.create_study(sampler=CostWeightedSampler(seed=0))
    study.optimize(objective, n_trials=30)
    late = study.trials[15:]
    assert sum(t.constraints["size"] <= 0 for t in late) >= 7
    assert study.best_value == pytest.approx(-0.6, abs=0.03)


def test_a_pruned_trial_teaches_by_its_last_report() -> None:
    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        trial.report(x, step=0)
        if x > 0.4:
            raise optuna.TrialPruned
        return x

    study = optuna.create_study(
        sampler=CostWeightedSampler(seed=0), pruner=optuna.pruners.NopPruner()
    )
    study.optimize(objective, n_trials=20)
    assert sum(t.state is TrialState.PRUNED for t in study.trials[10:]) <= 3


def test_a_pruned_trial_teaches_where_its_curve_was_to_end() -> None:
    """A curve that begins low and ends high was cut: its last value is far below its end."""
    study, sampler = optuna.create_study(direction="maximize"), CostWeightedSampler(seed=0)
    study.sampler = sampler
    for i in range(8):
        trial = study.ask({"x": FloatDistribution(0, 1)})
        end = 0.5 + trial.params["x"] / 2
        steps = 3 if i == 7 else 10
        for step in range(steps):
            trial.report(end * (step + 1) / 10, step)
        study.tell(trial, None if i == 7 else end, TrialState.PRUNED if i == 7 else None)
    study.ask({"x": FloatDistribution(0, 1)})
    assert sampler._inferred is not None
    _, spec, search = sampler._inferred
    table = search.builder.table(sampler._history(study, spec, study.trials[-1]))
    assert not table.final[-1]
    assert table.values[-1, 0] == pytest.approx(0.5 + study.trials[7].params["x"] / 2, abs=0.03)


@pytest.mark.parametrize(
    ("choices", "kind"),
    [
        ([16, 32, 64], ParameterKind.ORDINAL),
        ([0.5, 0.1, 0.01], ParameterKind.ORDINAL),
        ([16, 64, 32], ParameterKind.CATEGORICAL),
        ([8, 8, 16], ParameterKind.CATEGORICAL),
        ([False, True], ParameterKind.CATEGORICAL),
        (["a", "b", "c"], ParameterKind.CATEGORICAL),
        ([None, 1, 2], ParameterKind.CATEGORICAL),
        ([7], ParameterKind.CATEGORICAL),
    ],
)
@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_numbers_in_order_have_neighbours(choices: list[Any], kind: ParameterKind) -> None:
    found = parameter("batch", CategoricalDistribution(choices))
    assert found.kind is kind
    assert list(found.choices) == [choices.index(c) for c in dict.fromkeys(choices)]


@pytest.mark.parametrize(
    "choices",
    [[1, True, 0, False], [[8, 8], [16], [4]], [math.nan, 1.0, 2.0]],
    ids=["equal", "lists", "not a number"],
)
@pytest.mark.filterwarnings("ignore:Choices for a categorical distribution")
def test_what_optuna_takes_for_a_choice_is_told_from_the_others(choices: list[Any]) -> None:
    good = choices[2]

    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        return (x - 0.4) ** 2 + 0.5 * (trial.suggest_categorical("kind", choices) != good)

    study = optuna.create_study(sampler=CostWeightedSampler(seed=0))
    study.optimize(objective, n_trials=24)
    assert len({str(t.params) for t in study.trials}) == len(study.trials)
    assert sum(t.params["kind"] == good for t in study.trials[-8:]) >= 5
    assert study.best_value < 0.01


def test_parameters_that_some_trials_have_go_on_after_a_restart(
    tmp_path: Path, storage_of: Callable[[str], Any]
) -> None:
    def objective(trial: Trial) -> float:
        n = trial.suggest_int("n", 1, 3)
        return sum(trial.suggest_float(f"x{i}", 0, 1) for i in range(n))

    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    for n in (6, 4):
        part = optuna.create_study(
            study_name="s",
            storage=storage_of(url),
            sampler=CostWeightedSampler(seed=0),
            load_if_exists=True,
        )
        part.optimize(objective, n_trials=n)
    whole = optuna.create_study(sampler=CostWeightedSampler(seed=0))
    whole.optimize(objective, n_trials=10)
    assert [t.params for t in part.trials] == [t.params for t in whole.trials]


def test_all_brackets_of_hyperband_teach() -> None:
    seen = []

    class Spy(CostWeightedSampler):
        def _history(self, *args: Any) -> Any:
            seen.append(len(super()._history(*args).trials))
            return super()._history(*args)

    def objective(trial: Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        for step in range(9):
            trial.report(x + 1 / (step + 1), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return x

    pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=9)
    optuna.create_study(sampler=Spy(seed=0), pruner=pruner).optimize(objective, n_trials=12)
    assert seen == list(range(1, 12))


def test_a_pickled_study_goes_on() -> None:
    study = optuna.create_study(sampler=CostWeightedSampler(seed=3))
    study.optimize(sphere, n_trials=10)
    again = pickle.loads(pickle.dumps(study))
    again.optimize(sphere, n_trials=2)
    assert len(again.trials) == 12


def test_a_pickled_sampler_knows_no_study_and_keeps_what_was_added_to_it() -> None:
    sampler = CostWeightedSampler(seed=3)
    sampler.note = "mine"  # type: ignore[attr-defined]
    study = optuna.create_study(study_name="s", sampler=sampler)
    study.optimize(sphere, n_trials=12)
    again = pickle.loads(pickle.dumps(sampler))
    assert again.note == "mine"
    other = optuna.create_study(study_name="s", sampler=again)
    other.optimize(lambda t: -sphere(t), n_trials=12)
    fresh = optuna.create_study(sampler=CostWeightedSampler(seed=3))
    fresh.optimize(lambda t: -sphere(t), n_trials=12)
    assert [t.params for t in other.trials] == [t.params for t in fresh.trials]


def test_with_a_study_file_trials_carry_their_task_and_checkpoint(lab: Any) -> None:
    spec = lab.spec(study={"name": "toy", "command": "true", "budget": 8.0, "resume": True})
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=CostWeightedSampler(spec, seed=0)
    )
    spent = 0.0
    while True:
        try:
            trial = study.ask()
        except BudgetSpent:
            break
        params = {
            "x": trial.suggest_float("x", 0.0, 1.0),
            "y": trial.suggest_float("y", 1e-4, 1.0, log=True),
        }
        task = trial.user_attrs["hpo:task"]
        spent += trial.user_attrs["hpo:cost"]
        before = trial.user_attrs["hpo:resume_from"]
        if before is not None:
            assert study.trials[before].params == params
        metrics = lab.bowl(params, task)
        study.tell(trial, [metrics["a"], metrics["b"]])
    assert 7.0 < spent <= 8.0 + 1e-9
    told = [t for t in study.trials if t.state is TrialState.COMPLETE]
    tasks = [t.user_attrs["hpo:task"] for t in told]
    assert {"cheap", "full"} <= set(tasks)
    assert any(t.user_attrs["hpo:resume_from"] is not None for t in told)


def test_one_sampler_serves_several_studies() -> None:
    sampler = CostWeightedSampler(seed=1)
    for best in (0.0, 3.0):
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda t, at=best: (t.suggest_float("x", -5, 5) - at) ** 2, n_trials=14)
        assert study.best_value < 0.01


def test_one_sampler_serves_several_studies_with_a_study_file(lab: Any) -> None:
    def run(sampler: CostWeightedSampler, offset: float) -> list[Any]:
        study = optuna.create_study(directions=["minimize", "maximize"], sampler=sampler)

        def objective(trial: Trial) -> tuple[float, float]:
            x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 1e-4, 1, log=True)
            values = lab.bowl({"x": abs(x - offset), "y": y}, trial.user_attrs["hpo:task"])
            return values["a"], values["b"]

        study.optimize(objective, n_trials=14)
        return [t.params for t in study.trials]

    shared = CostWeightedSampler(lab.spec(), seed=1)
    run(shared, 0.0)
    assert run(shared, 0.5) == run(CostWeightedSampler(lab.spec(), seed=1), 0.5)


def test_values_that_come_one_by_one_teach_whole() -> None:
    """Two trials under way at once: the second is asked for while the first has half its values."""
    sampler = CostWeightedSampler(seed=0)
    study = optuna.create_study(sampler=sampler)

    def whole(trial: Trial) -> float:
        return trial.suggest_float("a", 0, 1) + trial.suggest_float("b", 0, 1)

    for _ in range(3):
        trial = study.ask()
        study.tell(trial, whole(trial))
    first = study.ask()
    first.suggest_float("a", 0, 1)
    second = study.ask()
    for trial in (second, first):
        study.tell(trial, whole(trial))
    last = study.ask()
    whole(last)
    assert sampler._inferred is not None
    _, spec, search = sampler._inferred
    table = search.builder.table(sampler._history(study, spec, study.trials[last.number]))
    assert table.trial.tolist() == [1, 2, 3, 5, 4]


def test_what_was_enqueued_resumes_from_its_own_checkpoint_alone(lab: Any) -> None:
    spec = lab.spec(study={"name": "toy", "command": "true", "budget": 30.0, "resume": True})
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=CostWeightedSampler(spec, seed=0)
    )
    costs = {t.name: t.cost for t in spec.tasks}
    seen = []
    for i in range(24):
        # New ones, one only half fixed, and one again.
        if i > 8:
            fixed = {"x": 0.111 if i % 5 == 4 else 0.1 + i / 1000, "y": 0.222}
            study.enqueue_trial({"x": 0.5} if i == 12 else fixed)
        trial = study.ask()
        params = {
            "x": trial.suggest_float("x", 0.0, 1.0),
            "y": trial.suggest_float("y", 1e-4, 1.0, log=True),
        }
        notes = trial.user_attrs
        before = notes["hpo:resume_from"]
        paid = 0.0
        if before is not None:
            assert study.trials[before].params == params
            paid = costs[study.trials[before].user_attrs["hpo:task"]]
        assert notes["hpo:cost"] == pytest.approx(costs[notes["hpo:task"]] - paid)
        if params["x"] == 0.111:
            seen.append(notes["hpo:task"])
        metrics = lab.bowl(params, notes["hpo:task"])
        study.tell(trial, [metrics["a"], metrics["b"]])
    assert seen[:3] == ["cheap", "middle", "full"]
    assert study.trials[12].params["x"] == 0.5


def test_values_outside_the_space_are_run_as_they_were_enqueued(lab: Any) -> None:
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=CostWeightedSampler(lab.spec(), seed=0)
    )
    study.enqueue_trial({"x": 7, "y": 0.1})
    trial = study.ask()
    with pytest.warns(UserWarning, match="out of range"):
        assert trial.suggest_float("x", 0.0, 1.0) == 7
    assert trial.suggest_float("y", 1e-4, 1.0, log=True) == 0.1
    assert trial.user_attrs["hpo:resume_from"] is None


def test_what_was_enqueued_and_cannot_be_paid_ends_the_study(lab: Any) -> None:
    spec = lab.spec(study={"name": "toy", "command": "true", "budget": 1.0})
    study = optuna.create_study(
        directions=["minimize", "maximize"], sampler=CostWeightedSampler(spec, seed=0)
    )
    for x in (0.1, 0.2, 0.3, 0.4, 0.5):
        study.enqueue_trial({"x": x, "y": 0.1})
        if x < 0.5:
            trial = study.ask()
            assert trial.suggest_float("x", 0.0, 1.0) == x
            assert trial.user_attrs["hpo:cost"] == 0.25
    with pytest.raises(BudgetSpent):
        study.ask()
