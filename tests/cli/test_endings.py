"""How the command line ends: exit statuses, sentences, and never a traceback."""

import errno
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.connect import connect_reader
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import Trial
from hpo_tui.tui.cli import root

HOSTILE = "ev\x1b]0;il\x07\x1b[2J\u202e[bold]x[/]\r\n\x9b31m"


def test_wrong_usage_is_2(hpo: Callable[..., Any]) -> None:
    for words in (["status", "--nope"], ["kill"], ["kill", "first"]):
        ran = hpo(*words)
        assert ran.code == 2, words
        assert ran.out == ""
        assert "--help" in ran.err or "must be" in ran.err


def test_an_amount_below_0_is_refused_as_one(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    for words in (["-5"], ["-5", "-s", "sparse"], ["-.5"], ["0"]):
        ran = hpo("extend", *words)
        assert (ran.code, "number above 0, found '" in ran.err) == (2, True), words
    assert "say how much" in hpo("extend", "-5h").err
    unknown = hpo("extend", "-x").err
    assert "No such option" in unknown  # click's words; how it quotes depends on its version
    assert "-x" in unknown


def test_more_wall_time_is_said_as_a_time(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], study_text: str
) -> None:
    folder = make_study(text=study_text.replace("budget = 10", 'budget = "8h"'))
    ran = hpo("extend", "2")
    assert (ran.code, "such as 2h" in ran.err) == (2, True)
    told = hpo("extend", "2h").err
    assert (
        told
        == "the budget is 10h now\nthe study is not running; to continue it: hpo-tui run sparse\n"
    )
    assert 'budget = "10h"' in folder.file.read_text("utf-8")


def test_no_such_command_is_refused_with_a_sentence(hpo: Callable[..., Any]) -> None:
    ran = hpo("stauts")
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert "hpo-tui status?" in ran.err
    assert "hpo-tui" not in hpo("zzz").err.removeprefix("hpo-tui: ")
    assert "status?" not in hpo("watch", "stauts").err
    assert "there is no study file 'study.toml'; hpo-tui init" in hpo("run", "study.toml").err


def test_a_path_that_cannot_be_looked_at_ends_in_a_sentence(hpo: Callable[..., Any]) -> None:
    ran = hpo("x" * 300)
    assert ran.code == 1
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("hpo-tui: ")


def test_a_mistyped_command_with_words_is_told_which_there_are(hpo: Callable[..., Any]) -> None:
    ran = hpo("kil", "3", "-s", "sparse")
    assert ran.code == 2
    assert ran.err == (
        "hpo-tui: there is no command 'kil'; did you mean 'kill'? hpo-tui --help lists them\n"
    )
    assert hpo("two", "folders").err.endswith("'two'. hpo-tui --help lists them\n")


def test_a_word_that_other_programs_have_says_what_it_is_here(
    make_study: Callable[..., StudyFolder], hpo: Callable[..., Any]
) -> None:
    make_study()
    best = "hpo-tui best A B compares studies"
    for words in (["compare", "a", "b"], ["compare", "--help"]):
        ran = hpo(*words)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == f"hpo-tui: there is no command 'compare'; {best}\n"
    ran = hpo("compare")
    assert ran.code == 1
    assert ran.err.endswith(f"; or is a command meant? {best}\n")
    assert all(said.split()[0] in root.COMMANDS for said in root.MEANT.values())


def test_help_is_a_command_where_no_study_is_called_so(
    make_study: Callable[..., StudyFolder], hpo: Callable[..., Any]
) -> None:
    study = make_study()
    for words, same in ((["help"], ["--help"]), (["help", "run"], ["run", "--help"])):
        assert hpo(*words) == hpo(*same)
        assert hpo(*words).code == 0
    assert hpo("help", "me") == hpo("--help")
    study.path.rename(study.path.with_name("help"))
    assert hpo("help", "--once").out.startswith("sparse ")


def test_a_study_of_a_newer_version_is_no_bug(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    folder = make_study()
    with closing(sqlite3.connect(folder.db)) as conn, conn:
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('hpo_tui', '0999_later', '')"
        )
    for words in ("run sparse --no-wait", "resume", "export --csv", "extend 3", "best", "star 1"):
        ran = hpo(*words.split())
        assert ran.code == 1, words
        assert "update hpo-tui to open it" in ran.err, words
        assert "bug" not in ran.err, words


