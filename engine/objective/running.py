"""Running a script as Python would, from within a process that has prepared something for it."""

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from hpo_tui.engine.objective.turn import Turn


def run_trial(turn: Turn, argv: Sequence[str], none: str) -> NoReturn:
    """Run a script in which ``turn`` ends the trial, and end as that does.

    Raises what the script raises; SystemExit with ``none`` and its name where it has run no trial.
    """
    try:
        run_script(argv)
    except BaseException:
        if turn.code != 0:
            raise  # else the script has caught what ended it, and its own end does not matter
    if turn.code is None:
        raise SystemExit(none.format(argv[argv[0] == "-m"]))
    raise SystemExit(turn.code)


def run_script(argv: Sequence[str]) -> None:
    """Run ``train.py …`` or ``-m module …``. Raises what the script raises.

    Raises SystemExit, in a sentence, where no script is named.
    """
    if argv[:1] in ([], ["-m"]) and len(argv) < 2:
        raise SystemExit("name a script behind it, such as train.py")
    if argv[0] == "-m":
        sys.argv = [*argv[1:]]
        runpy.run_module(argv[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [*argv]
        sys.path[0] = str(Path(argv[0]).absolute().parent)
        runpy.run_path(argv[0], run_name="__main__")
