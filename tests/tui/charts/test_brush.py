import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import axes, brush

Frames = Callable[..., Frame]
INT, FLOAT = ParameterKind.INT, ParameterKind.FLOAT


def test_brushes_hold_together_and_missing_values_are_outside(
    make_frame: Frames, spec: StudySpec
) -> None:
    frame = make_frame(500)
    mask = brush.brush_mask(frame, spec, {"p:momentum": (0.0, 0.5), "m:acc": (0.88, 1.0)})
    assert mask is not None
    want = (frame.params["momentum"] <= 0.5) & (frame.metrics["acc"] >= 0.88)
    assert np.array_equal(mask, want)
    assert brush.brush_mask(frame, spec, {}) is None


def test_choices_count_in_the_order_of_the_space_and_tasks_by_cost(
    make_frame: Frames, spec: StudySpec
) -> None:
    frame = make_frame(300)
    frame.choices["opt"] = ("lion", "sgd", "adam")  # the order in which they were first run
    mask = brush.brush_mask(frame, spec, {"p:opt": (0, 0)})
    assert mask is not None
    assert np.array_equal(mask, frame.params["opt"] == 1)
    mask = brush.brush_mask(frame, spec, {"p:batch": (1, 2)})
    assert mask is not None
    assert np.array_equal(mask, frame.params["batch"] >= 64)
    mask = brush.brush_mask(frame, spec, {"task": (1, 2)})
    assert mask is not None
    assert np.array_equal(mask, frame.task >= 1)


