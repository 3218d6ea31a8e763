"""``stop_when``: what ends a study before its budget."""

from typing import Any

import pytest

from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.edit import plan_edit
from hpo_tui.engine.spec.text.write import write
from hpo_tui.engine.stop_when import meeting, reached, why
from hpo_tui.store.models import Trial, TrialState

STUDY: dict[str, Any] = {
    "study": {"name": "s", "command": "python t.py --x {x}", "budget": 4},
    "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
    "objective": [{"metric": "a", "direction": "maximize", "threshold": 0.5}],
    "task": [{"name": "cheap", "e": 1, "cost": 0.5}, {"name": "full", "e": 2, "cost": 1}],
}


def study(**more: Any) -> StudySpec:
    return StudySpec.from_dict(STUDY | {"study": STUDY["study"] | more})


@pytest.mark.parametrize(
    ("given", "count", "written"),
    [
        ("goals met", 1, "goals met"),
        ("goals met by 1 trial", 1, "goals met"),
        ("goals  met by 3", 3, "goals met by 3 trials"),
        ("goals met by 3 trials", 3, "goals met by 3 trials"),
    ],
)
def test_what_is_said_reads_back_the_same(given: str, count: int, written: str) -> None:
    spec = study(stop_when=given)
    assert spec.stop_when == count
    assert f'stop_when = "{written}"' in write(spec)
    assert StudySpec.from_text(write(spec)) == spec


@pytest.mark.parametrize("given", ["goal met", "goals met by 0 trials", "goals met by three", ""])
def test_anything_else_is_refused_with_what_is_allowed(given: str) -> None:
    with pytest.raises(SpecError) as caught:
        study(stop_when=given)
    (problem,) = caught.value.problems
    assert problem.key == "study.stop_when"
    assert 'must be "goals met" (by one trial) or "goals met by 3 trials", found' in problem.message


def test_the_line_is_named() -> None:
    text = write(study()).replace("budget = 4", "stop_when = 3\nbudget = 4")
    with pytest.raises(SpecError, match=r"study:\d+: study.stop_when: must be text in quotes"):
        StudySpec.from_text(text)


def test_a_study_without_goals_cannot_meet_them() -> None:
    aimless = [{"metric": "a", "direction": "maximize"}]
    given = STUDY | {"study": STUDY["study"] | {"stop_when": "goals met"}, "objective": aimless}
    with pytest.raises(SpecError, match="there is no goal that could be met: give an"):
        StudySpec.from_dict(given)
    assert StudySpec.from_dict(given | {"constraint": [{"metric": "a", "min": 1}]}).stop_when == 1


def test_it_can_be_changed_while_trials_run() -> None:
    plan = plan_edit(study(), study(stop_when="goals met by 2"), [])
    assert [c.text for c in plan.changes] == ['study.stop_when: none → "goals met by 2 trials"']
    plan = plan_edit(study(stop_when="goals met"), study(), [])
    assert [c.text for c in plan.changes] == ['study.stop_when: "goals met" → none']


def trial(number: int, a: float, configuration: int = 0, **more: Any) -> Trial:
    given = {"task": "full", "state": TrialState.COMPLETE, "cost": 1.0} | more
    return Trial(number, configuration or number, params={"x": 0.5}, metrics={"a": a}, **given)


def test_only_results_of_the_full_task_count_and_repeats_by_their_mean() -> None:
    trials = [
        trial(1, 0.9, task="cheap"),
        trial(2, 0.9, state=TrialState.RUNNING),
        trial(3, float("inf")),
        trial(4, 0.6),
        trial(5, 0.3, configuration=4),
        trial(6, 0.4),
        trial(7, 0.8, configuration=6),
        trial(8, 0.5),
    ]
    assert meeting(study(), trials) == [6, 8]
    assert reached(study(stop_when="goals met by 2"), trials, None) == [6, 8]
    assert reached(study(stop_when="goals met by 3"), trials, None) == []
    assert reached(study(), trials, None) == []


@pytest.mark.parametrize(("goal", "result"), [("maximize", 0.7), ("minimize", 0.1)])
def test_equal_results_meet_the_goal_that_each_of_them_meets(goal: str, result: float) -> None:
    """Their sum, divided by three, is another number than each: it would miss it by rounding."""
    spec = StudySpec.from_dict(
        STUDY | {"objective": [{"metric": "a", "direction": goal, "threshold": result}]}
    )
    assert meeting(spec, [trial(n, result, configuration=1) for n in (1, 2, 3)]) == [1]


def test_the_reason_names_trials_but_not_a_hundred() -> None:
    assert why([7]) == "goals met by trial 7"
    assert why(range(1, 9)) == "goals met by trials 1, 2, 3, 4, 5, 6 and 2 more"
