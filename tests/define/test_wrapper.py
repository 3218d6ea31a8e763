"""Shell scripts around a training script: what that takes is found, and reaches it."""

from pathlib import Path

import pytest

from hpo_tui.engine.define.wrapper import wrapped
from tests.define.conftest import draft

_FIT = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.1)
p.add_argument("--batch-size", type=int, default=32)
p.add_argument("--epochs", type=int, default=4)
a = p.parse_args()
for epoch in range(a.epochs):
    print(f"epoch {epoch} val_acc {a.lr * a.batch_size / 100:.3f}")
"""
_SHELL = """#!/bin/bash
set -eu  # as one should
export OMP_NUM_THREADS=1
echo "it's starting"
exec env FOO=1 python fit.py \\
    --batch-size 64 WORDS 2>&1 | cat
"""


@pytest.fixture
def project(scripts: Path) -> Path:
    (scripts / "fit.py").write_text(_FIT)
    (scripts / "run.sh").write_text(_SHELL.replace("WORDS", '"$@"'))
    (scripts / "bare.sh").write_text(_SHELL.replace("WORDS", ""))
    return scripts


@pytest.mark.parametrize("command", ["run.sh", "bash run.sh"])
def test_the_script_behind_is_asked_and_the_shell_script_is_run(
    project: Path, command: str
) -> None:
    made = draft(project, command)
    assert [p.name for p in made.spec.space] == ["lr", "batch_size"]
    assert made.spec.start == ({"lr": 0.1, "batch_size": 64},)
    assert made.spec.command[-7:] == (
        "run.sh", "--lr", "{lr}", "--batch-size", "{batch_size}", "--epochs", "{epochs}",
    )  # fmt: skip
    assert made.spec.objectives[0].metric == "val_acc"
    assert not made.advice


@pytest.mark.parametrize("where", ['"$(dirname "$0")"', '"${0%/*}"'])
def test_a_shell_script_that_goes_to_its_own_folder_is_followed_there(
    project: Path, where: str
) -> None:
    elsewhere = project / "elsewhere"
    elsewhere.mkdir()
    shell = _SHELL.replace("WORDS", '"$@"').replace("export", f"cd {where}\nexport")
    (project / "run.sh").write_text(shell)
    found = wrapped(["../run.sh"], elsewhere)
    assert found is not None
    assert found.words == ("python", "../fit.py", "--batch-size", "64")
    (project / "run.sh").write_text(shell.replace("cd ", "# "))
    assert wrapped(["../run.sh"], elsewhere) is None, "it stays where it is called"


def test_options_that_do_not_reach_the_script_are_told_of(project: Path) -> None:
    first, *_ = draft(project, "bare.sh", run=False).advice
    assert first == (
        'bare.sh does not hand its options on to fit.py: put "$@" behind the last option in the'
        " line that starts it"
    )


def test_what_starts_no_script_here_is_no_wrapper(project: Path) -> None:
    (project / "other.sh").write_text("#!/bin/sh\necho hello\npython elsewhere.py '\n")
    (project / "binary").write_bytes(b"\x7fELF\0fit.py")
    for words in (["./other.sh"], ["./binary"], ["python", "fit.py"], ["bash"], ["bash", "-c"]):
        assert wrapped(words, project) is None
