"""What an earlier study's results come to: its best, in little memory, and what is said of it."""

import tracemalloc
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import Earlier, Optimizer
from hpo_tui.engine.optimizer.earlier import Finding
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models.guess import Guess, _spread, known
from hpo_tui.engine.spec import StudySpec


@pytest.fixture
def one(lab: Any) -> StudySpec:
    return lab.spec(objective=[{"metric": "a", "direction": "minimize"}])


def along_x(values: Mapping[float, float | None], metric: str = "a", **more: Any) -> Earlier:
    """A study of one task with these results along x, ``None`` for a failure."""
    findings = tuple(
        Finding(i, {"x": x, "y": 0.01} | more, 0, {} if v is None else {metric: v}, v is None)
        for i, (x, v) in enumerate(values.items())
    )
    return Earlier("former", (1.0,), findings)


def peak(call: Callable[[], Any]) -> tuple[Any, float]:
    """Return what a call returns, and the most bytes that it had at once."""
    tracemalloc.start()
    found = call()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found, most


def test_the_front_of_many_results_is_found_in_little_memory() -> None:
    x = np.random.default_rng(0).random((5_000, 2))
    picked, most = peak(lambda: _spread(x, np.zeros(len(x)), 2))
    assert len(picked) == 2
    assert not any((np.all(x <= x[i], axis=1) & np.any(x < x[i], axis=1)).any() for i in picked)
    assert most < 10e6


def test_the_best_of_many_results_are_found_in_little_memory(one: StudySpec) -> None:
    guess = Guess(along_x({i / 20_000: (i / 20_000 - 0.3) ** 2 for i in range(20_000)}), one,
                  Space(one), seed=0)  # fmt: skip
    best, most = peak(lambda: guess.best(2))
    assert best[:, 0] == pytest.approx([0.3, 0.3], abs=0.02)
    assert most < 60e6


def test_where_the_front_is_one_point_the_next_front_counts() -> None:
    mean = np.array([[3.0, 0.5], [0.0, 0.0], [1.0, 1.0], [0.5, 0.4]])
    assert _spread(mean, np.zeros(4), 2).tolist() == [1, 3]
    assert _spread(mean, np.array([0.0, 1.0, 0.0, 0.0]), 1).tolist() == [3]
    assert len(_spread(mean, np.zeros(4), 9)) == 4
    assert len(_spread(mean[:0], np.zeros(0), 2)) == 0


def test_the_best_are_spread_along_the_front() -> None:
    mean = np.array([[0.0, 1.0], [0.1, 0.9], [0.5, 0.4], [1.0, 0.0], [2.0, 2.0]])
    assert _spread(mean, np.zeros(5), 3).tolist() == [2, 0, 3]
    assert _spread(mean[:, :1], np.zeros(5), 3).tolist() == [0, 1, 2]
    assert _spread(np.zeros((3, 2)), np.zeros(3), 2).tolist() == [0, 1]


def test_what_depends_on_a_parameter_that_was_not_there_is_not_known() -> None:
    spec = StudySpec.from_dict({
        "study": {"name": "s", "budget": 8},
        "space": {
            "a": {"type": "categorical", "choices": ["u", "v"]},
            "b": {"type": "categorical", "choices": ["p", "q"], "when": {"a": ["u"]}},
            "c": {"type": "float", "low": 0, "high": 1, "when": {"b": ["p"]}},
            "d": {"type": "float", "low": 0, "high": 1, "default": 0.5},
        },
        "objective": [{"metric": "a", "direction": "minimize"}],
    })  # fmt: skip
    assert [p.name for p in known(spec.space, {"b", "c"})] == ["d"]
    assert [p.name for p in known(spec.space, {"a", "b", "c"})] == ["a", "b", "c", "d"]


def test_what_has_failed_is_none_of_the_best(one: StudySpec) -> None:
    bowl: dict[float, float | None] = {i / 10: (i / 10 - 0.3) ** 2 for i in range(11)}
    guess = Guess(along_x(bowl | {0.3: None}), one, Space(one), seed=0)
    places = guess.best(5)[:, 0]
    assert 0.3 not in places.round(6)
    assert set(places[:2].round(6)) == {0.2, 0.4}


def test_the_best_keep_the_constraints_of_this_study(lab: Any) -> None:
    spec = lab.spec(
        study={"name": "s", "command": "t {x}", "budget": 8, "constraints": ["x >= 0.55"]},
        objective=[{"metric": "a", "direction": "minimize"}],
    )
    bowl: dict[float, float | None] = {i / 10: (i / 10 - 0.3) ** 2 for i in range(11)}
    opt = Optimizer(spec, seed=0, earlier=[along_x(bowl)])
    first, second = opt.ask(), opt.ask()
    assert {round(first.params["x"], 6), round(second.params["x"], 6)} == {0.6, 0.7}
    assert "former" in second.why["text"]


