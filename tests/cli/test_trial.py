"""``show`` and ``log``: one trial on the command line."""

import json
import os
import pty
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.code_versions import KEY, CodeVersion
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.cli.trial_log import start_of_last

PROGRAM = [sys.executable, "-m", "hpo_tui"]
HOSTILE = b"one \x1b[31mred\x1b[0m\x1b]0;title\x07\nbar 10%\rbar 90%\n\x9b2Jthree"


@pytest.fixture
def study(make_study: Callable[..., StudyFolder]) -> StudyFolder:
    """A study with a failed trial, and a log."""
    folder = make_study(trials=None)
    writer = StudyWriter(folder.db)
    writer.update_trial(
        3, reason="exit code 1; last lines: Traceback | ValueError: no", note="look\nagain",
        why={"kind": "look", "text": "Highest expected gain for its price."}, tags=("keep",),
    )  # fmt: skip
    writer.add_event("failed", "trial 3: exit code 1", 3)
    writer.close()
    for number in (3, 9):
        folder.trial(number).path.mkdir(parents=True)
        folder.trial(number).log.write_bytes(HOSTILE)
    folder.trial(9).checkpoint.mkdir()
    (folder.trial(9).checkpoint / "state").touch()
    return folder


def line_of(out: str, name: str) -> str:
    return next(line for line in out.splitlines() if line.startswith(f"  {name} "))


def test_a_trial_is_told_as_its_screen_tells_it(
    hpo: Callable[..., Any], study: StudyFolder
) -> None:
    ran = hpo("show", "sparse", 9)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("trial 9  complete at full\n")
    assert "best: #12" in ran.out
    assert line_of(ran.out, "accuracy ≥.9").split()[2:4] == ["0.89", "✗"]
    assert line_of(ran.out, "latency ≤8").split()[2:4] == ["5", "✓"]
    assert line_of(ran.out, "continues").split() == ["continues", "#1"]
    assert line_of(ran.out, "checkpoint").endswith("trials/0009/checkpoint")
    assert line_of(hpo("show", 1).out, "went on as").split(maxsplit=3)[3] == "#9 at full"


def test_the_code_is_that_from_before_the_trial_began(
    hpo: Callable[..., Any], study: StudyFolder
) -> None:
    early = CodeVersion(1.0, "a" * 40, "First", changed=True, patch="0f.patch")
    late = CodeVersion(time.time() + 100, "b" * 40, "Second")
    with closing(StudyWriter(study.db)) as writer:
        writer.put(KEY, [early.record(), late.record()])
    assert "commit aaaaaaaaa “First”, changed by code/0f.patch" in line_of(
        hpo("show", 9).out, "code"
    )
    told = json.loads(hpo("show", 9, "--json").out)
    assert (told["commit"], told["changes"]) == ("a" * 40, "code/0f.patch")
    assert told["code"] == {
        "commit": "a" * 40, "subject": "First", "changed": True, "patch": "0f.patch",
    }  # fmt: skip


def test_why_it_ended_and_why_it_was_run_are_whole(
    hpo: Callable[..., Any], study: StudyFolder
) -> None:
    out = hpo("show", 3).out
    ended = out[out.index("  ended ") :].splitlines()
    assert ended[0].split(maxsplit=1)[1] == "exit code 1; last lines:"
    assert [x.strip() for x in ended[1:3]] == ["Traceback", "ValueError: no"]
    assert "Highest expected gain for its price." in line_of(out, "in words")
    assert "again" in out
    assert "keep" in line_of(out, "tags")
    events = out[out.index("\nevents\n") : out.index("\nfiles\n")].splitlines()[2:]
    assert [line.endswith("  exit code 1") for line in events] == [True]
    assert "checkpoint" not in out


