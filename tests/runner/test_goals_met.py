"""A study that ends when its goals are met: as at the end of its budget, and whoever is killed."""

import time
from typing import Any

from asking import answer, edit

from hpo_tui.engine.launch import runner_pid
from hpo_tui.store.models import StudyState, TrialState

ENDS = {"study": 'stop_when = "goals met"', "objective": "threshold = 0.5"}
SCRIPT = """
if given["trial"] == 2: hold()
report(accuracy=given["trial"] / 4)
"""


def numbers(study: Any) -> list[int]:
    return [t.number for t in study.trials()]


def test_nothing_new_starts_and_what_runs_goes_on_to_its_end(make_study: Any) -> None:
    study = make_study(
        "if given['trial'] == 1: hold()\nreport(accuracy=given['trial'] / 4)",
        budget=9, slots=2, **ENDS,
    )  # fmt: skip
    study.start()
    (event,) = study.until(
        lambda: [e for e in study.events("threshold") if "nothing new" in e.text]
    )
    assert event.text == "goals met by trial 2: nothing new starts, 1 running trial goes on"
    study.ended(2)
    assert study.study().state is StudyState.RUNNING
    study.go()
    study.gone()
    assert numbers(study) == [1, 2]
    assert {t.state for t in study.trials()} == {TrialState.COMPLETE}
    done = study.study()
    assert (done.state, done.reason) == (StudyState.FINISHED, "goals met by trial 2")
    assert [e.text for e in study.events("finished")] == ["goals met by trial 2"]


def test_as_many_are_waited_for_as_the_file_says(make_study: Any) -> None:
    ends = ENDS | {"study": 'stop_when = "goals met by 2 trials"'}
    study = make_study("report(accuracy=given['trial'] / 4)", budget=9, **ends).run()
    assert numbers(study) == [1, 2, 3]
    assert study.study().reason == "goals met by trials 2, 3"
    assert not [e for e in study.events("threshold") if "nothing new" in e.text]


def test_without_the_key_goals_end_nothing(make_study: Any) -> None:
    study = make_study("report(accuracy=1)", budget=3, objective="threshold = 0.5").run()
    assert numbers(study) == [1, 2, 3]


def test_a_killed_runner_s_study_ends_with_the_next_one(make_study: Any) -> None:
    study = make_study(SCRIPT, budget=9, slots=1, **ENDS).started()
    study.running(2)
    study.kill_runner()
    study.go()
    study.until(study.folder.trial(2).exit.exists)
    study.run()
    assert numbers(study) == [1, 2]
    assert study.study().reason == "goals met by trial 2"


def test_killed_at_any_moment_it_ends_on_the_same_trial(make_study: Any) -> None:
    study = make_study("report(accuracy=given['trial'] / 40)", budget=99, slots=2, **ENDS)
    pause = 0.8
    while study.study().state is not StudyState.FINISHED:
        study.start()
        deadline = time.monotonic() + pause
        pause *= 1.5
        while runner_pid(study.folder) and time.monotonic() < deadline:
            time.sleep(0.01)
        if runner_pid(study.folder):
            study.kill_runner()
    # Two at a time: trial 21 may have begun before the result of trial 20 was read.
    assert 20 <= max(numbers(study)) <= 22
    assert study.study().reason.startswith("goals met by trial")


def test_extended_it_goes_on_past_them_to_its_budget(make_study: Any) -> None:
    study = make_study("report(accuracy=given['trial'] / 4)", budget=4, **ENDS).run()
    assert numbers(study) == [1, 2]
    said = answer(study, "extend", amount=1)
    assert said.answer == (
        "the budget is 5 now; it continues past the goals that were met, to the end of its budget"
    )
    assert study.study().state is StudyState.PAUSED
    study.run()
    assert numbers(study) == [1, 2, 3, 4, 5]
    assert (study.study().state, study.study().reason) == (StudyState.FINISHED, "")


def test_extended_while_its_last_trials_run_it_goes_on(make_study: Any) -> None:
    script = "if given['trial'] == 1: hold()\nreport(accuracy=given['trial'] / 4)"
    study = make_study(script, budget=4, slots=2, **ENDS).started()
    study.ended(2)
    assert answer(study, "extend", amount=1).ok
    study.running(3)
    study.go()
    study.gone()
    assert numbers(study) == [1, 2, 3, 4, 5]


def test_other_goals_are_to_be_met_anew(make_study: Any) -> None:
    study = make_study("report(accuracy=given['trial'] / 4)", budget=9, **ENDS).run()
    assert answer(study, "extend", amount=1).ok
    assert edit(study, "threshold = 0.5", "threshold = 1.0").ok
    study.run()
    assert numbers(study) == [1, 2, 3, 4]
    assert study.study().reason == "goals met by trial 4"
