from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import LaunchError, send
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.watching import told as told_so_far
from hpo_tui.store.models import Report, StudyState, TrialState

OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"


def test_the_marks_below_a_traceback_s_lines_are_not_among_the_last(make_study: Any) -> None:
    script = (
        "def f(x):\n    return f(x + 1) if x < 3 else 1 / (x - x)\nprint(f(1) + len(str(f(2))))\n"
    )
    study = make_study(script, prelude=False).started()
    reason = study.ended(1).reason
    assert "ZeroDivisionError" in reason
    assert "^" not in reason


def test_a_crash_on_a_trial_s_own_checkpoint_blames_no_parameters(
    make_study: Any, told: Any
) -> None:
    study = make_study("""
        saved = os.path.join(os.environ["HPO_CHECKPOINT"], "weights")
        if os.environ["HPO_RESUME"]:
            raise KeyError("half of it is missing")
        open(saved, "w").write("1")
        report(step=1, accuracy=0.5)
        os.kill(os.getpid(), 9)
        """).started()
    trial = study.ended()
    assert (trial.state, trial.teaches, trial.attempt) == (TrialState.FAILED, False, 2)
    assert (
        f"its own checkpoint, {study.folder.trial(1).checkpoint}: if that is half" in trial.reason
    )
    assert "KeyError" in trial.reason
    study.gone()
    assert not told("fail")


def test_a_command_that_leaves_its_work_to_others_is_told_to_wait_for_them(make_study: Any) -> None:
    study = make_study("""
        if os.fork():
            os._exit(0)
        time.sleep(60)
        """).started()
    assert "have the command wait for them" in study.ended().reason


def test_running_out_of_gpu_memory_is_believed_the_second_time(make_study: Any, told: Any) -> None:
    study = make_study(f"print({OOM!r}); sys.exit(1)").run()
    trial = study.trial()
    assert (trial.state, trial.teaches, trial.attempt) == (TrialState.FAILED, True, 2)
    assert "memory" in trial.reason
    assert told("fail")[0] == ["fail", 1, "oom"]
    again, end = study.events("oom")
    assert again.text.endswith(". It is tried again, alone on its device.")
    assert end.text.endswith("No other trial was on its device.")


def test_an_old_message_of_another_attempt_is_not_this_ones(make_study: Any) -> None:
    study = make_study(f"""
        if given["attempt"] == 1:
            print({OOM!r}); sys.exit(1)
        report(accuracy=0.7)
        """).run()
    assert study.trial().state is TrialState.COMPLETE


def test_nan_stops_a_trial_at_once(make_study: Any, told: Any) -> None:
    study = make_study("""
        for step in range(1200):
            report(step=step, accuracy=float("nan") if step == 3 else 0.5)
            time.sleep(0.05)
        """).started()
    trial = study.ended()
    assert (trial.state, trial.teaches) == (TrialState.FAILED, True)
    assert "accuracy is nan at step 3" in trial.reason
    assert trial.step < 1199
    study.until(lambda: told("fail"))
    assert told("fail")[0] == ["fail", 1, "nan"]


def test_nan_is_a_failure_whenever_it_is_read(make_study: Any) -> None:
    study = make_study("""
        report(step=1, accuracy=0.5)
        time.sleep(0.5)
        report(step=2, accuracy=float("nan"))
        report(step=3, accuracy=0.5)
        """).started()
    study.running(reports=1)
    study.kill_runner()
    study.until(study.folder.trial(1).exit.exists)
    study.start()
    trial = study.ended()
    assert (trial.state, trial.exit_code, trial.teaches) == (TrialState.FAILED, 0, True)
    assert "accuracy is nan at step 2" in trial.reason


def test_nan_that_an_earlier_runner_read_is_known_to_the_next(desk: Desk) -> None:
    values = (0.5, float("nan"), 0.5)
    desk.writer.add_reports([Report(1, n, n, {"a": v}) for n, v in enumerate(values)], {1: (99, 3)})
    desk.update(1, report_seq=3)
    known = told_so_far(desk, 1)
    assert (known.result, known.diverged) == ({"a": 0.5}, "diverged: a is nan at step 1")


def test_a_time_limit_and_a_stall_end_a_trial(make_study: Any) -> None:
    study = make_study("time.sleep(60)", resources='timeout = "0.3s"').started()
    trial = study.ended()
    assert (trial.state, trial.teaches) == (TrialState.FAILED, True)
    assert "time limit" in trial.reason


def test_a_trial_that_stops_reporting_is_stopped(make_study: Any, told: Any) -> None:
    study = make_study(
        "report(step=1, accuracy=1); time.sleep(60)", resources='stall = "0.5s"'
    ).started()
    trial = study.ended()
    assert (trial.state, trial.teaches) == (TrialState.FAILED, False)
    assert trial.reason == "stalled: reported nothing for 0.5s"
    study.until(lambda: told("drop"))


