"""``learn_from``: which earlier studies a study names."""

from typing import Any

import pytest

from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.edit import plan_edit

STUDY: dict[str, Any] = {
    "study": {"name": "s", "command": "python t.py --x {x}", "budget": 4},
    "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
    "objective": [{"metric": "a", "direction": "minimize"}],
}


def study(**more: Any) -> StudySpec:
    return StudySpec.from_dict(STUDY | {"study": STUDY["study"] | more})


def test_names_and_folders_are_taken_as_they_are() -> None:
    assert study().learn_from == ()
    assert study(learn_from="monday").learn_from == ("monday",)
    assert study(learn_from=["monday", "../b/.hpo/c"]).learn_from == ("monday", "../b/.hpo/c")


@pytest.mark.parametrize(
    ("given", "key", "message"),
    [
        (3, "study.learn_from", "must be a list of texts"),
        (["a", ""], "study.learn_from[2]", "must name a study"),
        (["a", "b", "a"], "study.learn_from[3]", '"a" is there twice'),
        ([1], "study.learn_from[1]", "must be text in quotes"),
    ],
)
def test_what_names_no_study_is_told(given: Any, key: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        study(learn_from=given)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert message in problem.message


def test_what_other_programs_call_it_is_hinted_at() -> None:
    with pytest.raises(SpecError, match='here it is called "learn_from"'):
        study(warm_start="monday")


def test_it_can_be_changed_while_trials_run() -> None:
    for before, after, said in (
        ([], ["monday"], ['"monday" is added']),
        (["monday", "may"], ["may", "june"], ['"june" is added', '"monday" is taken out']),
        (["monday", "may"], ["may", "monday"], ["is in another order"]),
        (["monday"], ["monday"], []),
    ):
        plan = plan_edit(study(learn_from=before), study(learn_from=after), [])
        assert plan.allowed
        assert [c.text for c in plan.changes] == [f"study.learn_from: {one}" for one in said]
