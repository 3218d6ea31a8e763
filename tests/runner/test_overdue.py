"""A trial that takes far longer than any of its task has is told of, once."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from acting import live

from hpo_tui.engine.notify import KEY
from hpo_tui.engine.overdue import KEY as OVERDUE
from hpo_tui.engine.quiet import quiet
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.overdue import OverdueTrials
from hpo_tui.engine.runner.quiet import QuietTrials
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader


@pytest.fixture
def late(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A study whose trials took 40 s at most, with one that has run for 200 s, and ``notify``."""
    desk.spec = replace(desk.spec, notify=("true",))
    live(desk, tmp_path)
    for number in (2, 3, 4):
        add(desk, number, 10.0 * number)
    ran(monkeypatch, desk, 200.0)
    return desk


def add(desk: Desk, number: int, duration: float, cost: float = 1.0) -> None:
    done = Trial(number, number, "full", TrialState.COMPLETE, cost, {"x": 0.5}, duration=duration)
    desk.writer.add_trial(done)
    desk.trials[number] = done


def ran(monkeypatch: pytest.MonkeyPatch, desk: Desk, seconds: float) -> None:
    monkeypatch.setattr(desk, "elapsed", lambda _: seconds)


def events(desk: Desk) -> list[str]:
    with StudyReader(desk.folder.db) as reader:
        return [e.text for e in reader.events() if e.kind == "overdue"]


def notices(desk: Desk) -> list[list[str]]:
    with StudyReader(desk.folder.db) as reader:
        return [reader.get(key) for key in reader.keys_beginning(KEY)]


def now(desk: Desk) -> list[int]:
    with StudyReader(desk.folder.db) as reader:
        return list((reader.get(OVERDUE) or {"now": []})["now"])


def test_it_is_told_with_what_would_end_it(late: Desk) -> None:
    OverdueTrials(late).look()
    said = "trial 1 has run for 3m 20s, others at full 40s at most; "
    (text,) = events(late)
    assert text.startswith(said + "nothing stops it but `hpo-tui kill ")
    assert text.endswith(" 1`: neither stall nor timeout is set")
    assert notices(late) == [["overdue", text]]
    assert now(late) == [1]


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"stall": 3600.0}, "it is stopped once it reports nothing for 1h (stall)"),
        ({"timeout": 7200.0}, "it is stopped after 2h in all (timeout)"),
    ],
)
def test_what_the_study_does_about_it_is_said(
    late: Desk, limits: dict[str, float], said: str
) -> None:
    late.spec = replace(late.spec, resources=replace(late.spec.resources, **limits))
    OverdueTrials(late).look()
    assert events(late)[0].endswith(said)


def test_each_is_told_once_by_whatever_runner_and_attempt(
    late: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    watching = OverdueTrials(late)
    watching.look()
    watching.look()
    OverdueTrials(late).look()
    ran(monkeypatch, late, 5.0)  # another attempt
    OverdueTrials(late).look()
    assert now(late) == []
    ran(monkeypatch, late, 300.0)
    OverdueTrials(late).look()
    assert now(late) == [1]
    assert len(events(late)) == len(notices(late)) == 1


def test_nobody_is_told_without_a_command(late: Desk) -> None:
    late.spec = replace(late.spec, notify=())
    OverdueTrials(late).look()
    assert len(events(late)) == 1
    assert notices(late) == []


def test_what_is_in_time_or_cannot_be_judged_is_not_told(
    late: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran(monkeypatch, late, 119.0)
    OverdueTrials(late).look()
    ran(monkeypatch, late, 200.0)
    late.trials[2] = replace(late.trials[2], cost=0.25)  # so the whole task takes up to 80 s
    OverdueTrials(late).look()
    late.trials[2] = replace(late.trials[2], state=TrialState.FAILED)
    OverdueTrials(late).look()
    assert events(late) == []


def test_one_that_has_ended_is_overdue_no_more(late: Desk) -> None:
    watching = OverdueTrials(late)
    watching.look()
    late.update(1, state=TrialState.KILLED)
    del late.live[1]
    watching.look()
    assert now(late) == []
    with StudyReader(late.folder.db) as reader:
        assert reader.get(OVERDUE) == {"now": [], "told": []}


def test_a_trial_that_stops_reporting_is_quiet_until_it_reports(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, look = live(desk, tmp_path), QuietTrials(desk).look
    awake = 1000.0
    monkeypatch.setattr("hpo_tui.engine.execution.processes.awake", lambda: awake)
    monkeypatch.setattr(desk, "elapsed", lambda _: awake - 500.0)

    def found() -> dict[int, float]:
        look()
        with StudyReader(desk.folder.db) as reader:
            return {n: time.time() - at for n, at in quiet(reader).items()}

    one.tail.seq, one.heard = 0, 500.0
    assert not found(), "it may report at its end alone"
    one.tail.seq, one.heard = 20, 900.0  # one in 20 s
    assert not found()
    awake = 1002.0
    assert found() == {1: pytest.approx(102.0, abs=5)}
    one.heard = awake
    assert not found()
    awake += 59.0  # as fast as it may report
    one.tail.seq = 2000
    assert not found()
