"""What an attempt carries on, what it does not, and what all of them cost together."""

import os
import signal
import sqlite3
import time
from types import SimpleNamespace
from typing import Any

import pytest
from asking import STDOUT, TASKS, answer

from hpo_tui.engine.launch import start_runner
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live, Stop
from hpo_tui.engine.runner.opening import clock_of
from hpo_tui.store.models import DeviceSample, StudyState, Trial, TrialState
from hpo_tui.store.write import StudyWriter


@pytest.mark.parametrize("printed", [False, True])
def test_reports_of_a_later_attempt_are_stored_after_the_first_ones(
    make_study: Any, printed: bool
) -> None:
    say = 'print(f"step={s} accuracy={a}", flush=True)' if printed else "report(step=s, accuracy=a)"
    study = make_study(
        f"""
        path = os.environ["HPO_CHECKPOINT"] + "/step"
        first = int(open(path).read()) if os.environ["HPO_RESUME"] else 0
        for s in range(first + 1, 8):
            a = 0.99 if s == 2 else s / 100
            {say}
            open(path, "w").write(str(s))
            if s == 4 and not first:
                time.sleep(0.5)
                os.kill(os.getpid(), signal.SIGKILL)
        """,
        objective='summary = "max"',
        resources=STDOUT if printed else "",
    )
    study.run()
    trial = study.trial()
    assert (trial.state, trial.attempt) == (TrialState.COMPLETE, 2)
    assert trial.metrics["accuracy"] == 0.99
    assert [r.step for r in study.reports()] == list(range(1, 8))
    assert trial.charged == pytest.approx(trial.cost)  # nothing was done twice


def test_what_a_lost_attempt_reported_is_no_result_of_one_begun_anew(make_study: Any) -> None:
    study = make_study("""
        if given["attempt"] == 1:
            report(step=1, accuracy=0.99)
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGKILL)
        """).run()
    trial = study.trial()
    assert trial.state is TrialState.FAILED
    assert "expected accuracy" in trial.reason


def test_attempts_begun_anew_are_paid_and_the_optimizer_knows(make_study: Any, told: Any) -> None:
    study = make_study("""
        report(step=1, accuracy=0.5)
        if given["trial"] == 2 and given["attempt"] < 3:
            time.sleep(0.6)
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(0.4)
        """, budget=6)  # fmt: skip
    study.run()
    trial = study.trial(2)
    assert trial.attempt == 3
    assert trial.wasted > 1.0
    assert trial.charged == pytest.approx(trial.cost + trial.wasted)
    assert told("reprice")[-1] == ["reprice", 2, pytest.approx(trial.charged)]
    spent = sum(t.charged for t in study.trials())
    assert spent <= 6 + 1e-6  # what was lost was not given out once more


def test_a_stopped_trial_without_a_checkpoint_is_paid_again(make_study: Any) -> None:
    study = make_study("""
        report(step=1, accuracy=0.5)
        if given["attempt"] == 1 and given["trial"] == 2: time.sleep(60)
        time.sleep(0.3)
        """, budget=4)  # fmt: skip
    study.start()
    study.ended(1)
    study.running(2, reports=1)
    study.until(lambda: study.trial(2).charged > 0.2)
    assert answer(study, "stop").ok
    study.gone()
    lost = study.trial(2).charged
    study.run()
    assert study.trial(2).wasted == pytest.approx(lost)
    assert study.trial(2).charged == pytest.approx(1.0 + lost)


