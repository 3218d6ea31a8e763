"""A real run from the command line: a file becomes a study, a runner works, an end is told."""

import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import create_study, runner_pid, send
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, Trial, TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.cli import asking_runner

SCRIPT = """\
import sys, time
x, epochs, pause = float(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
for epoch in range(epochs):
    time.sleep(pause)
    print(f"epoch={epoch + 1} loss={(x - 0.3) ** 2 + 1 / (epoch + 2)}", flush=True)
"""
STUDY = """\
[study]
name = "quick"
command = [PYTHON, "-I", "train.py", "{x}", "{epochs}", "PAUSE"]
budget = 3

[space.x]
type = "float"
low = 0
high = 1

[[objective]]
metric = "loss"
direction = "minimize"
threshold = 1.0

[[task]]
name = "short"
epochs = 1
cost = 0.5

[[task]]
name = "whole"
epochs = 2
cost = 1.0

[stopping]
enabled = false

[resources]
gpus = "none"
slots = 2
grace = 1
"""


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Callable[..., StudyFolder]]:
    """Write the study; whatever runs at the end of the test is stopped."""
    folder = StudyFolder(tmp_path / ".hpo" / "quick")

    def write(pause: float = 0.01) -> StudyFolder:
        (tmp_path / "train.py").write_text(SCRIPT, "utf-8")
        text = STUDY.replace("PYTHON", json.dumps(sys.executable)).replace("PAUSE", str(pause))
        (tmp_path / "study.toml").write_text(text, "utf-8")
        return folder

    yield write
    if folder.db.is_file() and runner_pid(folder) is not None:
        send(folder, "stop", {"kill": True})
        wait_for(lambda: runner_pid(folder) is None)


