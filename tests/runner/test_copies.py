"""Folders and files that are copied, moved, replaced or removed while a study runs."""

import contextlib
import os
import shutil
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution import processes
from hpo_tui.engine.launch import LaunchError, runner_pid
from hpo_tui.engine.launch.orphans import orphans
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.write import StudyWriter


def copied(study: Any, name: str) -> Any:
    """Return a copy of a study, as ``cp -r`` makes it while the study runs."""
    path = study.folder.path.with_name(name)
    shutil.copytree(study.folder.path, path)
    return type(study)(StudyFolder(path))


def test_a_copy_of_a_running_study_leaves_its_trials_alone(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)").started()
    pid = study.running(1, reports=1).pid
    copy = copied(study, "copy")
    try:
        assert orphans(copy.folder) == []
        copy.start()
        assert copy.running(1).pid != pid
        assert copy.events("adopted")[0].text == "trial 1 ended while no runner was there"
        study.go()
        assert copy.ended(1).state is TrialState.COMPLETE
        copy.gone()
    finally:
        copy.close()
    study.gone()
    assert (study.trial(1).state, study.trial(1).attempt) == (TrialState.COMPLETE, 1)


def test_a_trial_is_known_by_its_log_under_another_name_too(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)").started()
    pid = study.running(1, reports=1).pid
    study.kill_runner()
    moved = study.folder.path.rename(study.folder.path.with_name("moved"))
    assert orphans(StudyFolder(moved)) == [1]
    log = StudyFolder(moved).trial(1).log
    log.unlink()
    assert processes.prints_to(pid, log)
    assert not processes.prints_to(pid, Path(log.parent.parent / "0002" / log.name))
    moved.rename(study.folder.path)


@pytest.mark.parametrize("of_others", [True, False])
def test_of_another_user_s_process_it_cannot_be_told_where_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_others: bool
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "readlink", refuse)
    found = processes.prints_to(os.getpid(), tmp_path / "stdout.log", of_others=of_others)
    assert found is of_others


def test_a_runner_whose_lock_file_was_deleted_still_keeps_others_out(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)")
    first = study.start()
    study.running(1, reports=1)
    study.folder.lock.unlink()
    study.until(lambda: runner_pid(study.folder) == first)
    with pytest.raises(LaunchError, match=f"a runner works on t already .process {first}."):
        study.start()
    study.go()
    study.gone()


def test_a_runner_that_lost_its_lock_to_another_leaves_the_trials_to_it(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)")
    first = study.start()
    pid = study.running(1, reports=1).pid
    os.kill(first, signal.SIGSTOP)  # it does not see that the file goes
    study.folder.lock.unlink()
    second = study.start()
    os.kill(first, signal.SIGCONT)
    study.until(lambda: "another runner has the study now" in study.log())
    study.until(lambda: processes.Process.of(first) is None)
    assert runner_pid(study.folder) == second
    assert study.running(1).pid == pid
    study.go()
    study.gone()
    assert [t.state for t in study.trials()] == [TrialState.COMPLETE]
    assert len(study.events("complete")) == 1


