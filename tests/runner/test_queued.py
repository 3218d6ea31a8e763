"""Trials that are asked for while no runner lives: the next one serves them first, or says why."""

import sqlite3
from typing import Any

import pytest
from asking import TASKS, answer

from hpo_tui.engine.answers import WISHES
from hpo_tui.engine.launch import LaunchError, send
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

SHORT = "report(accuracy=0.5)"


def finished(make_study: Any, script: str = SHORT, **parts: Any) -> Any:
    study = make_study(script, **parts).run()
    assert study.study().state is StudyState.FINISHED
    return study


def waiting(study: Any) -> list[str]:
    with StudyReader(study.folder.db) as reader:
        return [c.action for c in reader.open_commands(WISHES)]


def texts(study: Any, kind: str) -> list[str]:
    return [e.text for e in study.events(kind)]


def test_repeats_of_a_finished_study_run_before_what_the_search_suggests(make_study: Any) -> None:
    study = finished(make_study)
    said = answer(study, "confirm", trial=1, repeats=2)
    assert (said.ok, said.answer) == (True, "queued for the next run: 2 repeats of trial 1")
    assert waiting(study) == ["confirm"]
    told = [(e.trial, e.text) for e in study.events("queued")]
    assert told == [(1, "2 repeats of trial 1, for the next run")]
    answer(study, "extend", amount=3)
    study.run()
    assert [t.repeat for t in study.trials()] == [0, 1, 2, 0]
    assert all(t.state is TrialState.COMPLETE for t in study.trials())
    assert texts(study, "enqueued") == ["asked for by you: trials 2, 3"]
    assert not waiting(study)


def test_every_kind_of_wish_waits(make_study: Any) -> None:
    script = "if given['trial'] == given['attempt'] == 1: sys.exit(1)\n" + SHORT
    study = finished(make_study, script)
    answer(study, "retry", trial=1)
    answer(study, "enqueue", params={"x": 0.25}, task=None)
    answer(study, "extend", amount=2)
    study.run()
    assert study.trial(1).state is TrialState.COMPLETE
    assert study.trial(2).params["x"] == 0.25


def started(study: Any) -> list[int]:
    """Return the trials in the order of their starts."""
    return [e.trial for e in study.events("started")]


