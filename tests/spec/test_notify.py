"""``notify``: the command by which people are told."""

from typing import Any

import pytest

from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.edit import plan_edit
from hpo_tui.engine.spec.text.write import write

STUDY: dict[str, Any] = {
    "study": {"name": "s", "command": "python t.py --x {x}", "budget": 4},
    "space": {"x": {"type": "float", "low": 0.0, "high": 1.0}},
    "objective": [{"metric": "a", "direction": "maximize"}],
}


def study(**more: Any) -> StudySpec:
    return StudySpec.from_dict(STUDY | {"study": STUDY["study"] | more})


def test_a_text_is_for_the_shell_and_a_list_is_not() -> None:
    line = """jq -n '{text: env.HPO_MESSAGE}' | curl -d @- https://hooks.example.org/{x}"""
    assert study().notify == ()
    assert study(notify=line).notify == ("/bin/sh", "-c", line)
    assert study(notify=["notify-send", "{x}"]).notify == ("notify-send", "{x}")
    for spec in (study(notify=line), study(notify=["mail", "-s", "done", "me"])):
        assert StudySpec.from_text(write(spec)) == spec
    assert f"notify = {line!r}"[:20] not in write(study())


@pytest.mark.parametrize(
    ("given", "key", "message"),
    [
        (3, "study.notify", "must be text (a line for the shell) or a list of words, found 3"),
        (" ", "study.notify", "is empty: notify = 'curl"),
        ([], "study.notify", "is empty"),
        (["", "x"], "study.notify", "is empty"),
        (["mail", 3], "study.notify[2]", "must be text in quotes"),
        ("a\0b", "study.notify[1]", "holds a NUL character"),
    ],
)
def test_what_is_no_command_is_told(given: Any, key: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        study(notify=given)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert message in problem.message


def test_a_change_is_told_without_the_address() -> None:
    plan = plan_edit(study(notify="curl secret"), study(notify="curl other"), [])
    assert plan.allowed
    assert [c.text for c in plan.changes] == ["study.notify: is changed"]


def test_what_other_programs_call_it_is_hinted_at() -> None:
    with pytest.raises(SpecError, match='here it is called "notify"'):
        study(webhook="https://hooks.example.org")
