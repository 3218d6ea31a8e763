"""A folder with a script of Optuna's, or of another library's, run as one trial or by itself."""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hpo_tui


@dataclass
class Ended:
    """How a script went: exit status, output, reports, what was recorded."""

    code: int
    out: str
    reports: list[dict[str, Any]]
    recorded: list[dict[str, Any]]


class Place:
    """A folder with a script, run as one trial by one of our modules, or by itself.

    ``beside``: folders with packages that the script finds.
    """

    def __init__(
        self, folder: Path, module: str = "hpo_tui.engine.objective", beside: tuple[Path, ...] = ()
    ) -> None:
        self.folder, self.module, self.beside = folder, module, beside

    def write(self, objective: str, study: str = "", run: str = "") -> None:
        run = run or "study.optimize(objective, n_trials=50)"
        text = f"import optuna, sys\ndef objective(trial):\n{textwrap.indent(objective, '    ')}\n"
        text += f"study = optuna.create_study({study})\n{run}\nprint('behind', len(study.trials))\n"
        self.script(text)

    def script(self, text: str) -> None:
        (self.folder / "train.py").write_text(textwrap.dedent(text), "utf-8")

    def run(self, *words: str, record: bool = False, trial: bool = True, **given: Any) -> Ended:
        params, reports, seen = (self.folder / n for n in ("params", "reports", "record"))
        params.write_text(json.dumps({"trial": 7, "params": {}, "cost": 1.0} | given))
        places = map(str, (*self.beside, Path(hpo_tui.__file__).parents[1]))
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(places), "HPO_STUDY": str(self.folder)}
        env |= {"HPO_PARAMS": str(params), "HPO_REPORTS": str(reports)} if trial else {}
        env |= {"HPO_RECORD": str(seen)} if record else {}
        argv = [sys.executable, "-m", self.module, *(words or ("train.py",))]
        ran = subprocess.run(
            argv, cwd=self.folder, env=env, capture_output=True, text=True, check=False, timeout=60
        )
        found = [
            [json.loads(line) for line in p.read_text().splitlines()] if p.exists() else []
            for p in (reports, seen)
        ]
        return Ended(ran.returncode, ran.stdout + ran.stderr, *found)
