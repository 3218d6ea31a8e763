"""Ask and tell: budgets, prices, promotion, failures, what is best."""

import json
import math
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer, Suggestion
from hpo_tui.engine.spec import StudySpec


def test_a_study_spends_its_budget_and_never_more(lab: Any) -> None:
    opt, asked = lab.spent(1)
    assert opt.spent <= 10.0 + 1e-9
    assert opt.spent > 9.2
    assert opt.spent == pytest.approx(math.fsum(s.cost for s in asked))
    assert [s.number for s in asked] == list(range(1, len(asked) + 1))


def test_promotions_pay_the_margin_and_name_their_checkpoint(lab: Any) -> None:
    _, asked = lab.spent(2)
    costs = {t["name"]: float(t["cost"]) for t in lab.tasks}
    by_number = {s.number: s for s in asked}
    promoted = [s for s in asked if s.resume_from is not None]
    assert promoted
    for s in promoted:
        before = by_number[s.resume_from or 0]
        assert before.configuration == s.configuration
        assert before.params == s.params
        assert s.cost == pytest.approx(costs[s.task] - costs[before.task])


def test_without_resume_every_task_is_paid_in_full(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 10.0, "resume": False}
    costs = {t["name"]: float(t["cost"]) for t in lab.tasks}
    asked = lab.play(Optimizer(lab.spec(study=study), seed=0), lab.bowl)
    assert all(s.cost == costs[s.task] and s.resume_from is None for s in asked)


def test_no_configuration_runs_twice_at_a_task(lab: Any) -> None:
    _, asked = lab.spent(0)
    pairs = [(tuple(s.params.items()), s.task) for s in asked]
    assert len(set(pairs)) == len(pairs)


def test_even_a_small_budget_ends_with_full_results(lab: Any) -> None:
    for budget in (1.0, 1.3, 2.0, 3.5):
        study = {"name": "toy", "command": "true", "budget": budget, "resume": True}
        opt = Optimizer(lab.spec(study=study), seed=0)
        asked = lab.play(opt, lab.bowl)
        assert any(s.task == "full" for s in asked)
        assert opt.best()
        assert opt.spent <= budget + 1e-9


@pytest.mark.parametrize("hours", [1.0, 1.3, 2.0, 3.5, 6.0])
def test_a_budget_of_time_ends_with_full_results(lab: Any, hours: float) -> None:
    study = {"name": "toy", "command": "true", "budget": f"{hours * 60:g} min", "resume": True}
    opt, full = Optimizer(lab.spec(study=study), seed=0), 0
    left = hours
    for i in range(100):
        try:
            s = opt.ask(None if i == 0 else left)
        except BudgetSpent:
            break
        opt.tell(s.number, lab.bowl(s.params, s.task), duration=3600 * s.cost)
        left -= s.cost
        full += s.task == "full"
    assert full
    assert opt.best()
    assert -0.25 <= left < 1.0


def test_the_search_homes_in_on_the_optimum(lab: Any) -> None:
    one = lab.spec(objective=[{"metric": "a", "direction": "minimize"}])
    found = []
    for seed in range(3):
        asked = lab.play(Optimizer(one, seed=seed), lab.bowl)
        found.append(min(lab.bowl(s.params, s.task)["a"] for s in asked if s.task == "full"))
    assert sorted(found)[1] < 0.002


