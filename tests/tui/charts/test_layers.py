from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import axes
from hpo_tui.tui.charts.classes import classify
from hpo_tui.tui.charts.compose import THINNED_FROM, compose
from hpo_tui.tui.charts.layers import Layers, Plan

Frames = Callable[..., Frame]


def plan_of(frame: Frame, spec: StudySpec) -> Plan:
    made = tuple(axes.make(n, frame, spec) for n in axes.names(frame, spec))
    columns = tuple(10 * i for i in range(len(made)))
    return Plan(made, columns, 1, 90, 98, 10 * len(made), 100)


def layers_of(plan: Plan, frame: Frame, spec: StudySpec, mask: np.ndarray | None = None) -> Layers:
    found = classify(frame, spec, mask)
    return Layers(plan, frame, found.codes, [c.dotted for c in found.classes])


@pytest.mark.parametrize("count", [60, 900, 7000])
def test_stamping_what_is_new_draws_what_drawing_all_would(
    make_frame: Frames, first: Frames, spec: StudySpec, count: int
) -> None:
    frame = make_frame(count)
    plan = plan_of(frame, spec)
    layers = layers_of(plan, first(frame, count - 20), spec)
    for n in (count - 13, count):
        now = first(frame, n)
        assert layers.update(now, classify(now, spec, None).codes)
    whole = layers_of(plan, frame, spec)
    assert np.array_equal(layers.counts, whole.counts)
    assert np.array_equal(layers.totals, whole.totals)
    assert layers.counts.min() >= 0


def test_a_changed_trial_leaves_nothing_behind(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(400)
    plan = plan_of(frame, spec)
    layers = layers_of(plan, frame, spec)
    lr = frame.params["lr"].copy()
    lr[[3, 77]] = 0.01
    state = frame.state.copy()
    state[5:40] = state[0]
    changed = replace(frame, params={**frame.params, "lr": lr}, state=state)
    assert layers.update(changed, classify(changed, spec, None).codes)
    assert np.array_equal(layers.counts, layers_of(plan, changed, spec).counts)


def test_a_brush_moves_trials_between_layers(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(1000)
    plan = plan_of(frame, spec)
    layers = layers_of(plan, frame, spec)
    mask = frame.params["lr"] > 0.01
    assert layers.update(frame, classify(frame, spec, mask).codes) or True
    brushed = layers_of(plan, frame, spec, mask)
    assert brushed.totals.sum() == 1000
    assert brushed.totals[0] == (~mask).sum()


def test_values_beyond_the_axes_ask_for_new_layers(
    make_frame: Frames, first: Frames, spec: StudySpec
) -> None:
    frame = make_frame(200)
    small = first(frame, 190)
    layers = layers_of(plan_of(small, spec), small, spec)
    frame.metrics["acc"][195] = 7.0
    assert not layers.update(frame, classify(frame, spec, None).codes)


def test_the_first_value_of_a_metric_asks_for_an_axis_with_ends(
    make_frame: Frames, spec: StudySpec
) -> None:
    frame = make_frame(50)
    frame.metrics["acc"][:] = np.nan
    layers = layers_of(plan_of(frame, spec), frame, spec)
    acc = frame.metrics["acc"].copy()
    acc[9] = 0.95  # which lies where the axis without values has its ends
    now = replace(frame, metrics={**frame.metrics, "acc": acc})
    assert not layers.update(now, classify(now, spec, None).codes)


def test_what_has_no_value_runs_along_the_rail(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(300)
    plan = plan_of(frame, spec)
    layers = layers_of(plan, frame, spec)
    momentum = [a.name for a in plan.axes].index("p:momentum")
    inactive = np.isnan(frame.params["momentum"])
    assert (layers.rows[inactive, momentum] == plan.rail).all()
    assert layers.missing()[momentum] == inactive.sum()
    # Every trial is drawn at every axis: none vanishes.
    for column in plan.columns:
        assert layers.counts[:, :, column].sum() >= 300


@pytest.mark.parametrize(("most", "lit"), [(THINNED_FROM - 8, 0xFF), (THINNED_FROM * 2, 0x01)])
def test_in_a_crowded_cell_the_lines_of_most_trials_alone_are_drawn(most: int, lit: int) -> None:
    counts = np.zeros((2, 4, 2), dtype=np.int32)
    counts[1] = 1
    counts[1, 0, 0] = most
    cells = compose(counts, counts.sum(axis=(1, 2)).astype(np.int64), [1, 9], [False, False])
    assert cells.bits.tolist() == [[lit]]
