"""The examples are good studies, and the demo's script keeps the protocol."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hpo_tui.engine.define.preview import unguarded
from hpo_tui.engine.spec import ParameterKind, StudySpec
from hpo_tui.tui.cli.demo import copy_example

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("study.toml")), ids=lambda p: p.parent.name)
def test_study_files_are_good(path: Path) -> None:
    spec = StudySpec.load(path)
    assert any((path.parent / word).is_file() for word in spec.command)
    assert not unguarded(spec)


def test_the_demo_shows_what_there_is() -> None:
    spec = StudySpec.load(EXAMPLES / "digits" / "study.toml")
    kinds = {p.kind for p in spec.space}
    assert len(spec.space) == 10
    assert {ParameterKind.FLOAT, ParameterKind.INT, ParameterKind.CATEGORICAL} <= kinds
    assert any(p.log for p in spec.space)
    assert any(p.when for p in spec.space)
    assert all(o.threshold is not None for o in spec.objectives)
    assert [(t.cost, t.fidelity["epochs"]) for t in spec.tasks] == [(0.25, 15), (0.5, 30), (1, 60)]
    assert spec.resume


FORKS = """
import os, runpy, sys, sklearn.datasets, torch  # once for both, as a study's `warm` does
for folder, resume in zip(sys.argv[2:], ("", sys.argv[2] + "/checkpoint")):
    child = os.fork()
    if child == 0:
        os.environ |= {
            "HPO_PARAMS": f"{folder}/params.json", "HPO_REPORTS": f"{folder}/reports.jsonl",
            "HPO_CHECKPOINT": f"{folder}/checkpoint", "HPO_RESUME": resume,
        }
        runpy.run_path(sys.argv[1], run_name="__main__")
        sys.stdout.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
"""


@pytest.mark.timeout(300)  # it imports torch, which takes a busy machine minutes
def test_the_demo_script_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    folders = []
    for name, epochs in (("first", 5), ("second", 7)):
        folders.append(tmp_path / name)
        folders[-1].mkdir()
        params = {"batch_size": 256, "width1": 32, "optimizer": "adamw"}
        content = {"params": params, "fidelity": {"epochs": epochs}, "trial": 1, "seed": 0}
        (folders[-1] / "params.json").write_text(json.dumps(content), "utf-8")
    script = EXAMPLES / "digits" / "train.py"
    subprocess.run([sys.executable, "-c", FORKS, script, *folders], check=True, timeout=280)
    texts = [(f / "reports.jsonl").read_text("utf-8") for f in folders]
    first, second = ([json.loads(line) for line in t.splitlines()] for t in texts)
    assert [r["step"] for r in first] == [1, 2, 3, 4, 5]
    assert [r["step"] for r in second] == [6, 7]
    assert second[-1]["nonzero_weights"] == first[-1]["nonzero_weights"]  # the same mask
    assert second[0]["loss"] < first[0]["loss"]  # it did not start anew


def test_the_demo_is_copied_once(tmp_path: Path) -> None:
    copy_example(tmp_path)
    spec = StudySpec.load(tmp_path / "study.toml")
    assert spec.command == (sys.executable, "train.py")
    (tmp_path / "train.py").write_text("mine", "utf-8")
    copy_example(tmp_path)
    assert (tmp_path / "train.py").read_text("utf-8") == "mine"  # never written over
