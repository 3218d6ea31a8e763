import os
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.log_index import LogIndex
from hpo_tui.tui.screens.dialogs import Ask
from hpo_tui.tui.screens.trial import TrialScreen
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.log_tail import LogTail
from tests.tui.conftest import NOW, until, watching


def test_lines_of_a_growing_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    index = LogIndex(path)
    assert not index.extend()
    assert len(index) == 0
    path.write_text("one\ntwo\nthr")
    assert index.extend()
    assert index.lines(0, 9) == [b"one\n", b"two\n", b"thr"]
    with path.open("a") as file:
        file.write("ee\nfour\n")
    assert index.extend()
    assert not index.extend()
    assert index.lines(2, 9) == [b"three\n", b"four\n"]
    assert len(index) == 4


def test_who_looks_while_a_file_is_taken_in_sees_it_before_or_after(tmp_path: Path) -> None:
    """The screen draws while a thread reads on: it is drawn between any two lines of that."""
    path, seen = tmp_path / "stdout.log", list[list[bytes]]()
    index = LogIndex(path)
    path.write_bytes(b"a\nb\n")
    index.extend()
    path.write_bytes(b"a\nb\nc\nd\n")

    def draw(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename.endswith("log_index.py") and event == "line":
            sys.settrace(None)
            seen.append(index.lines(0, 9))
            sys.settrace(draw)
        return draw

    before = sys.gettrace()
    sys.settrace(draw)
    index.extend()
    sys.settrace(before)
    assert {b"".join(lines) for lines in seen} <= {b"a\nb\n", b"a\nb\nc\nd\n"}
    assert len(seen) > 10


def test_a_cut_or_replaced_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("a\nb\nc\n")
    index = LogIndex(path)
    index.extend()
    path.write_text("z\n")
    assert index.extend()
    assert index.lines(0, 5) == [b"z\n"]
    path.unlink()
    assert index.extend()
    assert len(index) == 0


def test_a_file_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path, closed: Any) -> None:
    path = tmp_path / "log"
    path.write_text("a\nb\n")
    index = LogIndex(path)
    with closed(path):
        assert index.extend()
        assert (len(index), index.fault) == (0, "Permission denied")
        assert not index.extend()
    assert index.extend()
    assert (len(index), index.fault) == (2, "")


async def test_an_output_that_cannot_be_read_is_said_to_be_that(
    study: StudyFolder,
) -> None:
    log = study.trial(9).log
    log.parent.mkdir(parents=True, exist_ok=True)
    log.unlink(missing_ok=True)
    log.symlink_to(log)  # it cannot be opened by any thread
    async with watching(study) as (app, pilot):
        assert app.live is not None
        app.open_trial(app.live, 9)
        await until(pilot, lambda: bool(app.screen.query(LogTail)))
        tail = app.screen.query_one(LogTail)
        await until(pilot, lambda: "cannot be read (Too many levels" in tail.render_line(1).text)


def test_millions_of_lines_are_searched(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"step %d loss 0.5\n" % i for i in range(300_000)) * 4)
    index = LogIndex(path)
    index.extend()
    assert len(index) == 1_200_000
    assert index.lines(1_199_999, 1) == [b"step 299999 loss 0.5\n"]
    first = index.find("step 299999", -1)
    assert first == 299_999
    assert index.find("step 299999", first) == 599_999
    assert index.find("step 299999", 599_999, backwards=True) == 299_999
    assert index.find("nowhere", -1) is None


def test_of_an_endless_line_the_end_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"\r".join(b"%d%%" % i for i in range(100_000)) + b"\rdone\n")
    index = LogIndex(path)
    index.extend()
    (line,) = index.lines(0, 1)
    assert len(line) <= 8192
    assert line.endswith(b"\rdone\n")


