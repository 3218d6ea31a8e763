"""What trials that are asked for cost, and what a finished study lacks for them."""

from typing import Any

import pytest
from asking import TASKS, answer

from hpo_tui.engine.launch import unqueue
from hpo_tui.engine.launch.lacking import lack
from hpo_tui.engine.launch.refusals import how_to_start
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.wish_costs import lacking, show_cost, wish_cost
from hpo_tui.store.models import StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader

SPEC: dict[str, Any] = {
    "study": {"name": "t", "budget": 10, "resume": True},
    "space": {"x": {"type": "float", "low": 0, "high": 1}},
    "objective": [{"metric": "a", "direction": "maximize"}],
    "task": [{"name": "cheap", "n": 1, "cost": 0.25}, {"name": "full", "n": 4, "cost": 1.0}],
}
TRIALS = {
    1: Trial(1, 1, "cheap", TrialState.COMPLETE, 0.25, {}),
    2: Trial(2, 1, "full", TrialState.FAILED, 0.75, {}, resumed_from=1),
}


def _spec(**study: Any) -> StudySpec:
    return StudySpec.from_dict({**SPEC, "study": SPEC["study"] | study})


@pytest.mark.parametrize(
    ("action", "args", "cost", "from_scratch", "trials"),
    [
        ("confirm", {"trial": 1, "repeats": 3}, 3.0, 3.0, 3),
        ("enqueue", {"params": {"x": 0.5}, "task": None}, 0.25, 0.25, 1),
        ("enqueue", {"params": {"x": 0.5}, "task": "full"}, 1.0, 1.0, 1),
        ("promote", {"trial": 1}, 0.75, 1.0, 1),
        ("promote", {"trial": 1, "task": "full"}, 0.75, 1.0, 1),
        ("retry", {"trial": 2}, 0.75, 0.75, 0),
    ],
)
def test_a_wish_costs_what_its_trials_will_be_charged(
    action: str, args: dict[str, Any], cost: float, from_scratch: float, trials: int
) -> None:
    assert wish_cost(_spec(), TRIALS, action, args) == cost
    assert wish_cost(_spec(resume=False), TRIALS, action, args) == from_scratch
    assert wish_cost(_spec(budget="10 trials"), TRIALS, action, args) == trials


def test_what_is_lacking_is_what_is_left_short_of_all_of_them() -> None:
    wishes = [("confirm", {"trial": 1, "repeats": 3}), ("promote", {"trial": 1})]
    assert lacking(_spec(), TRIALS, wishes, 9.7) == pytest.approx(3.45)
    assert lacking(_spec(), TRIALS, wishes, 0.1 + 0.2) == 0
    assert lacking(_spec(budget="8h"), TRIALS, wishes, 100.0) is None
    assert lacking(_spec(), TRIALS, wishes, 9.0 + 1 / 3) == 3.09, "rounded up, for people"
    assert lacking(_spec(), TRIALS, wishes, 6.25 + 1 / 22) == pytest.approx(0.046), "two digits"
    assert lacking(_spec(), TRIALS, wishes, 6.25 + 1e-10) == 0, "sums of floats are off by more"
    # What is added has to pay for it, whatever the sums of floats are.
    short = lacking(_spec(), TRIALS, wishes, 10.1 / 3 * 3)
    assert short is not None
    assert 10 + short - 10.1 >= 3.75 - 1e-9
    assert show_cost(1.0, _spec().budget) == "1 full-task unit"
    assert show_cost(2.0, _spec(budget="9 trials").budget) == "2 trials"


def _finished(make_study: Any, **parts: Any) -> Any:
    study = make_study("report(accuracy=0.5)", **parts).run()
    assert study.study().state is StudyState.FINISHED
    return study


def test_a_finished_study_runs_what_is_queued_for_what_it_is_said_to_lack(make_study: Any) -> None:
    study = _finished(make_study)
    answer(study, "confirm", trial=1, repeats=2)
    answer(study, "enqueue", params={"x": 0.25}, task=None)
    told = how_to_start(study.folder)
    assert f"`hpo-tui extend 3 -s {study.folder.word}`, which pays for what is queued" in told
    answer(study, "extend", amount=3)
    study.run()
    assert [t.repeat for t in study.trials()] == [0, 1, 2, 0]
    assert "extend AMOUNT" in how_to_start(study.folder)


def test_what_is_left_when_the_goals_are_met_pays_for_repeats_and_no_more(make_study: Any) -> None:
    study = _finished(
        make_study, budget=5, study='stop_when = "goals met"', objective="threshold = 0.4"
    )
    answer(study, "confirm", trial=1, repeats=2)
    with StudyReader(study.folder.db) as reader:
        assert lack(reader) == 0
    assert how_to_start(study.folder).startswith("what is left of its budget pays for what is")
    study.run()
    assert [t.repeat for t in study.trials()] == [0, 1, 2]
    assert study.study().state is StudyState.FINISHED


def test_one_of_several_is_taken_back(make_study: Any) -> None:
    study = _finished(make_study, tasks=TASKS, budget=2)
    for x in (0.25, 0.5):
        answer(study, "enqueue", params={"x": x}, task=None)
    said = unqueue(study.folder, lambda c: c.args["params"] == {"x": 0.25})
    assert said == "not queued any more: a trial with x = 0.25"
    with StudyReader(study.folder.db) as reader:
        assert [c.args["params"] for c in reader.open_commands(["enqueue"])] == [{"x": 0.5}]
