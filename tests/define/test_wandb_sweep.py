"""A W&B sweep becomes a study that runs its script unchanged; a stand-in is the package."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from hpo_tui.engine.define.start import init
from hpo_tui.engine.spec import Direction, MetricSource, StudySpec
from hpo_tui.engine.spec.parts import Summary
from tests.define.conftest import TRAIN, draft

SWEEP: dict[str, Any] = {
    "program": "train.py",
    "method": "bayes",
    "run_cap": 3,
    "project": "p",
    "metric": {"name": "val.acc", "goal": "maximize", "target": 90},
    "early_terminate": {"type": "hyperband", "min_iter": 3},
    "parameters": {
        "lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1},
        "model": {"parameters": {"width": {"values": [8, 16]}}},
        "opt": {"values": ["no", "adam"]},
        "norm": {"values": [True, False]},
        "epochs": {"value": 8},
    },
}


def sweep(project: Path, name: str = "sweep.yaml", /, **changed: Any) -> Path:
    said = {k: v for k, v in {**SWEEP, **changed}.items() if v is not None}
    text = json.dumps(said) if name.endswith("json") else yaml.safe_dump(said, sort_keys=False)
    (project / name).write_text(text)
    return project / name


def test_a_sweep_becomes_a_study(project: Path) -> None:
    sweep(project)
    made = draft(project, "sweep.yaml")
    spec = made.spec
    assert [p.name for p in spec.space] == ["lr", "model.width", "opt", "norm"]
    assert [t.name for t in spec.tasks] == ["2 epochs", "4 epochs", "8 epochs"]
    (objective,) = spec.objectives
    assert (objective.metric, objective.direction) == ("val.acc", Direction.MAXIMIZE)
    assert (objective.threshold, spec.stop_when, spec.budget.amount) == (90, 1, 3)
    assert spec.metrics == (MetricSource("wandb"),)
    assert spec.env["WANDB_SWEEP_PARAM_PATH"] == "{trial_dir}/wandb-config.yaml"
    assert spec.env["WANDB_PROJECT"] == "p"
    assert made.tried is not None
    assert made.tried.metrics == {"val.acc": pytest.approx(16.2)}
    assert made.advice == ()
    for said in (
        "early_terminate",
        "the number of runs of the sweep",
        "took",
        "keeps constant",
        "wandb sync",
    ):
        assert said in made.text


def test_the_study_runs_to_its_end(project: Path) -> None:
    sweep(project, metric={"name": "val.acc", "goal": "maximize"})
    init("sweep.yaml", project, run=False).save(project)
    run = [sys.executable, "-m", "hpo_tui", "run", "study.toml", "--headless"]
    ran = subprocess.run(run, cwd=project, capture_output=True, text=True, timeout=240, check=False)
    assert ran.returncode == 0, ran.stderr
    status = [sys.executable, "-m", "hpo_tui", "status", "--json"]
    told = subprocess.run(status, cwd=project, capture_output=True, text=True, check=True)
    assert '"finished"' in told.stdout
    filled = next((project / ".hpo").glob("*/trials/0001/wandb-config.yaml")).read_text()
    assert yaml.safe_load(filled)["model"]["value"]["width"] in (8, 16)


def test_a_script_that_logs_to_wandb_alone_is_read_there(project: Path) -> None:
    text = TRAIN.replace("wandb.config.epochs", "4").replace('wandb.config.model["width"]', "0")
    text = text.replace('{"lr": 9.0, "untouched": 1}', "vars(args)")
    (project / "train.py").write_text(text)
    made = draft(project, "train.py")
    assert made.spec.objectives[0].metric == "val.acc"
    assert made.spec.metrics == (MetricSource("wandb", "wandb"),)
    assert made.spec.env["WANDB_DIR"] == "{trial_dir}"
    assert "wandb sync .hpo/" in made.text
    said = "for n in range(9):\n    print(f'epoch: {n} val.acc: {n}')\n"
    (project / "train.py").write_text(text + said)
    made = draft(project, "train.py")
    assert (made.spec.metrics, made.spec.env) == ((MetricSource(),), {})


def test_a_program_that_would_start_a_sweep_in_each_trial_is_told(project: Path) -> None:
    sweep(project)
    text = f"{TRAIN}\nif 0:\n    wandb.agent('s', None)\n"
    (project / "train.py").write_text(text)
    assert draft(project, "sweep.yaml").advice == ()  # it was seen to train
    (told,) = draft(project, "sweep.yaml", run=False).advice
    assert "every trial would do so" in told
    (project / "train.py").write_text(text.replace("if 0", "if 1"))
    assert any("every trial would do so" in said for said in draft(project, "sweep.yaml").advice)


def test_without_a_run_the_script_is_left_alone(project: Path) -> None:
    (project / "train.py").write_text(f"{TRAIN}\nopen('trace', 'w')\n")
    sweep(project)
    made = draft(project, "sweep.yaml", run=False)
    assert made.tried is None
    assert made.advice == ()


def test_json_and_other_names(project: Path) -> None:
    sweep(project, "a.json")
    sweep(project, "a.yml", name="my sweep!")
    assert draft(project, "a.json", run=False).spec.name == "project"
    assert draft(project, "a.yml", run=False).spec.name == "my-sweep"


def test_a_grid_ends_with_its_points(project: Path) -> None:
    parameters = {"lr": {"values": [0.1, 0.2]}, "opt": {"values": ["a", "b", "c"]}}
    sweep(project, method="grid", run_cap=None, parameters=parameters)
    made = draft(project, "sweep.yaml", run=False)
    assert made.spec.budget.amount == 6
    assert any("grid" in said for said in made.advice)
    sweep(project, method="grid", run_cap=4, parameters=parameters)
    assert draft(project, "sweep.yaml", run=False).spec.budget.amount == 4


def test_a_metric_that_was_not_logged_is_said(project: Path) -> None:
    sweep(project, metric={"name": "val.loss"})
    made = draft(project, "sweep.yaml")
    assert made.advice == ("the first run did not log val.loss: there were val.acc",)
    assert made.spec.objectives[0].metric == "val.loss"


def test_why_nothing_was_logged_is_said(project: Path) -> None:
    sweep(project)
    for text, why in {
        "# WandbLogger()": "The script tells wandb its folder itself",
        "# wandb.init(mode='disabled')": "The script turns wandb off",
        "": "wandb wrote nothing in the trial's folder",
    }.items():
        (project / "train.py").write_text(f"import wandb\n{text}\n")
        (said,) = draft(project, "sweep.yaml").advice
        assert said.startswith(f"the first run did not log val.acc. {why}")


def test_a_sweep_without_a_metric_takes_what_was_logged(project: Path) -> None:
    sweep(project, metric=None, method="random")
    made = draft(project, "sweep.yaml")
    assert made.spec.objectives[0].metric == "val.acc"
    assert made.spec.metrics == (MetricSource("wandb"),)
    assert made.advice == ("the sweep names no metric: check [[objective]]",)


@pytest.mark.parametrize(
    ("said", "summary"),
    [
        ('"val.acc", summary="max"', Summary.MAX),
        ('name="val.acc", step_metric=str(1), summary="min"', Summary.MIN),
        ('"val.*", summary="max"', Summary.MAX),
        ('"val.acc", summary="best", goal="maximize"', Summary.MAX),
        ('"val.acc", step_metric="epoch"', Summary.LAST),
        ('"val.accuracy", summary="max"', Summary.LAST),
    ],
)
def test_the_summary_that_a_script_defines_counts(
    project: Path, said: str, summary: Summary
) -> None:
    text = TRAIN.replace("for epoch", f"run.define_metric({said})\nfor epoch")
    (project / "train.py").write_text(text)
    sweep(project)
    made = draft(project, "sweep.yaml", run=False)
    assert made.spec.objectives[0].summary is summary


def test_several_metrics_are_several_objectives(project: Path) -> None:
    metrics = [{"name": "val.acc", "goal": "maximize"}, {"name": "done", "target": 2}]
    sweep(project, metric=None, metrics=metrics, method="custom")
    made = draft(project, "sweep.yaml")
    found = [(o.metric, str(o.direction), o.threshold) for o in made.spec.objectives]
    assert found == [("val.acc", "maximize", None), ("done", "minimize", 2)]
    assert made.text.count("# The last value in a first run was") == 2
    assert made.advice == ()


def test_a_key_that_is_misspelt_and_a_seed_that_is_searched_are_said(project: Path) -> None:
    seeds = {"seed": {"values": [1, 2]}, "m.random_state": {"values": [1, 2]}}
    sweep(project, runcap=3, _base={}, parameters={**SWEEP["parameters"], **seeds})
    said = draft(project, "sweep.yaml", run=False).advice
    assert said[0] == 'sweep.yaml: runcap is not read; did you mean "run_cap"?'
    assert said[1].startswith("seed is searched like any parameter")
    assert "write {seed} in the place of {m.random_state}, and set repeats = 3" in said[2]
    assert len(said) == 3


def test_a_script_without_wandb_is_told_by_its_arguments(project: Path) -> None:
    (project / "train.py").write_text("import sys\nprint('acc: 0.5', len(sys.argv))\n")
    sweep(project, metric={"name": "acc", "goal": "maximize"})
    made = draft(project, "sweep.yaml")
    assert made.spec.env == {}
    assert made.spec.template is None
    assert made.spec.metrics == (MetricSource(),)
    assert made.tried is not None
    assert made.tried.metrics == {"acc": 0.5}
    sweep(project, command=["python", "${program}"])
    assert "nothing tells the script" in draft(project, "sweep.yaml", run=False).advice[0]


def test_what_goes_by_before_the_first_step_is_no_part_of_a_longer_run(project: Path) -> None:
    """W&B writes when each step was logged; a script that prints nothing tells it nowhere else."""
    text = TRAIN.replace('{"epoch": epoch,', '{"epoch": epoch, "_timestamp": epoch / 1000,')
    (project / "train.py").write_text(text)
    sweep(project)
    made = draft(project, "sweep.yaml")
    assert made.tried is not None
    assert made.tried.startup == pytest.approx(made.tried.seconds - 0.002)


def test_a_hydra_script_writes_where_no_other_trial_does(project: Path) -> None:
    (project / "train.py").write_text("import wandb\n# @hydra.main()\n")
    place = "hydra.run.dir={trial_dir}/hydra"
    for last, end in (("${args_no_hyphens}", place), ("hydra.run.dir=x", "hydra.run.dir=x")):
        sweep(project, command=["python", "${program}", last])
        assert draft(project, "sweep.yaml", run=False).spec.command[-1] == end


def test_a_script_that_reads_a_file_of_arguments(project: Path) -> None:
    (project / "train.py").write_text(
        "import json, sys, wandb\nsaid = json.load(open(sys.argv[1]))\n"
        "run = wandb.init(config=said)\nwandb.log({'val.acc': said['epochs']})\n"
    )
    sweep(project, command=["${env}", "python", "${program}", "${args_json_file}"])
    made = draft(project, "sweep.yaml")
    assert made.tried is not None
    assert made.tried.metrics == {"val.acc": 2.0}
    assert "WANDB_SWEEP_PARAM_PATH" not in made.spec.env


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"method": None}, "sweep.yaml is no W&B sweep: it lacks method"),
        ({"method": None, "parameters": None}, "it lacks parameters and method"),
        ({"method": "bayesian"}, 'must be one of "bayes", "random", "grid"'),
        ({"program": None}, "sweep.yaml does not name its program: add program: train.py"),
        ({"program": "gone.py"}, "there is no gone.py in "),
        ({"command": "python train.py"}, "command must be a list of words"),
        ({"command": "python train.py"}, "as [python, train.py, ${args}]; found"),
        ({"metric": {"name": "a", "goal": "max"}}, 'must be "minimize" or "maximize", found "max"'),
        ({"metric": "loss"}, 'as metric: {name: loss, goal: minimize}; found "loss"'),
        ({"metric": {"goal": "minimize"}}, "metric must have a name"),
        ({"metric": {"name": "a", "target": "low"}}, 'metric.target must be a number, found "low"'),
        ({"metrics": "loss"}, "metrics must be a list"),
        ({"run_cap": "lots"}, 'run_cap must be a whole number from 1 on, found "lots"'),
        ({"run_cap": 0}, "run_cap must be a whole number from 1 on, found 0"),
        (
            {"parameters": {"lr": {"min": 0.1, "max": 1.0, "distributon": "uniform"}}},
            'lr has distributon; uniform can have "distribution", "min", "max"; did you mean "dist',
        ),
        ({"parameters": {"lr": {"value": 1, "values": [1, 2]}}}, "parameters.lr has values"),
        (
            {"parameters": {"model": {"lr": {"min": 0.1, "max": 1.0}}}},
            "What is nested stands below parameters: model: {parameters: …}",
        ),
        ({"parameters": {"lr": {"value": 1}}}, "sweep.yaml has nothing to search"),
        (
            {"parameters": {"lr": {"values": [1, 2]}, "LR": {"values": [3, 4]}}},
            "sweep.yaml makes no study: space.LR: ",
        ),
        ({"parameters": [1]}, "parameters must be a table of names"),
        ({"parameters": {"lr": {"max": 1}}}, "parameters.lr needs value, values"),
    ],
)
def test_what_is_no_sweep_is_refused_in_a_sentence(
    project: Path, said: dict[str, Any], why: str
) -> None:
    sweep(project, **said)
    with pytest.raises(ValueError, match=r"\w") as refused:
        init("sweep.yaml", project)
    assert why in str(refused.value)


@pytest.mark.parametrize("text", ["", "[1, 2", "just words", "a: b: c", "- 1\n- 2\n"])
def test_what_is_no_table_is_refused_in_a_sentence(project: Path, text: str) -> None:
    (project / "sweep.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"^sweep\.yaml is no [^\\]+$") as refused:
        init("sweep.yaml", project)
    assert "\n" not in str(refused.value)


def test_a_study_of_a_sweep_reads_as_it_was_written(project: Path) -> None:
    sweep(project, parameters={**SWEEP["parameters"], "wd": {"distribution": "normal"}})
    made = draft(project, "sweep.yaml", run=False)
    assert StudySpec.from_text(made.text) == made.spec
    assert "# Searched from -3 to 3, 3 standard deviations." in made.text
    assert made.advice == ("wd: searched from -3 to 3, 3 standard deviations",)
