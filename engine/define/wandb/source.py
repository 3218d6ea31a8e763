"""Scripts that start a W&B sweep themselves: ``wandb.sweep(…)``, then ``wandb.agent(…, train)``.

The script is run up to the point where its agent, or a run, would start, with nothing behind
``wandb.sweep`` but a pencil, so that the sweep is known as its code makes it. In a trial its agent
runs the function once, and the script ends: what follows looks at the results of all runs.
"""

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hpo_tui.engine.define.process import run_briefly
from hpo_tui.engine.define.script import script_at
from hpo_tui.engine.define.wandb.file import Sweep, sweep_of
from hpo_tui.engine.spec.names import plain

_SWEEPS = re.compile(
    r"^[^#\n]*\bwandb\.sweep\s*\(|^\s*from wandb import [^\n]*\bsweep\b", re.MULTILINE
)
UNREAD = (
    "the script can start a W&B sweep, and did not come to it here: to take the sweep over, name"
    " the command that starts it (hpo-tui init --force -- COMMAND), where it has all that it needs"
)
_LIMIT = 60.0
"""Seconds that a script may take to come to its sweep."""
_RECORD = "HPO_TUI_SWEEP"
_BEGIN = "import os, runpy, sys, wandb; sys.argv = sys.argv[1:];"
_SCRIPT = (
    " sys.path[0] = os.path.dirname(os.path.abspath(sys.argv[0]));"
    ' runpy.run_path(sys.argv[0], run_name="__main__")'
)
_MODULE = ' runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)'
_LOOK = (
    " import json; said = dict();"
    ' plain = lambda v: v.tolist() if hasattr(v, "tolist") else'
    ' list(v) if hasattr(v, "__iter__") else str(v);'
    " tell = lambda **k: (said.update(k),"
    f' open(os.environ["{_RECORD}"], "w").write(json.dumps(said, default=plain)));'
    " wandb.login = lambda *a, **k: True; wandb.init = lambda *a, **k: os._exit(0);"
    ' wandb.sweep = lambda sweep, *a, **k: tell(sweep=sweep) and "study";'
    " wandb.agent = lambda sweep_id=None, function=None, entity=None, project=None, count=None,"
    " *a, **k: (tell(count=count, runs=function is not None), os._exit(0));"
)
_ONCE = (
    ' wandb.login = lambda *a, **k: True; wandb.sweep = lambda *a, **k: "study";'
    " wandb.agent = lambda sweep_id, function, *a, **k: (function(), sys.exit());"
)


def starts_sweep(texts: Sequence[str]) -> bool:
    """Whether a script, or a module beside it, starts a sweep."""
    return any(map(_SWEEPS.search, texts))


def sweep_in(words: Sequence[str], folder: Path) -> Sweep | None:
    """Return the sweep that a command's script would start, with a command that runs one trial.

    None where it does not come to one. Raises ValueError for one that is none of W&B's.
    """
    at = script_at(words, folder)
    module = at > 0 and words[at - 1] == "-m"
    if not module and (not at or not words[at].endswith(".py") or words[at - 1].startswith("-")):
        return None
    before, end = (words[: at - 1], _MODULE) if module else (words[:at], _SCRIPT)
    with tempfile.TemporaryDirectory(prefix="hpo-sweep-") as scratch:
        record = Path(scratch) / "sweep.json"
        looking = [*before, "-c", _BEGIN + _LOOK + end, *words[at:]]
        given = {_RECORD: str(record), "WANDB_MODE": "offline", "WANDB_DIR": scratch}
        given["PYTHONDONTWRITEBYTECODE"] = "1"
        run_briefly(looking, folder, _LIMIT, given)
        if not record.exists():
            return None
        said = json.loads(record.read_text("utf-8"))
    found = sweep_of(said.get("sweep"), f"the sweep of {plain(words[at])}")
    if not said.get("runs"):
        return found if found.program else None
    command = (*before, "-c", _BEGIN + _ONCE + end, *words[at:])
    count = said.get("count")
    cap = found.run_cap or (count if isinstance(count, int) and count > 0 else None)
    return replace(found, command=command, run_cap=cap)
