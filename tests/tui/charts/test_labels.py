"""What stands beside the axes of the parallel coordinates."""

import math
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpo_tui.engine.spec import OutcomeConstraint, StudySpec
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState
from hpo_tui.tui.charts import axes
from hpo_tui.tui.charts.options import Options
from hpo_tui.tui.charts.scene import Scene
from hpo_tui.tui.glyphs import ASCII, UNICODE
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.words import fmt


@pytest.mark.parametrize("flipped", [False, True])
def test_a_goal_keeps_its_label_where_a_brush_ends_in_its_row(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot], flipped: bool
) -> None:
    turned = frozenset({"m:acc"} if flipped else ())
    options = Options(("m:acc", "p:lr"), flipped=turned)
    view = View(brushes={"m:acc": (0.899, 0.95)})
    picture = Scene(UNICODE).draw(snapshot_of(make_frame(200)), view, options, (60, 24))
    goal = picture.row_of(picture.plan.axes[0], 0.9)
    assert goal is not None
    assert goal == picture.row_of(picture.plan.axes[0], 0.899), "or there is nothing to see"
    line = "".join(map(chr, picture.canvas.codes[goal].tolist()))
    assert "╋≥0.9 " in line


def test_choices_are_named_before_any_trial(
    make_frame: Callable[..., Frame], first: Callable[[Frame, int], Frame], spec: StudySpec
) -> None:
    frame = first(make_frame(10), 0)
    frame.choices.clear()
    axis = axes.make("p:opt", frame, spec)
    assert axis.slots == ("sgd", "adam", "lion")
    assert [label for _, label in axis.ticks(3)] == ["sgd", "adam", "lion"]
    assert not len(axis.values(axis.raw(frame)))


def test_near_misses_are_spoken_of_where_there_are_any(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    frame = make_frame(200)
    frame.metrics["acc"][:] *= 0.1
    none, options = np.zeros(200, dtype=np.bool_), Options(("m:acc", "p:lr"))

    def legend(view: View) -> str:
        picture = Scene(UNICODE).draw(snapshot_of(frame), view, options, (90, 24))
        return "".join(map(chr, picture.canvas.codes[0].tolist()))

    assert "nearest misses 5" in legend(View())
    assert "nearest" not in legend(View(filter="trial < 0", mask=none))


def test_without_goals_the_legend_counts_the_bright_alone(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot], spec: StudySpec
) -> None:
    frame, options = make_frame(200), Options(("m:acc", "p:lr"), best=7)
    one = replace(spec, objectives=(replace(spec.objectives[0], threshold=None),))
    free = replace(one, outcome_constraints=())
    picture = Scene(UNICODE).draw(snapshot_of(frame, spec=free), View(), options, (90, 24))
    assert "best 7  " in "".join(map(chr, picture.canvas.codes[0].tolist()))


def test_many_metrics_leave_room_for_what_they_depend_on(
    make_frame: Callable[..., Frame], spec: StudySpec
) -> None:
    more = tuple(OutcomeConstraint(f"m{n}", None, 1.0) for n in range(9))
    wide = replace(spec, outcome_constraints=more)
    names = axes.default_names(make_frame(50), wide, ["depth", "opt"])
    assert names[:2] == ["m:acc", "m:size"]
    assert [n for n in names if n.startswith("p:")][:2] == ["p:depth", "p:opt"]
    assert len(names) == 8
    assert len([n for n in names if n.startswith("p:")]) == 3


@pytest.mark.parametrize("room", [6, 7, 8, 9, 12])
def test_a_number_beside_an_axis_is_never_cut(
    make_frame: Callable[..., Frame],
    snapshot_of: Callable[..., Snapshot],
    spec: StudySpec,
    room: int,
) -> None:
    hard = (1.23456e-5, 7_654_321.891, 999_999_999_999)
    lr, opt, momentum, batch, depth = spec.space
    space = (replace(lr, low=-1.2345678e-17), opt, momentum, replace(batch, choices=hard), depth)
    goals = (replace(spec.objectives[0], threshold=0.000123456),
             replace(spec.objectives[1], threshold=1_234_567.891))  # fmt: skip
    frame, changed = make_frame(10), replace(spec, space=space, objectives=goals)
    options = Options(("m:acc", "m:size", "p:lr", "p:batch"))
    snapshot = snapshot_of(frame, spec=changed)
    picture = Scene(UNICODE).draw(snapshot, View(), options, (4 * (room + 2), 40))
    drawn = "\n".join("".join(map(chr, line.tolist())) for line in picture.canvas.codes[2:-1])
    said = re.findall(r"-?[0-9][^ \u2500-\u28ff]*", drawn)
    assert not [text for text in said if "…" in text]
    for value in (0.000123456, 1_234_567.891, *hard):
        assert any(fmt.read(text) == pytest.approx(value, rel=0.3) for text in said), (value, said)


