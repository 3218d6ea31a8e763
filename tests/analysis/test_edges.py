"""Ranges that may be too narrow: the best trials lie at their end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.analysis.edges import MOST, edges
from hpo_tui.engine.spec import Direction, Objective, Parameter, ParameterKind, StudySpec
from hpo_tui.store.frame import Frame

MakeFrame = Callable[..., Frame]
INT, FLOAT, ORDINAL = ParameterKind.INT, ParameterKind.FLOAT, ParameterKind.ORDINAL


def one(spec: StudySpec, parameter: Parameter) -> StudySpec:
    """The study with one parameter and one objective without a goal."""
    goals = (Objective("acc", Direction.MAXIMIZE),)
    return replace(spec, space=(parameter,), objectives=goals, outcome_constraints=())


def said(spec: StudySpec, frame: Frame) -> list[str]:
    return [edge.advice for edge in edges(frame, spec)]


def lr(low: float = 1e-5, high: float = 1e-1, *, log: bool = True) -> Parameter:
    return Parameter("p", FLOAT, low, high, log=log)


HIGH = [0.1, 0.099, 0.098, 0.095, 0.0901]
"""On a log scale over four decades all in the last hundredth; on a linear one not."""


@pytest.mark.parametrize(
    ("parameter", "best", "others", "advice"),
    [
        (lr(), HIGH, [1e-2] * 9, "p: the 5 best trials lie at the upper end (0.1)"),
        (lr(), [1e-5] * 5, [1e-2] * 9, "p: the 5 best trials lie at the lower end (1e-5)"),
        (lr(high=1e-3), [1e-2] * 5, [1e-4] * 9, "p: the 5 best trials lie beyond the upper"),
        (lr(low=1e-3), [1e-4] * 5, [1e-2] * 9, "p: the 5 best trials lie beyond the lower"),
        (lr(high=1e-3), [1e-2] * 4 + [1e-3], [1e-4] * 9, "p: the 5 best trials lie at the"),
        (lr(log=False), HIGH, [1e-2] * 9, ""),
        (lr(), [*HIGH[:4], 0.05], [1e-2] * 9, ""),  # one of the best does well elsewhere
        (lr(), HIGH[:3], [], ""),
        (lr(), HIGH, [1e-2] * 4, ""),  # hardly anything to compare with
        (lr(), HIGH, [0.1] * 10 + [1e-2] * 9, ""),  # others there are no better than elsewhere
        (Parameter("p", FLOAT, 0.0, 0.9), [0.0] * 5, [0.5] * 9, ""),  # nothing is below 0
        (Parameter("p", FLOAT, 0.0, 1.0), [1.0] * 5, [0.5] * 9, ""),  # a share
        (Parameter("p", FLOAT, 0.0, 2.0), [2.0] * 5, [0.5] * 9, "p: the 5 best trials lie at the "),
        (Parameter("p", INT, 1, 8), [8] * 5, [3] * 9, "p: the 5 best trials lie at the upper "),
        (Parameter("p", INT, 1, 8), [1] * 5, [3] * 9, ""),  # fewer than one of a thing
        (Parameter("p", INT, 2, 3), [3] * 5, [2] * 9, ""),  # both values are ends
        (
            Parameter("p", ORDINAL, choices=(32, 64, 128)), [128] * 5, [32, 64] * 5,
            "p: the 5 best trials lie at the upper end (128)",
        ),
        (Parameter("p", ORDINAL, choices=(32, 64)), [64] * 5, [32] * 9, ""),
        (Parameter("p", ParameterKind.CATEGORICAL, choices=(1, 2, 3)), [3] * 5, [1] * 9, ""),
    ],
)  # fmt: skip
def test_it_is_said_where_all_of_the_best_lie_at_an_end(  # noqa: PLR0917 - cases of one table
    spec: StudySpec, make_frame: MakeFrame,
    parameter: Parameter, best: list[float], others: list[float], advice: str,
) -> None:  # fmt: skip
    values = np.array([*best, *others], float)
    acc = np.r_[np.full(len(best), 0.9), np.full(len(others), 0.5)]
    frame = make_frame({"acc": acc}, params={"p": values})
    found = said(one(spec, parameter), frame)
    assert len(found) == bool(advice)
    assert all(f.startswith(advice) and f.endswith(": widen the range?") for f in found)


def test_words_of_an_ordinal_are_in_the_order_of_the_space(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    size = Parameter("p", ORDINAL, choices=("small", "middle", "large"))
    codes = np.array([0.0] * 5 + [1.0, 2.0] * 5)
    frame = make_frame(
        {"acc": 1.0 - codes}, params={"p": codes}, choices={"p": ("large", "small", "middle")}
    )
    (edge,) = edges(frame, one(spec, size))
    assert (edge.upper, edge.end, edge.count) == (True, "large", 5)


def test_trials_of_cheap_tasks_and_inactive_parameters_say_nothing(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    study = one(spec, lr())
    values = np.array([0.1] * 5 + [1e-3] * 9)
    acc = np.where(values == 0.1, 0.9, 0.5)
    assert said(study, make_frame({"acc": acc}, params={"p": values}))
    assert not said(study, make_frame({"acc": acc}, params={"p": values}, task=0))
    values[0] = np.nan
    assert not said(study, make_frame({"acc": acc}, params={"p": values}))


def front_of(n: int, values: Any) -> dict[str, Any]:
    """``n`` trials on a front, followed by ones that all of them dominate."""
    rise = np.arange(n, dtype=float)
    rest = np.full(len(values) - n, 99.0)
    return {"acc": np.r_[rise, -rest], "size": np.r_[rise, rest]}


def test_of_several_objectives_the_whole_front_counts(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    goals = (Objective("acc", Direction.MAXIMIZE), Objective("size", Direction.MINIMIZE))
    study = replace(one(spec, lr()), objectives=goals)
    values = np.array([0.1] * 7 + [1e-3] * 9)
    (edge,) = edges(make_frame(front_of(7, values), params={"p": values}), study)
    assert edge.count == 7
    values[6] = 1e-2
    assert not said(study, make_frame(front_of(7, values), params={"p": values}))


def test_where_no_trial_meets_the_goals_the_nearest_count(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    study = replace(one(spec, lr()), objectives=(Objective("acc", Direction.MAXIMIZE, 0.99),))
    values = np.array([0.1] * 5 + [1e-3] * 9)
    frame = make_frame({"acc": np.where(values == 0.1, 0.9, 0.5)}, params={"p": values})
    assert said(study, frame) == [
        "p: the 5 best trials lie at the upper end (0.1): widen the range?"
    ]


def test_that_a_search_has_settled_at_an_end_does_not_hide_it(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    values = np.array([1e-4, 1e-3, 1e-2, 0.01] + [0.1] * 10)
    frame = make_frame({"acc": np.log(values)}, params={"p": values})
    assert said(one(spec, lr()), frame)
    same = make_frame({"acc": np.ones(14)}, params={"p": values[::-1]})
    assert not said(one(spec, lr()), same)  # the first of equals lie there


def test_of_noise_hardly_ever_anything_is_said(spec: StudySpec, make_frame: MakeFrame) -> None:
    rng = np.random.default_rng(0)
    named = 0
    for _ in range(200):
        values = np.where(rng.random(40) < 0.8, 0.1, 10 ** rng.uniform(-5, -1, 40))
        frame = make_frame({"acc": rng.normal(size=40)}, params={"p": values})
        named += len(edges(frame, one(spec, lr())))
    assert named <= 3


def test_where_a_search_has_settled_is_not_why_its_late_trials_are_better(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    study = one(spec, lr())
    study = replace(study, space=(*study.space, replace(lr(), name="q")))
    named = {True: 0, False: 0}
    for seed in range(20):
        rng = np.random.default_rng(seed)
        p, q = 10 ** rng.uniform(-5, -1, (2, 40))
        p[20:], q[20:] = 0.1, 10 ** rng.uniform(-3.2, -2.8, 20)
        found = -((np.log10(q) + 3) ** 2) + rng.normal(0, 0.05, 40)
        for matters in named:
            acc = found + matters * np.log10(p)
            frame = make_frame({"acc": acc}, params={"p": p, "q": q})
            named[matters] += [e.parameter for e in edges(frame, study)] == ["p"]
    assert named[True] >= 18
    assert named[False] <= 1


def test_of_very_many_results_early_ones_elsewhere_count(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    values = 10 ** np.random.default_rng(0).uniform(-5, -1, 2 * MOST)
    values[MOST // 2 :] = 0.1
    frame = make_frame({"acc": np.log(values)}, params={"p": values})
    assert said(one(spec, lr()), frame)
