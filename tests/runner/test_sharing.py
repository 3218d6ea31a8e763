"""A study that a group of people works on: who may do what is left to the umask."""

import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import hpo_tui
from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.owners import owner_of_running
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.write import StudyWriter

NOBODY, SOMEBODY = 65534, 54321


@pytest.fixture
def group_may_write() -> Iterator[None]:
    """Have files made with the right for the group to write them, as people who share set it."""
    before = os.umask(0o002)
    yield
    os.umask(before)


@pytest.mark.usefixtures("group_may_write")
def test_what_a_study_leaves_the_group_may_go_on_with(make_study: Any) -> None:
    study = make_study(
        """
        from hpo_tui.engine import trial
        trial.report(1, accuracy=0.5)
        """
    ).run()
    assert study.trial().metrics["accuracy"] == 0.5
    made = [study.folder.path, *study.folder.path.rglob("*")]
    assert study.folder.lock in made
    assert study.folder.trial(1).exit in made
    assert [p for p in made if not _may_write(p, stat.S_IWGRP)] == []
    assert not any(_may_write(p, stat.S_IWOTH) for p in made)


def _may_write(path: Path, who: int) -> bool:
    return bool(path.stat().st_mode & who)


WHO = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.owners import others_run, owner_of_running
from hpo_tui.engine.launch.orphans import in_the_way
from hpo_tui.store.folder import StudyFolder
study = StudyFolder(Path(sys.argv[2]))
others_run(study, [1]), in_the_way(study)  # loads what another user could not load
os.setuid(int(sys.argv[3]))
for folder in (study, *(StudyFolder(study.path.with_name(n)) for n in ("his-copy", "her-copy"))):
    print(owner_of_running(folder.trial(1)))
print(others_run(study, [1]))
print(in_the_way(study))
processes._PROC = study.path.with_name("proc")  # as on a machine that hides what others run
print([owner_of_running(study.trial(1))])
"""


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder into which every user may look."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_trial_of_another_user_that_outlived_its_runner_is_not_taken_for_lost(
    public: Path,
) -> None:
    study = StudyFolder(public / "t")
    files = study.trial(1)
    files.path.mkdir(parents=True)
    with closing(StudyWriter(study.db)) as writer:
        writer.create_study("t", "", 0)
        writer.add_trial(Trial(1, 1, "full", TrialState.RUNNING, 1.0, {}))
    boot = public / "proc/sys/kernel/random/boot_id"
    boot.parent.mkdir(parents=True)
    boot.write_text(processes.boot_id())
    command = ["sh", "-c", "echo; read _", "shim", str(files.path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, user=NOBODY
    ) as shim:
        assert shim.stdout is not None
        shim.stdout.readline()
        itself = processes.Process.of(shim.pid)
        assert itself is not None
        who = {"pid": itself.pid, "ticks": itself.ticks, "boot": processes.boot_id(), "attempt": 1}
        files.process.write_text(json.dumps(who))
        for name, owner in (("t", NOBODY), ("his-copy", NOBODY), ("her-copy", NOBODY - 1)):
            if name != "t":
                shutil.copytree(study.path, public / name)
            os.chown(StudyFolder(public / name).trial(1).process, owner, owner)
        assert owner_of_running(files) == ""  # root sees for itself
        his = pwd.getpwuid(NOBODY).pw_name
        told = asked(study, NOBODY - 1)
        assert told[:3] == [his, "", ""]
        assert told[3].startswith(f"trial 1 of t still runs without a runner. It is {his}'s: only")
        assert told[3].endswith("or go on once it has ended")
        stop = f"hpo-tui stop {study.path}"
        runs = "trial 1 of t still runs without a runner"
        assert told[4] == f"{runs}: it is {his}'s, ask {his} for `{stop}`"
        assert told[5] == str([his])
        shim.communicate(b"\n")
    assert asked(study, NOBODY - 1) == [*[""] * 5, "['']"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("what", ["folder", "record"])
def test_what_is_closed_of_another_users_trial_is_not_taken_for_lost(
    public: Path, what: str
) -> None:
    study = StudyFolder(public / "t")
    files = study.trial(1)
    files.path.mkdir(parents=True)
    files.process.write_text("{}")
    closed = files.path if what == "folder" else files.process
    closed.chmod(0o700)
    os.chown(closed, SOMEBODY, SOMEBODY)
    with subprocess.Popen(["sh", "-c", "read _"], stdin=subprocess.PIPE, user=SOMEBODY) as theirs:
        told = asked(study, NOBODY - 1)[3]
        assert told.startswith("whether trial 1 of t still runs cannot be told: its files are user")
        assert f"{SOMEBODY}'s and closed to you" in told
        assert asked(study, 0)[3] == ""  # root may read it
        theirs.communicate(b"\n")
    assert asked(study, NOBODY - 1)[3] == ""


WITHIN = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from hpo_tui.engine.execution.owners import others_run
from hpo_tui.store.folder import StudyFolder
print(others_run(StudyFolder(Path(sys.argv[2])), [1]))
"""
CONTAINER = ("unshare", "--user", "--map-root-user")