def wait_for(what: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until ``what`` holds."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def running(folder: StudyFolder) -> int:
    """How many trials the database says are running."""
    from hpo_tui.store.read import StudyReader

    with StudyReader(folder.db) as reader:
        return reader.counts()[TrialState.RUNNING]


def test_what_is_run_where_nothing_is_named(
    hpo: Callable[..., Any], quick: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    refused = hpo("run")
    assert (refused.code, "no studies here" in refused.err) == (1, True)
    folder = quick()
    assert hpo("run").code == 0
    assert folder.db.is_file()
    (tmp_path / "study.toml").unlink()
    hpo("extend", "1")
    assert hpo("run").code == 0
    (tmp_path / "study.toml").write_text("[study]\n", "utf-8")
    assert "study.toml cannot be run" in hpo("run").err


def test_what_is_not_waited_for_opens_no_screen(
    hpo: Callable[..., Any], quick: Callable[..., StudyFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpo_tui.tui.cli import run

    monkeypatch.setattr(run, "can_draw", lambda: True)
    opened = []
    monkeypatch.setattr(run, "show", lambda folder, *_, **__: opened.append(folder.name) or 0)
    quick()
    assert "runs in the background" in hpo("run", "study.toml", "--no-wait").err
    assert not opened
    assert hpo("run", "study.toml").code == 0
    assert opened == ["quick"]


def test_what_a_study_paused_on_is_told_in_lines_and_mended_in_its_file(
    hpo: Callable[..., Any], quick: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    folder = quick()
    broken = tmp_path / "broken.py"
    broken.write_text("print('half')\nprint('done')\nraise SystemExit(3)\n", "utf-8")
    text = (tmp_path / "study.toml").read_text("utf-8")
    (tmp_path / "study.toml").write_text(text.replace("train.py", "broken.py"), "utf-8")
    ran = hpo("run", "study.toml")
    assert ran.code == 1
    for told in (ran.err, hpo("status").out):
        assert {"half", "done"} <= {line.strip() for line in told.splitlines()}
    last = ran.err.splitlines()[-1]
    assert last.startswith("hpo-tui: quick did not finish: 5 trials in a row failed alike")
    assert "half" not in last
    folder.file.write_text(text, "utf-8")
    ran = hpo("run", "quick")
    assert (ran.code, "resumed; edited by hand: " in ran.err) == (0, True)


def test_headless_to_the_end(hpo: Callable[..., Any], quick: Callable[..., StudyFolder]) -> None:
    folder = quick()
    ran = hpo("run", "study.toml")  # no terminal: headless
    assert ran.code == 0, ran.err
    assert "Ctrl-C leaves it running" in ran.err
    assert "loss=" in ran.err
    assert " all goals" in ran.out
    assert str(folder.path) in ran.out
    status = json.loads(hpo("status", "quick", "--json").out)
    assert (status["state"], status["lost"]) == ("finished", 0)
    assert 2.5 <= status["spent"] <= 3
    lines = [line for line in ran.err.splitlines() if line.startswith("[")]
    assert len(lines) == status["trials"]["complete"] == sum(status["trials"].values())
    assert folder.runner_pid() is None
    again = hpo("run", "study.toml", "--name", "other")
    assert again.code == 0
    assert [s["study"] for s in json.loads(hpo("status", "--json").out)] == ["other", "quick"]


def test_why_a_study_ended_before_its_budget_is_said(
    hpo: Callable[..., Any], quick: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    quick()
    file = tmp_path / "study.toml"
    text = file.read_text("utf-8")
    file.write_text(text.replace("[study]", '[study]\nconstraints = ["x > 100"]'), "utf-8")
    ran = hpo("run", "study.toml")
    assert ran.code == 0
    assert "no further configuration that keeps the constraints was found" in ran.out


def test_bad_study_files_are_refused_before_anything_is_made(
    hpo: Callable[..., Any], quick: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    quick()
    path = tmp_path / "study.toml"
    path.write_text(path.read_text("utf-8").replace("high = 1", "high = -1"), "utf-8")
    ran = hpo("run", "study.toml")
    assert ran.code == 1
    assert "space.x.high" in ran.err
    assert not (tmp_path / ".hpo").exists()


def test_ctrl_c_leaves_it_running(quick: Callable[..., StudyFolder], tmp_path: Path) -> None:
    folder = quick(pause=1.0)
    command = [sys.executable, "-m", "hpo_tui", "run", "study.toml", "--headless"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
        start_new_session=True,
        # A job in the background ignores Ctrl-C, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - one call
    )  # fmt: skip
    wait_for(lambda: folder.db.is_file() and folder.runner_pid() is not None)
    wait_for(lambda: running(folder) > 0)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal sends it: to the whole group
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "quick keeps running" in err
    assert folder.runner_pid() is not None
    assert running(folder) > 0


def test_a_paused_study_that_is_run_goes_on(
    hpo: Callable[..., Any], quick: Callable[..., StudyFolder]
) -> None:
    folder = quick(pause=0.1)
    assert hpo("run", "study.toml", "--headless", "--no-wait").code == 0
    wait_for(lambda: running(folder) > 0)
    assert hpo("pause").code == 0
    ran = hpo("run", "quick", "--headless")
    assert "resumed" in ran.err
    assert (ran.code, "finished" in ran.out) == (0, True)


def test_what_several_ask_of_a_study_without_a_runner_is_all_done(
    hpo: Callable[..., Any], quick: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    folder = quick()
    assert hpo("run", "study.toml", "--headless").code == 0
    words = [sys.executable, "-m", "hpo_tui"]
    asked = [
        subprocess.Popen([*words, *more, "-s", "quick"], cwd=tmp_path, stderr=subprocess.DEVNULL)
        for more in [("extend", "1")] * 4 + [("star", "1"), ("star", "2"), ("tag", "1", "good")]
    ]
    assert [process.wait(60) for process in asked] == [0] * 7
    assert "budget = 7" in folder.file.read_text("utf-8")


def test_steering(hpo: Callable[..., Any], quick: Callable[..., StudyFolder]) -> None:
    folder = quick(pause=60)  # trial 1 is under way until it is killed
    ran = hpo("run", "study.toml", "--headless", "--no-wait")
    assert ran.code == 0
    assert "hpo-tui watch quick" in ran.err
    wait_for(lambda: running(folder) > 0)
    assert hpo("pause").code == 0
    assert json.loads(hpo("status", "quick", "--json").out)["state"] == "paused"
    assert hpo("star", 1).code == 0
    assert hpo("note", 1, "").err == "trial 1 has no note\n"
    assert hpo("enqueue", "x=0.25", "--task", "whole").code == 0
    assert hpo("enqueue", "x=7").code == 1  # outside the space
    assert hpo("enqueue", "nonsense").code == 2
    assert hpo("kill", 999).code == 1
    assert hpo("resume", "quick").code == 0
    assert hpo("stop", "--kill").code == 0
    wait_for(lambda: folder.runner_pid() is None)
    assert json.loads(hpo("status", "quick", "--json").out)["state"] == "stopped"
    assert hpo("tag", 1, "good", "one").err == "trial 1 is tagged good, one\n"  # needs no runner
    assert hpo("tag", 1).err == "trial 1 has no tags\n"
    assert hpo("note", 1, "").err == "trial 1 has no note\n"
    refused = hpo("promote", 1)
    assert refused.code == 1
    assert "trial 1 is killed: there is nothing to promote" in refused.err
    assert "hpo-tui run quick" in hpo("retry", 1).err


@pytest.mark.parametrize(
    "words", [("run", "quick", "--headless", "--no-wait"), ("resume", "quick")]
)
def test_what_was_edited_by_hand_is_said(
    hpo: Callable[..., Any], quick: Callable[..., StudyFolder], words: Any
) -> None:
    folder = quick(pause=0.5)
    ran = hpo("run", "study.toml", "--headless", "--no-wait")
    assert "edited" not in ran.err
    with sqlite3.connect(folder.db) as db:  # by a clock that was set back since
        event = (time.time() + 7200, "strange", "seen before", "{}")
        db.execute("INSERT INTO events (time, kind, text, data) VALUES (?, ?, ?, ?)", event)
    db.close()
    text = folder.file.read_text("utf-8")
    folder.file.write_text(text.replace("budget = 3", "budget = 4"), "utf-8")
    assert "the study runs already; edited by hand: study.budget: 3 → 4" in hpo(*words).err
    assert "edited by hand" not in hpo(*words).err
    folder.file.write_text(text.replace("budget = 3", "budget = 5"), "utf-8")
    assert hpo("stop", "--kill").code == 0
    wait_for(lambda: folder.runner_pid() is None)
    ran = hpo(*words)
    assert "edited by hand since the last run: study.budget: 4 → 5" in ran.err
    assert "seen before" not in ran.err


def test_another_environment_s_program_of_the_same_name_is_told(
    hpo: Callable[..., Any], quick: Callable[..., StudyFolder], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "trainer").symlink_to(sys.executable)
    folder = quick()
    text = (tmp_path / "study.toml").read_text("utf-8")
    text = text.replace(json.dumps(sys.executable), '"trainer"')
    (tmp_path / "study.toml").write_text(text, "utf-8")
    path = os.environ["PATH"]
    for name, amount in (("first", 1), ("first", 1), ("second", 1)):
        monkeypatch.setenv("PATH", f"{tmp_path / name}:{path}")
        ran = hpo("run", "study.toml", "--headless")
        assert ran.code == 0, ran.err
        said = f"trainer is {tmp_path / 'second' / 'trainer'} now: the trials so far ran with"
        assert (said in ran.err) is (name == "second")
        assert hpo("extend", amount, "-s", "quick").code == 0
    assert folder.runner_pid() is None


@pytest.mark.parametrize(
    "words", [("run", "quick", "--headless", "--no-wait"), ("resume", "quick")]
)
def test_a_study_that_is_being_stopped_is_waited_for(
    hpo: Callable[..., Any], quick: Callable[..., StudyFolder], tmp_path: Path, words: Any
) -> None:
    folder = quick(pause=30.0)
    lingers = (
        "import signal\nsignal.signal(signal.SIGTERM, lambda *_: None)\nopen('lingers', 'w')\n"
    )
    (tmp_path / "train.py").write_text(lingers + SCRIPT, "utf-8")
    assert hpo("run", "study.toml", "--headless", "--no-wait").code == 0
    wait_for((tmp_path / "lingers").exists)
    first = folder.runner_pid()
    assert hpo("stop").code == 0
    ran = hpo(*words)
    assert ran.code == 0, ran.err
    assert "it continues when its trials have ended" in ran.err
    assert folder.runner_pid() not in (None, first)


@pytest.mark.parametrize(
    ("state", "ends"),
    [(StudyState.STOPPED, True), (StudyState.STOPPED, False), (StudyState.FINISHED, False)],
)
def test_a_study_whose_runner_has_just_come_is_not_called_stopped(
    hpo: Callable[..., Any],
    quick: Callable[..., StudyFolder],
    monkeypatch: pytest.MonkeyPatch,
    state: StudyState,
    *,
    ends: bool,
) -> None:
    folder = quick()
    create_study((folder.path.parents[1] / "study.toml").read_text("utf-8"), folder.path.parent)
    writer = StudyWriter(folder.db)
    if ends:
        writer.add_trial(Trial(1, 1, "full", TrialState.RUNNING, 1.0, {}, {}))
    writer.update_study(state=state)

    def goes_on(_: float) -> None:
        writer.update_study(state=StudyState.RUNNING)

    monkeypatch.setattr(asking_runner.time, "sleep", goes_on)
    with folder.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = hpo("run", "study.toml", "--headless", "--no-wait")
    writer.close()
    assert ran.code == 0
    assert ("was stopped" in ran.err) is ends


def test_a_finished_study_is_not_said_to_run(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    folder = make_study()
    for words in (["--no-wait"], ["--headless"]):
        ran = hpo("run", "sparse", *words)
        assert ran.code == 0
        said = "sparse is finished; to continue it: hpo-tui extend AMOUNT -s sparse, then run it\n"
        assert ran.err == said
        assert ("Study: " in ran.out) == (words == ["--headless"])
        assert ran.out.endswith("\nIn words: hpo-tui review sparse\n") or not ran.out
    assert not folder.lock.exists()  # no runner was started for nothing


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
@pytest.mark.parametrize("options", [("--executor", "ray"), ("--address", "auto")])
def test_ray_is_not_chosen_for_good_where_it_is_missing(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], options: tuple[str, ...]
) -> None:
    from hpo_tui.engine.executor_choice import chosen

    folder = make_study()
    ran = hpo("run", "sparse", "--headless", *options)
    assert ran.code == 1
    assert "pip install 'hpo-tui[ray]'" in ran.err
    assert chosen(folder).kind == "local"
