import fcntl
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from asking import TASKS

from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.launch import (
    LaunchError,
    create_study,
    runner_pid,
    send,
    send_all,
    start_runner,
)
from hpo_tui.engine.runner.commands import Commands
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.loop import Runner
from hpo_tui.engine.runner.queue import Queue
from hpo_tui.engine.spec import SpecError
from hpo_tui.store.ask import ask
from hpo_tui.store.folder import HOME
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.read import StudyReader

SHORT = "report(step=1, accuracy=0.5)\n"
LONG = "report(step=1, accuracy=0.5)\ntime.sleep(60)\n"


def ok(study: Any, action: str, **args: Any) -> Any:
    answer = send(study.folder, action, args, timeout=60)
    assert answer.ok, answer.answer
    return answer.answer


def refused(study: Any, action: str, **args: Any) -> Any:
    answer = send(study.folder, action, args, timeout=60)
    assert answer.ok is False
    return answer.answer


def test_pause_starts_nothing_more_and_resume_goes_on(make_study: Any) -> None:
    study = make_study(SHORT, budget=30).started()
    study.until(lambda: len(study.trials()) > 1)
    assert "nothing new starts" in ok(study, "pause")
    study.until(lambda: all(t.state.ended for t in study.trials()))
    count = len(study.trials())
    assert study.study().state is StudyState.PAUSED
    assert study.study().reason == "paused by you"
    assert ok(study, "resume") == "resumed"
    study.until(lambda: len(study.trials()) > count)


def test_many_wishes_are_asked_at_once_and_done_at_one_look(desk: Desk) -> None:
    many = [{"trial": n % 3, "on": False} for n in range(60)]
    commands, looks = Commands(desk, Breaker(5)), 0
    deadline = time.monotonic() + 60
    with desk.folder.lock.open("w") as lock, ThreadPoolExecutor(1) as pool:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asked = pool.submit(send_all, desk.folder, "star", many, timeout=60)
        with StudyReader(desk.folder.db) as reader:
            while reader.command(60) is None and time.monotonic() < deadline:
                time.sleep(0.01)
        while not asked.done():
            looks += commands.obey()
            time.sleep(0.01)
    assert looks == 1
    answers = asked.result()
    assert [a.ok for a in answers] == [n % 3 == 1 for n in range(60)]
    assert "no trial 2" in str(answers[2].answer)
    answers = send_all(desk.folder, "star", [{"trial": 1, "on": True}] * 3)  # without a runner
    assert all(a.ok for a in answers)


def test_a_trial_is_killed_and_retried(make_study: Any, told: Any) -> None:
    study = make_study(LONG + "\n", budget=1).started()
    study.running(reports=1)
    ok(study, "kill", trial=1)
    assert (study.ended().state, study.trial().reason) == (TrialState.KILLED, "killed by you")
    study.gone()
    assert told("drop")
    (study.folder.path.parent.parent / "train.py").write_text("print(1)")
    assert ok(study, "retry", trial=1) == "queued for the next run: another attempt of trial 1"


def test_what_a_killed_trial_says_in_its_grace_period_is_kept(make_study: Any) -> None:
    study = make_study(
        """
        def save(*_):
            for step in (2, 3): report(step=step, accuracy=step / 10)
            sys.exit()
        signal.signal(signal.SIGTERM, save)
        report(step=1, accuracy=0.1); time.sleep(60)
        """,
        grace="30s",
    )
    study.start()
    study.running(reports=1)
    ok(study, "kill", trial=1)
    assert study.ended().state is TrialState.KILLED
    assert [r.metrics["accuracy"] for r in study.reports()] == [0.1, 0.2, 0.3]
    assert (study.trial().metrics, study.trial().step) == ({"accuracy": 0.3}, 3)