def test_many_in_flight_are_all_different_and_within_budget(lab: Any, toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    running: list[Suggestion] = []
    seen = set()
    while True:
        try:
            while len(running) < 4:
                running.append(opt.ask())
                pair = (tuple(running[-1].params.items()), running[-1].task)
                assert pair not in seen
                seen.add(pair)
        except BudgetSpent:
            if not running:
                break
        done = running.pop(0)
        opt.tell(done.number, lab.bowl(done.params, done.task))
    assert 9.0 < opt.spent <= 10.0 + 1e-9


def test_a_running_trial_is_not_promoted(lab: Any, toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    running = {}
    for _ in range(14):
        s = opt.ask()
        assert s.configuration not in {r.configuration for r in running.values()}
        running[s.number] = s
        if len(running) == 3:
            first = running.pop(min(running))
            opt.tell(first.number, lab.bowl(first.params, first.task))


def test_failures_teach_and_dropped_trials_are_free(lab: Any) -> None:
    opt = Optimizer(lab.spec(task=None), seed=0)

    def oom(params: Any) -> bool:
        return float(params["x"]) > 0.5

    late = []
    for i in range(30):
        try:
            s = opt.ask()
        except BudgetSpent:
            opt.extend_budget(20)
            s = opt.ask()
        if oom(s.params):
            opt.fail(s.number, "oom", charged=0.1)
            late.append(i)
        else:
            opt.tell(s.number, lab.bowl(s.params, s.task))
    assert sum(i >= 15 for i in late) <= 5
    spent = opt.spent
    s = opt.ask()
    opt.drop(s.number)
    assert opt.spent == pytest.approx(spent)


def test_best_counts_full_results_that_meet_all_goals_alone(lab: Any) -> None:
    goals = [
        {"metric": "a", "direction": "minimize", "threshold": 0.5},
        {"metric": "b", "direction": "maximize"},
    ]
    opt = Optimizer(lab.spec(objective=goals), seed=0)
    results = [
        ("cheap", {"a": 0.0, "b": 9.0}),
        ("full", {"a": 0.4, "b": 1.0}),
        ("full", {"a": 0.3, "b": 0.0}),
        ("full", {"a": 0.4, "b": 0.5}),
        ("full", {"a": 0.6, "b": 5.0}),
        ("full", {"a": math.nan, "b": 5.0}),
    ]
    for i, (task, metrics) in enumerate(results):
        opt.enqueue({"x": i / 10, "y": 0.01}, task=task)
        opt.tell(opt.ask().number, metrics)
    assert opt.best() == [3, 2]


def test_every_suggestion_says_why(lab: Any) -> None:
    kinds = {"start", "random", "look", "promoted", "full", "guard"}
    for s in lab.spent(1)[1]:
        assert s.why["kind"] in kinds
        assert s.why["text"].endswith(".")
        json.dumps(dict(s.why))


def test_a_study_without_cheap_tasks_has_no_looks(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 12.0}
    asked = lab.play(Optimizer(lab.spec(study=study, task=[]), seed=0), lab.bowl)
    kinds = {s.why["kind"] for s in asked if s.why["kind"] not in ("start", "random")}
    assert kinds == {"full"}


def test_start_configurations_of_the_study_file_come_first(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 10.0, "resume": True}
    start = [{"x": 0.5, "y": 0.1}, {"x": 0.125}]
    opt = Optimizer(lab.spec(study=study, start=start), seed=0)
    first, second = opt.ask(), opt.ask()
    assert first.params == {"x": 0.5, "y": 0.1}
    assert first.why["kind"] == "given"
    assert second.params["x"] == 0.125


def test_a_budget_of_trials_counts_trials(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": "12 trials", "resume": True}
    opt = Optimizer(lab.spec(study=study), seed=0)
    asked = lab.play(opt, lab.bowl)
    assert len(asked) == 12
    assert any(s.task == "full" for s in asked)


def test_the_end_says_whether_money_or_the_space_ran_out(lab: Any) -> None:
    few = {"a": {"type": "categorical", "choices": ["p", "q"]},
           "b": {"type": "int", "low": 1, "high": 3, "when": {"a": ["p"]}}}  # fmt: skip
    for budget, text in (
        (12, "every configuration of the space has been run"),
        ("12 trials", "every configuration of the space has been run"),
        (3, r"the budget is spent$"),
        (3.0000001, r"the budget is spent$"),
        (3.4, r"the budget is spent but for 0\.4, which pays for no further full-task result"),
    ):
        study = {"name": "few", "command": "true", "budget": budget}
        opt = Optimizer(lab.spec(study=study, space=few, task=None), seed=0)
        lab.play(opt, lambda _, __: {"a": 1.0, "b": 1.0})
        with pytest.raises(BudgetSpent, match=text) as end:
            opt.ask()
        assert end.value.space == (budget in (12, "12 trials"))


def test_the_end_of_a_budget_of_time_names_no_amount_that_only_the_clock_knows(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": "1h"}
    opt = Optimizer(lab.spec(study=study), seed=0)
    lab.play(opt, lab.bowl, most=3)
    with pytest.raises(BudgetSpent, match="but for a time that is too short for a further full"):
        opt.ask(left=0.2)
    with pytest.raises(BudgetSpent, match=r"the budget is spent$"):
        opt.ask(left=0.0)


def test_extending_the_budget_and_editing_the_study_go_on(lab: Any, toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    lab.play(opt, lab.bowl)
    with pytest.raises(BudgetSpent):
        opt.ask()
    opt.extend_budget(2.0)
    s = opt.ask()
    opt.tell(s.number, lab.bowl(s.params, s.task))
    narrower = {
        "x": {"type": "float", "low": 0.0, "high": 0.5},
        "y": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
        "z": {"type": "int", "low": 0, "high": 3, "default": 1},
    }
    spent = opt.spent
    opt.change_spec(lab.spec(space=narrower))
    assert opt.spent == pytest.approx(spent)
    taught = opt._search.builder.table(opt._history)
    assert len(taught.x) == len(opt._history.told)  # what lies outside by now teaches too
    s = opt.ask()
    assert s.why["kind"] not in ("start", "random")
    assert 0.0 <= float(s.params["x"]) <= 0.5
    assert "z" in s.params
    assert s.number > len(narrower)


def test_goals_alone_are_met_by_configurations_that_differ(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 16.0, "resume": True}
    goals = [{"metric": "a", "max": 0.05}]
    opt = Optimizer(lab.spec(study=study, objective=None, constraint=goals), seed=0)
    lab.play(opt, lambda p, t: {"a": lab.bowl(p, t)["a"]})
    best = opt.best()
    assert len(best) >= 4


def test_a_small_space_is_run_whole_and_then_the_study_ends(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 100.0, "resume": True}
    space = {
        "a": {"type": "int", "low": 1, "high": 5, "log": True},
        "b": {"type": "categorical", "choices": ["u", "v"]},
        "c": {"type": "ordinal", "choices": [1, 2, 4], "when": {"b": ["v"]}},
    }
    one = [{"metric": "m", "direction": "minimize"}]
    opt = Optimizer(lab.spec(study=study, space=space, objective=one), seed=0)
    asked = lab.play(opt, lambda p, t: {"m": float(p["a"]) + float(p.get("c", 0))})
    assert {tuple(s.params.items()) for s in asked if s.task == "full"} == {
        tuple(s.params.items()) for s in asked
    }
    assert len({s.configuration for s in asked}) == 5 + 5 * 3
    assert opt.spent <= 20.0 + 1e-9


def test_a_space_with_nothing_to_search_is_run_once(lab: Any) -> None:
    space = {"a": {"type": "fixed", "value": 3}, "b": {"type": "categorical", "choices": ["u"]}}
    opt = Optimizer(lab.spec(space=space), seed=0)
    asked = lab.play(opt, lambda p, t: {"a": 1.0, "b": 1.0})
    assert {tuple(s.params.items()) for s in asked} == {(("a", 3), ("b", "u"))}
    assert asked[-1].task == "full"


@pytest.mark.parametrize("counts", [False, True])
def test_more_of_a_negated_error_is_searched_as_less_of_the_error(lab: Any, counts: bool) -> None:
    """As scikit-learn's ``neg_mean_squared_error``, here over several decades."""

    def error(params: dict[str, Any], task: str) -> float:
        value = float(10.0 ** (1.0 + 4.0 * lab.bowl(params, task)["a"]))
        return float(round(value)) if counts else value

    def play(direction: str, sign: float) -> list[tuple[dict[str, Any], str]]:
        spec = lab.spec(objective=[{"metric": "e", "direction": direction}])
        opt = Optimizer(spec, seed=3)
        ran = lab.play(opt, lambda params, task: {"e": sign * error(params, task)})
        assert opt.slices()
        assert all((sign * np.array(told.expected) > 0).all() for told in opt.slices())
        return [(s.params, s.task) for s in ran]

    assert play("minimize", 1.0) == play("maximize", -1.0)
