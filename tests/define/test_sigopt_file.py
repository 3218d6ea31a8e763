"""A SigOpt experiment's file becomes a study; nothing of it is run here."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.spec import (
    Direction,
    Objective,
    OutcomeConstraint,
    Parameter,
    ParameterKind,
    Task,
)
from hpo_tui.engine.spec.parts import Prior
from tests.define.conftest import draft

X: dict[str, Any] = {"name": "x", "type": "double", "bounds": {"min": 0, "max": 1}}
EXPERIMENT: dict[str, Any] = {
    "name": "Sparse speech",
    "parameters": [X],
    "metrics": [{"name": "accuracy", "objective": "maximize"}],
    "budget": 30,
}
TRAIN = "import sigopt\nsigopt.log_metric('accuracy', sigopt.params.x)\n"
TASKS = [{"name": "15 epochs", "cost": 0.25}, {"name": "60 epochs", "cost": 1}]


def made(folder: Path, *words: str, script: str = TRAIN, **changed: Any) -> Draft:
    said = {k: v for k, v in {**EXPERIMENT, **changed}.items() if v is not None}
    (folder / "train.py").write_text(script)
    (folder / "experiment.yml").write_text(yaml.safe_dump(said, sort_keys=False))
    return draft(folder, words or "experiment.yml", run=False)


def parameter(folder: Path, **entry: Any) -> tuple[Parameter, tuple[str, ...]]:
    found = made(folder, parameters=[{"name": "p"} | entry, X])
    return found.spec.space[0], found.advice


@pytest.fixture
def folder(scripts: Path) -> Path:
    """An empty folder, with this Python as the one on the PATH."""
    empty = scripts.parent / "empty"
    empty.mkdir()
    return empty


def test_an_experiment_becomes_a_study(folder: Path) -> None:
    found = made(folder)
    spec = found.spec
    assert spec.name == "Sparse-speech"
    assert spec.command == ("python", "-m", "hpo_tui.engine.objective.sigopt", "train.py")
    assert spec.objectives == (Objective("accuracy", Direction.MAXIMIZE),)
    assert spec.budget.amount == 30
    assert "budget: as many runs" in found.text
    assert found.advice == ()


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"type": "double", "bounds": {"min": "1e-5", "max": 0.1}, "transformation": "log"},
         Parameter("p", ParameterKind.FLOAT, 1e-5, 0.1, log=True)),
        ({"type": "int", "bounds": {"min": 1, "max": 9}, "default_value": 4},
         Parameter("p", ParameterKind.INT, 1, 9, default=4)),
        ({"type": "int", "bounds": {"min": 3, "max": 3}},
         Parameter("p", ParameterKind.FIXED, value=3)),
        ({"type": "double", "grid": [0.5, 0.1, 1]},
         Parameter("p", ParameterKind.ORDINAL, choices=(0.1, 0.5, 1.0))),
        ({"type": "categorical", "categorical_values": [{"name": "sgd", "enum_index": 1}, "adam"]},
         Parameter("p", ParameterKind.CATEGORICAL, choices=("sgd", "adam"))),
        ({"type": "categorical", "categorical_values": [1, 2, 3]},
         Parameter("p", ParameterKind.CATEGORICAL, choices=(1, 2, 3))),
        ({"type": "double", "bounds": {"min": 0, "max": 2},
          "prior": {"name": "normal", "mean": 0.5, "scale": 0.1}},
         Parameter("p", ParameterKind.FLOAT, 0.0, 2.0, prior=Prior("normal", 0.5, 0.1))),
        ({"type": "double", "bounds": {"min": 0, "max": 2},
          "prior": {"name": "beta", "shape_a": 2, "shape_b": 5}},
         Parameter("p", ParameterKind.FLOAT, 0.0, 2.0, prior=Prior("beta", 2.0, 5.0))),
    ],
    ids=["log", "int", "one", "grid", "categorical", "numbers", "normal", "beta"],
)  # fmt: skip
def test_parameters(folder: Path, entry: dict[str, Any], expected: Parameter) -> None:
    assert parameter(folder, **entry) == (expected, ())


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"precision": 3}, "p: precision is not taken over"),
        ({"default_value": 7}, "p: default_value is not taken over"),
        ({"transfomation": "log"}, "p: transfomation is not read; did you mean"),
    ],
    ids=["precision", "default", "slip"],
)
def test_what_of_a_parameter_is_lost_is_said(
    folder: Path, entry: dict[str, Any], said: str
) -> None:
    _, advice = parameter(folder, type="double", bounds={"min": 0, "max": 1}, **entry)
    assert any(a.startswith(said) for a in advice), advice


def test_conditionals_and_linear_constraints(folder: Path) -> None:
    terms = [{"name": "x", "weight": 1}, {"name": "y", "weight": -2.5}]
    found = made(
        folder,
        parameters=[X, {**X, "name": "y", "conditions": {"net": "deep"}}],
        conditionals=[{"name": "net", "values": ["flat", "deep"]}],
        linear_constraints=[
            {"type": "less_than", "threshold": 0.5, "terms": terms},
            {"type": "greater_than", "threshold": -1, "terms": terms[:1]},
        ],
    )
    net, _, y = found.spec.space
    assert (net.name, net.choices) == ("net", ("flat", "deep"))
    assert y.when == {"net": ("deep",)}
    assert found.spec.constraints == ("x - 2.5 * y <= 0.5", "x >= -1")


def test_a_name_that_no_relation_can_have_is_said(folder: Path) -> None:
    odd = {**X, "name": "batch-size"}
    terms = [{"name": "batch-size", "weight": 1}]
    relation = {"type": "less_than", "threshold": 1, "terms": terms}
    found = made(folder, parameters=[X, odd], linear_constraints=[relation])
    assert found.spec.constraints == ()
    assert "linear_constraints[1] is not taken over" in found.advice[0]


def test_metrics_of_every_strategy(folder: Path) -> None:
    metrics = [
        "accuracy",
        {"name": "size", "objective": "minimize", "threshold": 9},
        {"name": "ms", "objective": "minimize", "strategy": "constraint", "threshold": 8},
        {"name": "auc", "strategy": "constraint", "threshold": 0.5},
        {"name": "loss", "strategy": "store"},
    ]
    spec = made(folder, metrics=metrics).spec
    assert spec.objectives == (
        Objective("accuracy", Direction.MAXIMIZE),
        Objective("size", Direction.MINIMIZE, 9),
    )
    assert spec.outcome_constraints == (
        OutcomeConstraint("ms", max=8),
        OutcomeConstraint("auc", min=0.5),
    )
    assert (spec.record, spec.stop_when) == (("loss",), 0)


@pytest.mark.parametrize(
    ("script", "tasks", "fidelity", "said"),
    [
        (TRAIN + "sigopt.get_task().name", TASKS, [{}, {}], ""),
        (TRAIN + "sigopt.params.setdefaults(max_epochs=20)", TASKS,
         [{"max_epochs": 5}, {"max_epochs": 20}], "max_epochs is its cost's share"),
        (TRAIN, TASKS, [{"epochs": 15}, {"epochs": 60}], "epochs is read from the names"),
        (TRAIN, [{"name": "cheap", "cost": 0.1}, {"name": "full", "cost": 1}], [{}, {}],
         "add what makes it cheap to every [[task]]"),
    ],
    ids=["looked up", "default", "names", "nothing"],
)  # fmt: skip
def test_what_makes_a_task_cheap(
    folder: Path, script: str, tasks: list[dict[str, Any]], fidelity: list[Any], said: str
) -> None:
    found = made(folder, script=script, tasks=tasks, budget=None, observation_budget=12)
    expected = tuple(
        Task(t["name"], float(t["cost"]), f) for t, f in zip(tasks, fidelity, strict=True)
    )
    assert found.spec.tasks == expected
    assert found.spec.budget.amount == 12
    assert "SigOpt, too, counts a run at its task's cost" in found.text
    assert len(found.advice) == bool(said)
    assert all(said in a for a in found.advice)


def test_what_a_study_has_no_place_for_is_said(folder: Path) -> None:
    found = made(
        folder, budget=None, parallel_bandwidth=500, num_solutions=3, project="p",
        metadata={"team": "a"}, type="offline", obsevation_budget=9,
    )  # fmt: skip
    assert [a.split(":", 2)[1].split()[0] for a in found.advice] == [
        "num_solutions",
        "obsevation_budget",
    ]
    assert "project is not taken over" in found.text
    assert "metadata is not taken over" in found.text
    assert "the experiment names none: ten runs a parameter" in found.text
    assert (found.spec.budget.amount, found.spec.resources.slots) != (30, 500)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"parameters": []}, "experiment.yml is no W&B sweep|it lacks parameters"),
        ({"parameters": [{"name": "x"}]}, r"parameters\[x\].type must be one of"),
        ({"parameters": [{"type": "int"}]}, r"parameters\[1\] must be a table with a name"),
        ({"parameters": [{**X, "bounds": {"min": 2, "max": 1}}]}, r"parameters\[x\].bounds has"),
        ({"parameters": [{**X, "transformation": "log"}]}, r"parameters\[x\].bounds needs a min"),
        ({"parameters": [{**X, "conditions": {"net": "a"}}]}, "names net, no conditional"),
        ({"metrics": []}, "names nothing to optimize"),
        (
            {"metrics": [{"name": "a", "objective": "maximise"}]},
            r"metrics\[a\].objective must be one of",
        ),
        ({"metrics": [{"name": "a", "strategy": "constraint"}]}, r"\[a\] needs a threshold"),
        ({"budget": "many"}, "budget must be a number above 0"),
        ({"tasks": [{"name": "a", "cost": "x"}, *TASKS]}, r"tasks\[a\].cost must be a number"),
        ({"tasks": [{"name": "a", "cost": 0.5}, {"name": "b", "cost": 0.5}]}, "makes no study"),
    ],
)
def test_what_is_wrong_is_said_by_its_place(
    folder: Path, changed: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        made(folder, **changed)


COMMAND = ("python", "-m", "hpo_tui.engine.objective.sigopt", "train.py", "--data", "d")


@pytest.mark.parametrize(
    "words",
    [
        ("sigopt", "optimize", "python", "train.py", "--data", "d"),
        ("sigopt", "optimize", "-e", "experiment.yml", "--", "python", "train.py", "--data", "d"),
        ("sigopt", "optimize", "--project=p", "-e", "experiment.yml", "-r", "run.yml"),
        ("sigopt", "create", "experiment", "-e", "experiment.yml"),
        ("experiment.yml",),
    ],
    ids=["usual", "named", "run file", "create", "file alone"],
)
def test_sigopt_s_own_command_is_understood(folder: Path, words: tuple[str, ...]) -> None:
    (folder / "run.yml").write_text("run: python train.py --data d\n")
    assert made(folder, *words).spec.command == COMMAND


def test_a_json_file_and_that_of_orchestrate(folder: Path) -> None:
    inner = {k: v for k, v in EXPERIMENT.items() if k != "name"}
    whole = {"name": "n", "run": "python train.py", "image": "i", "optimization": inner}
    (folder / "train.py").write_text(TRAIN)
    (folder / "o.json").write_text(json.dumps(whole))
    spec = draft(folder, "o.json", run=False).spec
    assert (spec.name, spec.command[-1]) == ("n", "train.py")


def test_which_script_runs_a_trial_is_asked(folder: Path) -> None:
    (folder / "other.py").write_text(TRAIN)
    with pytest.raises(ValueError, match=r"which script runs a trial.*sigopt optimize -e"):
        made(folder)
    (folder / "other.py").unlink()
    with pytest.raises(ValueError, match=r"no command is known for experiment\.yml"):
        made(folder, script="print(1)\n")