@pytest.mark.parametrize("saved", [False, True])
def test_a_promotion_without_a_checkpoint_is_charged_the_whole_task(
    make_study: Any, saved: bool
) -> None:
    study = make_study(f"""
        if {saved}: open(os.environ["HPO_CHECKPOINT"] + "/c", "w").write("1")
        report(step=1, accuracy=given["params"]["x"])
        """, budget=6, tasks=TASKS)  # fmt: skip
    start_runner(study.folder)  # with the optimizer itself: it has promotions
    study.gone()
    promoted = [t for t in study.trials() if t.why["kind"] == "promoted"]
    assert promoted
    assert all((t.resumed_from is not None) == saved for t in promoted)
    assert [t.charged for t in promoted] == pytest.approx([0.75 if saved else 1.0] * len(promoted))
    spent = sum(t.charged for t in study.trials())
    assert 5 < spent <= 6 + 1e-9


def test_any_reason_to_end_goes_before_leaving_a_lent_device() -> None:
    class Process:
        def stop(self) -> None:
            """Be asked."""

    desk = SimpleNamespace(writer=SimpleNamespace(put=lambda *_: None))
    live = Live(1, SimpleNamespace(grace=30.0), Process(), None)  # type: ignore[arg-type]
    for stop in (Stop("lend", "left"), Stop("kill", "killed by you"), Stop("lend", "left")):
        Desk.end(desk, live, stop)  # type: ignore[arg-type]
    assert live.stop == Stop("kill", "killed by you")


def test_a_full_disk_keeps_no_trial_from_being_asked_to_end() -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    asked: list[bool] = []
    process = SimpleNamespace(stop=lambda: asked.append(True))
    live = Live(1, SimpleNamespace(grace=30.0), process, None)  # type: ignore[arg-type]
    desk = SimpleNamespace(writer=SimpleNamespace(put=full))
    Desk.end(desk, live, Stop("nan", "diverged"))  # type: ignore[arg-type]
    assert asked


SAVES = """
def save(*_):
    open(os.environ["HPO_CHECKPOINT"] + "/c", "w").write("1")
    time.sleep(1.5)
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
report(step=1, accuracy=0.9 if os.environ["HPO_RESUME"] else 0.1)
if os.environ["HPO_RESUME"]: sys.exit(0)
time.sleep(60)
"""


def test_a_trial_asked_to_end_from_outside_that_leaves_with_0_has_no_result(
    make_study: Any,
) -> None:
    study = make_study(SAVES)
    text = study.study().text.replace('grace = "1s"', 'grace = "30s"')
    study.folder.file.write_text(text)  # an edit by hand
    study.start()
    trial = study.running(reports=1)
    study.kill_runner()
    os.kill(trial.pid, signal.SIGTERM)  # the shim, as a machine that goes down does
    study.until(study.folder.trial(1).exit.exists)
    study.run()
    trial = study.trial()
    assert (trial.state, trial.attempt, trial.metrics["accuracy"]) == (TrialState.COMPLETE, 2, 0.9)


@pytest.mark.parametrize("action", ["kill", "stop"])
def test_why_a_trial_was_asked_to_end_outlives_the_runner(make_study: Any, action: str) -> None:
    study = make_study(SAVES)
    text = study.study().text.replace('grace = "1s"', 'grace = "30s"')
    study.folder.file.write_text(text)
    study.start()
    study.running(reports=1)
    assert answer(study, action, **({"trial": 1} if action == "kill" else {})).ok
    study.kill_runner()
    study.until(study.folder.trial(1).exit.exists)
    study.run()
    trial = study.trial()
    if action == "kill":
        assert (trial.state, trial.attempt) == (TrialState.KILLED, 1)
    else:
        assert study.study().state in (StudyState.STOPPED, StudyState.FINISHED)
        assert trial.state is not TrialState.COMPLETE or trial.attempt == 2


