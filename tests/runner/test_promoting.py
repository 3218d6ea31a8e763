from typing import Any

import pytest

from hpo_tui.engine.answers import Refused
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.wish_checks import promotion
from hpo_tui.store.models import Trial, TrialState

SPEC = StudySpec.from_dict({
    "study": {"name": "t", "budget": 10},
    "space": {"x": {"type": "float", "low": 0, "high": 1}},
    "objective": [{"metric": "a", "direction": "maximize"}],
    "task": [
        {"name": "full", "n": 9, "cost": 1.0},
        {"name": "q", "n": 1, "cost": 0.25},
        {"name": "mid", "n": 4, "cost": 0.5},
    ],
})  # fmt: skip


def trial(number: int, task: str, state: str = "complete", **rest: Any) -> Trial:
    values = {"configuration": 1} | rest
    return Trial(number=number, task=task, state=TrialState(state), cost=1.0, params={}, **values)


def to(trials: list[Trial], task: str | None = None) -> str:
    return promotion(SPEC, trials, trials[0], task)


def refused(trials: list[Trial], task: str | None = None) -> str:
    with pytest.raises(Refused) as error:
        to(trials, task)
    return str(error.value)


def test_without_a_task_it_is_the_next_dearer_one() -> None:
    assert to([trial(4, "q")]) == "mid"
    assert to([trial(4, "mid")]) == "full"
    assert to([trial(4, "a task of before")]) == "q"


def test_what_is_complete_or_under_way_is_not_run_again() -> None:
    assert to([trial(4, "q"), trial(5, "full")]) == "mid"
    assert to([trial(4, "q"), trial(5, "mid", "running")]) == "full"
    assert to([trial(4, "q"), trial(5, "mid", "failed")]) == "mid"
    assert to([trial(4, "q"), trial(5, "mid", configuration=2)]) == "mid"
    both = [trial(4, "q"), trial(5, "mid"), trial(6, "full", "waiting")]
    assert to([trial(4, "q"), trial(5, "mid"), trial(6, "full", repeat=1)]) == "full"
    assert refused(both).endswith(" is waiting: confirm it to run it with other seeds")
    assert refused(both, "mid").endswith("trial 5 is complete")
    assert "trial 6 is waiting" in refused(both)
    assert "trial 5 is complete" in refused(both, "mid")


def test_only_to_a_dearer_task() -> None:
    assert to([trial(4, "q")], "full") == "full"
    assert refused([trial(4, "q")], "q") == (
        "q is not more expensive than q, where trial 4 ran; it can be promoted to mid, full"
    )
    assert "promoted to full" in refused([trial(4, "mid")], "q")
    assert "confirm it" in refused([trial(4, "full")])
    assert "retry it" in refused([trial(4, "full", "pruned")])