def test_a_retried_trial_counts(make_study: Any, told: Any) -> None:
    study = make_study("""
        if given["trial"] == given["attempt"] == 1: sys.exit(1)
        report(accuracy=0.5); time.sleep(0.1)
        """, budget=50)  # fmt: skip
    study.start()
    assert study.ended(1).state is TrialState.FAILED
    assert "is next" in ok(study, "retry", trial=1)
    study.until(lambda: study.trial(1).state is TrialState.COMPLETE)
    trial = study.trial(1)
    assert (trial.attempt, trial.metrics) == (2, {"accuracy": 0.5})
    assert trial.charged == pytest.approx(trial.cost + trial.wasted)
    # Told, or read in the store by the optimizer that a retry starts anew: whichever was first.
    study.until(lambda: [1, {"accuracy": 0.5}] in [w[1:] for w in told("tell") + told("known")])
    assert "complete" in refused(study, "retry", trial=1)


def test_a_configuration_is_enqueued_at_a_task_and_promoted(make_study: Any) -> None:
    study = make_study(
        "report(step=1, accuracy=given['params']['x'])\nif given['trial'] == 1: time.sleep(60)",
        budget=50, tasks=TASKS, slots=2,
    )  # fmt: skip
    study.start()
    study.running(1)
    ok(study, "pause")
    answer = ok(study, "enqueue", params={"x": 0.25}, task="cheap")
    number = int(answer.split()[1])
    ok(study, "resume")
    trial = study.ended(number)
    assert (trial.state, trial.task, trial.cost) == (TrialState.COMPLETE, "cheap", 0.25)
    assert trial.params["x"] == trial.metrics["accuracy"] == 0.25
    again = ok(study, "enqueue", params={"x": 0.25}, task="cheap")
    assert again.endswith(
        f"it is trial {number} once more, with the same seed (confirm takes other seeds)"
    )
    study.ended(int(again.split()[1].rstrip(":")))
    answer = ok(study, "promote", trial=number, task="dear")
    promoted = study.ended(int(answer.split()[1]))
    assert (promoted.task, promoted.resumed_from) == ("dear", number)
    assert study.events("promoted")
    assert "can be promoted to dear" in refused(study, "promote", trial=number, task="cheap")
    assert "no more expensive one" in refused(study, "promote", trial=promoted.number, task="cheap")
    assert "no more expensive one" in refused(study, "promote", trial=promoted.number)
    answer = ok(study, "confirm", trial=promoted.number, repeats=2)
    assert len(answer.split(",")) == 2
    assert "no task" in refused(study, "enqueue", params={"x": 0.1}, task="none")
    assert "x" in refused(study, "enqueue", params={"x": 9.0}, task=None)
    assert "no trial 999" in refused(study, "promote", trial=999, task=None)


def test_stars_tags_and_notes_with_and_without_a_runner(make_study: Any) -> None:
    study = make_study(SHORT, budget=1).run()
    ok(study, "star", trial=1, on=True)
    ok(study, "tag", trial=1, tags=["a", "b", "a"])
    ok(study, "note", trial=1, text="as expected\x1b[31m")
    trial = study.trial()
    assert (trial.starred, trial.tags, trial.note) == (True, ("a", "b"), "as expected\x1b[31m")
    with pytest.raises(LaunchError, match="no trial 7"):
        send(study.folder, "star", {"trial": 7, "on": True})
    study.run()
    ok(study, "star", trial=1, on=False)
    assert not study.trial().starred


def test_a_budget_is_extended_while_running_and_after(make_study: Any) -> None:
    study = make_study(SHORT + "time.sleep(0.2)", budget=2).started()
    study.running(1)
    assert ok(study, "extend", amount=1) == "the budget is 3 now"
    study.gone()
    assert len(study.trials()) == 3
    ok(study, "extend", amount=1.5)
    assert "budget = 4.5" in study.study().text
    assert "budget = 4.5" in study.folder.file.read_text()
    study.run()
    assert len(study.trials()) == 4
    assert study.study().state is StudyState.FINISHED


