"""What charts say in numbers and words can be told apart, and is not rounded over a goal."""

import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from hpo_tui.engine.spec import OutcomeConstraint, StudySpec, Task
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.charts import axes, cost
from hpo_tui.tui.charts.classes import Colouring, classify
from hpo_tui.tui.charts.scale import Scale
from hpo_tui.tui.glyphs import glyphs
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.history import History
from hpo_tui.tui.widgets.importance import Importance
from hpo_tui.tui.widgets.parallel import ParallelCoordinates
from hpo_tui.tui.widgets.pareto import Pareto
from hpo_tui.tui.widgets.tasks import Tasks
from hpo_tui.tui.words import fmt
from tests.tui.charts.showing import known, shown, text

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.5, 0.9], ["0.5", "0.9"]),
        ([0.96501, 0.96502, 0.96503], ["0.96501", "0.96502", "0.96503"]),
        ([1.2341e9, 1.2342e9], ["1.2341G", "1.2342G"]),
        ([0.3, 0.3], ["0.3", "0.3"]),
        ([1e9, 1e9 + 1], ["1G", "1G"]),
    ],
)
def test_marks_of_an_axis_are_told_apart(values: list[float], texts: list[str]) -> None:
    assert fmt.apart(values, 3) == texts


@pytest.mark.parametrize(
    ("name", "width", "text"),
    [
        ("momentum", 10, "momentum"),
        ("learning_rate", 8, "learnin…"),
        ("optimizer.momentum", 10, "opt…momen…"),
        ("optimizer.weight_decay", 10, "opt…weigh…"),
        ("optimizer.momentum", 1, "…"),
        ("layer_number_1", 10, "lay…mber_1"),
        ("accuracy_top1_of_the_rest", 12, "acc…top1_of…"),
        ("accuracy_top5_of_the_rest", 12, "acc…top5_of…"),
        ("accuracy_top5_of_the_rest", 22, "accuracy_top5_of_the_…"),
    ],
)
def test_names_that_begin_alike_keep_what_tells_them_apart(
    name: str, width: int, text: str
) -> None:
    names = ["learning_rate", "momentum", "optimizer.momentum", "optimizer.weight_decay"]
    names += ["accuracy_top1_of_the_rest", "accuracy_top5_of_the_rest"]
    names += ["layer_number_1", "layer_number_2"]
    assert fmt.clip_among(name, width, names) == text