def test_the_first_brush_is_the_feasible_side(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(300)
    accuracy = axes.make("m:acc", frame, spec)
    low, high = brush.first_brush(accuracy, frame, spec)
    assert (low, high) == (0.9, np.inf)
    size = axes.make("m:size", frame, spec)
    assert brush.first_brush(size, frame, spec) == (-np.inf, 1000.0)


def test_a_moved_brush_keeps_its_width_at_the_end(make_frame: Frames, spec: StudySpec) -> None:
    axis = axes.make("p:lr", make_frame(50), spec)
    moved = (1e-3, 1e-2)
    for _ in range(60):
        moved = brush.moved(axis, moved, 1, 1)
    assert moved[1] == np.inf
    assert np.log10(0.1 / moved[0]) == pytest.approx(1.0)


def test_an_end_that_is_not_moved_keeps_its_very_value(make_frame: Frames, spec: StudySpec) -> None:
    axis = axes.make("m:acc", make_frame(50), spec)
    assert brush.moved(axis, (0.9, 0.95), 0, 1)[0] == 0.9


def test_narrowing_takes_brushed_parameters_and_spans(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(300)
    found = brush.narrowed(frame, spec, {"p:lr": (1e-3, 1e-2), "p:opt": (0, 1)})
    assert [(n.name, n.low, n.high, n.choices) for n in found] == [
        ("lr", 1e-3, 1e-2, ()),
        ("opt", None, None, ("sgd", "adam")),
    ]
    mask = frame.params["depth"] == 4
    mask |= frame.params["depth"] == 6
    spans = {n.name: n for n in brush.narrowed(frame, spec, {}, mask)}
    assert (spans["depth"].low, spans["depth"].high) == (4, 6)


@pytest.mark.parametrize(
    ("given", "brushed", "kept"),
    [
        ({"kind": INT, "low": 1, "high": 9, "step": 2}, (1.5, 8.2), (3, 7)),
        ({"kind": INT, "low": 1, "high": 9, "step": 2}, (4.2, 5.9), (5, 5)),
        ({"kind": INT, "low": 1, "high": 9, "step": 2}, (3.2, 4.9), None),  # holds none of them
        ({"kind": INT, "low": 1, "high": 9}, (-math.inf, 3.9), (1, 3)),
        ({"kind": INT, "low": 1, "high": 9}, (0.5, math.inf), None),  # all of them
        ({"kind": FLOAT, "low": 0.0, "high": 0.5, "step": 0.05}, (0.12, 0.33), (0.15, 0.3)),
        ({"kind": FLOAT, "low": 0.0, "high": 0.5}, (0.12, 0.33), (0.12, 0.33)),
        ({"kind": FLOAT, "low": 0.0, "high": 0.5}, (0.12, 0.12), (0.12, 0.12)),
        ({"kind": FLOAT, "low": 0.0, "high": 0.5}, (0.12, 0.123456789), (0.12, 0.1235)),
        ({"kind": FLOAT, "low": -9.0, "high": 9.0}, (-1.23456789, 0.0), (-1.235, 0.0)),
        (
            {"kind": FLOAT, "low": 0.01, "high": 0.0331499},
            (0.0154321, math.inf),
            (0.01543, 0.0331499),
        ),
        (
            {"kind": FLOAT, "low": 1e-8, "high": 1, "log": True},
            (3.3e-7, 9.87654e-3),
            (3.3e-7, 0.009877),
        ),
    ],
)
def test_a_narrowed_range_keeps_to_the_steps_of_its_parameter(
    make_frame: Frames, spec: StudySpec,
    given: dict[str, Any], brushed: tuple[float, float], kept: tuple[float, float] | None,
) -> None:  # fmt: skip
    study = replace(spec, space=(Parameter("depth", **given),), start=())
    frame = make_frame(20)
    ranges = brush.narrowed(frame, study, {"p:depth": brushed})
    assert [(n.low, n.high) for n in ranges] == ([kept] if kept else [])
    drawn = [c["depth"] for c in brush.refinements(frame, study, ranges, 50, seed=0)]
    if kept is not None and "step" in given:
        steps = round((kept[1] - kept[0]) / given["step"]) + 1
        assert set(drawn) == {round(kept[0] + i * given["step"], 9) for i in range(steps)}


def test_one_value_among_the_trials_of_a_metrics_brush_is_no_choice(
    make_frame: Frames, spec: StudySpec
) -> None:
    frame = make_frame(40)
    found = brush.narrowed(frame, spec, {}, frame.params["depth"] == 4)
    assert "depth" not in {n.name for n in found}


def test_refinements_lie_inside_and_are_whole_configurations(
    make_frame: Frames, spec: StudySpec
) -> None:
    frame = make_frame(300)
    ranges = brush.narrowed(frame, spec, {"p:lr": (1e-3, 1e-2), "p:depth": (2, 3)})
    made = brush.refinements(frame, spec, ranges, 20, seed=1)
    assert len(made) == 20
    for params in made:
        assert 1e-3 <= float(params["lr"]) <= 1e-2
        assert params["depth"] in (2, 3)
        assert isinstance(params["depth"], int)
        assert isinstance(params["opt"], str)
        assert ("momentum" in params) == (params["opt"] == "sgd")
        assert params["batch"] in (32, 64, 128)
    assert brush.refinements(frame, spec, ranges, 5, seed=1) == made[:5]


def test_no_refinement_is_asked_for_twice(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(300)
    one = replace(spec, objectives=spec.objectives[:1])
    ranges = brush.narrowed(frame, one, {"p:lr": (0.01, 0.01)})
    assert [(n.low, n.high) for n in ranges] == [(0.01, 0.01)]
    best = len({tuple(c.items()) for c in brush.refinements(frame, one, ranges, 50, seed=1)})
    assert len(brush.refinements(frame, one, ranges, 50, seed=1)) == best < 50
    ranges = brush.narrowed(frame, one, {"p:depth": (2, 3)})
    assert {c["depth"] for c in brush.refinements(frame, one, ranges, 2 * best, seed=1)} == {2, 3}


def test_a_refinement_lies_inside_where_it_becomes_active(
    make_frame: Frames, spec: StudySpec
) -> None:
    frame = make_frame(300)
    brushes = {"p:opt": (0.0, 0.0), "p:momentum": (0.8, 0.9)}
    made = brush.refinements(frame, spec, brush.narrowed(frame, spec, brushes), 20, seed=1)
    assert len(made) == 20
    for params in made:
        assert params["opt"] == "sgd"
        assert 0.8 <= float(params["momentum"]) <= 0.9
    # What depends on what is not active is not active.
    deeper = Parameter("nesterov", ParameterKind.INT, 0, 9, when={"momentum": (0.5,)})
    nested = replace(spec, space=(deeper, *spec.space))
    frame.params["nesterov"] = np.full(300, 3.0)
    frame.params["momentum"][:] = 0.5
    ranges = brush.narrowed(frame, nested, {"p:opt": (1.0, 1.0)})
    for params in brush.refinements(frame, nested, ranges, 20, seed=1):
        assert not {"momentum", "nesterov"} & params.keys()


def test_refinements_lie_in_the_space_as_it_is_now(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(300)
    lr, opt, *rest, depth = spec.space
    now = (
        replace(lr, high=1e-3), replace(opt, choices=("adam", "lion")), *rest, replace(depth, low=5)
    )  # fmt: skip
    edited = replace(spec, space=now)
    ranges = brush.narrowed(frame, edited, {"p:batch": (0.0, 1.0)})
    made = brush.refinements(frame, edited, ranges, 20, seed=1)
    assert made
    for params in made:
        assert float(params["lr"]) <= 1e-3
        assert isinstance(params["depth"], int)
        assert params["depth"] >= 5
        assert params.get("opt", "adam") in ("adam", "lion")


def test_a_brush_grown_to_the_ends_holds_every_value(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(50)
    axis = axes.make("p:lr", frame, spec)
    frame.params["lr"][0], frame.params["lr"][1] = 1e-4, 1e-1
    grown = (1e-3, 1e-2)
    for _ in range(60):
        grown = brush.moved(axis, grown, -1, 1)
    mask = brush.brush_mask(frame, spec, {"p:lr": grown})
    assert mask is not None
    assert mask.all()


@pytest.mark.parametrize("name", ["m:acc", "m:size", "m:ms", "p:lr", "p:opt", "p:depth"])
def test_shrinking_never_widens_and_keeps_the_good_side(
    name: str, make_frame: Frames, spec: StudySpec
) -> None:
    frame = make_frame(80)
    axis = axes.make(name, frame, spec)
    values = axis.values(axis.raw(frame))
    kept = brush.first_brush(axis, frame, spec)
    for _ in range(60):
        less = brush.shrunk(axis, kept)
        assert kept[0] <= less[0] <= less[1] <= kept[1]
        for good, now, before in zip(axis.good, less, kept, strict=True):
            assert now == before or not good
        kept = less
    if axis.good[1]:
        assert kept[1] >= np.nanmax(values)


def test_an_edge_pushed_against_the_other_stops(make_frame: Frames, spec: StudySpec) -> None:
    axis = axes.make("m:acc", make_frame(80), spec)
    narrow = (0.9, 0.9001)
    assert brush.moved(axis, narrow, 1, 0) == narrow
    assert brush.moved(axis, narrow, 0, -1) == narrow