def has_containers() -> bool:
    """Whether this user may have users of its own, as in a container without rights."""
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run([*CONTAINER, "true"], stderr=subprocess.DEVNULL, check=False)
    return tried.returncode == 0


@pytest.mark.skipif(not has_containers(), reason="no user namespaces here")
def test_ones_own_trial_outside_of_a_container_is_not_taken_for_lost(tmp_path: Path) -> None:
    study = StudyFolder(tmp_path / "t")
    files = study.trial(1)
    files.path.mkdir(parents=True)
    root = str(Path(hpo_tui.__file__).parents[1])
    with (
        files.log.open("w") as log,
        subprocess.Popen(["sh", "-c", "read _"], stdin=subprocess.PIPE, stdout=log) as shim,
    ):
        itself = processes.Process.of(shim.pid)
        assert itself is not None
        who = {"pid": itself.pid, "ticks": itself.ticks, "boot": processes.boot_id(), "attempt": 1}
        files.process.write_text(json.dumps(who))
        told = [
            subprocess.run(
                [*before, sys.executable, "-c", WITHIN, root, str(study.path)],
                stdout=subprocess.PIPE, text=True, check=True,
            ).stdout
            for before in ((), CONTAINER)
        ]  # fmt: skip
        shim.communicate(b"\n")
    assert told[0].strip() == ""  # it is adopted
    assert told[1].startswith("trial 1 of t still runs without a runner, outside of this container")


RUNS = """
import os, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from hpo_tui.engine.launch.refusals import runs, why_unchangeable
from hpo_tui.store.folder import StudyFolder
study = StudyFolder(Path(sys.argv[2]))
print(runs(study))
print(why_unchangeable(study))
os.setuid(int(sys.argv[3]))
print(runs(study))
print(why_unchangeable(study))
"""
HOLDS = """
import fcntl, os, sys
lock = open(sys.argv[2] + "/runner.lock", "w")
fcntl.flock(lock, fcntl.LOCK_EX)
print(os.getpid(), file=lock, flush=True)
print(flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_who_may_not_stop_a_study_is_told_whose_it_is_and_where_it_runs(public: Path) -> None:
    study = StudyFolder(public / "t")
    study.path.mkdir()
    study.db.touch()
    study.lock.touch()
    words = [sys.executable, "-c", HOLDS, "hpo_tui.engine.runner", str(study.path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as runner:
        assert runner.stdout is not None
        runner.stdout.readline()
        own, open_to_all, closed, why = asked(study, NOBODY, RUNS)[:4]
        runner.communicate(b"\n")
    stop = f"hpo-tui stop {study.path}"
    assert own.startswith("t is running: stop it first with `hpo-tui stop ")
    assert open_to_all == ""
    assert why.startswith(f"{study.path} is closed to you (Permission denied): it is root's, ask")
    where = f"in process {runner.pid} of this machine"
    assert closed == f"t is running for root, {where}: you may not stop it, ask root for `{stop}`"


def asked(study: StudyFolder, user: int, script: str = WHO) -> list[str]:
    """Return what a user is told of whose the trials, or its runner, are."""
    root = str(Path(hpo_tui.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", script, root, str(study.path), str(user)],
        stdout=subprocess.PIPE, text=True, check=True, cwd="/",
    )  # fmt: skip
    return done.stdout.split("\n")[:6]
