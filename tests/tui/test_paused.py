"""A study that paused itself says why, wherever it is looked at."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widget import Widget

from hpo_tui.engine.answers import PAUSED_BY_YOU
from hpo_tui.engine.execution.breaker import Breaker, Failure
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import DeviceSample, StudyState, Value
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.tables.study_rows import StudyRows
from hpo_tui.tui.watching.study_list import StudyList
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.words.header import header_pieces
from hpo_tui.tui.words.listed_why import why_lines
from hpo_tui.tui.words.paused import in_few_words
from tests.tui.conftest import make_study, until, watching


def lines(widget: Widget) -> str:
    return " ".join(widget.render_line(y).text.strip() for y in range(widget.size.height))


def paused_by_failure(home: Path, values: dict[str, Value], said: list[str]) -> StudyFolder:
    """A study that has paused because trial 5 failed with these values, and with this output."""
    breaker = Breaker(1)
    assert breaker.failed(Failure(5, "crash", 1, values, said))
    study = make_study(home, trials=0, running=0)
    writer = StudyWriter(study.db)
    writer.update_study(state=StudyState.PAUSED, reason=breaker.message(study.name_word))
    writer.close()
    return study


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_reason_of_a_pause_stays_in_sight(
    tmp_path: Path, size: tuple[int, int], runner: None
) -> None:
    study = paused_by_failure(tmp_path, {"lr": 0.5}, ["Traceback", "KeyError: 'x'"])
    async with watching(study, size=size) as (app, pilot):
        header = app.screen.query_one(StudyHeader)
        assert "‖ paused  a trial failed (crash, exit code 1)" in header.render_line(0).text
        best = app.screen.query_one("#best_table")
        await until(pilot, lambda: "Paused" in lines(best))
        for words in ("p resumes it", "trial 5", "lr = 0.5", "KeyError"):
            assert words in lines(best), words
        writer = StudyWriter(study.db)
        writer.update_study(state=StudyState.RUNNING, reason="")
        writer.close()
        await until(pilot, lambda: "preparing its first" in lines(best))
        assert "failed" not in header.render_line(0).text


async def test_leaving_says_that_a_paused_study_stays_so(tmp_path: Path, runner: None) -> None:
    study = make_study(tmp_path, trials=3, running=0)
    writer = StudyWriter(study.db)
    writer.update_study(state=StudyState.PAUSED, reason="paused by you")
    writer.close()
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press("q")
    assert "The study stays paused" in app.farewell


def test_the_header_says_how_a_paused_study_goes_on(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path, trials=3, running=0))

    def said(reason: str, runner: int | None, width: int = 80) -> str:
        study = replace(snapshot.study, state=StudyState.PAUSED, reason=reason)
        left, _ = header_pieces(replace(snapshot, study=study, runner_pid=runner), width)
        return "  ".join(text for text, _ in left)

    assert "paused  by you  p resumes  3 trials" in said(PAUSED_BY_YOU, 1)
    assert "by you" in said(PAUSED_BY_YOU, 1, 44)
    assert "no runner  by you  R goes on" in said(PAUSED_BY_YOU, None)
    full = "the disk is full: /very/long" + "/folder" * 9 + " could not be written"
    assert "paused  the disk is full: /very/" in said(full, 1)
    assert "…  p resumes" in said(full, 1)
    assert f"paused  {full}  p resumes" in said(full, 1, 200)
    alike = "12 trials in a row failed alike (exit code 1)"
    assert said(alike, 1, 77).endswith(f"paused  {alike}"), "rather why than the key"


@pytest.mark.parametrize(("size", "has_values"), [((80, 24), True), ((60, 20), False)])
async def test_in_a_small_window_the_error_and_what_to_do_are_in_sight(
    tmp_path: Path, size: tuple[int, int], has_values: bool, runner: None
) -> None:
    said = ["Traceback", *(f"  File {n}" for n in range(9)), "KeyError: 'x'"]
    values: dict[str, Value] = {f"value_{n}": 0.5 for n in range(3 if has_values else 60)}
    async with watching(paused_by_failure(tmp_path, values, said), size=size) as (app, pilot):
        best = app.screen.query_one("#best_table")
        await until(pilot, lambda: "Paused" in lines(best))
        for words in ("trial 5", "KeyError: 'x'", "Mend the script", "runs that trial again"):
            assert words in lines(best), words
        assert ("value_0 = 0.5" in lines(best)) is has_values
        assert "File 3" not in lines(best)


def test_the_header_says_how_a_stopped_study_goes_on(tmp_path: Path) -> None:
    snapshot = read_once(make_study(tmp_path, trials=3, running=0, state=StudyState.STOPPED))
    study = replace(snapshot.study, reason="stopped by you")
    ending = replace(snapshot, study=study, runner_pid=1)
    assert "R goes on" not in "".join(text for text, _ in header_pieces(ending, 120)[0])
    stopped = replace(snapshot, study=study, runner_pid=None)
    assert ("by you, R goes on", "dim") in header_pieces(stopped, 120)[0]


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (PAUSED_BY_YOU, "by you"),
        ("the disk is full: /x could not be written. Nothing is lost.", "the disk is full"),
        ("writing failed (disk I/O error): /x could not be written.", "writing failed"),
        ("5 trials in a row failed alike (crash), so", "5 trials in a row failed alike"),
        ("trial 7 cannot be started: no such file", "trial 7 cannot be started"),
        ("the optimizer fails (see runner.log); trials", "the optimizer fails"),
        ("", ""),
    ],
)
def test_few_words_say_what_has_happened(reason: str, said: str) -> None:
    assert in_few_words(reason) == said


def test_the_list_says_why_a_study_is_paused(tmp_path: Path, runner: None) -> None:
    folder = paused_by_failure(tmp_path, {"lr": 0.5}, ["Traceback", "KeyError: 'x'"])
    with closing(StudyList(folder.path.parent)) as studies:
        (summary,) = studies.read()
    assert StudyRows([summary], 0.0, 120).cells(0)[1] == ("‖ paused: a trial failed", "warn")
    for width, height in ((118, 6), (78, 4), (38, 2)):
        lines = why_lines(summary, width, height)
        assert lines[0].startswith("‖ paused (p resumes): a trial failed")
        assert len(lines) <= height
        assert max(map(len, lines)) <= width
    assert "  KeyError: 'x'" in why_lines(summary, 78, 4)
    alone = why_lines(replace(summary, runner=None), 78, 4)
    assert alone[0].startswith("‖ paused, no runner (R goes on): a trial failed")


def test_what_the_machine_does_is_no_change_of_a_paused_study(tmp_path: Path, runner: None) -> None:
    folder = paused_by_failure(tmp_path, {"lr": 0.5}, ["KeyError: 'x'"])
    with closing(StudyWriter(folder.db)) as writer:
        writer.add_event("paused", "a trial failed")
        writer.move_events(-5000.0, 0.0, ())
        writer.add_device_samples([DeviceSample(2000.0, "cpu", "CPU", 1, 2, 0.5)])
    with closing(StudyList(folder.path.parent)) as studies:
        assert studies.read()[0].touched < folder.db.stat().st_mtime - 4000


async def test_below_the_list_stands_why_the_study_under_the_cursor_does_so(
    tmp_path: Path, runner: None
) -> None:
    from hpo_tui.tui.app import HpoApp

    paused_by_failure(tmp_path, {"lr": 0.5}, ["KeyError: 'x'"])
    make_study(tmp_path, "quiet", trials=3)
    app = HpoApp(tmp_path / ".hpo")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(app.screen.query_one("#studies").rows) == 2)
        why = app.screen.query_one("#why")
        table = app.screen.query_one("#studies")
        table.move_to("quiet")
        app.screen._say_why()
        assert not why.display
        await pilot.press("home" if table.rows.find("quiet") else "end")
        await until(pilot, lambda: "KeyError" in lines(why))


async def test_a_reason_without_room_for_all_of_it_does_not_end_as_if_it_were_whole(
    tmp_path: Path, runner: None
) -> None:
    study = make_study(tmp_path, trials=0, running=0)
    writer = StudyWriter(study.db)
    why = "\n".join(f"Line {n} of what has happened." for n in range(40))
    writer.update_study(state=StudyState.PAUSED, reason=why)
    writer.close()
    async with watching(study, size=(80, 24)) as (app, pilot):
        best = app.screen.query_one("#best_table")
        await until(pilot, lambda: "Line 1 of" in lines(best))
        assert lines(best).endswith("of what has happened. …")
