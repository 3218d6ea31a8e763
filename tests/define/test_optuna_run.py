"""The study of an Optuna script, run to its end by a real runner."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import hpo_tui
from hpo_tui.store.folder import HOME
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader

SCRIPT = """
    import optuna

    def objective(trial):
        lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        if trial.suggest_categorical("optimizer", ["adam", "sgd"]) == "sgd":
            trial.suggest_float("momentum", 0.0, 0.99)
        for epoch in range(8):
            trial.report(1 - lr - 1 / (epoch + 2), epoch)
            if trial.should_prune():
                raise optuna.TrialPruned()
        return 1 - lr

    study = optuna.create_study(study_name="net", direction="maximize")
    study.optimize(objective, n_trials=3)
"""


def test_cheap_trials_are_pruned_and_full_ones_return(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(textwrap.dedent(SCRIPT), "utf-8")
    env = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(hpo_tui.__file__).parents[1]),
    }
    for words in (["init", "--no-run", "train.py"], ["run", "study.toml", "--headless"]):
        argv = [sys.executable, "-m", "hpo_tui", *words]
        done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()
    with StudyReader(tmp_path / HOME / "net" / "study.db") as reader:
        trials = reader.trials()
        reports = {t.number: reader.reports(t.number) for t in trials}
    assert {t.state for t in trials} == {TrialState.COMPLETE}
    assert {t.task for t in trials} >= {"2 steps", "8 steps"}
    for trial in trials:
        steps = [r.step for r in reports[trial.number]]
        many = int(trial.task.split()[0])
        assert steps == [*range(many), None]
        lr = float(trial.params["lr"])
        assert abs(trial.metrics["value"] - (1 - lr - (0 if many == 8 else 1 / (many + 1)))) < 1e-9
        assert ("momentum" in trial.params) == (trial.params["optimizer"] == "sgd")