async def test_the_log_follows_searches_and_shows_nothing_that_acts(study: StudyFolder) -> None:
    log = study.trial(60).log
    log.write_bytes(b"\x1b[31mred\x1b[0m \x1b]52;c;aGk=\x07[bold]text\x1b[2J\n" + b"x\n" * 100)
    async with watching(study) as (app, pilot):
        assert app.live is not None
        app.live.select(60)
        await pilot.press("6")
        tail = app.screen.query_one(LogTail)
        await until(pilot, lambda: tail._index is not None and len(tail._index) == 101)
        with log.open("ab") as file:
            file.write(b"the end\n")
            os.fsync(file.fileno())
        await until(pilot, lambda: tail._index is not None and len(tail._index) == 102)
        await until(pilot, lambda: "the end" in _text(tail))
        await pilot.press("g")
        assert not tail.following
        shown = _text(tail)
        assert "red [bold]text" in shown
        assert "\x1b" not in shown
        await pilot.press("slash")
        assert isinstance(app.screen, Ask)
        await pilot.press(*"the end", "enter")
        await until(pilot, lambda: isinstance(app.screen, Watch) and tail._match == 101)
        await pilot.press("f")
        assert tail.following


def _text(tail: LogTail) -> str:
    lines = [tail.render_line(y).text for y in range(tail.size.height)]
    return "\n".join(lines)


async def test_a_page_is_read_from_the_file_once(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("6")
        await until(pilot, lambda: bool(app.screen.query(LogTail)))
        log = app.screen.query_one(LogTail)
        assert app.live is not None
        app.live.select(1)
        app.screen.view_changed()  # type: ignore[attr-defined]  # a study's screen
        await until(
            pilot, lambda: log.number == 1 and log._index is not None and len(log._index) == 60
        )
        read: list[int] = []
        lines = LogIndex.lines

        def counted(index: LogIndex, first: int, count: int) -> list[bytes]:
            read.append(first)
            return lines(index, first, count)

        monkeypatch.setattr(LogIndex, "lines", counted)
        log.action_top()
        drawn = [log.render_line(y).text for y in range(log.size.height)]
        assert drawn[1].startswith("epoch 0 ")
        assert drawn[2].startswith("epoch 1 ")
        assert len(read) <= 1, "none where it had been drawn already"
        with study.trial(1).log.open("a") as file:
            file.write("one more\n")
        await until(pilot, lambda: len(log._index or ()) == 61)
        log.action_bottom()
        assert any("one more" in log.render_line(y).text for y in range(log.size.height))


async def test_one_line_is_counted_as_one(study: StudyFolder) -> None:
    study.trial(60).log.write_bytes(b"waiting for data\n")
    async with watching(study) as (app, pilot):
        assert app.live is not None
        app.live.select(60)
        await pilot.press("6")
        tail = app.screen.query_one(LogTail)
        await until(pilot, lambda: "1 line, following" in _text(tail))


async def test_a_running_trial_that_has_long_written_nothing_is_said_to(study: StudyFolder) -> None:
    log = study.trial(60).log
    os.utime(log, (NOW - 2600, NOW - 2600))
    os.utime(study.trial(3).log, (NOW - 2600, NOW - 2600))
    async with watching(study) as (app, pilot):
        assert app.live is not None
        app.open_trial(app.live, 60)
        await until(pilot, lambda: "nothing new for 43m" in _heading(app))
        with log.open("a") as file:
            file.write("goes on\n")
        os.utime(log, (NOW, NOW))
        await until(pilot, lambda: "61 lines" in _heading(app))
        await until(pilot, lambda: "nothing new" not in _heading(app))
        screen = app.screen
        assert isinstance(screen, TrialScreen)
        screen.turn_to(3)
        await until(pilot, lambda: "trial 3 " in _heading(app))
        assert "nothing new" not in _heading(app), "it has ended"


def _heading(app: HpoApp) -> str:
    """Return what is above the log, once it is there."""
    return "".join(tail.render_line(0).text for tail in app.screen.query(LogTail))
