"""What Tab offers, and the scripts that ask for it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.cli.root import COMMANDS

PROGRAM = [sys.executable, "-m", "hpo_tui"]


def offered(line: str, folder: Path) -> list[str]:
    """What bash is offered at the end of ``line``, each with its kind."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    env = {**os.environ, **asked, "_HPO_TUI_COMPLETE": "bash_complete"}
    done = subprocess.run(PROGRAM, env=env, cwd=folder, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_options_and_studies_are_offered(
    make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    for name in ("sparse", "speech"):
        make_study(name, trials=[])
    (tmp_path / "study.toml").touch()
    (tmp_path / "sub").mkdir()
    every = ["plain,sparse", "plain,speech", "plain,study.toml"]
    for line, found in {
        "hpo-tui ": [f"plain,{name}" for name in COMMANDS],
        "hpo-tui sta": ["plain,status", "plain,star"],
        "hpo-tui spa": ["plain,sparse"],
        "hpo-tui status ": every,
        "hpo-tui run st": ["plain,study.toml"],
        "hpo-tui check ": every,
        "hpo-tui delete sp": ["plain,sparse", "plain,speech"],
        "hpo-tui kill 3 --study spe": ["plain,speech"],
        "hpo-tui tag spe": ["plain,speech"],
        "hpo-tui note speech 3 ": [],
        "hpo-tui enqueue spe": ["plain,speech"],
        "hpo-tui extend spe": ["plain,speech"],
        "hpo-tui lend speech ": [],
        "hpo-tui edit spe": ["plain,speech"],
        "hpo-tui watch other/": ["file,other/"],
        "hpo-tui import ": ["file,"],
        "hpo-tui export --j": ["plain,--json"],
        "hpo-tui run --executor ": ["plain,local", "plain,ray"],
        "hpo-tui nonsense --f": [],
    }.items():
        assert offered(line, tmp_path) == found, line
    assert offered("hpo-tui best spa", tmp_path / "sub") == ["plain,sparse"]


SETTINGS = {
    "edit lr.": [f"key,lr.{k}=" for k in ("low", "high", "log", "step", "default", "type")],
    "edit space.lr.lo": ["key,space.lr.low=", "key,space.lr.log="],
    "edit l": ["key,lr=", "key,lr.", "key,latency.", "key,learn_from="],
    "edit slots = 3 busy_gpus =": ["plain,wait", "plain,use"],
    "edit resume = t": ["plain,true"],
    "edit optimizer =": ["plain,sgd", "plain,adam"],
    "edit optimizer.default = a": ["plain,adam"],
    "edit accuracy.thr": ["key,accuracy.threshold="],
    "edit objective[1].direction =": ["plain,maximize", "plain,minimize"],
    "edit slots =": [],
    "edit no.such.key =": [],
    "edit --study = sp": ["plain,sparse"],
    "run study.toml --set bu": ["key,budget=", "key,busy_gpus="],
    "check study.toml --set bu": ["key,budget=", "key,busy_gpus="],
    "run --set optimizer =": ["plain,sgd", "plain,lion"],
    "run broken.toml --set see": ["key,seed="],
}
"""Lines as bash takes them apart, and what is offered."""


def test_keys_and_closed_lists_of_values_are_offered(
    make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    folder = make_study("sparse", trials=[])
    text = folder.file.read_text("utf-8")
    (tmp_path / "study.toml").write_text(text.replace('"adam"', '"lion"'), "utf-8")
    (tmp_path / "broken.toml").write_text("[study", "utf-8")
    for line, found in SETTINGS.items():
        assert sorted(offered(f"hpo-tui {line}", tmp_path)) == sorted(found), line
    with closing(StudyWriter(folder.db)) as writer:
        writer.update_study(text="[study")  # damaged
    assert offered("hpo-tui edit slo", tmp_path) == ["key,slots="]
    make_study("speech", trials=[])
    assert offered("hpo-tui edit lr.hi", tmp_path) == []  # of which?
    assert "key,lr.high=" in offered("hpo-tui edit speech lr.hi", tmp_path)
    every = offered("hpo-tui edit -s speech ", tmp_path)
    assert {"key,slots=", "key,budget=", "key,lr="} < set(every)
    assert not [o for o in every if o.endswith(".")]


def test_where_there_are_no_studies_files_are_offered(tmp_path: Path) -> None:
    assert offered("hpo-tui status ", tmp_path) == ["file,"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script(
    hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    said = hpo("completion", shell)
    assert (said.code, said.err) == (0, "")
    assert f"_HPO_TUI_COMPLETE={shell}_complete" in said.out
    monkeypatch.setenv("SHELL", f"/usr/bin/{shell}")
    assert hpo("completion").out == said.out


def test_a_shell_that_is_not_known_is_refused(
    hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    ran = hpo("completion")
    assert (ran.code, ran.out) == (1, "")
    assert "bash, zsh or fish" in ran.err


def test_bash_completes_by_the_script(
    make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study("sparse", trials=[])
    here = tmp_path / "bin"
    here.mkdir()
    program = here / "hpo-tui"
    program.write_text(f'#!/bin/sh\nexec {" ".join(PROGRAM)} "$@"\n', "utf-8")
    program.chmod(0o755)
    script = """\
eval "$(hpo-tui completion bash)"
COMP_WORDS=(hpo-tui best sp); COMP_CWORD=2
_hpo_tui_completion hpo-tui
echo "${COMPREPLY[*]}"
"""
    env = {**os.environ, "PATH": f"{here}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", script], env=env, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["sparse"]


def test_a_key_is_typed_on_without_a_space(hpo: Callable[..., Any]) -> None:
    assert "compopt -o nospace" in hpo("completion", "bash").out
    assert "compadd -U -S ''" in hpo("completion", "zsh").out


def test_completing_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, json\nfrom hpo_tui.tui.cli.completion import answer\n"
        "answer('bash_complete')\nprint(json.dumps(sorted(sys.modules)))"
    )
    asked = {"COMP_WORDS": "hpo-tui status ", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, cwd=tmp_path,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = {name.split(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    assert found & {"numpy", "textual", "optuna", "torch", "scipy", "tomlkit"} == set()