@pytest.mark.parametrize(
    ("kind", "row"),
    [("csv", "step,accuracy\n1,0.5\n"), ("jsonl", '{"step": 1, "accuracy": 0.5}\n')],
)
def test_files_that_an_attempt_begun_anew_writes_again_are_read_again(
    make_study: Any, kind: str, row: str
) -> None:
    study = make_study(
        f"""
        open("{{}}/m.{kind}".format(os.environ["HPO_TRIAL_DIR"]), "w").write({row!r})
        if given["attempt"] == 1:
            time.sleep(0.5)
            os.kill(os.getpid(), signal.SIGKILL)
        """,
        resources=f'[[metrics]]\nkind = "{kind}"\npath = "m.{kind}"\n',
    )
    study.run()
    trial = study.trial()
    assert (trial.state, trial.attempt) == (TrialState.COMPLETE, 2)
    assert trial.metrics == {"accuracy": 0.5}
    assert (study.folder.trial(1).path / f"m.{kind}.attempt1").exists()


def test_steps_are_counted_from_the_start_by_an_attempt_begun_anew(make_study: Any) -> None:
    study = make_study(
        """
        for s in range(4):
            print("accuracy=0.5", flush=True)
            time.sleep(0.15)
            if given["attempt"] == 1 and s == 2:
                time.sleep(0.3)
                os.kill(os.getpid(), signal.SIGKILL)
        """,
        resources=STDOUT,
    )
    study.run()
    trial = study.trial()
    assert (trial.state, trial.attempt, trial.step) == (TrialState.COMPLETE, 2, 4)


def test_the_clock_stands_while_no_runner_is_there(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5)").run()
    began, ended = study.study().started, study.study().ended
    writer = StudyWriter(study.folder.db)
    writer.update_study(started=began - 5000, ended=ended - 3600)
    writer.close()
    gone = clock_of(study.study(), study.trials(), []) - (began - 5000)
    assert gone == pytest.approx(3600, abs=60)


def test_a_runner_that_was_killed_has_its_clock_stand_too(make_study: Any) -> None:
    study = make_study("")
    now = time.time()
    writer = StudyWriter(study.folder.db)
    writer.update_study(started=now - 5000)
    writer.close()
    ran = Trial(1, 1, "full", TrialState.RUNNING, 1.0, {}, started=now - 4900)
    sample = DeviceSample(now - 4800, "cpu", "CPU", 1, 2, 0.5)
    for signs, gone in (([], []), 0), (([ran], []), 100), (([ran], [sample]), 200):
        assert time.time() - clock_of(study.study(), *signs) == pytest.approx(gone, abs=60)


def test_a_clock_that_was_set_back_while_no_runner_was_there_gives_no_time(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5)").run()
    ended = time.time() + 3600  # by the clock of then
    writer = StudyWriter(study.folder.db)
    writer.update_study(started=ended - 100, ended=ended)
    writer.close()
    used = time.time() - clock_of(study.study(), study.trials(), [])
    assert used == pytest.approx(100, abs=60)


def test_a_budget_of_time_goes_on_where_it_stood(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5)\ntime.sleep(0.2)", budget='"5m"').started()
    study.until(lambda: len(study.trials()) > 1)
    assert answer(study, "stop").ok
    study.gone()
    count = len(study.trials())
    ended = study.study().ended
    writer = StudyWriter(study.folder.db)
    writer.update_study(started=study.study().started - 3600, ended=ended - 3600)
    writer.close()
    start_runner(study.folder, optimizer="tiny:Optimizer")
    study.until(lambda: len(study.trials()) > count + 1)


def test_how_far_a_trial_is_read_is_kept_until_it_is_complete(make_study: Any) -> None:
    study = make_study(
        """
        first = given["trial"] == given["attempt"] == 1
        print(f"accuracy=0.{3 if first else 5}", flush=True)
        sys.exit(first)
        """,
        budget=50, resources=STDOUT,
    )  # fmt: skip
    study.start()
    assert study.ended(1).state is TrialState.FAILED
    assert study.get("collector:1")
    assert answer(study, "retry", trial=1).ok
    study.until(lambda: study.trial(1).state is TrialState.COMPLETE)
    assert [r.metrics["accuracy"] for r in study.reports()] == [0.3, 0.5]
    assert study.get("collector:1") is None
    assert study.get("begun:1") is None
