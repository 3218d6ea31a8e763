from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_tui.engine.analysis import front
from hpo_tui.engine.spec import Direction, Objective, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState

MakeFrame = Callable[..., Frame]


def brute_pareto(values: np.ndarray) -> list[bool]:
    def dominated(i: int) -> bool:
        return any(
            (values[j] <= values[i]).all() and (values[j] < values[i]).any()
            for j in range(len(values))
            if not np.isnan(values[j]).any()
        )

    return [not np.isnan(v).any() and not dominated(i) for i, v in enumerate(values)]


@settings(max_examples=60)
@given(st.data())
def test_pareto_front_agrees_with_the_definition(data: st.DataObject) -> None:
    m = data.draw(st.integers(1, 4))
    value = st.sampled_from([0.0, 1.0, 2.0, 3.0, 1e-9, 1e9, float("nan")])
    rows = data.draw(st.lists(st.lists(value, min_size=m, max_size=m), max_size=25))
    values = np.array(rows, float).reshape(-1, m)
    assert front.pareto_mask(values).tolist() == brute_pareto(values)


def test_only_full_complete_trials_that_meet_all_goals_are_best(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    frame = make_frame(
        {
            "acc": [0.95, 0.99, 0.93, 0.80, 0.96, 0.94, 0.97],
            "size": [90, 10, 50, 10, 99, 95, 90],
            "ms": [5, 5, 5, 5, 5, 5, 9],
        },
        task=[1, 0, 1, 1, 1, 1, 1],
        state=[TrialState.COMPLETE] * 4
        + [TrialState.COMPLETE, TrialState.COMPLETE] * 1
        + [TrialState.COMPLETE],
    )
    # 2 is partial, 4 misses accuracy, 6 is dominated by 1, 7 is too slow.
    assert frame.number[front.best_rows(frame, spec)].tolist() == [5, 1, 3]
    assert front.meets_mask(frame, spec).tolist() == [True, True, True, False, True, True, False]


def test_failed_trials_and_nan_are_never_best(spec: StudySpec, make_frame: MakeFrame) -> None:
    frame = make_frame(
        {"acc": [0.99, np.nan, np.inf, 0.91], "size": [1, 1, 1, 90], "ms": [1, 1, 1, 1]},
        state=[TrialState.FAILED, *[TrialState.COMPLETE] * 3],
    )
    assert frame.number[front.best_rows(frame, spec)].tolist() == [4]


def test_one_objective_orders_by_it_and_no_objective_by_number(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    frame = make_frame({"acc": [0.91, 0.99, 0.95], "size": [9, 9, 9], "ms": [1, 1, 1]})
    one = replace(spec, objectives=spec.objectives[:1])
    none = replace(spec, objectives=())
    assert frame.number[front.best_rows(frame, one)].tolist() == [2, 3, 1]
    assert frame.number[front.best_rows(frame, none)].tolist() == [1, 2, 3]


def test_with_one_objective_the_front_is_the_best_value_and_its_equals(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    frame = make_frame({"acc": [0.91, 0.99, 0.99], "size": [9, 8, 9], "ms": [1, 1, 1]})

    def numbers(objectives: int) -> list[int]:
        some = replace(spec, objectives=spec.objectives[:objectives])
        rows = front.front_rows(frame, some, front.best_rows(frame, some))
        return frame.number[rows].tolist()

    assert numbers(2) == [2]
    assert numbers(1) == [2, 3]
    assert numbers(0) == []


def test_near_misses_of_a_loss_and_of_its_negative_are_the_same(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    losses, others = np.geomspace(1e-3, 100.0, 9), np.linspace(1.0, 0.0, 9)
    other = Objective("b", Direction.MINIMIZE, -1.0)
    found = []
    for sign, way in ((1.0, Direction.MINIMIZE), (-1.0, Direction.MAXIMIZE)):
        goals = (Objective("a", way, sign * 1e-4, log=True), other)
        frame = make_frame({"a": sign * losses, "b": others})
        goal = replace(spec, objectives=goals, outcome_constraints=())
        found.append(front.near_misses(frame, goal, 9).tolist())
    assert found[0] == found[1]
    assert len(found[0]) == 9


def test_near_misses_come_by_normalised_shortfall(spec: StudySpec, make_frame: MakeFrame) -> None:
    frame = make_frame(
        {
            "acc": [0.89, 0.50, 0.95, 0.95, np.nan],
            "size": [90, 90, 100.1, 5000, 10],
            "ms": [1, 1, 1, 1, 1],
        }
    )
    assert frame.number[front.near_misses(frame, spec, 3)].tolist()[:2] == [3, 1]
    assert 5 not in frame.number[front.near_misses(frame, spec, 9)]


def test_best_so_far_follows_the_end_times(spec: StudySpec, make_frame: MakeFrame) -> None:
    frame = make_frame(
        {"acc": [0.7, 0.6, 0.95, 0.8], "size": [1, 1, 1, 1], "ms": [1, 1, 99, 1]},
        ended=[20, 10, 30, 40],
    )
    rows, values = front.best_so_far(frame, spec, spec.objectives[0])
    assert frame.number[rows].tolist() == [2, 1, 4]
    assert values.tolist() == [0.6, 0.7, 0.8]
