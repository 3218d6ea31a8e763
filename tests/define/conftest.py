"""Scripts of strangers, copied where a test may leave traces."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.start import init
from hpo_tui.engine.spec import StudySpec

SCRIPTS = Path(__file__).with_name("scripts")
ROOT = Path(__file__).parents[2]
TRAIN = """\
import argparse
import wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.5)
args, _ = parser.parse_known_args()
run = wandb.init(project="p", config={"lr": 9.0, "untouched": 1})
assert wandb.config.lr == args.lr
for epoch in range(wandb.config.epochs):
    wandb.log({"epoch": epoch, "val": {"acc": (epoch + 1) * 0.1 + wandb.config.model["width"]}})
run.summary["done"] = 1.0
run.finish()
"""


@pytest.fixture
def scripts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The scripts, in a folder of their own, with this Python as the one on the PATH."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return Path(shutil.copytree(SCRIPTS, tmp_path / "project"))


@pytest.fixture
def project(scripts: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a script that uses wandb, which scripts find."""
    places = [Path(__file__).with_name("standin"), ROOT, *os.environ.get("PYTHONPATH", "").split()]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, places)))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (scripts / "train.py").write_text(TRAIN)
    return scripts


def traces(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder with what they hold."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def draft(
    scripts: Path, command: str | Sequence[str], *, run: bool = True, timeout: float = 60
) -> Draft:
    """Return what is proposed for a command, which has left nothing behind."""
    before = traces(scripts)
    made = init(command, scripts, run=run, timeout=timeout)
    assert traces(scripts) == before
    assert StudySpec.from_text(made.text) == made.spec
    return made
