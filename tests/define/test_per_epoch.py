"""What lets a framework print each epoch, where a first run shows no more than its end."""

from pathlib import Path

import pytest

from hpo_tui.engine.define.per_epoch import how_to_print
from hpo_tui.engine.define.start import init

QUIET = """
import argparse
try:
    from {module} import anything
except ImportError:
    pass
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--epochs", type=int, default=8)
a = p.parse_args()
for epoch in range(a.epochs):
    {each}
print(f"val_acc={{0.5}}")
"""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import lightning as L", "in lightning.pytorch.callbacks"),
        ("import pytorch_lightning as pl", "in pytorch_lightning.callbacks"),
        ("from tensorflow import keras", "verbose=2"),
        ("import numpy\nimport keras", "verbose=2"),
        ("import xgboost as xgb", "verbose_eval=True"),
        ("    import lightgbm", "lightgbm.log_evaluation(1)"),
        ("from transformers import Trainer", "eval_strategy"),
        ("import torch  # no lightning", ""),
    ],
)
def test_the_framework_that_is_imported(source: str, said: str) -> None:
    how = how_to_print(["import os", source])
    assert said in how
    assert bool(said) == bool(how)


def told(folder: Path, module: str, each: str) -> list[str]:
    (folder / "train.py").write_text(QUIET.format(module=module, each=each))
    return [a for a in init("train.py", folder).advice if "printed once" in a]


def test_one_result_of_several_epochs_is_told_of(tmp_path: Path) -> None:
    (said,) = told(tmp_path, "keras", "pass")
    assert said.startswith("val_acc was printed once, at the end")
    assert said.endswith("Keras prints each epoch with model.fit(…, verbose=2)")


@pytest.mark.parametrize(
    ("module", "each"), [("keras", 'print(f"epoch {epoch} val_acc=0.4")'), ("sklearn_like", "pass")]
)
def test_nothing_is_told_of_a_script_that_prints_more_or_can_not(
    tmp_path: Path, module: str, each: str
) -> None:
    assert not told(tmp_path, module, each)


def test_a_script_that_fails_is_told_why_it_did_alone(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import xgboost_missing\nimport xgboost\n")
    assert not any("verbose" in a for a in init("train.py", tmp_path).advice)
    (tmp_path / "train.py").write_text("try:\n    import xgboost\nexcept ImportError:\n    pass\n")
    assert any("verbose_eval=True" in a for a in init("train.py", tmp_path).advice)


@pytest.mark.parametrize(
    ("each", "metric"),
    [
        ('print("train Loss: 0.6 Acc: 0.7\\nval Loss: 0.3 Acc: 0.9")', "Acc"),
        ('print("val Loss: 0.3 Acc: 0.9")', "Best_val_Acc"),  # which Acc it is nothing tells
        ('print("train L: 1 Acc: 0.7\\nval L: 1 Acc: 0.9\\ntest L: 1 Acc: 0.8")', "Best_val_Acc"),
    ],
)
def test_each_epoch_s_value_is_preferred_to_the_best_where_it_is_told_from_the_training_s(
    tmp_path: Path, each: str, metric: str
) -> None:
    script = QUIET.format(module="torch", each=each)
    best = script.replace('f"val_acc={0.5}"', '"Best val Acc: 0.950000"')
    (tmp_path / "train.py").write_text(best)
    assert [o.metric for o in init("train.py", tmp_path).spec.objectives] == [metric]
