"""A study that is made, made anew, put away or deleted while somebody waits for it or looks on."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import LaunchError, asking, create_study, making, send
from hpo_tui.engine.launch.offline import locked
from hpo_tui.engine.launch.origin import origin
from hpo_tui.engine.runner import lock as locking
from hpo_tui.engine.runner import opening
from hpo_tui.engine.runner.lock import Lock, Unopenable
from hpo_tui.engine.runner.loop import Runner
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store import folder as folders
from hpo_tui.store.connect import log_of
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.cli import studies
from hpo_tui.tui.watching.unreadable import UnreadableError
from hpo_tui.tui.watching.watcher import read_once

SHORT = "report(step=1, accuracy=0.5)\n"
ADDED = '\n[space.y]\ntype = "float"\nlow = 0.0\nhigh = 1.0\ndefault = 0.5\n'


def test_a_runner_that_waits_for_a_study_that_is_made_anew_waits_for_the_new_one(
    make_study: Any, tmp_path: Path
) -> None:
    folder, moved = make_study(SHORT).folder, tmp_path / "moved"

    def made_anew() -> None:
        folder.path.rename(moved)
        shutil.copytree(moved, folder.path)
        other.callback(Lock(folder).release)

    patching = pytest.MonkeyPatch.context
    with ExitStack() as other, ExitStack() as command, patching() as patched:
        command.enter_context(locked(folder))
        command.callback(made_anew)
        patched.setattr(locking.time, "sleep", lambda _: command.close())
        patched.setattr(locking, "_RUNNER_SECONDS", 0.0)
        with pytest.raises(Unopenable, match="a runner works on t already"):
            Lock(folder)


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is done while somebody waits until nobody else changes the study."""
    todo: list[Any] = []
    flock = folders.fcntl.flock

    def wait(fd: int, kind: int) -> None:
        if kind == folders.fcntl.LOCK_EX and todo:
            todo.pop()()
        flock(fd, kind)

    monkeypatch.setattr(folders.fcntl, "flock", wait)
    yield todo
    assert not todo


def test_a_study_that_is_deleted_while_it_is_to_be_made_is_made(
    make_study: Any, tmp_path: Path, waiting: list[Any]
) -> None:
    study = make_study(SHORT)
    text = study.study().text
    waiting.append(lambda: study.folder.path.rename(tmp_path / "doomed"))
    folder = create_study(text, tmp_path / HOME)
    assert (folder.path, study.study().text) == (study.folder.path, text)


@pytest.mark.parametrize("again", [False, True])
def test_a_study_that_is_put_away_while_it_is_to_be_changed_is_gone(
    make_study: Any, tmp_path: Path, waiting: list[Any], *, again: bool
) -> None:
    """Another of its name that was made meanwhile is not the one that was meant."""
    folder: StudyFolder = make_study(SHORT).folder

    def put_away() -> None:
        folder.path.rename(tmp_path / "moved")
        if again:
            folder.path.mkdir()

    waiting.append(put_away)
    with pytest.raises(ValueError, match="the study is gone"), locked(folder):
        pytest.fail("it was changed")
    assert folder.path.is_dir() is again
    assert not folder.lock.exists()


