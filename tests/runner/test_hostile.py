import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution import processes
from hpo_tui.engine.launch import LaunchError, create_study, runner_pid, send
from hpo_tui.engine.runner import trouble
from hpo_tui.store.folder import HOME
from hpo_tui.store.models import StudyState, TrialState


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Any]:
    """A disk of 24 MB where this user may mount one; else a function that says so."""
    path = tmp_path / "disk"
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=24m", "none", str(path)],
        check=False, capture_output=True,
    )  # fmt: skip
    if done.returncode:
        pytest.skip("only root can mount a file system that is small enough to be filled")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


def test_a_full_disk_pauses_the_study_and_loses_nothing(make_study: Any, small_disk: Path) -> None:
    study = make_study(
        """
        from hpo_tui.engine import trial
        import random
        for step in range(1, 120):
            trial.report(step, accuracy=step / 200, noise=random.random())
            time.sleep(0.02)
        """,
        home=small_disk / HOME, budget=3, slots=2,
    )  # fmt: skip
    study.start()
    study.running(2, reports=3)
    fill(small_disk / "filler")
    study.until(lambda: "paused" in study.log() and "full" in study.study().reason)
    assert study.study().state is StudyState.PAUSED
    assert runner_pid(study.folder)
    time.sleep(0.5)
    (small_disk / "filler").unlink()
    study.until(lambda: study.trial(1).state.ended and study.trial(2).state.ended)
    assert send(study.folder, "resume", {}, 60).ok
    study.gone()
    for trial in study.trials():
        assert trial.state is TrialState.COMPLETE
        assert [r.step for r in study.reports(trial.number)] == list(range(1, 120))
    assert study.study().state is StudyState.FINISHED


def test_the_reserve_lets_the_pause_be_written(make_study: Any) -> None:
    study = make_study("report(accuracy=1); time.sleep(1)").started()
    study.running()
    assert (study.folder.path / "runner.reserve").stat().st_size == trouble._BALLAST


def test_a_folder_that_cannot_be_written_is_refused_in_words(
    make_study: Any, tmp_path: Path
) -> None:
    study = make_study("report(accuracy=1)")
    study.folder.lock.unlink(missing_ok=True)
    study.folder.lock.mkdir()  # root may write anywhere: this is refused to root too
    with pytest.raises(LaunchError, match=r"runner.lock is a folder, .* \(Is a directory\): move"):
        study.start()
    study.folder.lock.rmdir()
    study.folder.log.unlink(missing_ok=True)
    study.folder.log.mkdir()
    with pytest.raises(LaunchError) as caught:
        study.start()
    assert str(caught.value) == (
        f"cannot start the runner: {study.folder.log} is a folder, where a file is meant"
        " (Is a directory): move it away"
    )
    study.folder.log.rmdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(LaunchError, match="cannot make the study in"):
        create_study(study.study().text, tmp_path / "file")


def test_a_study_that_is_no_database_is_refused_in_words(make_study: Any) -> None:
    study = make_study("report(accuracy=1)")
    study.folder.db.write_bytes(b"garbage" * 1000)
    with pytest.raises(LaunchError, match=r"cannot open .*study\.db"):
        study.start()


def test_two_runners_at_once_are_one(make_study: Any) -> None:
    study = make_study("report(accuracy=1); time.sleep(2)")
    from concurrent.futures import ThreadPoolExecutor

    def start(_: Any) -> Any:
        try:
            return study.start()
        except LaunchError as error:
            return str(error)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(start, range(4)))
    assert sum(isinstance(x, int) for x in found) == 1
    assert all("works on t already" in x for x in found if not isinstance(x, int))


def test_a_flood_of_output_is_no_trouble(make_study: Any) -> None:
    # A file with a hole: as long as the real thing, without the disk.
    study = make_study("""
        log = os.readlink("/proc/self/fd/1")
        print("accuracy=0.25", flush=True)
        os.truncate(log, 200 << 20)
        print("\\naccuracy=0.75", flush=True)
        """).started()
    trial = study.ended(seconds=90)
    assert study.folder.trial(1).log.stat().st_size > 200 << 20
    assert (trial.state, trial.metrics) == (TrialState.COMPLETE, {"accuracy": 0.75})


