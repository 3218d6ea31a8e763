"""What is written while a study is being read: a picture of it is of one moment."""

import errno
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.cli.summary import state_of
from hpo_tui.tui.watching.pictures import Pictures
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import StudyWatcher, read_once
from tests.tui.conftest import NOW, make_study

Until = Callable[[Callable[[], bool]], bool]


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    return make_study(tmp_path, trials=6, running=1)


@pytest.fixture
def writer(study: StudyFolder) -> Iterator[StudyWriter]:
    writer = StudyWriter(study.db)
    yield writer
    writer.close()


def test_a_picture_is_of_one_moment(study: StudyFolder, writer: StudyWriter) -> None:
    """The runner ends its last trial and the study between any two statements of a reader."""
    writer.update_study(state="running")
    said: list[int] = []

    def end_one_more(_: str) -> None:
        said.append(len(said))
        with writer.transaction():
            writer.add_event("complete", str(len(said)))
            writer.put("waiting", str(len(said)))
            writer.update_study(reason=str(len(said)))
            writer.update_trial(1, note=str(len(said)), peak_memory=len(said))

    with pytest.MonkeyPatch.context() as patched, StudyReader(study.db) as reader:
        patched.setattr(StudyFolder, "runner_pid", lambda _: 4242)
        reader.conn.set_trace_callback(end_one_more)
        picture = Pictures(study, lambda: NOW).take(reader)
        reader.conn.set_trace_callback(None)
    row = picture.frame.index(1)
    assert row is not None
    seen = {picture.study.reason, picture.waits, picture.events[-1].text}
    seen.add(str(int(picture.frame.peak_memory[row])))
    assert len(seen) == 1
    assert len(said) > 5


@pytest.mark.parametrize("comes", [False, True])
def test_a_runner_that_comes_or_goes_meanwhile_is_not_taken_for_one_that_died(
    study: StudyFolder, writer: StudyWriter, monkeypatch: pytest.MonkeyPatch, *, comes: bool
) -> None:
    """It locks the study and sets it going, or the other way round, after the first look."""
    living = [None if comes else 4242]
    monkeypatch.setattr(StudyFolder, "runner_pid", lambda _: living[0])
    before, after = StudyState.STOPPED, StudyState.RUNNING
    if not comes:
        before, after = after, StudyState.FINISHED
    writer.update_study(state=str(before))
    read, turned = StudyReader.study, threading.Event()

    def turn(reader: StudyReader) -> object:
        found = None if comes else read(reader)
        if not turned.is_set():
            turned.set()
            living[0] = 4242 if comes else None
            writer.update_study(state=str(after))
        return found or read(reader)

    monkeypatch.setattr(StudyReader, "study", turn)
    picture = read_once(study, lambda: NOW)
    assert (picture.study.state, picture.runner_pid) == (after, living[0])
    assert state_of(picture) == str(after)


@contextmanager
def watching(study: StudyFolder) -> Iterator[tuple[list[Snapshot], list[str], Until]]:
    """A watcher in its thread: what it delivers, what it says, and a wait for either."""
    pictures: list[Snapshot] = []
    sentences: list[str] = []
    news = threading.Condition()

    def told(into: list[Any], what: object) -> None:
        with news:
            into.append(what)
            news.notify()

    def until(holds: Callable[[], bool]) -> bool:
        with news:
            return news.wait_for(holds, 20)

    watcher = StudyWatcher(study, partial(told, pictures), partial(told, sentences))
    thread = threading.Thread(target=watcher.run)
    thread.start()
    try:
        yield pictures, sentences, until
    finally:
        watcher.stop()
        thread.join()


def test_a_study_that_is_replaced_as_it_is_opened_is_the_new_one(
    study: StudyFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_study(tmp_path / "elsewhere", trials=3)
    connect, opened = StudyReader._open, []

    def slowly(reader: StudyReader) -> None:
        connect(reader)
        if not opened:
            opened.append(other.db.replace(study.db))

    monkeypatch.setattr(StudyReader, "_open", slowly)
    with watching(study) as (pictures, _, until):
        assert until(lambda: bool(pictures) and len(pictures[-1].frame) == 3)


def test_a_file_server_that_does_not_answer_ends_no_watch(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    stat, mute = Path.stat, threading.Event()

    def answer(path: Path, **options: Any) -> os.stat_result:
        if mute.is_set() and path == study.db:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", answer)
    with watching(study) as (pictures, sentences, until):
        assert until(lambda: bool(pictures))
        mute.set()
        assert until(lambda: any("does not answer" in text for text in sentences))
        mute.clear()
        assert until(lambda: sentences[-1:] == [""])


def test_who_hurries_while_a_picture_is_taken_has_another_at_once(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpo_tui.tui.watching.watcher.LEAST_SECONDS", 1000.0)
    reasons: list[str] = []

    def take(picture: Snapshot) -> None:
        reasons.append(picture.study.reason)
        if len(reasons) == 1:
            with closing(StudyWriter(study.db)) as mine:
                mine.update_study(reason="as asked")
            watcher.hurry()
        else:
            watcher.stop()

    watcher = StudyWatcher(study, take, lambda _: None)
    thread = threading.Thread(target=watcher.run)
    thread.start()
    thread.join(10)
    lost = thread.is_alive()
    watcher.stop()
    thread.join()
    assert not lost
    assert reasons[1:] == ["as asked"]
