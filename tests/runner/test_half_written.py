"""An extended or edited study whose text cannot be written whole: in its file and its database."""

import errno
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.launch import offline, send
from hpo_tui.engine.runner.commands import Commands
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.spec import Resources, StudySpec
from hpo_tui.engine.spec.text import files
from hpo_tui.engine.spec.text.files import edited_by_hand, replacing
from hpo_tui.store.ask import ask
from hpo_tui.store.connect import connect
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

SCRIPT = "report(step=1, accuracy=0.5)"
KILLED = """
import os, pathlib, signal, sys
from hpo_tui.engine.launch import offline
from hpo_tui.engine.spec.text import files
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.write import StudyWriter

def die(*_args, **_kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

setattr({place}, die)
offline.apply(StudyFolder(pathlib.Path(sys.argv[1])), "extend", {{"amount": 3}})
"""


def _ready(study: Any) -> list[str]:
    """Return the names of what lies ready to become the study's file."""
    return [p.name for p in study.folder.path.iterdir() if p.name.endswith((".next", ".tmp"))]


def _kill_extending(study: Any, place: str) -> None:
    code = KILLED.format(place=place)
    done = subprocess.run([sys.executable, "-c", code, str(study.folder.path)], check=False)
    assert done.returncode == -signal.SIGKILL


def _whole(study: Any, budget: int) -> None:
    """Check that file and database say the same, and that nobody is taken to have edited."""
    assert f"budget = {budget}\n" in study.study().text
    assert edited_by_hand(study.folder.file, study.study().text) is None


def test_killed_before_the_database_has_it_nothing_has_changed(make_study: Any) -> None:
    study = make_study(SCRIPT, budget=2)
    _kill_extending(study, 'StudyWriter, "add_event"')
    _whole(study, 2)
    assert "budget = 2\n" in study.folder.file.read_text()
    study.run()
    assert len(study.trials()) == 2
    assert not study.events("edited")
    assert not _ready(study)


def test_killed_after_the_database_has_it_the_file_follows(make_study: Any) -> None:
    study = make_study(SCRIPT, budget=2)
    _kill_extending(study, 'files, "_put"')
    _whole(study, 5)
    assert "budget = 2\n" in study.folder.file.read_text()
    study.run()
    assert len(study.trials()) == 5
    assert study.folder.file.read_text() == study.study().text
    assert [e.text for e in study.events("edited")] == ["the budget is 5 now"]
    assert not _ready(study)


def test_after_a_kill_the_next_wish_is_granted(make_study: Any) -> None:
    study = make_study(SCRIPT, budget=2)
    _kill_extending(study, 'files, "_put"')
    assert send(study.folder, "extend", {"amount": 2}).ok
    _whole(study, 7)
    assert study.folder.file.read_text() == study.study().text
    assert not _ready(study)


def test_what_a_hand_has_written_after_a_kill_is_its_edit(make_study: Any) -> None:
    study = make_study(SCRIPT, budget=2)
    _kill_extending(study, 'files, "_put"')
    mine = study.folder.file.read_text().replace("budget = 2", "budget = 4")
    study.folder.file.write_text(mine)
    assert edited_by_hand(study.folder.file, study.study().text) == mine
    study.run()
    assert len(study.trials()) == 4
    assert study.study().text == study.folder.file.read_text() == mine
    assert not _ready(study)


def test_on_a_full_or_closed_disk_neither_has_it(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(SCRIPT, budget=2)

    # What is closed is the folder, though its file may be open.
    for code, named in ((errno.ENOSPC, study.folder.file), (errno.EACCES, study.folder.path)):
        error = OSError(code, os.strerror(code))
        monkeypatch.setattr(tempfile, "mkstemp", Mock(side_effect=error))
        with pytest.raises(OSError, match=os.strerror(code)) as raised:
            offline.apply(study.folder, "extend", {"amount": 3})
        assert raised.value.filename == str(named)
    _whole(study, 2)
    assert study.folder.file.read_text() == study.study().text


def test_while_the_database_is_locked_neither_has_it(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(SCRIPT, budget=2)
    other = connect(study.folder.db)
    before = StudyWriter.transaction

    def impatient(self: StudyWriter, **how: Any) -> Any:
        self.conn.execute("PRAGMA busy_timeout = 1")
        return before(self, **how)

    monkeypatch.setattr(StudyWriter, "transaction", impatient)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        offline.apply(study.folder, "extend", {"amount": 3})
    other.rollback()
    other.close()
    _whole(study, 2)
    assert study.folder.file.read_text() == study.study().text
    assert not _ready(study)


class _Means:
    """An executor that only takes over what an edit says of the means."""

    def __init__(self) -> None:
        self.resources: Resources | None = None

    def adapt(self, resources: Resources) -> str:
        self.resources = resources
        return ""

    def capacity(self) -> int:
        return self.resources.slots if self.resources is not None else 0


def test_a_runner_that_cannot_store_an_edit_goes_on_as_before(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study("hold()", budget=3, slots=1)
    writer, means = StudyWriter(study.folder.db), _Means()
    with StudyReader(study.folder.db) as reader:
        spec = StudySpec.from_text(reader.study().text)
    proposals = SimpleNamespace(init={"text": spec.text, "workers": 1}, stale=False)
    desk = Desk(study.folder, spec, writer, means, proposals, {})  # type: ignore[arg-type]  # what an edit needs of them
    commands = Commands(desk, Breaker(5))
    new = spec.text.replace("budget = 3", "budget = 8").replace("slots = 1", "slots = 4")
    ask(study.folder.db, "edit", {"text": new})
    answer = writer.answer_command

    def locked(*_: Any) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(writer, "answer_command", locked)
    with pytest.raises(sqlite3.OperationalError):
        commands.obey()
    assert desk.spec is desk.meter.spec is spec
    assert means.resources is not None
    assert (means.resources.slots, proposals.init["workers"]) == (1, 1)
    assert proposals.init["text"] == study.study().text == study.folder.file.read_text()
    assert not _ready(study)

    monkeypatch.setattr(writer, "answer_command", answer)
    commands.obey()  # the part that may have been done is refused
    ask(study.folder.db, "edit", {"text": new})
    commands.obey()
    assert desk.spec.text == study.study().text == study.folder.file.read_text() == new
    assert (means.resources.slots, proposals.init["workers"]) == (4, 4)
    assert not _ready(study)
    writer.close()


def test_a_linked_file_is_replaced_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "study [1].toml", tmp_path / "study.toml"
    target.write_text("old\n")
    target.chmod(0o640)
    link.symlink_to(target)
    with pytest.raises(KeyboardInterrupt), replacing(link, "new\n"):
        raise KeyboardInterrupt  # it may have been stored, or not
    assert target.read_text() == "old\n"
    assert edited_by_hand(link, "new\n") is None
    assert edited_by_hand(link, "other\n") == "old\n"
    files.finish_replacing(link, "new\n")
    assert link.is_symlink()
    assert target.read_text() == "new\n"
    assert target.stat().st_mode & 0o777 == 0o640
    assert [p.name for p in target.parent.iterdir()] == [target.name]