def test_binary_garbage_is_no_trouble(make_study: Any) -> None:
    study = make_study("""
        sys.stdout.buffer.write(os.urandom(300_000) + b"\\x1b[2J\\x1b]0;x\\x07\\n")
        out.buffer.write(os.urandom(5000).replace(b"\\n", b"") + b"\\n\\x00\\n[1]\\n")
        out.flush()
        report(step=1, accuracy=0.5, **{"\\x1b[31mname": 1.0, "x" * 150: 2.0, "__proto__": 3.0})
        sys.stderr.write("\\x9b\\x00 end")
        """).started()
    trial = study.ended()
    assert trial.state is TrialState.COMPLETE
    assert trial.metrics["accuracy"] == 0.5
    assert trial.metrics["\x1b[31mname"] == 1.0
    assert study.events("strange")


def test_ten_thousand_reports_a_second_are_all_taken_in(make_study: Any) -> None:
    study = make_study("""
        lines = 0
        begin = time.monotonic()
        for step in range(30_000):
            out.write('{"step": %d, "accuracy": %r}\\n' % (step, step / 30_000))
        report(step=30_000, accuracy=1.0, seconds=time.monotonic() - begin)
        """).started()
    trial = study.ended(seconds=60)
    assert trial.state is TrialState.COMPLETE
    assert trial.metrics["seconds"] < 10
    found = study.reports()
    assert [r.step for r in found] == list(range(30_001))


def test_a_thousand_names_of_metrics_do_not_break_the_table(make_study: Any) -> None:
    study = make_study("""
        for step in range(1000):
            report(step=step, **{f"m{step}_{i}": i for i in range(3)})
        report(step=1000, accuracy=0.5)
        """).started()
    trial = study.ended(seconds=60)
    assert trial.state is TrialState.COMPLETE
    assert trial.metrics["accuracy"] == 0.5
    assert any("different metrics" in e.text for e in study.events("strange"))


def test_metrics_found_in_output_come_once_whoever_dies(make_study: Any) -> None:
    study = make_study(
        """
        import time
        for step in range(1, 31):
            print(f"epoch={step} accuracy={step / 100}", flush=True)
            time.sleep(0.25)
        """,
        prelude=False,
    )  # fmt: skip
    study.start()
    for count in (3, 9):
        study.running(reports=count)
        study.kill_runner()
        study.start()
    trial = study.ended()
    assert (trial.state, trial.attempt) == (TrialState.COMPLETE, 1)
    assert [(r.step, r.metrics["accuracy"]) for r in study.reports()] == [
        (step, step / 100) for step in range(1, 31)
    ]


def test_an_optimizer_that_dies_is_replaced_and_one_that_cannot_live_pauses(
    make_study: Any, told: Any
) -> None:
    study = make_study("report(accuracy=1); time.sleep(0.1)", budget=60)
    runner = study.start()
    study.ended(2)

    def worker() -> Any:
        for pid in processes.children().get(runner, []):
            if b"proposals" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return None

    os.kill(study.until(worker), 9)
    study.until(lambda: len(told("init")) == 2)
    count = len(study.trials())
    study.until(lambda: len(study.trials()) > count + 1)
    numbers = [t.number for t in study.trials()]
    assert numbers == sorted(set(numbers))


@pytest.mark.parametrize("name", ["reports.jsonl", "stdout.log"])
@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_in_a_trial_s_folder_is_no_trouble(
    make_study: Any, name: str, make: Any
) -> None:
    study = make_study(
        f"""
        path = os.path.join(os.environ["HPO_TRIAL_DIR"], {name!r})
        {"report(step=1, accuracy=0.5)" if name == "reports.jsonl" else "print('accuracy=0.5')"}
        sys.stdout.flush()
        while given["trial"] == 1 and not os.path.exists("go"): time.sleep(0.02)
        os.replace(path, path + ".old")
        os.{make.__name__}(path)
        print("accuracy=0.75", flush=True)
        """
    )
    study.start()
    study.running(reports=1)
    study.go()
    study.gone()
    trial = study.trial()
    assert (trial.state, trial.metrics) == (TrialState.COMPLETE, {"accuracy": 0.5})
