import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution import processes
from hpo_tui.engine.launch import runner_pid, send
from hpo_tui.store.models import StudyState, TrialState

FORKS = """
import random
def helper():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            while True: time.sleep(60)
        while True: time.sleep(60)
signal.signal(signal.SIGTERM, signal.SIG_IGN) if STUBBORN else None
helper(); helper()
report(step=1, accuracy=0.1)
time.sleep(LIFE)
"""


def script(*, stubborn: bool = False, life: float = 60) -> Any:
    return FORKS.replace("STUBBORN", str(stubborn)).replace("LIFE", str(life))


@pytest.mark.parametrize("kill", [False, True])
@pytest.mark.parametrize("stubborn", [False, True])
def test_stop_leaves_no_process_of_a_script_that_forks_and_detaches(
    make_study: Any, kill: bool, stubborn: bool
) -> None:
    study = make_study(script(stubborn=stubborn), budget=4, slots=2).started()
    study.running(1, reports=1)
    study.running(2, reports=1)
    study.until(lambda: len(study.processes()) >= 12)
    study.stop(kill=kill)
    assert runner_pid(study.folder) is None
    assert study.processes() == []
    assert study.study().state is StudyState.STOPPED
    assert [t.state for t in study.trials()] == [TrialState.KILLED] * 2


def test_a_trial_that_somebody_has_suspended_is_ended_and_may_save_itself(make_study: Any) -> None:
    study = make_study(
        """
        def save(*_):
            report(step=2, accuracy=0.75)
            sys.exit()
        signal.signal(signal.SIGTERM, save)
        report(step=1, accuracy=0.5)
        time.sleep(60)
        """,
        grace="30s",
    )
    study.start()
    study.running(reports=1)
    for pid in study.processes():  # the shim too, whose command line names the script as well
        if b"train.py" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGSTOP)
    send(study.folder, "kill", {"trial": 1})
    trial = study.ended(1)
    assert (trial.state, trial.metrics) == (TrialState.KILLED, {"accuracy": 0.75})


def test_what_a_trial_leaves_behind_at_its_end_is_swept(make_study: Any) -> None:
    study = make_study(script(life=0.1)).run()
    assert study.trial().state is TrialState.COMPLETE
    assert study.processes() == []


def test_what_a_trial_left_behind_is_swept_without_a_runner_too(make_study: Any) -> None:
    study = make_study(script(life=0.5)).started()
    study.running(reports=1)
    study.kill_runner()
    study.until(study.folder.trial(1).exit.exists)
    study.until(lambda: study.processes() == [])


def test_a_killed_shim_does_not_leave_its_trial(make_study: Any) -> None:
    study = make_study(script()).started()
    trial = study.running(reports=1)
    processes.Process.of(trial.pid).signal(9)
    study.until(lambda: study.trial().attempt == 2)
    study.running()
    mine = study.processes()
    assert trial.pid not in mine
    send(study.folder, "stop", {"kill": True})
    study.gone()
    assert study.processes() == []


def test_grace_lets_a_trial_save_itself(make_study: Any) -> None:
    study = make_study("""
        def save(number, frame):
            open(os.environ["HPO_CHECKPOINT"] + "/saved", "w").write("yes")
            sys.exit(0)
        signal.signal(signal.SIGTERM, save)
        report(step=1, accuracy=0.1)
        time.sleep(600)
        """, grace="600s")  # fmt: skip
    study.start()
    study.running(reports=1)
    study.stop()  # fails where the rest of the grace is waited for
    assert (study.folder.trial(1).checkpoint / "saved").read_text() == "yes"
    assert study.trial().state is TrialState.KILLED


SAVES_SLOWLY = """
import os, pathlib, signal, sys, time
def save(*_):
    print("told", flush=True)
    time.sleep(1.5)
    pathlib.Path(os.environ["HPO_CHECKPOINT"], "saved").touch()
    sys.exit()
signal.signal(signal.SIGTERM, save)
print("accuracy=0.1", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("session", [False, True])
def test_grace_holds_for_a_trial_whose_launcher_ends_at_once(
    make_study: Any, session: bool
) -> None:
    """As ``bash -c "python train.py; ..."`` does, ``accelerate launch``, or ``setsid --wait``."""
    study = make_study(
        f"""
        import subprocess, sys
        script = {SAVES_SLOWLY!r}
        sys.exit(subprocess.run([sys.executable, "-c", script], start_new_session={session}))
        """,
        prelude=False, grace="30s",
    )  # fmt: skip
    study.start()
    study.running(reports=1)
    study.stop()
    assert study.processes() == []
    assert (study.folder.trial(1).checkpoint / "saved").exists()
    told = study.folder.trial(1).log.read_text().count("told")
    assert told == 1  # told once more, it would begin anew to save


def test_a_trial_whose_output_is_piped_on_can_print_until_it_has_saved_itself(
    make_study: Any,
) -> None:
    study = make_study(SAVES_SLOWLY, prelude=False, grace="30s")
    text = study.study().text.replace(
        f'["{sys.executable}", "train.py"]',
        json.dumps(["bash", "-c", f"{sys.executable} train.py 2>&1 | tee copy.txt"]),
    )
    assert "tee" in text
    send(study.folder, "edit", {"text": text})
    study.start()
    study.running(reports=1)
    study.stop()
    assert study.processes() == []
    assert (study.folder.trial(1).checkpoint / "saved").exists()
    assert "told" in study.folder.trial(1).log.read_text()


def test_a_data_loader_s_workers_are_there_until_the_trial_has_saved_itself(
    make_study: Any,
) -> None:
    study = make_study(
        """
        import torch
        from torch.utils.data import DataLoader
        from hpo_tui import trial
        if __name__ == "__main__":
            trial.should_stop()
            loader = DataLoader(torch.arange(10**6), batch_size=1, num_workers=2)
            for step, batch in enumerate(loader):
                if trial.should_stop():  # what is under way is done first
                    ahead = [int(b) for _, b in zip(range(50), loader)]
                    (trial.checkpoint / "saved").write_text(str(ahead[-1]))
                    sys.exit()
                if step == 5:
                    report(step=1, accuracy=0.1)
        """,
        grace="60s",
    )
    study.start()
    study.running(reports=1)
    study.stop(seconds=90)
    log = study.folder.trial(1).log.read_text()
    assert (study.folder.trial(1).checkpoint / "saved").exists(), log
    assert study.processes() == []


def test_a_stopped_study_takes_its_trials_up_again(make_study: Any) -> None:
    study = make_study("""
        if os.environ["HPO_RESUME"]:
            report(step=2, accuracy=0.9); sys.exit(0)
        open(os.environ["HPO_CHECKPOINT"] + "/c", "w").write("1")
        report(step=1, accuracy=0.1)
        time.sleep(60)
        """).started()
    study.running(reports=1)
    study.stop()
    assert study.trial().state is TrialState.KILLED
    study.run()
    trial = study.trial()
    assert (trial.state, trial.metrics["accuracy"], trial.attempt) == (TrialState.COMPLETE, 0.9, 2)
    assert study.study().state is StudyState.FINISHED


def test_a_process_is_known_by_its_start(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        process = processes.Process.of(child.pid)
        assert process.alive
        assert abs(processes.uptime() - process.started) < 30
        other = processes.Process(process.pid, process.ticks - 1)
        assert not other.alive
        other.signal(9)
        assert process.alive
        process.signal(9)
    finally:
        child.wait()
    assert not process.alive
    assert processes.Process.of(child.pid) is None
