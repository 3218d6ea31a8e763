"""The command of the best trial with another value, or continued from its checkpoint."""

import json
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.folder import StudyFolder
from tests.cli.conftest import TEXT

Make = Callable[..., StudyFolder]
Hpo = Callable[..., Any]
COMMAND = "train --lr {lr} --epochs {epochs} --seed {seed} --from {resume}"


@pytest.fixture
def study(make_study: Make) -> StudyFolder:
    """A study whose command says it all, but for the optimizer."""
    return make_study(text=TEXT.replace('["python", "train.py"]', f'"{COMMAND}"'))


def words(hpo: Hpo, *more: str) -> list[str]:
    """Return what the command is, from the program's name on."""
    ran = hpo("best", "--command", *more)
    assert ran.code == 0, ran.err
    found = shlex.split(ran.out)
    return found[found.index("train") :]


def test_other_values_take_the_place_of_those_that_ran(study: StudyFolder, hpo: Hpo) -> None:
    del study
    plain = words(hpo)
    assert plain[3:] == ["--epochs", "4", "--seed", "0"]
    changed = words(hpo, "--set", "epochs=200", "--set", "seed=7", "--set", "lr = 0.5")
    assert changed == ["train", "--lr", "0.5", "--epochs", "200", "--seed", "7"]


def test_it_goes_on_from_the_checkpoint_of_the_trial(study: StudyFolder, hpo: Hpo) -> None:
    ran = hpo("best", "--command", "--continue")
    assert ran.code == 1
    assert "has no checkpoint to continue from" in ran.err
    best = int(shlex.split(hpo("best", "--json", "-n", 1).out.split('"trial":')[1])[0].rstrip(","))
    folder = study.trial(best).checkpoint
    folder.mkdir(parents=True)
    assert hpo("best", "--command", "--continue").code == 1  # it is empty
    (folder / "model.pt").touch()
    assert words(hpo, "--continue")[-2:] == ["--from", str(folder)]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("epoch=9", 'the command has no "epoch"; did you mean "epochs"?'),
        ("optimizer=sgd", 'the command has no "optimizer": it has epochs, lr, seed'),
        ("resume=/x", 'the command has no "resume": it has epochs, lr, seed'),
    ],
)
def test_what_the_command_has_no_place_for_is_refused(
    study: StudyFolder, hpo: Hpo, setting: str, said: str
) -> None:
    del study
    ran = hpo("best", "--command", "--set", setting)
    assert (ran.code, ran.out) == (1, "")
    assert said in ran.err


@pytest.mark.parametrize("template", ["", 'template = ["net.template.yaml", "net.yaml"]'])
def test_of_a_command_that_names_no_value_it_is_said_where_they_are(
    make_study: Make, hpo: Hpo, template: str
) -> None:
    folder = make_study(text=TEXT.replace("[study]", f"[study]\n{template}", 1))
    said = 'the command has no "lr": '
    assert f"{said}it has nothing that can be set" in hpo("best", "--command", "--set", "lr=1").err
    files = folder.trial(json.loads(hpo("best", "--json", "-n", 1).out)[0]["trial"])
    file = files.path / ("net.yaml" if template else "params.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    ran = hpo("best", "--command", "--set", "lr=1")
    assert f"{said}the script reads its values from {file}; change them in a copy" in ran.err


def test_a_command_without_a_place_for_it_is_not_continued(make_study: Make, hpo: Hpo) -> None:
    make_study()
    ran = hpo("best", "--command", "--continue")
    assert (ran.code, ran.out) == (1, "")
    assert "{resume}" in ran.err
    assert hpo("best", "--set", "epochs=3").code == 2


def test_a_trial_that_did_not_run_here_gets_a_file_with_its_configuration(
    make_study: Make, hpo: Hpo, tmp_path: Path
) -> None:
    """An imported trial has none, and a command that reads it would end in an error."""
    folder = make_study(text=TEXT.replace('["python", "train.py"]', '"cat {params_file}"'))
    ran = hpo("best", "--command")
    shown = subprocess.run(["sh", "-c", ran.out], capture_output=True, text=True, check=True)
    content = json.loads(shown.stdout)
    best = json.loads(hpo("best", "--json", "-n", 1).out)[0]
    assert (content["trial"], content["params"]) == (best["trial"], best["params"])
    made = tmp_path / f"rerun-{best['trial']:04d}.json"
    assert made.is_file()
    made.unlink()
    files = folder.trial(best["trial"])
    files.path.mkdir(parents=True, exist_ok=True)
    files.params.touch()
    assert hpo("best", "--command").out.rstrip().endswith(f"cat {files.params}")
    assert not made.exists()
