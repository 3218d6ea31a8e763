"""Whether a study's command can be started at all: its program and its script are there."""

import shutil
from pathlib import Path

from hpo_tui.engine.spec.model import StudySpec

NO_COMMAND = ("false",)
"""The command of a study that was imported to be looked at: none of its own."""


def command_fault(spec: StudySpec, cwd: Path) -> str | None:
    """Return why the study's command cannot be started at all, None if it can be tried."""
    if spec.command in ((), NO_COMMAND):
        where = f" in {spec.source}" if spec.source else ""
        return f'the study has no command: write command = "python train.py …" under [study]{where}'
    program = spec.command[0]
    if "{" not in program:
        path = Path(program) if Path(program).is_absolute() else cwd / program
        found = shutil.which(str(path)) if "/" in program else shutil.which(program)
        if found is None:
            where = f"in {cwd}" if "/" in program else "on the PATH"
            return f"the command's program {program!r} is not found {where} (or cannot be executed)"
    script = next((w for w in spec.command[1:3] if w.endswith((".py", ".sh"))), None)
    if script and "{" not in script and not (cwd / script).is_file():
        return f"the command's script {script!r} is not found in {cwd}, where trials run"
    return None
