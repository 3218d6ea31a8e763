"""What an attempt carries on, what it does not, and what all of them cost together."""

from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import LaunchError, runner_pid, send, start_runner
from hpo_tui.engine.runner.desk import Desk, Live, Stop
from hpo_tui.engine.runner.opening import clock_of
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

TASKS = """
[[task]]
name = "cheap"
epochs = 3
cost = 0.25
[[task]]
name = "dear"
epochs = 9
cost = 1.0
"""
STDOUT = '[[metrics]]\nkind = "stdout"\n'


def answer(study: Any, action: str, **args: Any) -> Any:
    return send(study.folder, action, args, timeout=15)


def edit(study: Any, old: str, new: str) -> Any:
    text = study.study().text
    assert old in text
    return answer(study, "edit", text=text.replace(old, new))


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
    study.start()
    study.gone()
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
        """)
    study.start()
    study.gone()
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
    study.start()
    study.gone()
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
    study.start()
    study.gone()
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
    promoted = [t for t in study.trials() if t.resumed_from is not None]
    assert promoted
    assert [t.charged for t in promoted] == pytest.approx([0.75 if saved else 1.0] * len(promoted))
    spent = sum(t.charged for t in study.trials())
    assert spent <= 6 + 1e-9 + (0.0 if saved else 0.25)  # the last one is found out as it starts


def test_a_metric_added_to_a_running_study_is_found_in_what_was_printed(make_study: Any) -> None:
    study = make_study("""
        print("accuracy=0.5 lat=3.0", flush=True)
        hold()
        """, resources=STDOUT)  # fmt: skip
    study.start()
    study.running(reports=1)
    found = edit(study, "[resources]", '[[constraint]]\nmetric = "lat"\nmax = 5.0\n[resources]')
    assert found.ok, found.answer
    study.go()
    trial = study.ended()
    assert (trial.state, trial.metrics) == (TrialState.COMPLETE, {"accuracy": 0.5, "lat": 3.0})


def test_slots_and_the_limit_of_failures_are_edited_while_running(make_study: Any) -> None:
    study = make_study('if given["trial"] > 2: sys.exit(1)\nhold()', budget=60)
    study.start()
    study.running(1)
    assert edit(study, "slots = 1", "slots = 2\nfailures = 2").ok
    study.running(2)
    study.go()
    study.until(lambda: study.study().state is StudyState.PAUSED)
    assert study.study().reason.startswith("2 trials in a row failed alike")


def test_what_the_budget_does_not_pay_for_is_refused(make_study: Any) -> None:
    study = make_study("hold()\nreport(accuracy=1.0)", budget=1, tasks=TASKS)
    study.start()
    study.running(1)
    found = answer(study, "enqueue", params={"x": 0.5}, task="dear")
    assert not found.ok
    assert "budget" in found.answer
    study.go()
    study.gone()
    assert len(study.trials()) == 1


def test_a_file_edited_by_hand_is_taken_over_at_the_next_run(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5)", budget=2)
    study.start()
    study.gone()
    file: Path = study.folder.file
    file.write_text(file.read_text().replace("budget = 2", "budget = 4"))
    with pytest.raises(LaunchError, match="edited by hand"):
        send(study.folder, "extend", {"amount": 1})
    study.start()
    study.gone()
    assert len(study.trials()) == 4
    assert "budget" in study.events("edited")[-1].text
    file.write_text(file.read_text().replace('"maximize"', '"minimize"'))
    with pytest.raises(LaunchError, match="cannot be taken over"):
        study.start()
    file.write_text("[study\n")
    with pytest.raises(LaunchError, match="has errors"):
        study.start()


def test_a_file_edited_by_hand_is_not_written_over(make_study: Any) -> None:
    study = make_study("hold()\nreport(accuracy=1.0)", budget=3)
    study.start()
    study.running(1)
    file: Path = study.folder.file
    mine = file.read_text() + "# mine\n"
    file.write_text(mine)
    found = answer(study, "extend", amount=1)
    assert not found.ok
    assert "edited by hand" in found.answer
    assert file.read_text() == mine


def test_a_file_that_cannot_be_written_refuses_the_wish_and_the_runner_lives(
    make_study: Any,
) -> None:
    study = make_study("hold()\nreport(accuracy=1.0)", budget=3)
    study.start()
    study.running(1)
    study.folder.file.unlink()
    (study.folder.file / "in the way").mkdir(parents=True)
    found = answer(study, "extend", amount=1)
    assert not found.ok
    assert "cannot be written" in found.answer
    assert study.study().text.count("budget = 3")
    assert runner_pid(study.folder)


def test_any_reason_to_end_goes_before_leaving_a_lent_device() -> None:
    class Process:
        def stop(self) -> None:
            """Be asked."""

    live = Live(1, None, Process(), None)  # type: ignore[arg-type]
    Desk.end(None, live, Stop("lend", "left"))  # type: ignore[arg-type]
    Desk.end(None, live, Stop("kill", "killed by you"))  # type: ignore[arg-type]
    Desk.end(None, live, Stop("lend", "left"))  # type: ignore[arg-type]
    assert live.stop == Stop("kill", "killed by you")


def test_the_clock_stands_while_no_runner_is_there(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5)")
    study.start()
    study.gone()
    began, ended = study.study().started, study.study().ended
    writer = StudyWriter(study.folder.db)
    writer.update_study(started=began - 5000, ended=ended - 3600)
    writer.close()
    with StudyReader(study.folder.db) as reader:
        gone = clock_of(study.study(), reader) - (began - 5000)
    assert gone == pytest.approx(3600, abs=60)


def test_a_budget_of_time_goes_on_where_it_stood(make_study: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5)\ntime.sleep(0.2)", budget='"4s"')
    study.start()
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
