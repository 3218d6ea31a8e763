"""``record``: metrics that are kept of a trial's output without being goals."""

from typing import Any

import pytest

from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.edit import plan_edit
from hpo_tui.engine.spec.text.write import write

STUDY: dict[str, Any] = {
    "study": {"name": "s", "command": "python t.py --x {x}", "budget": 4},
    "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
    "objective": [{"metric": "a", "direction": "minimize"}],
}


def study(**more: Any) -> StudySpec:
    return StudySpec.from_dict(STUDY | {"study": STUDY["study"] | more})


def test_they_are_kept_beside_the_goals_and_are_none() -> None:
    spec = study(record=["val loss", "a", "train loss"])
    assert spec.metric_names == ("a",)
    assert spec.kept_metrics == ("a", "val loss", "train loss")
    assert StudySpec.from_text(write(spec)) == spec


@pytest.mark.parametrize(
    ("given", "key", "message"),
    [
        (3, "study.record", "must be a list of texts"),
        (["b", " "], "study.record[2]", "cannot be empty"),
        (["b", "c", "b"], "study.record[3]", '"b" is there twice'),
    ],
)
def test_what_is_no_name_is_told(given: Any, key: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        study(record=given)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert message in problem.message


def test_it_can_be_edited_once_trials_have_run() -> None:
    plan = plan_edit(study(record=["b"]), study(record=["c"]), [])
    assert plan.allowed
    assert [change.text for change in plan.changes] == [
        'study.record: "c" is added',
        'study.record: "b" is taken out',
    ]