def test_the_value_of_a_selected_trial_outside_the_zoom_is_marked_as_beyond(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    frame = make_frame(200)
    worst = int(np.nanargmin(frame.metrics["acc"]))
    held = frame.metrics["acc"] >= 0.9
    options = Options(("m:acc", "p:lr"), zoom=True)
    view = View(int(frame.number[worst]), brushes={"m:acc": (0.9, 2.0)}, mask=held)
    picture = Scene(UNICODE).draw(snapshot_of(frame), view, options, (60, 24))
    lines = ["".join(map(chr, codes)) for codes in picture.canvas.codes.tolist()]
    said = fmt.number(float(frame.metrics["acc"][worst]), 4)
    assert any(f"{said}◂" in line for line in lines)


def test_the_arrow_of_an_axis_is_apart_from_its_name_in_seven_bits(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    options = Options(("m:acc", "m:size", "p:lr"))
    picture = Scene(ASCII).draw(snapshot_of(make_frame(20)), View(), options, (60, 24))
    names = "".join(map(chr, picture.canvas.codes[picture.top - 1].tolist()))
    assert "acc ^" in names
    assert "size v" in names


@pytest.mark.parametrize(
    ("brush", "said"),
    [
        ((2.6, 6.4), ("3", "6", "brush 3 … 6 ")),
        ((4.6, 5.4), ("5", "5", "brush 5 … 5 ")),
        ((4.2, 4.8), ("4.2", "4.8", "brush 4.2 … 4.8 ")),  # holds no whole number
        ((-math.inf, 6.4), ("", "6", "brush up to 6 ")),
        ((2.6, math.inf), ("3", "", "brush from 3 ")),
        ((-math.inf, math.inf), ("", "", "brush all that have a value ")),
    ],
)
def test_a_brush_on_whole_numbers_is_told_by_those_inside(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot], spec: StudySpec,
    brush: tuple[float, float], said: tuple[str, str, str],
) -> None:  # fmt: skip
    frame = make_frame(50)
    assert axes.make("p:depth", frame, spec).ends_of(brush) == said[:2]
    view = View(brushes={"p:depth": brush})
    options = Options(("p:depth", "p:lr"))
    picture = Scene(UNICODE).draw(snapshot_of(frame), view, options, (60, 24))
    lines = ["".join(map(chr, row.tolist())) for row in picture.canvas.codes]
    assert said[2] in lines[-1]


def test_the_ends_of_a_brush_stand_beside_its_axis(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    view, options = View(brushes={"m:acc": (0.8523, 0.9117)}), Options(("m:acc", "p:lr"))
    picture = Scene(UNICODE).draw(snapshot_of(make_frame(200)), view, options, (60, 40))
    for end, said in ((0.8523, "0.852"), (0.9117, "0.912")):
        at = picture.row_of(picture.plan.axes[0], end)
        assert at is not None
        assert said in "".join(map(chr, picture.canvas.codes[at].tolist()))


def test_which_of_many_axes_are_in_sight_is_said(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    options = Options(("m:acc", "m:size", "m:ms", "p:lr", "p:batch", "p:depth"))
    picture = Scene(UNICODE).draw(snapshot_of(make_frame(50)), View(), options, (40, 24))
    shown = len(picture.plan.axes)
    assert shown < 6
    last = "".join(map(chr, picture.canvas.codes[-1].tolist()))
    assert f"axes 1-{shown} of 6" in last


def test_the_rail_of_missing_values_goes_with_the_last_of_them_unless_the_study_runs(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    """In a study that runs each trial starts without a value: the axes would jump each time."""
    whole = make_frame(200)
    whole.metrics["acc"][:] = np.linspace(0.1, 0.9, 200)
    acc = whole.metrics["acc"].copy()
    acc[7] = np.nan
    lacking = replace(whole, metrics={**whole.metrics, "acc": acc})
    options, scene = Options(("m:acc", "p:lr")), Scene(UNICODE)

    def has_rail(scene: Scene, frame: Frame, runner: int | None) -> bool:
        snapshot = snapshot_of(frame, runner_pid=runner)
        return scene.draw(snapshot, View(), options, (60, 24)).plan.rail is not None

    for frame, runner, rail in (
        (whole, None, False), (lacking, None, True), (whole, None, False), (whole, 1, True),
        (lacking, 1, True), (whole, 1, True), (whole, None, False),
    ):  # fmt: skip
        assert has_rail(scene, frame, runner) is rail
        assert has_rail(Scene(UNICODE), frame, runner) is rail, (
            "what was before makes no difference"
        )


def test_an_axis_without_any_value_names_no_ends(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    frame = make_frame(50)
    frame.metrics["ms"][:] = np.nan
    options = Options(("m:ms", "m:acc", "p:lr"))
    picture = Scene(UNICODE).draw(snapshot_of(frame), View(), options, (60, 24))
    assert picture.plan.axes[0].ticks(5) == []
    assert picture.plan.axes[1].ticks(5)
    last = "".join(map(chr, picture.canvas.codes[-1].tolist()))
    assert "ms  no trial has a value" in last


def test_a_name_that_an_axis_out_of_sight_has_as_well_is_told_from_it(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot], spec: StudySpec
) -> None:
    frame = make_frame(50)
    for name in ("learning_rate_of_the_encoder", "learning_rate_of_the_decoder"):
        frame.metrics[name] = frame.metrics["acc"]
    options = Options(("m:learning_rate_of_the_encoder", "p:lr", "p:depth"))
    picture = Scene(UNICODE).draw(snapshot_of(frame), View(), options, (36, 12))
    lines = ["".join(map(chr, row.tolist())) for row in picture.canvas.codes]
    assert "encod" in lines[picture.top - 1]


@pytest.mark.parametrize("width", [120, 70])
def test_a_legend_without_room_leaves_out_who_is_under_way_before_who_failed(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot], width: int
) -> None:
    frame = make_frame(200)
    state = frame.state.copy()
    state[-1], state[-2] = STATES.index(TrialState.RUNNING), STATES.index(TrialState.WAITING)
    changed = replace(frame, state=state)
    options = Options(("m:acc", "p:lr"), best=0)
    picture = Scene(UNICODE).draw(snapshot_of(changed), View(), options, (width, 24))
    legend = "".join(map(chr, picture.canvas.codes[0].tolist())).rstrip()
    failed = int((state == STATES.index(TrialState.FAILED)).sum())
    assert f"failed {failed}" in legend
    assert ("running 1" in legend) is (width == 120)
