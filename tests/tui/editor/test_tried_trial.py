"""A trial that is tried in the editor ends when nobody waits for it any more."""

import sys
import time
from pathlib import Path

import pytest

from hpo_tui.engine.execution.processes import Process
from hpo_tui.store.folder import HOME
from hpo_tui.tui.app import HpoApp
from tests.tui.conftest import until
from tests.tui.test_define import editor

SCRIPT = """\
import os, time
open("new", "w").write(str(os.getpid()))
os.rename("new", f"pid-{os.getpid()}")
time.sleep(600)
"""
TEXT = """\
[study]
name = "slow"
command = ["{python}", "train.py", "--lr", "{{lr}}"]
budget = 10
[space.lr]
type = "float"
low = 0.1
high = 1.0
[[objective]]
metric = "loss"
direction = "minimize"
"""


def _pids(folder: Path) -> list[int]:
    return [int(p.name.removeprefix("pid-")) for p in folder.glob("pid-*")]


@pytest.mark.parametrize("keys", [("escape", "escape"), ("T",)])
async def test_leaving_the_editor_or_trying_another_ends_it(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    file = tmp_path / "study.toml"
    file.write_text(TEXT.format(python=sys.executable))
    app = HpoApp(tmp_path / HOME)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await editor(pilot, file)
        await pilot.press("T")
        await until(pilot, lambda: bool(_pids(tmp_path)))
        [first] = _pids(tmp_path)
        await pilot.press(*keys)
        await until(pilot, lambda: Process.of(first) is None)
        await until(pilot, lambda: (app.screen is screen) is (keys == ("T",)))
    deadline = time.monotonic() + 60  # its thread has been told, and is not waited for here
    while any(Process.of(pid) is not None for pid in _pids(tmp_path)):
        assert time.monotonic() < deadline, "it outlives the app"
        time.sleep(0.02)