def test_as_json_it_is_an_export_s_record_and_more(
    hpo: Callable[..., Any], study: StudyFolder
) -> None:
    ran = hpo("show", "sparse", 9, "--json")
    found = json.loads(ran.out)
    exported = [json.loads(x) for x in hpo("export", "sparse", "--json").out.splitlines()]
    assert {k: found[k] for k in exported[8]} == exported[8]
    assert found["goals"] == {"accuracy": False, "weights": False, "latency": True}
    assert found["meets"] is False
    assert found["files"]["log"] == str(study.trial(9).log)
    assert found["files"]["params"] is None
    assert json.loads(hpo("show", 1, "--json").out)["promoted_to"] == [9]
    three = json.loads(hpo("show", 3, "--json").out)
    assert three["chosen"]["kind"] == "look"
    assert [e["text"] for e in three["events"]] == ["trial 3: exit code 1"]
    json.loads(hpo("show", 6, "--json").out)  # NaN and infinities are null


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["99"], (1, "sparse has no trial 99; it has 12 trials")),
        (["none", "3"], (1, "there is no study 'none'")),
        (["sparse"], (2, "'sparse' is not the number of a trial: the trial comes after the study")),
        (["3", "sparse"], (2, "'sparse' is not the number of a trial: the trial comes last")),
        (["0"], (2, "'0' is not the number of a trial")),
        (["a", "sparse", "3"], (2, "give a study (if there are several) and a trial")),
        (["sparse", "3", "-s", "sparse"], (2, "give a study (if there are several) and a trial")),
        ([], (2, "Missing argument")),
    ],
)
@pytest.mark.parametrize("command", ["show", "log"])
def test_which_trial_is_meant(
    hpo: Callable[..., Any], study: StudyFolder, command: str, words: list[str],
    refusal: tuple[int, str],
) -> None:  # fmt: skip
    code, said = refusal
    ran = hpo(command, *words)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


def test_a_number_may_name_a_study_but_the_last_word_is_the_trial(
    hpo: Callable[..., Any], study: StudyFolder, make_study: Callable[..., StudyFolder]
) -> None:
    make_study("7")
    assert hpo("show", "7", "3").out.startswith("trial 3")
    assert "there are several studies here" in hpo("show", "7").err
    assert hpo("show", "-s", "7", "3").out.startswith("trial 3")


def test_into_a_pipe_output_goes_as_it_is(study: StudyFolder, tmp_path: Path) -> None:
    def printed(*words: str) -> bytes:
        done = subprocess.run(
            [*PROGRAM, "log", *words], cwd=tmp_path, capture_output=True, check=True
        )
        assert done.stderr == (b"trial 3: failed: exit code 1\n" if "--follow" in words else b"")
        return done.stdout

    assert printed("sparse", "3") == HOSTILE
    assert printed("3", "-n", "1") == HOSTILE.splitlines()[-1]
    assert printed("3", "-n", "0") == b""
    assert printed("3", "--follow") == HOSTILE  # it has ended


