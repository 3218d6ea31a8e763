"""Stopping early: which trials are stopped, and what a stopped one teaches."""

import math
from typing import Any

import pytest

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.api import StopDecision
from hpo_tui.engine.optimizer.table import task_steps
from hpo_tui.engine.spec import StudySpec


def test_early_stopping_stops_the_hopeless_and_lets_the_good_run(toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)

    def curve(number: int, level: float) -> None:
        for step in range(1, 61):
            opt.report(number, step, {"a": level + 1.0 / step, "b": -level - 1.0 / step})

    for i in range(8):
        opt.enqueue({"x": i / 10, "y": 0.01}, task="full")
        s = opt.ask()
        curve(s.number, 0.1 * i)
        opt.tell(s.number, {"a": 0.1 * i + 1 / 60, "b": -0.1 * i - 1 / 60})
    for level, stops in ((5.0, True), (-1.0, False)):
        opt.enqueue({"x": 0.9, "y": 0.001 + abs(level) / 100}, task="full")
        s = opt.ask()
        for step in range(1, 11):
            opt.report(s.number, step, {"a": level + 1 / step, "b": -level - 1 / step})
        decision = opt.should_stop(s.number)
        assert decision.stop is stops
        assert decision.text
        opt.prune(s.number, {"a": level, "b": -level}, charged=0.2)
    assert opt.ask()


