"""What the source of a script says of its search with Ray Tune."""

from typing import Any

import pytest

from hpo_tui.engine.define.raytune.goals import budget_of, length_of, resources_of, tasks_of
from hpo_tui.engine.define.raytune.run import Seen, Shown
from hpo_tui.engine.define.raytune.source import Source, said_in, uses_ray_tune
from hpo_tui.engine.define.raytune.space import space_of
from hpo_tui.engine.define.raytune.told import Told
from hpo_tui.engine.spec import Parameter, ParameterKind
from hpo_tui.engine.spec.parts import Prior

SCRIPT = """\
import ray
from ray import tune
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search import ConcurrencyLimiter
from ray.tune.search.optuna import OptunaSearch
BASE = {"epochs": 10, "lr": tune.loguniform(1e-4, 1e-1)}
class Net(tune.Trainable):
    def load_checkpoint(self, held): ...
    def save_checkpoint(self, folder): ...
def main(num_samples=10, max_num_epochs=50, gpus_per_trial=0.5):
    space = {**BASE, "net": {
                 "width": tune.choice([2**i for i in range(4, 7)]),
                 "act": tune.choice([nn.ReLU, None])},
             "layers": [tune.randint(8, 64), 3], "drop": tune.grid_search([0.1, 0.2]),
             "late": tune.sample_from(lambda config: config["lr"] * 2)}
    search = ConcurrencyLimiter(OptunaSearch(metric=["loss", "latency"], mode=["min", "max"],
        points_to_evaluate=[{"lr": 0.01, "net": {"width": 32}}]), max_concurrent=4)
    tuner = tune.Tuner(
        tune.with_resources(tune.with_parameters(Net, data=1), {"cpu": 2, "gpu": gpus_per_trial}),
        param_space=space,
        tune_config=tune.TuneConfig(search_alg=search, num_samples=num_samples,
            scheduler=ASHAScheduler(max_t=max_num_epochs, grace_period=5, reduction_factor=2)),
        run_config=tune.RunConfig(name="net", stop={"training_iteration": 40}))
    tuner.fit().get_best_result("loss", "min", "all")
if __name__ == "__main__":
    main(num_samples=20)
"""


def ranged(name: str, how: str, *ends: Any) -> dict[str, Any]:
    """Return a parameter as ``tune.…(…)`` in a source has it."""
    text = f"from ray import tune\ntune.run(f, config={{'{name}': tune.{how}{ends}}})"
    told = said_in([text]).told
    assert told is not None
    return dict(told.space[0])


def test_a_search_is_read_through_names_functions_and_wrappers() -> None:
    assert uses_ray_tune([SCRIPT])
    said = said_in([SCRIPT])
    told = said.told
    assert told is not None
    assert (told.name, told.samples, told.trainable) == ("net", 20, "class")
    assert (told.metric, told.mode) == (["loss", "latency"], ["min", "max"])
    assert (said.saves, said.loads, said.best, said.unread) == (True, True, True, [])
    assert [t.parameter.name for t in space_of(told.searched)] == [
        "lr", "net.width", "net.act", "layers.0", "drop",
    ]  # fmt: skip
    choices = {e["name"]: e["choices"] for e in told.space if e["is"] == "choice"}
    assert choices == {"net.width": [16, 32, 64], "net.act": ["ReLU", "None"], "drop": [0.1, 0.2]}
    assert told.computed == ["late"]
    assert told.search["start"] == [{"lr": 0.01, "net": {"width": 32}}]
    assert told.resources == {"cpu": 2.0, "gpu": 0.5}
    shown = Shown(said)
    assert length_of(shown) == (40, "stop")
    tasks = tasks_of(told, 40)
    assert [(t.fidelity["training_iteration"], t.cost) for t in tasks] == [
        (5, 0.125), (10, 0.25), (20, 0.5), (40, 1.0),
    ]  # fmt: skip
    assert budget_of(told)[0].amount == 40  # 20 of each value of the grid
    assert resources_of(told).trials_per_gpu == 2


@pytest.mark.parametrize(
    ("entry", "parameter"),
    [
        (("uniform", 0, 1), (ParameterKind.FLOAT, 0.0, 1.0, False, None)),
        (("quniform", 0.05, 0.95, 0.1), (ParameterKind.FLOAT, 0.1, 0.9, False, 0.1)),
        (("loguniform", 1e-4, 0.1), (ParameterKind.FLOAT, 1e-4, 0.1, True, None)),
        (("qloguniform", 1e-3, 0.1, 1e-3), (ParameterKind.FLOAT, 1e-3, 0.1, True, None)),
        (("randint", 2, 9), (ParameterKind.INT, 2, 8, False, None)),
        (("qrandint", 2, 9), (ParameterKind.INT, 2, 8, False, None)),
        (("qrandint", 3, 16, 4), (ParameterKind.INT, 4, 16, False, 4)),
        (("lograndint", 1, 100), (ParameterKind.INT, 1, 99, True, None)),
        (("qlograndint", 8, 100, 8), (ParameterKind.INT, 8, 96, True, None)),
    ],
)
def test_ranges_end_where_ray_s_do(entry: tuple[Any, ...], parameter: tuple[Any, ...]) -> None:
    made = space_of([ranged("x", *entry)])[0]
    assert made.parameter == Parameter("x", *parameter)
    assert bool(made.remarks) == ("qlog" in entry[0])


