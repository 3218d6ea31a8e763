"""What a shim writes down lies in the trial's folder: a script can write anything over it."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.leftovers import find_shim, read_exit
from hpo_tui.engine.execution.protocol import log_start, tail
from hpo_tui.store.folder import TrialFolder

EXIT = (
    '{"attempt": 1, "code": 0, "duration": %s, "ended": 5, "stopped": "", "memory": 0,'
    ' "problem": ""}'
)
STRANGE = [
    '{"attempt": 1}', '{"attempt": 1, "pid": "x", "ticks": null, "boot": 3, "log": []}',
    "[" * 100_000, '{"attempt": 1, "code": [], "log": 1e999}', EXIT % "NaN", EXIT % "1e999",
    EXIT % "-1",
]  # fmt: skip


@pytest.mark.parametrize("text", STRANGE)
def test_a_record_that_no_shim_has_written_says_nothing(tmp_path: Path, text: str) -> None:
    folder = TrialFolder(tmp_path)
    launch: Any = SimpleNamespace(folder=folder, attempt=1)
    for file in (folder.exit, folder.process):
        file.write_text(text)
    assert read_exit(launch, oom=False) is None
    assert find_shim(launch) is None
    assert log_start(launch) == 0


def test_a_record_is_read_where_it_is_one(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path)
    launch: Any = SimpleNamespace(folder=folder, attempt=1)
    folder.exit.write_text(EXIT % "2.5")
    found = read_exit(launch, oom=False)
    assert found is not None
    assert (found.code, found.duration, found.ended) == (0, 2.5, 5.0)


def test_a_record_counts_that_could_not_get_its_name_once_its_shim_is_gone(tmp_path: Path) -> None:
    folder = TrialFolder(tmp_path)
    launch: Any = SimpleNamespace(folder=folder, attempt=1)
    folder.exit_ready.write_text(" " * 4096)
    assert read_exit(launch, oom=False) is None
    folder.exit_ready.write_text(EXIT % "2.5" + " " * 4000)
    assert read_exit(launch, oom=False, gone=False) is None
    found = read_exit(launch, oom=False)
    assert found is not None
    assert (found.code, found.duration) == (0, 2.5)
    launch.attempt = 2
    assert read_exit(launch, oom=False) is None


@pytest.mark.parametrize("begin", [0, -5, 10**30])
def test_a_log_is_read_from_wherever_it_is_said_to_begin(tmp_path: Path, begin: int) -> None:
    log = tmp_path / "stdout.log"
    log.write_text("x" * 10)
    assert tail(log, begin) == ("" if begin > 10 else "x" * 10)


def test_the_shim_is_found_by_its_mark_where_the_trial_has_written_over_its_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a trial that runs would be taken for lost."""
    folder = TrialFolder(tmp_path)
    launch: Any = SimpleNamespace(folder=folder, attempt=1)
    folder.process.write_text('{"attempt": 1}')
    me = processes.Process.of(os.getpid())
    monkeypatch.setattr(processes, "marked", lambda _: [me])
    assert find_shim(launch) == me
