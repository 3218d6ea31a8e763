"""Every recipe runs as a trial, is promoted, and runs by itself."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import hpo_tui
from hpo_tui.engine.execution.metrics.collector import Collector, Entry
from hpo_tui.engine.execution.protocol import prepare
from hpo_tui.engine.execution.reports import ReportTail
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder, TrialFolder
from hpo_tui.store.models import Trial, TrialState

ROOT = Path(hpo_tui.__file__).parents[1]
RECIPES = ROOT / "examples" / "recipes"
NAMES = sorted(p.parent.name for p in RECIPES.glob("*/study.toml"))
NEEDS = {
    "huggingface": "transformers",
    "keras": "keras",
    "lightgbm": "lightgbm",
    "lightning": "lightning",
    "xgboost": "xgboost",
}
PARAMS: dict[str, dict[str, Any]] = {
    "client": {"lr": 0.5, "decay": 0.01},
    "plain_pytorch": {"lr": 0.01, "width": 16},
    "shell": {"rate": 0.5},
    "sklearn": {"alpha": 1e-4, "eta0": 0.5, "penalty": "l2"},
    "torchrun": {"lr": 0.01, "width": 8},
    "keras": {"lr": 0.01, "width": 8},
    "lightgbm": {"learning_rate": 0.1, "num_leaves": 8, "feature_fraction": 1.0},
    "lightning": {"lr": 0.01, "width": 8},
    "huggingface": {"lr": 0.01, "width": 8},
    "xgboost": {"eta": 0.3, "max_depth": 3, "subsample": 1.0},
}
WITH_CLIENT = sorted(set(NAMES) - {"plain_pytorch", "torchrun"})


def installed(name: str) -> bool:
    return name not in NEEDS or importlib.util.find_spec(NEEDS[name]) is not None


def environment(**more: str) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    base = {k: v for k, v in os.environ.items() if not k.startswith("HPO_")}
    places = f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"
    return base | {"PATH": path, "OMP_NUM_THREADS": "1", "PYTHONPATH": places} | more


def without_gpus(spec: StudySpec) -> dict[str, str]:
    """As a slot without a GPU has it, on a machine that has some."""
    return {"CUDA_VISIBLE_DEVICES": ""} if spec.resources.gpus == "none" else {}


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., list[Entry]]:
    """Runs trial ``number`` of a recipe at a task; returns its reports."""

    def run_trial(name: str, task: int, number: int, resumed_from: int | None) -> list[Entry]:
        spec = StudySpec.load(RECIPES / name / "study.toml")
        trial = Trial(
            number=number,
            configuration=0,
            task=spec.tasks_by_cost[task].name,
            state=TrialState.RUNNING,
            cost=1.0,
            params=PARAMS[name],
            resumed_from=resumed_from,
        )
        launch = prepare(StudyFolder(tmp_path / "study"), spec, trial)
        done = subprocess.run(
            launch.argv,
            env=environment(**launch.environment, **without_gpus(spec)),
            cwd=RECIPES / name,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=100,
            check=False,
        )
        launch.folder.log.write_bytes(done.stdout)
        assert done.returncode == 0, done.stdout.decode()
        return reports(spec, launch.folder)

    return run_trial


def reports(spec: StudySpec, folder: TrialFolder) -> list[Entry]:
    """Read as the runner does: the report file, or else what was printed."""
    found = ReportTail(folder.reports, 0).read(final=True).reports
    if found:
        return [(r.step, dict(r.metrics)) for r in found]
    return Collector(spec.metrics, folder, spec.metric_names).finish()


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_runs_and_carries_on(name: str, run: Callable[..., list[Entry]]) -> None:
    if not installed(name):
        pytest.skip(f"{NEEDS[name]} is not installed; its callback is tested below")
    spec = StudySpec.load(RECIPES / name / "study.toml")
    cheap, full = (next(iter(t.fidelity.values())) for t in (spec.tasks_by_cost[0], spec.full_task))
    first = run(name, 0, 1, None)
    assert first[-1][0] == cheap
    assert [step for step, _ in first] == list(range(1, int(cheap) + 1))
    assert set(spec.metric_names) <= set(first[-1][1])
    if spec.resume and name != "torchrun":  # three imports of torch a run; it saves as the others
        then = run(name, -1, 2, 1)
        assert [step for step, _ in then] == list(range(int(cheap) + 1, int(full) + 1))


@pytest.mark.parametrize("name", WITH_CLIENT)
def test_a_recipe_runs_by_itself(name: str, tmp_path: Path) -> None:
    script = RECIPES / name / "train.py"
    command = [sys.executable, str(script)]
    if name == "shell":
        command = ["sh", str(RECIPES / name / "train.sh")]
    done = subprocess.run(
        command, env=environment(), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    if installed(name):
        assert done.returncode == 0, done.stderr
        assert done.stdout
    else:
        assert done.returncode == 1
        assert f"pip install {NEEDS[name]}" in done.stderr
        assert "Traceback" not in done.stderr


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"recipe_{name}", RECIPES / name / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """What callbacks report through the client, as lines of its file."""
    from hpo_tui import trial

    lines: list[dict[str, Any]] = []

    class Reporter:
        path = "reports"

        def write(self, line: bytes) -> None:
            lines.append(json.loads(line))

    monkeypatch.setattr(trial, "_reporter", Reporter())
    monkeypatch.setattr(trial._checkpoint, "_path", tmp_path)
    return lines


def test_the_callback_of_the_hugging_face_trainer(reported: list[dict[str, Any]]) -> None:
    callback = load("huggingface").ReportEvaluations()
    state = SimpleNamespace(is_world_process_zero=True, epoch=2.0)
    metrics = {"eval_loss": 0.5, "eval_name": "x", "epoch": 2.0}
    callback.on_evaluate(None, state, None, metrics=metrics)
    other = SimpleNamespace(is_world_process_zero=False, epoch=2.0)
    callback.on_evaluate(None, other, None, metrics=metrics)
    assert reported == [{"step": 2, "eval_loss": 0.5}]


def test_the_newest_checkpoint_of_the_trainer_is_found(tmp_path: Path) -> None:
    module = load("huggingface")
    assert module.last_checkpoint(None) is None
    assert module.last_checkpoint(tmp_path) is None
    for age, name in ((1, "checkpoint-900"), (2, "checkpoint-1000")):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (age, age))
    assert module.last_checkpoint(tmp_path) == str(tmp_path / "checkpoint-1000")


def test_the_callback_of_lightning(reported: list[dict[str, Any]], tmp_path: Path) -> None:
    import torch

    callback = load("lightning").ReportEpochs()
    trainer = SimpleNamespace(
        sanity_checking=False,
        is_global_zero=True,
        current_epoch=3,
        should_stop=False,
        callback_metrics={"val_error": torch.tensor(0.25)},
        save_checkpoint=lambda path: Path(path).write_bytes(b"state"),
    )
    callback.on_validation_end(trainer, None)
    callback.on_train_epoch_end(trainer, None)
    assert reported == [{"step": 4, "val_error": 0.25}]
    assert (tmp_path / "last.ckpt").read_bytes() == b"state"
    assert not trainer.should_stop


def test_the_callback_of_xgboost(reported: list[dict[str, Any]], tmp_path: Path) -> None:
    callback = load("xgboost").ReportRounds(every=2)
    model = SimpleNamespace(save_model=lambda path: Path(path).write_bytes(b"trees"))
    for round_ in range(2):
        model.num_boosted_rounds = lambda done=round_ + 21: done  # it carries on from 20
        log = {"valid": {"logloss": [0.7, 0.5][: round_ + 1]}}
        assert callback.after_iteration(model, round_, log) is False
    assert reported == [{"step": 21, "logloss": 0.7}, {"step": 22, "logloss": 0.5}]
    assert (tmp_path / "model.ubj").read_bytes() == b"trees"


def test_the_callback_of_keras(
    reported: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpo_tui import trial

    callback, model = load("keras").ReportEpochs(), SimpleNamespace(stop_training=False)
    monkeypatch.setattr(type(callback), "model", model, raising=False)
    callback.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
    assert reported == [{"step": 1, "loss": 0.5, "val_loss": 0.75}]
    assert not model.stop_training
    monkeypatch.setattr(trial, "should_stop", lambda: True)
    callback.on_epoch_end(1, {"loss": 0.25})
    assert reported[1:] == [{"step": 2, "loss": 0.25}]
    assert model.stop_training


def test_the_callback_of_lightgbm(reported: list[dict[str, Any]], tmp_path: Path) -> None:
    callback = load("lightgbm").ReportRounds(every=2)
    model = SimpleNamespace(save_model=lambda path, **_: Path(path).write_bytes(b"trees"))
    for round_ in (20, 21):  # it carries on from 20 rounds, and counts them
        results = [("valid", "auc", 0.5 + round_ / 100, True)]
        callback(
            SimpleNamespace(
                iteration=round_, end_iteration=60, evaluation_result_list=results, model=model
            )
        )
        assert (tmp_path / "model.txt").exists() == (round_ == 21)
    assert reported == [{"step": 21, "auc": 0.7}, {"step": 22, "auc": 0.71}]


def test_every_recipe_is_a_whole_study() -> None:
    assert set(NAMES) == set(PARAMS)
    for name in NAMES:
        spec = StudySpec.load(RECIPES / name / "study.toml")
        assert replace(spec, text="", source=None).command
        assert set(PARAMS[name]) == {p.name for p in spec.space}