def test_a_wish_waits_and_is_told_of_or_neither(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(SHORT)

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(StudyWriter, "add_event", fail)
        with pytest.raises(LaunchError):
            send(study.folder, "enqueue", {"params": {"x": 0.5}})
    assert waiting(study) == []
    send(study.folder, "enqueue", {"params": {"x": 0.5}})
    assert waiting(study) == ["enqueue"]


def test_what_waits_is_started_in_the_order_it_was_asked_for(make_study: Any) -> None:
    script = "if given['trial'] == given['attempt'] == 1: sys.exit(1)\n" + SHORT
    study = finished(make_study, script)
    for x in (0.25, 0.5):
        answer(study, "enqueue", params={"x": x}, task=None)
    answer(study, "retry", trial=1)  # which needs no optimizer, and could start at once
    answer(study, "enqueue", params={"x": 0.75}, task=None)
    answer(study, "extend", amount=4)
    study.run()
    assert [study.trial(n).params["x"] for n in (2, 3, 4)] == [0.25, 0.5, 0.75]
    assert started(study)[:5] == [1, 2, 3, 1, 4]


def test_what_is_asked_of_a_runner_is_started_in_that_order(make_study: Any) -> None:
    study = make_study(SHORT + "; hold()", budget=6).started()
    study.running(1, reports=1)
    said = [answer(study, "enqueue", params={"x": x}, task=None).answer for x in (0.25, 0.5)]
    assert said == ["trial 2 is next", "trial 3 is next, after trial 2"]
    study.kill_runner()
    study.start()
    last = answer(study, "enqueue", params={"x": 0.75}, task=None).answer
    assert last == "trial 4 is next, after trials 2, 3"
    study.go()
    study.gone()
    assert started(study) == [1, 2, 3, 4, 5, 6]


def test_a_promotion_waits_and_is_asked_for_once(make_study: Any) -> None:
    study = finished(make_study, tasks=TASKS)
    answer(study, "enqueue", params={"x": 0.25}, task="cheap")
    answer(study, "extend", amount=0.25)
    study.run()
    said = answer(study, "promote", trial=2, task="dear").answer
    assert said == "queued for the next run: the promotion of trial 2 to dear"
    with pytest.raises(LaunchError, match="queued for the next run already"):
        answer(study, "promote", trial=2, task="dear")
    with pytest.raises(LaunchError, match="already, as the promotion of trial 2 to dear"):
        answer(study, "promote", trial=2, task=None)
    answer(study, "extend", amount=1)
    study.run()
    assert (study.trial(3).task, study.trial(3).resumed_from) == ("dear", 2)


def test_a_runner_that_is_killed_leaves_each_wish_done_once(make_study: Any) -> None:
    study = finished(make_study, SHORT + "; hold() if given['trial'] > 1 else None")
    answer(study, "enqueue", params={"x": 0.25}, task=None)
    answer(study, "confirm", trial=1, repeats=1)
    answer(study, "extend", amount=2)
    for trials in (1, 1, 3):  # before a wish was granted (mostly), and after both were
        study.start()
        study.until(lambda n=trials: len(study.trials()) >= n)
        study.kill_runner()
    study.start()
    study.go()
    study.gone()
    assert len(study.trials()) == 3
    assert sum(t.params["x"] == 0.25 for t in study.trials()) == 1
    assert sum(t.repeat for t in study.trials()) == 1


def test_what_an_edit_has_made_impossible_is_told(make_study: Any) -> None:
    study = finished(make_study)
    answer(study, "enqueue", params={"x": 0.75}, task=None)
    text = study.study().text
    answer(study, "edit", text=text.replace("high = 1.0", "high = 0.5"))
    answer(study, "extend", amount=1)
    study.run()
    (said,) = texts(study, "refused")
    assert said.startswith("a trial with x = 0.75, queued for this run, cannot be done: ")
    assert "0.5" in said
    assert [t.params["x"] <= 0.5 for t in study.trials()[1:]] == [True]


def test_what_the_budget_does_not_pay_for_is_told(make_study: Any) -> None:
    study = finished(make_study)
    answer(study, "confirm", trial=1, repeats=3)
    answer(study, "enqueue", params={"x": 0.25}, task=None)
    answer(study, "extend", amount=1)
    study.run()
    assert texts(study, "enqueued") == ["asked for by you: trial 2: the budget pays for 1 of 3"]
    (said,) = texts(study, "refused")
    assert said.startswith("a trial with x = 0.25, queued for this run, cannot be done: ")
    assert "the budget is spent" in said


@pytest.mark.parametrize(("action", "args"), [("kill", {"trial": 1}), ("stop", {})])
def test_what_waits_is_taken_back(make_study: Any, action: str, args: dict[str, Any]) -> None:
    study = finished(make_study)
    answer(study, "confirm", trial=1, repeats=2)
    answer(study, "enqueue", params={"x": 0.25}, task=None)
    said = answer(study, action, **args).answer
    gone = "2 repeats of trial 1" + ("; a trial with x = 0.25" if action == "stop" else "")
    assert said == f"not queued any more: {gone}"
    assert texts(study, "unqueued") == [said]
    assert waiting(study) == ([] if action == "stop" else ["enqueue"])
    if action == "stop":
        with pytest.raises(LaunchError, match="nothing of it runs"):
            answer(study, "stop")
    answer(study, "extend", amount=1)
    study.run()
    assert [t.repeat for t in study.trials()] == [0, 0]
    assert (study.trial(2).params["x"] == 0.25) == (action == "kill")


def test_what_can_never_be_done_is_refused_at_once(make_study: Any) -> None:
    study = finished(make_study)
    for action, args, why in (
        ("confirm", {"trial": 9}, "there is no trial 9"),
        ("confirm", {"trial": 1, "repeats": 0}, "from 1 to 100"),
        ("retry", {"trial": 1}, "complete"),
        ("promote", {"trial": 1}, "no more expensive"),
        ("enqueue", {"params": {"x": 7.0}}, "x"),
        ("enqueue", {"params": {"x": 0.5}, "task": "none"}, "no task"),
    ):
        with pytest.raises(LaunchError, match=why):
            answer(study, action, **args)
    assert not waiting(study)
    assert not study.events("queued")


def test_trials_are_asked_for_before_the_first_run(make_study: Any) -> None:
    study = make_study(SHORT, budget=2)
    answer(study, "enqueue", params={"x": 0.25}, task=None)
    study.run()
    assert [t.params["x"] == 0.25 for t in study.trials()] == [True, False]


def test_a_study_whose_last_trials_are_ended_drops_what_waits_and_says_so(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5); time.sleep(60)", budget=3).started()
    study.running(1, reports=1)
    study.kill_runner()
    answer(study, "enqueue", params={"x": 0.25}, task=None)
    assert "trial 1, which ran on without a runner" in answer(study, "stop").answer
    study.gone()
    assert texts(study, "refused") == [
        "a trial with x = 0.25, queued for this run, cannot be done: the study is being stopped"
    ]
    assert not waiting(study)