def test_a_normal_distribution_is_a_belief() -> None:
    (made,) = space_of([ranged("x", "randn", 1, 2)])
    assert made.parameter == Parameter(
        "x", ParameterKind.FLOAT, -5.0, 7.0, prior=Prior("normal", 1.0, 2.0)
    )


def test_what_a_range_holds_in_its_choices_is_refused() -> None:
    entry = {"name": "net", "is": "choice", "choices": ["{}", "{'lr': 1}"], "nested": True}
    with pytest.raises(ValueError, match=r"param_space\[net\] chooses among tables"):
        space_of([entry])


def test_only_calls_of_ray_s_own_are_ranges() -> None:
    text = "from ray import tune\ntune.run(f, config={'x': np.random.uniform(0, 1), 'y': n()})"
    told = said_in([text]).told
    assert told is not None
    assert told.space == []
    names = "from ray.tune import uniform\nfrom ray import tune\n"
    told = said_in([f"{names}tune.run(f, config={{'x': uniform(0, 1)}})"]).told
    assert told is not None
    assert [e["name"] for e in told.space] == ["x"]


def test_what_code_computes_is_named() -> None:
    text = "from ray import tune\ntune.run(f, config={'x': tune.uniform(0, high()), 'y': 1})"
    assert said_in([text]).unread == ["tune.uniform(0, high())"]
    assert said_in(["from ray import tune\ntune.run(f, config=made())"]).unread == ["made()"]


def test_what_a_population_changes_is_searched() -> None:
    text = (
        "from ray import tune\nfrom ray.tune.schedulers import PopulationBasedTraining\n"
        "tune.run(f, config={'lr': 0.1, 'h': tune.uniform(0, 1)}, num_samples=4,"
        " scheduler=PopulationBasedTraining(metric='acc', mode='max', hyperparam_mutations="
        "{'lr': tune.loguniform(1e-4, 1), 'm': [0.8, 0.9], 'h': tune.uniform(0, 1)}))"
    )
    told = said_in([text]).told
    assert told is not None
    assert [e["name"] for e in told.searched] == ["h", "lr", "m"]
    assert (told.metric, told.mode, budget_of(told)[0].amount) == (["acc"], ["max"], 4)


@pytest.mark.parametrize(
    ("scheduler", "whole", "steps"),
    [
        ({"max_t": 100, "grace_period": 1, "reduction_factor": 4}, 100, [1, 4, 16, 100]),
        ({"max_t": 243, "grace_period": 1, "reduction_factor": 3}, 243, [9, 27, 81, 243]),
        ({"max_t": 81, "reduction_factor": 3}, 81, [3, 9, 27, 81]),
        ({"max_t": 10, "grace_period": 8, "reduction_factor": 2}, 10, [8, 10]),
        ({}, 8, [2, 4, 8]),
    ],
)
def test_rungs_become_tasks(scheduler: dict[str, Any], whole: int, steps: list[int]) -> None:
    tasks = tasks_of(Told(scheduler=scheduler), whole)
    assert [t.fidelity["training_iteration"] for t in tasks] == steps
    assert tasks[-1].cost == 1.0


@pytest.mark.parametrize(
    ("told", "seen", "length"),
    [
        (Told(scheduler={"max_t": 100}), Seen(steps=10, ended=True), (10, "run")),
        (Told(scheduler={"max_t": 100}), Seen(steps=10), (100, "scheduler")),
        (Told(scheduler={"max_t": 600, "time_attr": "time_total_s"}), Seen(), (None, "")),
        (
            Told(scheduler={"max_t": 9, "time_attr": "epoch"}),
            Seen(steps=3, logged={"epoch": 3}),
            (9, "scheduler"),
        ),
        (Told(space=[{"name": "epochs", "is": "constant", "value": 12}]), Seen(), (12, "epochs")),
        (
            Told(space=[{"name": "epochs", "is": "constant", "value": 12}], trainable="class"),
            Seen(),
            (None, ""),
        ),
    ],
)
def test_a_whole_trial_is_as_long_as_what_ends_it_first(
    told: Told, seen: Seen, length: tuple[int | None, str]
) -> None:
    assert length_of(Shown(Source(told), seen)) == length