def test_on_a_terminal_nothing_in_it_acts(study: StudyFolder, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.Popen([*PROGRAM, "log", "3"], cwd=tmp_path, stdout=theirs, stdin=theirs)
    os.close(theirs)
    data = b""
    while True:
        try:
            more = os.read(ours, 65536)
        except OSError:
            break
        if not more:
            break
        data += more
    assert done.wait() == 0
    os.close(ours)
    assert data.decode().splitlines() == ["one red", "bar 90%", "\ufffdJthree".replace("J", "2J")]


def test_a_trial_that_has_printed_nothing_is_said_to(
    hpo: Callable[..., Any], study: StudyFolder
) -> None:
    ran = hpo("log", "sparse", 5)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "trial 5 has not printed anything; it is running\n"


def test_it_is_followed_until_the_trial_has_ended(study: StudyFolder, tmp_path: Path) -> None:
    log = study.trial(5).log
    log.parent.mkdir(parents=True)
    log.write_bytes(b"first\nsecond\n")
    # This process stands for the trial's runner: it holds the study's lock.
    import fcntl

    with study.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        follower = subprocess.Popen(
            [*PROGRAM, "log", "sparse", "5", "-f", "-n", "1"], cwd=tmp_path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert follower.stdout is not None
        assert follower.stderr is not None
        assert follower.stdout.readline() == b"second\n"
        with log.open("ab") as file:
            file.write(b"third\n")
        assert follower.stdout.readline() == b"third\n"
        with log.open("ab") as file:
            file.write(b"last words")
        writer = StudyWriter(study.db)
        writer.update_trial(5, state=TrialState.FAILED, reason="exit code 3; last lines: x")
        writer.close()
        assert follower.stdout.read() == b"last words"
        assert follower.wait(30) == 0
    assert follower.stderr.read() == b"trial 5: failed: exit code 3\n"
    follower.stdout.close()
    follower.stderr.close()


def test_what_nobody_runs_any_more_is_not_followed_for_ever(
    hpo: Callable[..., Any], study: StudyFolder
) -> None:
    before = time.monotonic()
    ran = hpo("log", 5, "-f")
    assert ran.err == "trial 5 has not printed anything; it is running\n"
    assert time.monotonic() - before < 20
    folder = study.trial(5)
    folder.path.mkdir(parents=True)
    folder.log.write_bytes(b"last words\n")
    again = "but sparse has no runner; to continue it: hpo-tui resume sparse\n"
    assert hpo("log", 5, "-f").err == f"trial 5 is running, {again}"
    folder.exit.write_text("{}")
    assert "trial 5 has ended, but sparse has no runner; to have its" in hpo("log", 5, "-f").err


@pytest.mark.parametrize("data", [b"", b"\n", b"a", b"a\n", b"a\nb", b"a\n\nb\n", b"x\r\ny\r\n"])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_the_last_lines_are_found_from_the_end(
    tmp_path: Path, data: bytes, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log"
    path.write_bytes(data)
    lines = data.splitlines(keepends=True)
    wanted = b"".join(lines[len(lines) - count :] if count < len(lines) else lines)
    for chunk in (1, 2, 100):
        monkeypatch.setattr("hpo_tui.tui.cli.trial_log._CHUNK", chunk)
        at, whole = start_of_last(path, count, 100)
        assert data[at:] == wanted
        assert whole
    assert start_of_last(tmp_path / "none", 3, 100) == (0, True)


@pytest.mark.parametrize("bar", [b"", b"\r"])
def test_of_lines_without_an_end_no_more_than_a_tail_is_read(
    study: StudyFolder, tmp_path: Path, bar: bytes
) -> None:
    log = study.trial(3).log
    log.write_bytes(b"begun\n")
    with log.open("ab") as file:
        file.truncate(20 << 30)  # sparse: nobody reads that much in the time of a test
        file.seek(0, os.SEEK_END)
        for percent in range(100_000):
            file.write(f"n\u00e4chste {percent:05}".encode() + bar)
    done = subprocess.run(
        [*PROGRAM, "log", "3", "-n", "2"], cwd=tmp_path, capture_output=True, check=True, timeout=30
    )
    assert (1 << 20) - 4 < len(done.stdout) <= 1 << 20
    assert done.stdout.decode().rstrip("\r").endswith("99999")
    said = done.stderr.decode()
    assert "lines without an end: only the last 1M is read, 20G before it left out" in said
    assert str(log) in said


def test_many_lines_asked_for_are_printed_whole_where_they_are_no_longer_than_most(
    study: StudyFolder, tmp_path: Path
) -> None:
    log = study.trial(3).log
    log.write_bytes(b"first\n" + b"".join(b"%04d" % n + b"x" * 8000 + b"\n" for n in range(300)))
    done = subprocess.run(
        [*PROGRAM, "log", "3", "-n", "300"], cwd=tmp_path, capture_output=True, check=True
    )
    assert done.stdout.startswith(b"0000x")
    assert not done.stderr