def test_a_study_is_not_made_anew_under_a_runner_that_has_just_come(
    make_study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(SHORT)
    text = study.study().text
    looked, locks = making._to_be_made_anew, list[Lock]()

    def look(folder: StudyFolder, spec: StudySpec) -> bool:
        found = looked(folder, spec)
        locks.append(Lock(folder))
        return found

    monkeypatch.setattr(making, "_to_be_made_anew", look)
    try:
        with pytest.raises(LaunchError, match="a runner has started at this moment: try again"):
            create_study(text.replace("budget = 1", "budget = 2"), tmp_path / HOME)
    finally:
        locks[0].release()
    assert study.study().text == text


def test_a_study_that_is_being_made_is_there_when_it_is_whole(
    make_study: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, said = tmp_path / "elsewhere" / HOME, list[str]()
    text, study = make_study(SHORT).study().text, StudyFolder(home / "t")
    home.mkdir(parents=True)
    study.path.mkdir()
    (study.path / ".making").write_text("of a making that was cut off")
    log_of(study.db).write_text("of a file that was deleted")
    monkeypatch.setattr("sqlite3.connect", looked_on(study, said))
    create_study(text, home)
    assert {text.partition(":")[0] for text in said} == {f"{study.path} has no study.db yet"}
    assert read_once(study).study.text == text
    left = {path.name for path in study.path.iterdir()}
    assert left - {"study.db-shm", "study.db-wal"} == {
        "made-from.toml", "study.db", "study.toml", "trials"
    }  # fmt: skip


def looked_on(study: StudyFolder, said: list[str]) -> Any:
    """Return what opens SQLite files, with a look at a study before each statement of a writer."""
    connect = sqlite3.connect

    def look(_: str) -> None:
        try:
            read_once(study)
        except UnreadableError as error:
            said.append(str(error))

    def connected(name: Any, *args: Any, **options: Any) -> sqlite3.Connection:
        conn = connect(name, *args, **options)
        if not options.get("uri"):
            conn.set_trace_callback(look)
        return conn

    return connected


@pytest.fixture
def looking_on(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """What the text of the study speaks of and its file lacks, after each transaction."""
    lacking: list[set[str]] = []
    transaction = StudyWriter.transaction

    @contextmanager
    def looked_at(writer: StudyWriter, **options: bool) -> Iterator[None]:
        with transaction(writer, **options):
            yield
        place = Path(writer.conn.execute("PRAGMA database_list").fetchone()[2])
        if not writer.conn.in_transaction:
            with StudyReader(place) as reader:
                spec = StudySpec.from_text(reader.study().text)
                there = {*reader.columns("p").values(), *reader.columns("m").values()}
            lacking.append({*(p.name for p in spec.space), *spec.metric_names} - there)

    monkeypatch.setattr(StudyWriter, "transaction", looked_at)
    return lacking


def test_who_looks_on_as_a_study_is_made_finds_all_that_it_speaks_of(
    make_study: Any, tmp_path: Path, looking_on: list[set[str]]
) -> None:
    text = make_study(SHORT).study().text
    create_study(text + ADDED, tmp_path / HOME)
    assert looking_on
    assert not any(looking_on)


def test_who_looks_on_as_an_edit_is_taken_over_finds_all_that_it_speaks_of(
    make_study: Any, looking_on: list[set[str]]
) -> None:
    study = make_study(SHORT)
    study.folder.file.write_text(study.study().text + ADDED)
    with closing(StudyWriter(study.folder.db)) as writer:
        spec = opening.taken_over(study.folder, study.study(), [], writer)
    assert [p.name for p in spec.space] == ["x", "y"]
    assert not any(looking_on)


def test_a_file_that_is_replaced_while_a_runner_looks_for_its_devices_is_not_its_own(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would run on for nobody, writing to a file that has no name any more."""
    folder = make_study(SHORT).folder
    find = opening.open_executor

    def slowly(*args: Any) -> Any:
        shutil.copy(folder.db, folder.path / "copy.db")
        (folder.path / "copy.db").replace(folder.db)
        return find(*args)

    monkeypatch.setattr(opening, "open_executor", slowly)
    lock = Lock(folder)
    try:
        runner = Runner(opening.open_desk(folder, "tiny:Optimizer"), lock)
        gone = runner.file.is_gone()
        runner._close()
    finally:
        lock.release()
    assert gone


def test_a_runner_makes_no_study_of_one_that_was_deleted_since(make_study: Any) -> None:
    folder = make_study(SHORT).folder
    folder.db.unlink()
    with pytest.raises(Unopenable, match="there is no study in"):
        opening.open_desk(folder, "tiny:Optimizer")
    assert not folder.db.exists()
    folder.made_from.unlink()
    create_study(folder.file, folder.path.parent)


def test_a_study_whose_runner_has_just_come_is_not_asked_to_put_itself_away(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(SHORT).folder
    monkeypatch.setattr(asking, "runner_pid", lambda _: 4242)
    with pytest.raises(LaunchError, match=r"t is running: stop it first with `hpo-tui stop .*/t`"):
        send(folder, "archive")


def test_a_study_that_was_deleted_as_it_was_compared_is_no_bug(make_study: Any) -> None:
    folder = make_study(SHORT).folder
    spec = StudySpec.load(folder.file)
    folder.db.rename(folder.path / "moved")
    with pytest.raises(LaunchError, match="cannot be read"):
        origin(folder, spec)
    (folder.path / "moved").rename(folder.db)


def test_a_study_that_was_made_since_it_was_looked_for_is_found(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(SHORT).folder
    for look in ("find_study", "_called"):
        monkeypatch.setattr(studies, look, lambda *_: None)
    assert studies.find("t", folder.workplace) == folder
