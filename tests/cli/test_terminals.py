"""What the app does about the terminal that it is to be drawn on."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from hpo_tui.tui.cli.screens import can_draw


def test_a_terminal_that_only_prints_lines_is_not_drawn_on(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "hpo_tui"], cwd=tmp_path, stdin=theirs, stdout=theirs,
            stderr=subprocess.PIPE, text=True, env=os.environ | {"TERM": "dumb"}, check=False,
        )  # fmt: skip
    finally:
        os.close(theirs)
        os.close(ours)
    assert done.returncode == 1
    assert done.stderr == (
        "hpo-tui: the app cannot draw on this terminal (TERM=dumb); try --once, or hpo-tui status,"
        " or if it is another terminal: TERM=xterm hpo-tui\n"
    )


@pytest.mark.parametrize(("term", "can"), [("xterm", True), ("vt100", True), ("dumb", False)])
def test_run_opens_the_app_where_it_can_be_drawn(
    monkeypatch: pytest.MonkeyPatch, term: str, can: bool
) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as line:
        monkeypatch.setattr(sys, "stdin", line)
        monkeypatch.setattr(sys, "stdout", line)
        monkeypatch.setenv("TERM", term)
        found = can_draw()
    os.close(ours)
    assert found is can