def test_a_folder_that_may_not_be_looked_into_leaves_the_others(
    hpo: Callable[..., Any],
    make_study: Callable[..., StudyFolder],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed, _ = make_study("closed"), make_study("sparse")
    shut_out(monkeypatch, closed.path)
    ran = hpo("status")
    assert ran.code == 1
    first, second, *running = ran.out.splitlines()
    assert running
    assert all(re.match(r"  #\d+ at .* so far", line) for line in running)
    assert first.startswith(f"closed: you have no permission to read {closed.path}")
    assert second.startswith("sparse: finished")
    ran = hpo("status", "--json")
    assert ran.code == 1
    assert [record["study"] for record in json.loads(ran.out)] == ["sparse"]
    assert "closed is left out: you have no permission to read" in ran.err
    assert hpo("status", "sparse").code == 0


def shut_out(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Let nobody look into ``folder``, as root can look into any."""
    real = os.stat

    def stat(path: Any, *args: Any, **options: Any) -> os.stat_result:
        if isinstance(path, (str, Path)) and folder in Path(path).parents:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr("hpo_tui.store.read.connect_reader", refuse)


def refuse(path: Path) -> sqlite3.Connection:
    """Open ``path`` as SQLite does, which asks the system and not Python."""
    if path.parent.name == "closed":
        raise sqlite3.OperationalError("unable to open database file")
    return connect_reader(path)


def test_a_file_that_is_no_database(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    folder = make_study()
    folder.db.write_bytes(b"not a database at all" * 100)
    for words in (["status", "sparse"], ["best", "sparse"], ["export", "sparse", "--csv"]):
        ran = hpo(*words)
        assert ran.code == 1, words
        assert "Traceback" not in ran.err
        assert len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_bug(
    make_study: Callable[..., StudyFolder], tmp_path: Path, closed: str
) -> None:
    make_study()
    line = f'"{sys.executable}" -m hpo_tui status sparse {closed}'
    place = {"cwd": tmp_path, "env": {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}}
    ran = subprocess.run(line, shell=True, check=False, capture_output=True, **place)
    assert ran.returncode == 0
    assert not (tmp_path / "state").exists()


def test_a_bug_is_logged_and_said(
    hpo: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(argv: list[str]) -> None:
        raise ZeroDivisionError(HOSTILE)

    monkeypatch.setattr(root, "with_command", broken)
    ran = hpo("status")
    assert ran.code == 1
    assert "Traceback" not in ran.err
    assert "this is a bug in hpo-tui (ZeroDivisionError" in ran.err
    logs = list((tmp_path / "state" / "hpo-tui").glob("error-*.log"))
    assert len(logs) == 1
    assert str(logs[0]) in ran.err
    assert "ZeroDivisionError" in logs[0].read_text("utf-8")


def test_an_interrupt_is_130(hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(argv: list[str]) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(root, "with_command", interrupted)
    assert hpo("status").code == 130


def test_a_closed_pipe_is_no_error(make_study: Callable[..., StudyFolder], tmp_path: Path) -> None:
    make_study()
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "hpo_tui", "export", "--json"], stdout=write, stderr=subprocess.PIPE,
        cwd=tmp_path, text=True, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (0, "")


def test_hostile_text_never_acts(
    hpo: Callable[..., Any],
    make_study: Callable[..., StudyFolder],
    study_text: str,
    trials: list[Trial],
) -> None:
    trials = [replace(t, reason=HOSTILE, note=HOSTILE) for t in trials]
    make_study(trials=trials, text=study_text)
    outputs = [
        hpo("status", "sparse"), hpo("best", "sparse"), hpo("status", HOSTILE),
        hpo("export", "sparse", "--json"), hpo("watch", HOSTILE), hpo(HOSTILE),
        hpo("status", "--" + HOSTILE), hpo("enqueue", HOSTILE), hpo("check", HOSTILE),
        hpo("import", HOSTILE), hpo("export", "-o", HOSTILE + "/x", "--csv"),
    ]  # fmt: skip
    for ran in outputs:
        for char in ran.out + ran.err:
            assert char == "\n" or unicodedata.category(char)[0] != "C", repr(char)


def test_help_is_quick_and_light() -> None:
    code = (
        "import sys, resource; from hpo_tui.tui.cli import main; main(['--help']);"
        "bad = {'textual', 'numpy', 'torch', 'optuna', 'sqlite_utils', 'rich.console'};"
        "print(sorted(bad & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "sparse network" in done.stdout


def heed_interrupts() -> None:
    """Undo what a shell does to jobs in the background: they ignore Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_sigint_in_a_real_process(make_study: Callable[..., StudyFolder], tmp_path: Path) -> None:
    make_study()
    code = (
        "import os, signal, sys; from hpo_tui.tui.cli import main, studies as s;"
        "s.picture_of = lambda folder: os.kill(os.getpid(), signal.SIGINT);"
        "sys.exit(main(['best']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False,
        preexec_fn=heed_interrupts,
    )  # fmt: skip
    assert done.returncode == 130
    assert "interrupted" in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_poor_locale_still_prints(
    make_study: Callable[..., StudyFolder], tmp_path: Path, encoding: str
) -> None:
    make_study()
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "hpo_tui", "status", "sparse"], capture_output=True, env=env,
        cwd=tmp_path, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert b"accuracy" in done.stdout
    done.stdout.decode("ascii")


def test_a_name_that_is_no_text_is_refused_in_words(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    text = make_study().file.read_text()
    (tmp_path / "study.toml").write_text(text.replace('"python", "train.py"', '"true"'))
    ran = hpo("run", "study.toml", "--headless", "--name", "a\udcff")
    assert ran.code == 1
    assert "which is not text: remove it, or give the study another (run --name NAME)" in ran.err
    assert not (tmp_path / HOME / "a").exists()


@pytest.mark.parametrize("name", ["a/b", "..", "-x", "n" * 201])
def test_a_name_that_can_name_no_folder_is_refused_as_in_a_file(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path, name: str
) -> None:
    (tmp_path / "study.toml").write_text(make_study().file.read_text())
    ran = hpo("run", "study.toml", "--no-wait", f"--name={name}")
    assert ran.code == 1
    assert "--name: must be able to name a folder: no / or" in ran.err
    assert [p.name for p in (tmp_path / HOME).iterdir()] == ["sparse"]


def test_a_name_that_the_locale_cannot_write_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(
        '[study]\nname = "h\u00f6r zu"\ncommand = ["true"]\nbudget = 1\n'
        '[space.x]\ntype = "int"\nlow = 0\nhigh = 9\n'
        '[[objective]]\nmetric = "m"\ndirection = "maximize"\n',
        "utf-8",
    )
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = subprocess.run(
        [sys.executable, "-m", "hpo_tui", "run", "study.toml", "--headless"],
        cwd=tmp_path, env={**os.environ, **plain}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert "cannot write the name 'h\\xf6r-zu': set LC_ALL=C.UTF-8" in ran.stderr
    assert not (tmp_path / HOME).exists()