@pytest.mark.parametrize(("asked", "over"), [(True, False), (False, True)])
def test_what_is_asked_while_the_study_ends_is_done_first(
    monkeypatch: pytest.MonkeyPatch, asked: bool, over: bool
) -> None:
    runner = Runner.__new__(Runner)
    runner.desk, runner.trouble, runner.commands = Mock(), Mock(active=False), Mock()
    runner.starter, runner.chores = Mock(over_budget=False), Mock()
    runner.desk.configure_mock(
        live={}, queue=Queue({}), state=StudyState.RUNNING, transaction=nullcontext
    )
    runner.desk.enough.return_value = []
    shelf = Mock(exhausted="all is spent", ready=[])
    runner.desk.proposals = Mock(stale=False, shelf=shelf)
    runner.commands.obey.return_value = asked
    monkeypatch.setattr(runner, "_last_words", lambda: None)
    assert runner._over() is over
    assert runner.desk.set_state.called is over


def test_a_wish_that_the_runner_has_not_heard_any_more(make_study: Any) -> None:
    study = make_study(LONG).started()
    study.running(1)
    os.kill(runner_pid(study.folder), signal.SIGSTOP)
    asked: list[LaunchError] = []

    def wish() -> None:
        with pytest.raises(LaunchError) as caught:
            send(study.folder, "kill", {"trial": 1}, timeout=60)
        asked.append(caught.value)

    thread = threading.Thread(target=wish)
    thread.start()
    study.until(lambda: open_commands(study))
    study.kill_runner()
    thread.join()
    assert "ended before it could kill: its next run does" in str(asked[0])
    study.start()
    assert study.ended().state is TrialState.KILLED


def open_commands(study: Any) -> bool:
    with StudyReader(study.folder.db) as reader:
        return reader.command(1) is not None


def test_an_edit_is_made_or_refused_in_words(make_study: Any, told: Any) -> None:
    study = make_study(SHORT + "time.sleep(0.2)", budget=50).started()
    study.ended(1)
    text = study.study().text
    ok(study, "edit", text=text.replace("high = 1.0", "high = 2.0"))
    assert "high = 2.0" in study.folder.file.read_text()
    study.until(lambda: len(told("init")) == 2)
    study.until(lambda: any(t.params["x"] > 1 for t in study.trials()))
    assert study.study().revision == 2
    assert "study" in refused(study, "edit", text="nonsense")
    assert refused(study, "edit", text=text.replace('metric = "accuracy"', 'metric = "other"'))


def test_a_lent_device_starts_nothing(make_study: Any) -> None:
    study = make_study(LONG, budget=2).started()
    study.running(1)
    answer = send(study.folder, "lend", {"device": "GPU9", "on": True}, timeout=60)
    assert (answer.ok, "GPU9" in answer.answer) == (False, True)


def test_an_unknown_or_malformed_command_is_answered(make_study: Any) -> None:
    study = make_study(LONG).started()
    study.running(1)
    assert "no action" in refused(study, "fly")
    assert refused(study, "kill")
    assert refused(study, "kill", trial="x")
    assert refused(study, "extend", amount="much")
    assert refused(study, "extend", amount=-99)
    assert study.running(1)


def test_commands_asked_just_before_the_runner_died_are_obeyed_by_the_next(make_study: Any) -> None:
    study = make_study(LONG).started()
    study.running(1)
    study.kill_runner()
    number = ask(study.folder.db, "kill", {"trial": 1})
    study.start()
    assert study.ended().state is TrialState.KILLED
    with StudyReader(study.folder.db) as reader:
        assert reader.command(number).ok


def test_a_wish_about_an_earlier_run_does_not_end_this_one(make_study: Any) -> None:
    from hpo_tui.store.write import StudyWriter

    study = make_study(SHORT, budget=2)
    taken = ask(study.folder.db, "stop", {"kill": True})
    writer = StudyWriter(study.folder.db)
    writer.take_commands()  # by a runner that died of it
    writer.close()
    numbers = [taken, ask(study.folder.db, "stop"), ask(study.folder.db, "pause")]
    study.run()
    assert study.study().state is StudyState.FINISHED
    assert [t.state for t in study.trials()] == [TrialState.COMPLETE] * 2
    with StudyReader(study.folder.db) as reader:
        for number in numbers:
            command = reader.command(number)
            assert command.ok is False
            assert "a new one has begun" in command.answer