def test_constraints_are_kept_along_what_the_earlier_study_did_not_have(lab: Any) -> None:
    space = {n: {"type": "float", "low": 0.0, "high": 1.0} for n in ("x", "new")}
    spec = lab.spec(
        study={"name": "s", "command": "t {x}", "budget": 8, "constraints": ["new > x + 0.5"]},
        space=space,
        objective=[{"metric": "a", "direction": "minimize"}],
    )
    bowl: dict[float, float | None] = {i / 10: (i / 10 - 0.3) ** 2 for i in range(11)}
    first = Optimizer(spec, seed=0, earlier=[along_x(bowl)]).ask()
    assert "former" in first.why["text"]
    assert first.params["new"] > first.params["x"] + 0.5


def test_results_without_a_place_here_say_nothing_of_their_metric(lab: Any) -> None:
    spec = lab.spec(
        space={"x": {"type": "float", "low": 0.0, "high": 1.0},
               "kind": {"type": "fixed", "value": "new"}},
    )  # fmt: skip
    here = along_x({0.1: 1.0, 0.2: 2.0, 0.3: 3.0}, "b", kind="new")
    away = along_x({0.1: 1.0, 0.2: 2.0, 0.3: 3.0}, "a", kind="old")
    guess = Guess(Earlier("e", (1.0,), here.findings + away.findings), spec, Space(spec), seed=0)
    assert guess.rows == 3
    assert guess.metrics == ("b",)
    assert guess.misfit == ""
    away = along_x({0.1: 1.0, 0.2: 2.0, 0.3: 3.0}, "b", kind="old")
    told = Optimizer(spec, seed=0, earlier=[away]).learned()[0]
    why = '"kind" is "new" here, and never was there'
    assert told.verdict == f"no result of former has a place in this space: {why}"


def test_what_is_said_of_an_earlier_study_is_no_more_than_is_known(one: StudySpec) -> None:
    falling: dict[float, float | None] = {i / 10: 1 - i / 10 for i in range(11)}
    opt = Optimizer(one, seed=0, earlier=[along_x(falling), along_x(falling, "loss")])
    said = []
    for _ in range(14):
        told, other = opt.learned()
        said.append(told.verdict)
        assert other.verdict == 'former says nothing of a, only of "loss"'
        s = opt.ask()
        opt.tell(s.number, {"a": float(s.params["x"])})
    assert "too few results" in said[2]
    assert said[3].startswith("former looks the other way round for a so far; weight ")
    assert said[13].startswith("former is the other way round for a; weight -0.")
    none = Earlier("none", (1.0,), ())
    two = along_x({0.1: 1.0, 0.2: 2.0})
    away = along_x(falling, kind="old", x="word")
    few = [told.verdict for told in Optimizer(one, seed=0, earlier=[none, two, away]).learned()]
    assert few == [
        "none had no result yet when it was read",
        "former has too few results of a here to say anything",
        "no result of former has a place in this space",
    ]
    findings = tuple(Finding(i, {"z": i}, 0, {"a": float(i)}) for i in range(5))
    other = Optimizer(one, seed=0, earlier=[Earlier("other", (1.0,), findings)])
    assert "none of the parameters" in other.learned()[0].verdict
    same = Optimizer(one, seed=0, earlier=[along_x(falling)])
    for _ in range(4):
        same.tell(same.ask().number, {"a": 1.0})
    assert "the same in all results here" in same.learned()[0].verdict


@pytest.mark.parametrize(
    ("limits", "best"),
    [
        ({"metric": "a", "min": 0.35}, 0.4),  # on the better side of an objective
        ({"metric": "b", "min": 0.55, "max": 0.65}, 0.4),
        ({"metric": "b", "max": 0.75}, 0.3),
    ],
)
def test_the_best_keep_limits_of_either_side(lab: Any, limits: Any, best: float) -> None:
    spec = lab.spec(objective=[{"metric": "a", "direction": "minimize"}], constraint=[limits])
    findings = tuple(
        Finding(i, {"x": i / 10, "y": 0.01}, 0, {"a": i / 10, "b": 1 - i / 10}) for i in range(11)
    )
    guess = Guess(Earlier("former", (1.0,), findings), spec, Space(spec), seed=0)
    assert guess.best(1)[0, 0] == pytest.approx(best)
