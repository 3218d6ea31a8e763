"""What a trial prints and what it reports, taken in together."""

import json
from pathlib import Path
from typing import Any

import pytest
from acting import live

from hpo_tui.engine.execution.metrics.collector import Collector
from hpo_tui.engine.execution.reports import ReportTail
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.intake import Intake
from hpo_tui.engine.runner.live import Live
from hpo_tui.engine.runner.printed import Printed
from hpo_tui.engine.spec import MetricSource
from hpo_tui.store.read import StudyReader


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    time = [100.0]
    monkeypatch.setattr("hpo_tui.engine.execution.processes.awake", lambda: time[0])
    return time


@pytest.fixture
def printing(desk: Desk, tmp_path: Path) -> Live:
    """A trial that has printed its first step a moment ago."""
    nobody: Any = desk
    nobody.proposals.report = lambda *_, **__: None
    desk.writer.declare(["x"], ["a"])
    found = live(desk, tmp_path)
    files = found.launch.folder
    files.log.write_text("epoch=1 a=0.5\n")
    found.tail = ReportTail(files.reports, 1)
    found.printed = Printed(Collector([MetricSource("stdout")], files, {"a"}), fresh=True)
    return found


def stored(desk: Desk) -> list[tuple[int | None, dict[str, float]]]:
    with StudyReader(desk.folder.db) as reader:
        return [(r.step, dict(r.metrics)) for r in reader.reports(1)]


def test_what_is_printed_just_before_it_is_reported_counts_once(
    desk: Desk, printing: Live, now: list[float]
) -> None:
    intake = Intake(desk)
    intake.poll([printing])
    printing.launch.folder.reports.write_text('{"step": 1, "a": 0.5}\n')
    now[0] += 60
    intake.poll([printing])
    intake.poll([printing])
    assert stored(desk) == [(1, {"a": 0.5})]
    assert printing.printed is None


@pytest.mark.parametrize(
    ("reported", "taken"),
    [
        ('{"step": 1, "a": 0.5, "b": 2}', [(1, {"a": 0.5, "b": 2.0})]),
        ('{"step": 1, "a": 0.4987}', [(1, {"a": 0.5}), (1, {"a": 0.4987})]),
        ('{"step": 2, "a": 0.5}', [(1, {"a": 0.5}), (2, {"a": 0.5})]),
    ],
)
def test_what_is_reported_long_after_it_was_printed_counts_once_where_it_is_the_same(
    desk: Desk, printing: Live, now: list[float], reported: str, taken: list[Any]
) -> None:
    intake = Intake(desk)
    intake.poll([printing])
    now[0] += 60
    intake.poll([printing])
    assert stored(desk) == [(1, {"a": 0.5})]
    printing.launch.folder.reports.write_text(f'{reported}\n{{"step": 3, "a": 0.7}}\n')
    intake.poll([printing])
    assert stored(desk) == [*taken, (3, {"a": 0.7})]


def test_what_is_only_printed_is_taken_in_a_moment_later(
    desk: Desk, printing: Live, now: list[float]
) -> None:
    intake = Intake(desk)
    intake.poll([printing])
    with printing.launch.folder.log.open("a") as log:
        log.write("epoch=2 a=0.6\n")
    now[0] += 0.3
    intake.poll([printing])
    assert stored(desk) == [(1, {"a": 0.5}), (2, {"a": 0.6})]
    with printing.launch.folder.log.open("a") as log:
        log.write("epoch=3 a=0.7\n")
    intake.poll([printing])
    assert len(stored(desk)) == 3, "nothing is held back any more"


def told(desk: Desk) -> list[str]:
    with StudyReader(desk.folder.db) as reader:
        return [e.text for e in reader.events() if e.kind == "strange"]


def test_a_study_takes_in_two_hundred_metrics_and_its_own_however_late(
    desk: Desk, printing: Live
) -> None:
    intake, file = Intake(desk), printing.launch.folder.reports
    file.write_text(json.dumps({f"m{n}": n for n in range(199)} | {"step": 1}) + "\n")
    intake.poll([printing])
    with file.open("a") as more:
        more.write(json.dumps({"x1": 1, "x2": 2, "x3": 3, "step": 2}) + "\n")
        more.write(json.dumps({"x4": 4, "m0": 0.1, "a": 0.5, "step": 3}) + "\n")
    intake.poll([printing])
    assert stored(desk)[1:] == [(2, {"x1": 1.0}), (3, {"m0": 0.1, "a": 0.5})]
    assert told(desk) == ["more than 200 different metrics: further ones are left out"]


def test_a_report_file_that_is_written_anew_each_time_is_told_of_once(
    desk: Desk, printing: Live
) -> None:
    intake, file = Intake(desk), printing.launch.folder.reports
    for step in range(4):
        file.write_text("".join(f'{{"step": {n}, "a": 0.{step}}}\n' for n in range(step + 1)))
        intake.poll([printing])
    assert [step for step, _ in stored(desk)] == [0, 0, 1, 0, 1, 2, 0, 1, 2, 3]
    (text,) = told(desk)
    assert text.startswith("trial 1 wrote its report file anew instead of appending to it")


def test_lines_that_are_no_reports_are_told_of_once(desk: Desk, printing: Live) -> None:
    intake, file = Intake(desk), printing.launch.folder.reports
    for _ in range(2):
        with file.open("a") as more:
            more.write('a = 0.5\n{"step": 1, "a": 0.5}\n')
        intake.poll([printing])
    assert told(desk) == ["trial 1 wrote lines to its report file that are no JSON objects"]


def test_of_many_reports_at_once_the_optimizer_is_given_the_last(
    desk: Desk, printing: Live
) -> None:
    nobody: Any = desk
    given = list[Any]()
    nobody.proposals.report = lambda *said, **how: given.append((said, how))
    file = printing.launch.folder.reports
    file.write_text("".join(f'{{"step": {n}, "a": 0.5, "b": 1}}\n' for n in range(100)))
    Intake(desk).poll([printing])
    ((number, lines), how) = given[0]
    assert (number, how, len(given)) == (1, {"judge": True}, 1)
    assert lines == [(n, {"a": 0.5}) for n in range(36, 100)]
