"""A trial that was told to end and goes on: people are told why, and when it hangs."""

from pathlib import Path

import pytest
from acting import live

from hpo_tui.engine.execution import processes
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Stop
from hpo_tui.engine.runner.overdue import LingeringTrials
from hpo_tui.store.read import StudyReader


def told(desk: Desk) -> list[str]:
    with StudyReader(desk.folder.db) as reader:
        return [e.text for e in reader.events() if e.kind in ("ending", "strange")]


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [1000.0]
    monkeypatch.setattr(processes, "awake", lambda: time[0])
    return time


def test_a_trial_that_does_not_end_when_it_is_told_is_told_of(
    desk: Desk, tmp_path: Path, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, lingering = live(desk, tmp_path), LingeringTrials(desk)
    lingering.look()
    desk.end(one, Stop("kill", "killed by you"))
    now[0] += 1
    lingering.look()
    assert told(desk) == []  # most end at once
    now[0] += 4
    lingering.look()
    lingering.look()
    assert told(desk) == [
        "trial 1 is told to end (killed by you): it saves what it has, or does not listen, and is"
        " killed in 25 s"
    ]
    now[0] += 26  # killed, which may take a moment
    lingering.look()
    assert len(told(desk)) == 1
    monkeypatch.setattr(processes, "tree", lambda pid: [pid, *range(21, 26)])
    now[0] += 30
    lingering.look()
    lingering.look()
    assert told(desk)[1:] == [
        "trial 1 was to be killed 31 s ago and has not ended (pid 21, 22, 23 and 2 others): what"
        " SIGKILL does not end hangs in the kernel, as on a GPU driver or a disk that does not"
        " answer. Its device stays taken until it ends, or the machine is restarted"
    ]


def test_a_trial_that_is_killed_at_once_has_no_time_to_save_anything(
    desk: Desk, tmp_path: Path, now: list[float]
) -> None:
    one = live(desk, tmp_path)
    desk.end(one, Stop("study", "the study was stopped"))
    assert one.kill_at == now[0] + 30
    now[0] += 4
    desk.end(one, Stop("study", "the study was stopped"), at_once=True)
    assert one.kill_at == now[0]
    LingeringTrials(desk).look()
    assert told(desk) == []