def test_an_axis_of_near_values_has_no_mark_twice(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(40)
    metrics = {**frame.metrics, "acc": 0.965 + np.arange(40) * 1e-6}
    spec = replace(spec, objectives=tuple(replace(o, threshold=None) for o in spec.objectives))
    axis = axes.make("m:acc", replace(frame, metrics=metrics), spec)
    labels = [label for _, label in axis.ticks(4)]
    assert len(labels) > 2
    assert len(set(labels)) == len(labels)
    assert len(set(axis.ends)) == 2


def test_trials_are_counted_in_whole_numbers() -> None:
    assert Scale(1, 2, whole=True).ticks(6) == []
    assert Scale(1, 5, whole=True).ticks(6) == [2, 3, 4]
    assert Scale(1, 2).ticks(6) != []


def _lone(frame: Frame, acc: float) -> Frame:
    state = np.array([STATES.index(TrialState.COMPLETE)], np.int8)
    metrics = {"acc": np.array([acc]), "size": np.array([10.0]), "ms": np.array([1.0])}
    task = np.array([2], np.int16)
    return replace(frame, state=state, metrics=metrics, task=task)


async def test_the_best_so_far_is_not_rounded_over_its_goal(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    snapshot = snapshot_of(_lone(make_frame(1), 0.89996))
    async with shown(History(), snapshot) as (pilot, _):
        assert "best 0.89996 #1" in text(pilot)[0]


async def test_without_a_full_trial_nothing_is_said_of_other_goals(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(30)
    snapshot = snapshot_of(replace(frame, task=np.zeros(30, np.int16)))
    async with shown(History(), snapshot) as (pilot, _):
        assert "full 0" in text(pilot)[0]
        assert "other goals" not in text(pilot)[0]


async def test_importance_says_what_has_no_room(make_frame: Frames, snapshot_of: Snapshots) -> None:
    frame = make_frame(200)
    metrics = {**frame.metrics, "acc": np.log(frame.params["lr"])}
    snapshot = snapshot_of(replace(frame, metrics=metrics))
    async with shown(Importance(), snapshot, size=(50, 6)) as (pilot, _):
        lines = text(pilot)
        assert "acc" in lines[0]
        assert "ms" not in lines[0]
        assert "1 more parameter (j)" in lines[-1]
        assert "1 more metric (m)" in lines[-1]
        pilot.app.widget.action_metric()  # type: ignore[attr-defined]  # the app of these tests
        pilot.app.widget.action_down()  # type: ignore[attr-defined]  # the app of these tests
        await pilot.pause()
        assert "ms" in text(pilot)[0]
        assert "more parameter" not in text(pilot)[-1]


async def test_importance_is_of_the_dearest_task_with_enough_results(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(60)
    task = np.where(np.arange(60) < 5, 2, np.arange(60) % 2).astype(np.int16)
    snapshot = snapshot_of(replace(frame, task=task))
    async with shown(Importance(), snapshot) as (pilot, _):
        assert "from half, not the full task" in text(pilot)[-1]
        widget = pilot.app.widget
        for said in ("from short, not the full task", "of the 20 results at full", "from half"):
            widget.action_task()
            await known(pilot)
            assert said in " ".join(text(pilot))


async def test_a_brush_is_read_out_where_there_is_little_room(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(60)
    brushes = {"m:acc": (0.85, 0.9)}
    view = View(brushes=brushes, mask=np.ones(60, bool))
    async with shown(ParallelCoordinates(), snapshot_of(frame), view, (78, 11)) as (pilot, _):
        assert "brush 0.85 … 0.9" in text(pilot)[-1]


def test_running_trials_are_counted_once_in_the_cost(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    from hpo_tui.tui.charts import cost

    frame = make_frame(40)
    state = frame.state.copy()
    state[-3:] = STATES.index(TrialState.RUNNING)
    bar = cost.bar(snapshot_of(replace(frame, state=state)), glyphs(False), False)
    assert sum(s.count for s in bar.segments) == 40


@pytest.mark.parametrize("width", [40, 50, 60, 120])
async def test_the_best_value_stands_in_the_legend_of_the_history_however_little_room_there_is(
    make_frame: Frames, snapshot_of: Snapshots, width: int
) -> None:
    async with shown(History(), snapshot_of(make_frame(80)), size=(width, 20)) as (pilot, _):
        legend = text(pilot)[0]
    assert re.search(r"best 0\.\d+ #\d+", legend)
    if width == 120:
        assert legend.rstrip().endswith(". partial")
    assert "…" not in legend


async def test_a_long_name_of_a_metric_leaves_room_for_the_best_value(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    frame, name = make_frame(80), "validation/top1_accuracy_of_the_average"
    frame = replace(frame, metrics={**frame.metrics, name: frame.metrics["acc"]})
    long = (replace(spec.objectives[0], metric=name), spec.objectives[1])
    snapshot = replace(snapshot_of(frame), spec=replace(spec, objectives=long))
    async with shown(History(), snapshot, size=(50, 20)) as (pilot, _):
        assert re.search(r"^validation.*… ↑ .*best 0\.\d+ #\d+", text(pilot)[0])


def test_a_full_trial_without_a_value_is_in_no_quarter(make_frame: Frames, spec: StudySpec) -> None:
    frame = make_frame(60)
    frame.task[:] = frame.tasks.index("full")
    frame.state[:] = STATES.index(TrialState.COMPLETE)
    frame.metrics["acc"][:] = np.linspace(0.8, 0.9, 60)
    frame.metrics["acc"][:4] = np.nan, np.inf, np.nan, -np.inf
    found = classify(frame, spec, None, colouring=Colouring.OBJECTIVE)
    labels = [found.classes[code].label for code in found.codes]
    assert labels[:4] == ["no value"] * 4
    counts = {label: labels.count(label) for label in labels}
    assert counts == {"no value": 4, "4th": 14, "3rd": 14, "2nd": 14, "best quarter": 14}


async def test_the_best_so_far_shows_the_trials_that_it_steps_up_at(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = _lone(make_frame(1), 0.95)
    async with shown(History(), snapshot_of(frame), size=(60, 8)) as (pilot, _):
        assert "full 1" in text(pilot)[0]
        assert any("●" in line for line in text(pilot)[1:])


@pytest.mark.parametrize("goals", [True, False])
async def test_two_metrics_say_which_way_they_are_better_and_only_goals_that_are_set(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec, goals: bool
) -> None:
    free = tuple(replace(o, threshold=None) for o in spec.objectives)
    without = replace(spec, objectives=free, outcome_constraints=())
    snapshot = replace(snapshot_of(make_frame(60)), spec=spec if goals else without)
    async with shown(Pareto(), snapshot, size=(60, 20)) as (pilot, _):
        lines = text(pilot)
        assert lines[0].startswith("size ↓  ● best")
        assert ("misses" in lines[0]) == goals
        assert ("full" in lines[0]) != goals
        assert any(line.rstrip().endswith("acc ↑") for line in lines)


async def test_of_the_legend_of_two_metrics_the_name_gives_way(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    frame, name = make_frame(60), "a_size_with_a_long_name"
    frame = replace(frame, metrics={**frame.metrics, name: frame.metrics["size"]})
    long = (spec.objectives[0], replace(spec.objectives[1], metric=name))
    snapshot = replace(snapshot_of(frame), spec=replace(spec, objectives=long))
    async with shown(Pareto(), snapshot, size=(60, 20)) as (pilot, _):
        assert re.search(r"^a_size.*… ↓  ●.*misses \d+$", text(pilot)[0].rstrip())


async def test_cheap_tasks_are_named_only_where_there_are_some(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    cheap = make_frame(50)
    cheap.task[:] = 0
    alone = replace(spec, tasks=spec.tasks[-1:])
    none = replace(make_frame(0), tasks=("full",))
    for frame, study, said in ((cheap, spec, True), (none, spec, False), (none, alone, False)):
        snapshot = replace(snapshot_of(frame), spec=study)
        async with shown(Pareto(), snapshot) as (pilot, _):
            whole = " ".join(text(pilot))
            assert "No trial is complete" in whole
            assert ("cheap tasks" in whole) == said


async def test_what_a_task_was_measured_to_cost_is_whole_in_a_narrow_pane(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    for seconds, said in (
        (600.0, r"\(40\.0 times what was declared"),
        (1.0, r"\(0\.0[1-9]+ times"),
    ):
        frame = make_frame(90)
        frame.duration[frame.at_task("short")] = seconds
        async with shown(Tasks(), snapshot_of(frame), size=(40, 20)) as (pilot, _):
            assert re.search(said, re.sub(r"\s+", " ", " ".join(text(pilot))))


def test_tasks_of_one_shade_differ_in_brightness(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    steps = (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)
    many = replace(spec, tasks=tuple(Task(f"{c}", c) for c in steps))
    snapshot = replace(snapshot_of(make_frame(20)), spec=many)
    looks = [(s.glyph, s.ink) for s in cost.bar(snapshot, glyphs(False), False).segments]
    tasks = looks[: len(steps)]
    assert all(one != after for one, after in pairwise(tasks)), tasks


async def test_without_an_objective_the_history_shows_the_constraints(
    make_frame: Frames, snapshot_of: Snapshots, spec: StudySpec
) -> None:
    limits = (OutcomeConstraint("ms", max=8.0), OutcomeConstraint("acc", min=0.85, max=0.95))
    only = replace(spec, objectives=(), outcome_constraints=limits)
    widget = History()
    async with shown(widget, snapshot_of(make_frame(200), spec=only)) as (pilot, _):
        assert "ms" in text(pilot)[0]
        assert "best" not in text(pilot)[0]
        assert "≤8" in "\n".join(text(pilot))
        assert not widget.idle("metric")
        assert not widget.idle("log")
        widget.action_metric()
        await pilot.pause()
        picture = "\n".join(text(pilot))
        assert "≥0.85" in picture
        assert "≤0.95" in picture
