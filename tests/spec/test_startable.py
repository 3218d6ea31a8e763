"""Whether a study's program can be started by who wants to start it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.startable import command_fault

TEXT = """
[study]
name = "t"
command = ["{program}", "--x", "{{x}}"]
budget = 1
[space.x]
type = "float"
low = 0.0
high = 1.0
[[objective]]
metric = "loss"
direction = "minimize"
"""


@pytest.fixture
def fault(tmp_path: Path) -> Callable[[str], str]:
    """Return what is said of a program in ``tmp_path``, empty if it can be started."""

    def ask(program: str) -> str:
        spec = StudySpec.from_text(TEXT.format(program=program))
        return command_fault(spec, tmp_path) or ""

    return ask


def script(path: Path, first: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{first}\nexit 0\n")
    path.chmod(0o755)


@pytest.mark.parametrize("first", ["#!/bin/sh", "#! /usr/bin/env python", "# nothing", "#!", ""])
def test_a_program_whose_starter_is_there_can_be_started(
    fault: Callable[[str], str], tmp_path: Path, first: str
) -> None:
    script(tmp_path / "run", first)
    assert fault("./run") == ""


def test_a_program_whose_starter_is_gone_is_told_before_any_trial_fails(
    fault: Callable[[str], str], tmp_path: Path
) -> None:
    script(tmp_path / "run", f"#!{tmp_path}/venv/bin/python -u")
    assert fault("./run") == (
        f"the command's program './run' begins with #!{tmp_path}/venv/bin/python: that is not"
        " found, or cannot be executed"
    )


def test_a_program_in_a_closed_folder_is_not_said_to_be_missing(
    fault: Callable[[str], str],
    tmp_path: Path,
    closed: Callable[[Path], AbstractContextManager[None]],
) -> None:
    script(tmp_path / "hers" / "python", "#!/bin/sh")
    script(tmp_path / "run", f"#!{tmp_path}/hers/python")
    with closed(tmp_path / "hers"):
        where = f"{tmp_path}/hers is closed to you (Permission denied): "
        assert fault("hers/python").startswith(
            f"the command's program 'hers/python' cannot be run: {where}"
        )
        assert f"begins with #!{tmp_path}/hers/python: {where}" in fault("./run")
    assert fault("hers/python") == fault("./run") == ""
