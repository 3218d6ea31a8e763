"""Several people ask one study for things at the same moment: nothing is done twice, or lost."""

from types import SimpleNamespace
from typing import Any

import pytest
from asking import answer

from hpo_tui.engine.answers import Refused
from hpo_tui.engine.launch import LaunchError, asking
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.wishes import Wishes
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.models import Command, Trial, TrialState

THREE = StudySpec.from_dict({
    "study": {"name": "t", "budget": 9},
    "space": {"x": {"type": "float", "low": 0, "high": 1}},
    "objective": [{"metric": "a", "direction": "maximize"}],
    "task": [
        {"name": "q", "n": 1, "cost": 0.25},
        {"name": "mid", "n": 4, "cost": 0.5},
        {"name": "full", "n": 9, "cost": 1.0},
    ],
})  # fmt: skip


def promoting(desk: Desk, number: int, **args: Any) -> None:
    Wishes(desk).do_promote(Command(number, 0.0, "promote", args, None, None, None, ""))


def test_a_promotion_that_is_being_made_is_not_made_again(desk: Desk) -> None:
    wished: list[str] = []

    def wish(op: str, **rest: Any) -> int:
        wished.append(f"{op} {rest['task']}")
        return len(wished)

    desk.spec, proposals = THREE, SimpleNamespace(wish=wish)
    desk.proposals = proposals  # type: ignore[assignment]
    desk.trials = {
        n: Trial(n, 7, task, TrialState.COMPLETE, 0.25, {"x": 0.5}, {"a": 1.0})
        for n, task in ((1, "q"), (2, "q"))
    }
    promoting(desk, 1, trial=1, task=None)
    for again in ({"trial": 1, "task": None}, {"trial": 1, "task": "mid"}, {"trial": 2}):
        with pytest.raises(Refused, match="to be promoted to mid: it is asked for once"):
            promoting(desk, 2, **again)
    promoting(desk, 3, trial=1, task="full")
    assert wished == ["enqueue mid", "enqueue full"]


def narrowed(study: Any, base: str, low: float) -> Any:
    text = base.replace("low = 0.0", f"low = {low}")
    return answer(study, "edit", text=text, base=base)


def test_an_edit_does_not_undo_one_that_was_made_since_it_was_begun(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5)\nhold()")
    begun = study.study().text
    study.start()
    study.running(1)
    assert answer(study, "extend", amount=5).ok
    late = narrowed(study, begun, 0.25)
    assert not late.ok
    assert "edited meanwhile" in late.answer
    assert "budget = 6" in study.study().text
    now = study.study().text
    assert narrowed(study, now, 0.25).ok
    # Two ask for the same: it is what they both want.
    assert narrowed(study, now, 0.25).answer == "nothing that matters has changed"
    study.kill_runner()
    with pytest.raises(LaunchError, match="edited meanwhile"):
        narrowed(study, now, 0.5)
    assert narrowed(study, study.study().text.replace("0.25", "0.0"), 0.25).ok


def test_of_what_was_asked_for_in_a_file_that_is_there_no_more_it_is_told(
    make_study: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study("report(accuracy=0.5)")
    monkeypatch.setattr(asking, "runner_pid", lambda _: 4242)
    monkeypatch.setattr(asking, "ask", lambda *_: 999)  # it was put back from a copy since
    with pytest.raises(LaunchError, match=r"study\.db is not the file any more .*: ask again"):
        answer(study, "pause")