def test_one_result_that_is_better_in_everything_is_enough_to_stop(toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    for i in range(8):
        opt.enqueue({"x": i / 10, "y": 0.01}, task="full")
        number = opt.ask().number
        for step in range(1, 61):
            opt.report(number, step, {"a": float(i), "b": float(i)})
        opt.tell(number, {"a": float(i), "b": float(i)})
    # Those of 2 and 3 beat the first; nothing beats the second, which is as good as 3.
    for a, b, stops in ((3.5, 1.5, True), (2.5, 3.5, False)):
        opt.enqueue({"x": 0.9, "y": 0.001 * a}, task="full")
        number = opt.ask().number
        for step in range(1, 31):
            opt.report(number, step, {"a": a, "b": b})
        decision = opt.should_stop(number)
        assert decision.stop is stops, decision.text
        opt.drop(number)


def test_after_stopped_trials_for_two_full_ones_one_runs_to_its_end(toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    opt.extend_budget(9.0)
    tried = iter(range(1, 100))

    def begun(level: float, steps: int = 30) -> int:
        opt.enqueue({"x": next(tried) / 100, "y": 0.01}, task="full")
        number = opt.ask().number
        for step in range(1, steps + 1):
            opt.report(number, step, {"a": level, "b": -level})
        return number

    for level in range(4):
        opt.tell(begun(level, 60), {"a": float(level), "b": -float(level)})
    for _ in range(4):
        hopeless = begun(9.0)
        assert opt.should_stop(hopeless).stop
        opt.prune(hopeless, {"a": 9.0, "b": -9.0}, charged=0.5)
    # Neither a repeat that runs nor a look shows how other trials end.
    opt.confirm(1, 1)
    opt.enqueue({"x": 0.5, "y": 0.5}, task="cheap")
    others = [opt.ask().number for _ in range(2)]
    let_run, beside_it = begun(9.0), begun(9.0)
    assert "to see whether" in opt.should_stop(let_run).text
    assert not opt.should_stop(let_run).stop
    assert opt.should_stop(beside_it).stop
    opt.drop(beside_it)
    for step in range(31, 61):
        opt.report(let_run, step, {"a": 9.0, "b": -9.0})
    opt.tell(let_run, {"a": 9.0, "b": -9.0})
    for number in others:
        opt.prune(number, {}, charged=2.0)
    assert opt.should_stop(begun(9.0)).stop


@pytest.mark.parametrize(
    ("length", "step", "stops"),
    [(40, 35, True), (40, 36, False), (40, 40, False), (40, 41, True), (5, 4, True)],
)
def test_a_trial_of_which_little_is_left_is_not_stopped(
    toy: StudySpec, length: int, step: int, stops: bool
) -> None:
    opt = Optimizer(toy, seed=0)

    def run(x: float, level: float, last: int) -> int:
        opt.enqueue({"x": x, "y": 0.01}, task="full")
        number = opt.ask().number
        for at in range(1, last + 1):
            opt.report(number, at, {"a": level, "b": -level})
        return number

    for i in range(6):
        opt.tell(run(i / 10, float(i), length), {"a": float(i), "b": -float(i)})
    number = run(0.9, 9.0, step)
    assert opt.should_stop(number).stop is stops
    opt.drop(number)
    # Where the length of a trial depends on its parameters, that is no end.
    opt.tell(run(0.95, 9.0, 3 * length), {"a": 9.0, "b": -9.0})
    assert opt.should_stop(run(0.99, 9.0, step)).stop


def test_a_stopped_trial_teaches_what_it_was_to_end_at(toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)

    def begin(x: float) -> int:
        opt.enqueue({"x": x, "y": 0.01}, task="full")
        return opt.ask().number

    def curve(level: float, step: int) -> dict[str, float]:
        return {"a": level + 1.0 / step, "b": level * step / 60}

    for i in range(6):
        number = begin(i / 10)
        for step in range(1, 61):
            opt.report(number, step, curve(float(i), step))
        opt.tell(number, curve(float(i), 60))
    number = begin(0.9)
    for step in range(1, 11):
        opt.report(number, step, curve(4.5, step))
    opt.prune(number, curve(4.5, 10), charged=10 / 60)
    table = opt._search.builder.table(opt._history)
    assert table.task.tolist() == [2] * 7
    assert table.final.tolist() == [True] * 6 + [False]
    # a ends .083 lower than it stood, b six times as high.
    assert table.values[-1] == pytest.approx(list(curve(4.5, 60).values()), rel=0.1)
    assert number not in opt.best()


@pytest.mark.parametrize("result", [{"b": 2.0}, {"b": math.nan}, {}])
def test_nothing_is_stopped_for_results_that_miss_a_constraint(
    lab: Any, result: dict[str, float]
) -> None:
    spec = lab.spec(
        objective=[{"metric": "a", "direction": "minimize"}], constraint=[{"metric": "b", "max": 1}]
    )
    opt = Optimizer(spec, seed=0)

    def run(x: float, a: float, steps: int) -> int:
        opt.enqueue({"x": x, "y": 0.01}, task="full")
        number = opt.ask().number
        for step in range(1, steps + 1):
            opt.report(number, step, {"a": a, "b": 0.0})
        return number

    for i in range(6):
        opt.tell(run(i / 20, i / 10, 15), {"a": i / 10} | result)
    poor = run(0.9, 9.0, 5)
    assert not opt.should_stop(poor).stop
    opt.tell(run(0.5, 1.0, 15), {"a": 1.0, "b": 0.5})
    assert opt.should_stop(poor).stop


def test_a_look_runs_to_its_end_unless_it_diverges(toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    for i in range(8):
        opt.enqueue({"x": i / 10, "y": 0.01}, task="cheap")
        number = opt.ask().number
        for step in range(1, 16):
            opt.report(number, step, {"a": float(i), "b": -float(i) + 1 / step})
        opt.tell(number, {"a": float(i), "b": -float(i) + 1 / 15})
    for level, stops in ((30.0, False), (math.nan, True)):
        opt.enqueue({"x": 0.8, "y": 0.02}, task="cheap")
        number = opt.ask().number
        for step in range(1, 6):
            opt.report(number, step, {"a": level, "b": -40.0})
        decision = opt.should_stop(number)
        assert decision.stop is stops, decision.text
        opt.drop(number)


def test_reports_inside_a_longer_run_are_no_results_of_a_shorter_one(toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    for i in range(6):
        opt.enqueue({"x": i / 6, "y": 0.01}, task="full")
        s = opt.ask()
        for step in (15, 30) if i % 2 else (15, 30, 60):
            opt.report(s.number, step, {"a": i + 1 / step, "b": -i})
        if i % 2:
            opt.prune(s.number, {"a": i, "b": -i}, charged=0.5)
        else:
            opt.tell(s.number, {"a": i, "b": -i})
    table = opt._search.builder.table(opt._history)
    # Of a stopped trial nothing else is known, and three are too few to foretell its end by; of
    # the others the full result is.
    assert sorted(table.task.tolist()) == [0] * 3 + [1] * 3 + [2] * 3


def _hopeless(
    lab: Any, *, stopping: dict[str, Any] | None = None, earlier: int = 8, short: int = 0,
    step: int = 10, lacks: str = "",
) -> StopDecision:  # fmt: skip
    """What is said of a trial that is worse than all ``earlier`` ones in everything.

    ``short`` of those have reported nothing by its step; it has not reported ``lacks``.
    """
    opt = Optimizer(lab.spec(stopping=stopping), seed=0)

    def run(level: float, steps: range, *, without: str = "") -> int:
        opt.enqueue({"x": 0.5, "y": 0.01 + level / 100}, task="full")
        number = opt.ask().number
        for at in steps:
            both = {"a": level + 1 / at, "b": -level - 1 / at}
            opt.report(number, at, {k: v for k, v in both.items() if k != without})
        return number

    for i in range(earlier):
        number = run(0.1 * i, range(step + 1 if i < short else 1, 61))
        opt.tell(number, {"a": 0.1 * i, "b": -0.1 * i})
    return opt.should_stop(run(5.0, range(1, step + 1), without=lacks))


def test_the_hopeless_is_stopped_only_where_there_is_something_to_judge_by(lab: Any) -> None:
    stopped = _hopeless(lab)
    assert stopped.stop
    assert stopped.chance < 0.05
    assert stopped.text == "stopped: it has a chance of 0% to end among the best."
    for let, why in (
        (_hopeless(lab, stopping={"enabled": False}), "switched off"),
        (_hopeless(lab, stopping={"min_step": 11}), "Too early to judge at step 10"),
        (_hopeless(lab, step=0), "Nothing to judge by"),
        (_hopeless(lab, lacks="b"), "Not every objective"),
        (_hopeless(lab, earlier=3), "Only 3 trials to compare with"),
        (_hopeless(lab, earlier=8, short=5), "Only 3 trials to compare with"),
    ):
        assert not let.stop
        assert let.chance == 1.0
        assert why in let.text
    assert _hopeless(lab, stopping={"min_step": 10}).stop
    assert not _hopeless(lab, stopping={"patience": 0}).stop
    assert _hopeless(lab, earlier=4).stop


def test_what_was_no_number_in_earlier_trials_by_then_speaks_against_none(toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)

    def run(x: float, steps: range) -> int:
        opt.enqueue({"x": x, "y": 0.01}, task="full")
        number = opt.ask().number
        for at in steps:
            opt.report(number, at, {"a": x, "b": x if at > 10 else math.nan})
        return number

    for i in range(6):
        opt.tell(run(i / 10, range(1, 61)), {"a": i / 10, "b": i / 10})
    assert not opt.should_stop(run(0.9, range(1, 11))).stop


def test_the_same_question_has_the_same_answer(toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    for i in range(8):
        opt.enqueue({"x": i / 10, "y": 0.01}, task="full")
        number = opt.ask().number
        opt.report(number, 10, {"a": i % 3, "b": 0.0})
        opt.report(number, 60, {"a": i, "b": 0.0})
        opt.tell(number, {"a": i, "b": 0.0})
    opt.enqueue({"x": 0.9, "y": 0.01}, task="full")
    number = opt.ask().number
    opt.report(number, 10, {"a": 0.0, "b": 0.0})
    chances = {opt.should_stop(number).chance for _ in range(5)}
    assert len(chances) == 1
    assert 0.0 < chances.pop() < 1.0


def test_a_repeat_runs_to_its_end(toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    for i in range(8):
        opt.enqueue({"x": i / 10, "y": 0.01}, task="full")
        number = opt.ask().number
        opt.report(number, 10, {"a": float(i), "b": float(-i)})
        opt.tell(number, {"a": float(i), "b": float(-i)})
    opt.confirm(8, 1)
    repeat = opt.ask()
    assert repeat.repeat == 1
    opt.report(repeat.number, 10, {"a": 7.0, "b": -7.0})
    assert not opt.should_stop(repeat.number).stop


@pytest.mark.parametrize(
    ("steps", "told", "looked", "rows"),
    [
        # Steps reported, whether metrics are told, whether it was looked at: task and a of rows.
        ((10, 15, 20, 30, 40), True, False, [(0, 15.0), (1, 30.0)]),
        ((10, 15, 20, 30, 40), True, True, [(1, 30.0)]),
        ((10, 20), True, False, [(0, 10.0)]),
        ((5, 10), True, False, [(0, 99.0)]),  # not as far as the cheapest task: what it had reached
        ((5, 10), False, False, [(0, 10.0)]),
        ((5, 10), True, True, []),
        ((), True, False, [(0, 99.0)]),
        ((), False, False, []),
    ],
)
def test_of_one_stopped_too_early_to_foretell_its_reports_are_results_of_cheaper_tasks(
    toy: StudySpec, steps: tuple[int, ...], told: bool, looked: bool, rows: list[Any]
) -> None:
    opt = Optimizer(toy, seed=0)
    here = {"x": 0.5, "y": 0.01}
    if looked:
        opt.enqueue(here, task="cheap")
        opt.tell(opt.ask().number, {"a": -1.0, "b": -1.0})
    opt.enqueue(here, task="full")
    number = opt.ask().number
    for step in steps:
        opt.report(number, step, {"a": float(step), "b": 0.0})
    opt.prune(number, {"a": 99.0, "b": 0.0} if told else {}, charged=0.5)
    table = opt._search.builder.table(opt._history)
    mine = table.trial == number
    assert list(zip(table.task[mine].tolist(), table.values[mine, 0].tolist(), strict=True)) == rows
    assert not table.final[mine].any()


def test_steps_of_tasks_are_those_of_the_one_number_that_grows_with_the_cost(lab: Any) -> None:
    def steps(*fidelities: dict[str, Any], resume: bool = True) -> list[float] | None:
        costs = (0.25, 0.5, 1.0)[-len(fidelities) :]
        tasks = [
            {"name": f"task {i}", "cost": c, **f}
            for i, (c, f) in enumerate(zip(costs, fidelities, strict=True))
        ]
        study = {"name": "toy", "command": "true", "budget": 9.0, "resume": resume}
        return task_steps(lab.spec(task=tasks, study=study))

    assert steps({"n": 1}, {"n": 2}, {"n": 9}) == [1.0, 2.0, 9.0]
    assert steps({"n": 1, "size": 8}, {"n": 2, "size": 8}) == [1.0, 2.0]
    assert steps({"size": 8, "n": 1}, {"size": 8, "n": 2}) == [1.0, 2.0]
    assert steps({"data": "part", "n": 2}, {"data": "all", "n": 2}) is None
    assert steps({"n": 1, "size": 4}, {"n": 2, "size": 8}) is None
    assert steps({"n": 3}, {"n": 2}) is None
    assert steps({"n": 1}, {"n": 2}, resume=False) is None
    assert steps({"n": 1}) is None
