"""``learn_from``: which earlier studies a study names."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution.proposals.past import earlier_studies
from hpo_tui.engine.launch import create_study
from hpo_tui.engine.learning import misfits
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


def fixed(tmp_path: Path, name: str, parameter: str, command: str = "python t.py {x}") -> Path:
    """Write the file of a study that has this parameter too, and learns from monday."""
    path = tmp_path / f"{name}.toml"
    learns = 'learn_from = ["monday"]' if name != "monday" else ""
    path.write_text(
        f'[study]\nname = "{name}"\ncommand = "{command}"\nbudget = 4\n{learns}\n'
        f'[space.x]\ntype = "float"\nlow = 0.0\nhigh = 1.0\n{parameter}\n'
        '[[objective]]\nmetric = "a"\ndirection = "minimize"\n'
    )
    return path


@pytest.mark.parametrize(
    ("there", "here", "counts"),
    [
        ('type = "fixed"\nvalue = "mnist"', 'type = "fixed"\nvalue = "cifar"', False),
        ('type = "fixed"\nvalue = "mnist"', 'type = "fixed"\nvalue = "mnist"', True),
        ('type = "categorical"\nchoices = ["mnist", "svhn"]', 'type = "fixed"\nvalue = "a"', False),
        ('type = "categorical"\nchoices = ["mnist", "a"]', 'type = "fixed"\nvalue = "a"', True),
        ('type = "fixed"\nvalue = "a"', 'type = "categorical"\nchoices = ["b", "c"]', True),
        ('type = "fixed"\nvalue = "a"', "", True),
    ],
)
def test_a_fixed_value_that_no_earlier_trial_had_is_told(
    tmp_path: Path, there: str, here: str, counts: bool
) -> None:
    name = "[space.data]\n"
    create_study(fixed(tmp_path, "monday", name + there), tmp_path / ".hpo")
    spec = StudySpec.load(fixed(tmp_path, "tuesday", name + here if here else ""))
    said = misfits(spec, tmp_path)
    assert (
        said == []
        if counts
        else said[0].startswith('learn_from: no result of "monday" counts here: "data" is ')
    )
    assert counts or "into the command instead of [space.data]" in said[0]
    # Who reads its results has read that too, and need not open it once more.
    placed = replace(spec, source=tmp_path / ".hpo" / "tuesday" / "study.toml")
    found, keep, told = earlier_studies(placed, {})
    assert ([e.name for e in found], list(keep), told) == (["monday"], ["monday"], said)
    assert earlier_studies(placed, keep)[2] == []


def test_an_earlier_study_that_is_not_there_has_no_values(tmp_path: Path) -> None:
    assert misfits(StudySpec.load(fixed(tmp_path, "tuesday", "")), tmp_path) == []
