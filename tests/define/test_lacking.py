"""``init`` of another library's script whose Python has no hpo-tui: what to do is said once."""

import sys
import textwrap
from pathlib import Path

import pytest

from hpo_tui.engine.define.start import init

SCRIPTS = {
    "optuna": """
        import optuna
        def objective(trial):
            return trial.suggest_float("lr", 0.1, 1.0)
        optuna.create_study().optimize(objective, n_trials=3)
    """,
    "ray tune": """
        from ray import tune
        def train(config):
            tune.report({"loss": config["lr"]})
        tune.Tuner(train, param_space={"lr": tune.uniform(0.1, 1.0)}).fit()
    """,
    "sigopt": """
        import sigopt
        sigopt.params.setdefaults({"lr": 0.1})
        sigopt.log_metric("loss", sigopt.params.lr)
    """,
}


@pytest.mark.parametrize("library", SCRIPTS)
def test_a_python_without_hpo_tui_is_told_what_to_install(tmp_path: Path, library: str) -> None:
    (tmp_path / "train.py").write_text(textwrap.dedent(SCRIPTS[library]), encoding="utf-8")
    bare = (sys.executable, "-I", "-S")  # without packages
    draft = init((*bare, "train.py"), tmp_path)
    assert draft.tried is not None
    assert draft.tried.code != 0
    said = [text for text in draft.advice if "needs hpo-tui too" in text]
    # Its other dependencies would come between the script and the versions that it has.
    assert [text.partition(": ")[2] for text in said] == [
        "pip install --no-deps hpo-tui where it belongs (a trial needs nothing else of it)"
    ]
