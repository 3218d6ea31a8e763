"""Metrics that a script writes to files of its trial's folder, and prints less of or not at all."""

import json
from pathlib import Path

import pytest

from hpo_tui.engine.spec import MetricSource
from tests.define.conftest import draft

_HEAD = """
import argparse, json, pathlib
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--epochs", type=int, default=8)
p.add_argument("--log_dir", default="logs")
a = p.parse_args()
folder = pathlib.Path(a.log_dir)
folder.mkdir(exist_ok=True)
(folder / "args.json").write_text(json.dumps({"lr": a.lr, "val_split": 0.2, "loss_weight": 2}))
"""
_LIGHTNING = f"""{_HEAD}
folder = folder / "digits" / "version_0"
folder.mkdir(parents=True)
with (folder / "metrics.csv").open("w") as file:
    file.write("epoch,step,train_loss,val_acc,val_loss\\n")
    for epoch in range(a.epochs):
        file.write(f"{{epoch}},{{epoch * 19 + 18}},,0.{{epoch + 4}},2.5\\n")
print(f"Epoch {{epoch}}/{{epoch}} ━━━━ 19/19 0:00:00 144it/s v_num: 5 val_acc: 0.{{epoch + 4}}")
"""
_RESULTS = f"""{_HEAD}
found = {{"config": {{"dropout": 0.2}}, "results": {{"accuracy": 0.75, "f1": 0.5}}}}
(folder / "results.json").write_text(json.dumps(found, indent=2))
"""
_BOTH = f"""{_HEAD}
for epoch in range(a.epochs):
    print(f"epoch {{epoch}} accuracy 0.{{epoch + 4}}")
(folder / "results.json").write_text(json.dumps({{"accuracy": 0.75}}))
"""
_PREDICTIONS = f"""{_HEAD}
print("val_loss 0.25")
(folder / "predictions.csv").write_text("row,score\\n1,0.5\\n2,0.75\\n3,0.5\\n")
"""


@pytest.mark.parametrize(
    ("script", "metric", "source", "value"),
    [
        (_LIGHTNING, "val_acc", MetricSource("csv", "logs/digits/version_*/metrics.csv"), "0.5"),
        (_RESULTS, "accuracy", MetricSource("jsonl", "logs/results.json"), "0.75"),
        (_BOTH, "accuracy", MetricSource(), "0.5"),
        (_PREDICTIONS, "val_loss", MetricSource(), "0.25"),
    ],
    ids=["a curve that is printed at its end alone", "a result", "a printed curve", "predictions"],
)
def test_what_tells_most_is_read(
    scripts: Path, script: str, metric: str, source: MetricSource, value: str
) -> None:
    (scripts / "train.py").write_text(script)
    made = draft(scripts, "train.py")
    assert made.spec.objectives[0].metric == metric
    assert made.spec.metrics == (source,)
    assert f"The last value in a first run was {value}." in made.text


def test_a_log_is_read_where_the_shortest_run_has_one_step_alone(scripts: Path) -> None:
    (scripts / "train.py").write_text(_LIGHTNING.replace("default=8", "default=4"))
    spec = draft(scripts, "train.py").spec
    assert spec.metrics == (MetricSource("csv", "logs/digits/version_*/metrics.csv"),)


def test_settings_are_no_metrics(scripts: Path) -> None:
    (scripts / "train.py").write_text(_HEAD)
    made = draft(scripts, "train.py")
    assert made.tried is not None
    assert made.tried.logged == ()
    assert made.spec.metrics == (MetricSource(),)


def test_event_files_are_named_by_their_folder(scripts: Path) -> None:
    events = Path(__file__).parents[1] / "metrics"
    text = f"{_HEAD}\nimport sys\nsys.path.insert(0, {str(events.parents[1])!r})\n"
    text += (
        "from tests.metrics.test_tensorboard import record\n"
        "(folder / 'runs').mkdir()\nfor step in range(3):\n"
        "    with (folder / 'runs' / 'events.out.tfevents.1').open('ab') as file:\n"
        "        file.write(record(step, 'val/acc', 0.5 + step / 4))\n"
    )
    (scripts / "train.py").write_text(text)
    made = draft(scripts, "train.py")
    assert made.spec.metrics == (MetricSource("tensorboard", "logs"),)
    assert made.spec.objectives[0].metric == "val/acc"
    assert json.dumps(made.tried.logged[0].values if made.tried else {}) == '{"val/acc": 1.0}'
