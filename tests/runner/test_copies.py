"""Folders of studies that are copied, moved or removed while something of them runs."""

import shutil
from pathlib import Path
from typing import Any

from conftest import Study

from hpo_tui.engine.execution import processes
from hpo_tui.engine.orphans import orphans
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, TrialState


def copied(study: Any, name: str) -> Study:
    """Return a copy of a study, as ``cp -r`` makes it while the study runs."""
    path = study.folder.path.with_name(name)
    shutil.copytree(study.folder.path, path)
    return Study(StudyFolder(path))


def test_a_copy_of_a_running_study_leaves_its_trials_alone(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)")
    study.start()
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
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)")
    study.start()
    pid = study.running(1, reports=1).pid
    study.kill_runner()
    moved = study.folder.path.rename(study.folder.path.with_name("moved"))
    assert orphans(StudyFolder(moved)) == [1]
    log = StudyFolder(moved).trial(1).log
    log.unlink()
    assert processes.prints_to(pid, log)
    assert not processes.prints_to(pid, Path(log.parent.parent / "0002" / log.name))
    moved.rename(study.folder.path)


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