def test_a_trial_that_goes_on_reporting_is_not_stalled(make_study: Any) -> None:
    study = make_study(
        "for s in range(14): report(step=s, accuracy=0.5); time.sleep(0.25)",
        resources='stall = "1.2s"',
    )
    study.start()
    trial = study.ended()
    assert (trial.state, trial.reason) == (TrialState.COMPLETE, "")
    assert trial.duration > 3


def test_a_missing_metric_says_what_was_expected_and_what_was_seen(make_study: Any) -> None:
    study = make_study("report(step=1, acc=1); print('the end is near')").started()
    trial = study.ended()
    assert trial.state is TrialState.FAILED
    assert "expected accuracy; metrics seen: acc" in trial.reason
    assert "the end is near" in trial.reason


def test_alike_failures_in_a_row_pause_the_study_with_one_message(
    make_study: Any, told: Any
) -> None:
    study = make_study(
        "print('step', given['trial']); raise ModuleNotFoundError('no module named x')",
        budget=40, slots=2, resources="failures = 3",
    )  # fmt: skip
    study.start()
    study.until(lambda: study.study().state is StudyState.PAUSED)
    study.until(lambda: all(t.state.ended for t in study.trials()))
    reason = study.study().reason
    assert "3 trials in a row failed alike" in reason
    assert "exit code 1" in reason
    assert "x = 0." in reason
    assert "no module named x" in reason
    assert 3 <= len(study.trials()) <= 4
    assert len(study.events("breaker")) == 1
    assert not any(t.teaches for t in study.trials())
    (study.folder.path.parent.parent / "train.py").write_text("print('accuracy=0.5')")
    assert send(study.folder, "resume").ok
    study.until(lambda: any(t.state is TrialState.COMPLETE for t in study.trials()))


def test_a_metric_that_no_trial_reports_pauses_after_two(make_study: Any) -> None:
    study = make_study("report(acc=1); print(given['params'])", budget=40).started()
    study.until(lambda: study.study().state is StudyState.PAUSED)
    assert "no trial has ever reported accuracy" in study.study().reason
    assert [t.state for t in study.trials()] == [TrialState.FAILED] * 2


def test_a_study_in_which_every_trial_diverges_pauses(make_study: Any) -> None:
    study = make_study(
        "report(step=given['trial'], accuracy=float('nan'))", budget=100, resources="failures = 1"
    )
    study.start()
    study.until(lambda: study.study().state is StudyState.PAUSED)
    assert "10 trials in a row failed alike (diverged: accuracy is nan" in study.study().reason
    assert len(study.trials()) == 10
    assert not any(t.teaches for t in study.trials())


def test_a_trial_under_way_when_the_breaker_trips_teaches_as_little(
    make_study: Any, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    study = make_study(
        f"""
import pathlib, time
while str(given['trial']) == '2' and not pathlib.Path({str(go)!r}).exists(): time.sleep(0.02)
raise ModuleNotFoundError('no module named x')
""",
        budget=40, slots=2, resources="failures = 3",
    )  # fmt: skip
    study.start()
    study.until(lambda: study.study().state is StudyState.PAUSED)
    assert not study.trials()[1].state.ended
    go.touch()
    study.until(lambda: all(t.state.ended for t in study.trials()))
    assert [t.state for t in study.trials()] == [TrialState.FAILED] * 4
    assert not any(t.teaches for t in study.trials())
    assert len(study.events("breaker")) == 1


def test_a_command_that_is_not_there_is_refused_before_any_trial(make_study: Any) -> None:
    study = make_study("")
    text = study.study().text.replace("train.py", "nothing.py")
    send(study.folder, "edit", {"text": text})
    with pytest.raises(LaunchError, match=r"script 'nothing.py' is not found in"):
        study.start()
    assert study.trials() == []


def test_an_early_stop_is_carried_out_and_accounted(
    make_study: Any, monkeypatch: pytest.MonkeyPatch, told: Any
) -> None:
    monkeypatch.setenv("TINY_STOP_BELOW", "0.2")
    study = make_study("""
        for step in range(1, 100):
            report(step=step, accuracy=0.1)
            open(os.environ["HPO_CHECKPOINT"] + "/c", "w").write(str(step))
            time.sleep(0.02)
        """).started()
    trial = study.ended()
    assert (trial.state, trial.reason) == (TrialState.PRUNED, "no hope")
    assert 0 < trial.charged < 1
    study.until(lambda: told("prune"))
    assert (study.folder.trial(1).checkpoint / "c").exists()


def test_a_study_that_turns_early_stopping_off_is_not_stopped(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_STOP_BELOW", "0.9")
    study = make_study(
        "report(step=9, accuracy=0.1); time.sleep(0.3)", resources="[stopping]\nenabled = false"
    )
    study.start()
    assert study.ended().state is TrialState.COMPLETE