def test_a_runner_whose_file_was_replaced_does_not_write_for_nobody(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold()")
    pid = study.start()
    study.running(1, reports=1)
    restored = study.folder.path / "restored.db"
    shutil.copy(study.folder.db, restored)
    restored.rename(study.folder.db)
    study.until(lambda: processes.Process.of(pid) is None)
    assert "was deleted, emptied or replaced: its trials end" in study.log()
    study.until(lambda: not study.processes())


def test_a_file_in_the_place_of_another_is_not_mixed_with_that_one_s_log(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold()")
    pid = study.start()
    study.running(1, reports=1)
    other = study.folder.path / "other.db"
    shutil.copy(study.folder.db, other)
    with contextlib.closing(sqlite3.connect(other)) as conn:
        conn.executescript("DELETE FROM trials; UPDATE study SET name = 'other'")
    moved = study.folder.path.with_name("moved") / "study.db"
    moved.parent.mkdir()
    study.folder.db.rename(moved)
    other.rename(study.folder.db)
    study.until(lambda: processes.Process.of(pid) is None)
    assert (study.study().name, study.trials()) == ("other", [])
    study.folder = StudyFolder(moved.parent)
    assert (study.study().name, len(study.trials())) == ("t", 1), "with all of its own log"


def test_a_script_that_removes_its_folder_is_no_endless_loop(make_study: Any) -> None:
    study = make_study(
        'import shutil; report(accuracy=1); shutil.rmtree(os.environ["HPO_TRIAL_DIR"])',
        budget=20, resources="failures = 2",
    )  # fmt: skip
    study.start()
    study.until(lambda: study.study().state is StudyState.PAUSED)
    assert [(t.state, t.attempt, t.reason) for t in study.trials()] == [
        (TrialState.FAILED, 1, "its folder was removed while it ran")
    ] * 2
    assert "2 trials in a row failed alike (its folder was removed" in study.study().reason


def test_trials_that_are_given_up_one_after_the_other_pause_the_study(make_study: Any) -> None:
    study = make_study(
        "os.kill(os.getppid(), signal.SIGKILL); time.sleep(60)",
        budget='"20 trials"', resources="failures = 2",
    )  # fmt: skip
    study.start()
    study.until(lambda: study.study().state is StudyState.PAUSED)
    trials = study.trials()
    assert [t.state for t in trials] == [TrialState.FAILED] * 2
    assert all("its process vanished" in t.reason and "given up" in t.reason for t in trials)


OF_OLD = """
report(step=1, accuracy=0.1 if os.path.exists("old") else 0.9)
checkpoint = os.path.join(os.environ["HPO_CHECKPOINT"], "weights")
report(step=2, resumed=float(bool(os.environ["HPO_RESUME"])))
open(checkpoint, "w").write("x")
if given["trial"] == 2: hold()
report(step=3, accuracy=0.1 if os.path.exists("old") else 0.9)
"""


def test_trials_that_a_file_put_back_does_not_know_are_not_taken_for_the_next_ones(
    make_study: Any, tmp_path: Path
) -> None:
    study = make_study(OF_OLD, budget=2)
    (tmp_path / "old").touch()
    new = tmp_path / "new.db"
    shutil.copy(study.folder.db, new)  # as it was before there were any trials
    study.start()
    left = study.running(2, reports=2).pid
    study.kill_runner()
    for path in study.folder.path.glob("study.db*"):
        path.unlink()
    shutil.copy(new, study.folder.db)
    (tmp_path / "old").unlink()
    study.start()
    study.until(lambda: processes.Process.of(left) is None)
    study.running(2, reports=2)
    assert [r.metrics.get("accuracy", 0.9) for n in (1, 2) for r in study.reports(n)] == [0.9] * 5
    study.go()
    study.gone()
    assert [(t.state, t.attempt, t.metrics) for t in study.trials()] == [
        (TrialState.COMPLETE, 1, {"accuracy": 0.9, "resumed": 0.0})
    ] * 2
    said = study.events("strange")[0].text
    assert "2 trials (1 to 2) ran here, but study.db knows nothing of that" in said
    assert "kept in trials/0001.aside to 0002.aside. 1 trial still ran and was ended." in said
    kept = study.folder.trials / "0002.aside" / "reports.jsonl"
    assert kept.read_text().count("0.1") == 1


def test_a_file_put_back_beside_the_log_of_a_killed_runner_is_run_without_it(
    make_study: Any, tmp_path: Path
) -> None:
    study = make_study("report(accuracy=0.5)", budget=1)
    db, log = study.folder.db, study.folder.path / "study.db-wal"
    old = shutil.copy(db, tmp_path / "old.db")
    writer = StudyWriter(db)
    for name in "abc":
        writer.put("text", f"of a later {name}")
        writer.fold()
    writer.put("text", "of the last log")
    left = shutil.copy(log, tmp_path / "left")
    writer.close()
    shutil.copy(old, db)
    shutil.copy(left, log)
    study.run()
    said = "study.db was put in the place of another: the log of that one is study.db-wal.aside now"
    assert study.events("strange")[0].text.startswith(said)
    assert study.get("text") is None
    assert [t.state for t in study.trials()] == [TrialState.COMPLETE]


def test_a_second_copy_put_back_takes_nothing_of_the_first(make_study: Any, tmp_path: Path) -> None:
    study = make_study("report(accuracy=0.5)", budget=1)
    new = tmp_path / "new.db"
    shutil.copy(study.folder.db, new)
    for _ in range(3):
        for path in study.folder.path.glob("study.db*"):
            path.unlink()
        shutil.copy(new, study.folder.db)
        study.run()
        assert len(study.reports(1)) == 1
    names = sorted(path.name for path in study.folder.trials.iterdir())
    assert names == ["0001", "0001.aside", "0001.aside2"]
    assert "trial 1 ran here" in study.events("strange")[0].text