def test_a_study_is_made_once(tmp_path: Path, make_study: Any) -> None:
    study = make_study(SHORT)
    text = study.study().text
    home = tmp_path / HOME
    assert create_study(text, home).path == study.folder.path
    assert create_study("# a comment\n" + text, home).path == study.folder.path
    assert create_study(text.replace("budget = 1", "budget = 9"), home, "other").name == "other"
    with pytest.raises(SpecError):
        create_study("[study]", home)
    study.start()
    assert runner_pid(study.folder)
    with pytest.raises(LaunchError, match="differs from what it was made from"):
        create_study(text.replace("budget = 1", "budget = 9"), home)


def test_a_study_is_archived(make_study: Any) -> None:
    study = make_study(SHORT)
    ok(study, "archive")
    assert not study.folder.exists
    assert (study.folder.path.parent / ".archive" / "t" / "study.db").is_file()


def test_one_trial_and_several_are_spoken_of_as_such(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5); hold()", budget=9, slots=2).started()
    study.running(1)
    study.running(2)
    assert ok(study, "pause") == "paused: 2 running trials go on, nothing new starts"
    answer = ok(study, "enqueue", params={"x": 0.25})
    assert answer == "trial 3 is next, once the study is resumed"
    study.go()
    study.ended(1)
    study.ended(2)
    said = ok(study, "confirm", trial=1, repeats=2)
    assert said == "trials 4, 5 are next, after trial 3, once the study is resumed"
    assert [e.text for e in study.events("enqueued")] == [
        "asked for by you: trial 3", "asked for by you: trials 4, 5",
    ]  # fmt: skip
    assert ok(study, "stop") == "stopped"


def test_a_study_that_is_being_stopped_takes_up_nothing_more(make_study: Any) -> None:
    study = make_study(
        """
        if given["trial"] == 1: sys.exit(1)
        signal.signal(signal.SIGTERM, lambda *_: (report(step=1, accuracy=0.5), hold(), sys.exit()))
        report(accuracy=0.5); time.sleep(60)
        """,
        budget=9,
    )  # fmt: skip
    study.folder.file.write_text(study.study().text.replace('grace = "1s"', 'grace = "60s"'))
    study.start()
    study.running(2, reports=1)
    assert ok(study, "stop") == "stopped: 1 running trial ends within 60 s"
    study.until(lambda: len(study.reports(2)) > 1)
    assert "is being stopped" in refused(study, "pause")
    assert "is being stopped" in refused(study, "retry", trial=1)
    assert "is being stopped" in refused(study, "enqueue", params={"x": 0.5})
    study.go()
    study.gone()
    assert study.study().state is StudyState.STOPPED
    assert study.trial(1).state is TrialState.FAILED


def test_what_a_configuration_is_completed_with_is_said(make_study: Any) -> None:
    first = make_study("report(accuracy=0.5)")
    text = first.study().text.replace(
        "[[objective]]", '[space.opt]\ntype = "categorical"\nchoices = ["sgd"]\n[[objective]]'
    )
    study = type(first)(create_study(text, first.folder.path.parent, "two"))
    ask(study.folder.db, "enqueue", {"params": {"x": 0.125}, "task": None})
    start_runner(study.folder)
    study.gone()
    assert study.trial(1).params == {"x": 0.125, "opt": "sgd"}
    with StudyReader(study.folder.db) as reader:
        assert reader.command(1).answer == 'trial 1 is next, with opt = "sgd"'


def test_repeats_that_the_budget_does_not_pay_for_are_said(make_study: Any) -> None:
    study = make_study(
        "report(accuracy=0.5); hold() if given['trial'] == 2 else None", budget=4
    ).started()
    study.running(2)
    said = ok(study, "confirm", trial=1, repeats=5)
    assert said.endswith("are next: the budget pays for 2 of 5")
    study.go()
    study.gone()
    assert len(study.trials()) == 4
