"""A map without its widget: where cells, trials and goals lie, and in which colours."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.color import Color

from hpo_tui.engine.analysis import front
from hpo_tui.engine.analysis.maps import Map
from hpo_tui.engine.spec import Parameter, ParameterKind
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import Value
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.heat import Heat
from hpo_tui.tui.charts.map_chart import MapChart
from hpo_tui.tui.charts.palette import HEAT_LEVELS, Cell, Ink, heat, palette
from hpo_tui.tui.charts.plane import Plane, Side
from hpo_tui.tui.glyphs import ASCII, UNICODE
from hpo_tui.tui.watching.snapshot import Snapshot, View
from tests.tui.charts.showing_maps import DEPTH, FALLING, LR, OPT, RISING, cells, over

Frames = Callable[..., Frame]
Snapshots = Callable[..., Snapshot]


def _side(values: tuple[Value, ...], frame: Frame, spec: Any, name: str) -> Side:
    return Side.of(spec.parameter(name), values, frame, spec, ascii_only=False)


def test_between_the_values_of_a_number_lies_what_is_between(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(0)
    spec = snapshot_of(frame).spec
    wide = Parameter("width", ParameterKind.FLOAT, 0.0, 1.0)
    spec = replace(spec, space=(*spec.space, wide))
    sides = _side(LR, frame, spec, "lr"), _side((0.0, 0.5, 1.0), frame, spec, "width")
    plane = Plane.framed(Canvas(60, 20), sides, ("lr", "width"), UNICODE, top=2)
    grid = np.add.outer([0.0, 5.0, 10.0], [0.0, 1.0, 2.0, 3.0])
    seen = plane.over(grid)
    height, width = plane.plot.height, plane.plot.width
    exact = np.add.outer(np.linspace(10, 0, height), np.linspace(0, 3, width))
    assert seen == pytest.approx(exact)


def test_whole_numbers_have_cells_of_one_width(make_frame: Frames, snapshot_of: Snapshots) -> None:
    frame = make_frame(0)
    spec = snapshot_of(frame).spec
    sides = _side(DEPTH, frame, spec, "depth"), _side(OPT, frame, spec, "opt")
    plane = Plane.framed(Canvas(100, 20), sides, ("depth", "opt"), ASCII, top=2)
    seen = plane.over(np.tile(np.arange(9.0), (2, 1)))
    assert np.isnan(seen[0]).all()  # a choice that the map knows nothing of
    counts = np.bincount(seen[-1].astype(int))
    assert len(counts) == 9
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize(
    "options", [{"dark": True}, {"dark": False}, {"monochrome": True}], ids=str
)
def test_every_mark_is_seen_on_every_colour_and_the_colours_grow_apart(
    options: dict[str, bool],
) -> None:
    styles = palette(Color.parse("#121212"), **options).styles

    def light(colour: Color | None) -> float:
        assert colour is not None
        red, green, blue = colour.get_truecolor()
        return 0.3 * red + 0.59 * green + 0.11 * blue

    grounds = [light(styles[heat(at)].bgcolor) for at in range(HEAT_LEVELS)]
    assert grounds in (sorted(grounds), sorted(grounds, reverse=True))
    assert np.abs(np.diff(grounds)).min() >= 5
    for at in range(HEAT_LEVELS):
        for cell in (Cell.FAINT, Cell.MARK):
            style = styles[heat(at, cell)]
            assert abs(light(style.color) - light(style.bgcolor)) > 60


def drawn(snapshot: Snapshot, told: Map, view: View | None = None) -> tuple[Canvas, list[str]]:
    """Return a map's cells with their inks, and its lines."""
    canvas = Canvas(80, 24)
    MapChart(snapshot, view or View(), told, (1, 1), False, ASCII).draw(canvas)
    return canvas, ["".join(map(chr, row)) for row in canvas.codes.tolist()]


def inks(canvas: Canvas, mark: str) -> set[int]:
    """Return the inks of a mark right of the axis upwards and below the legend."""
    plot = slice(2, 22), slice(8, 80)
    return set(canvas.styles[plot][canvas.codes[plot] == ord(mark)].tolist())


def test_trials_are_drawn_on_the_colour_of_their_place(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    canvas, _ = drawn(snapshot_of(make_frame(60)), RISING)
    marks = {heat(at, Cell.MARK) for at in range(HEAT_LEVELS)}
    assert inks(canvas, "o") <= marks
    faint = {heat(at, Cell.FAINT) for at in range(HEAT_LEVELS)}
    assert inks(canvas, ".") <= faint
    assert len(inks(canvas, ".")) > 2


def test_the_cross_is_bright_where_its_trial_is_one_of_the_best(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(60)
    snapshot = snapshot_of(frame)
    best = front.best_rows(frame, snapshot.spec)
    full = np.flatnonzero(front.full_mask(frame, snapshot.spec))
    other = next(at for at in full if at not in best and np.isfinite(frame.params["lr"][at]))
    for row, ink in ((best[0], Ink.BEST), (other, Ink.BOLD)):
        canvas, _ = drawn(snapshot, replace(RISING, trial=int(frame.number[row])))
        assert inks(canvas, "x") == {ink}


def test_beyond_the_values_that_were_asked_of_nothing_is_drawn(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    inner = over(("lr", LR[1:3]), ("depth", DEPTH), np.linspace(0.8, 0.95, 18))
    _, lines = drawn(snapshot_of(make_frame(0)), inner)
    width = len(lines[2].partition("|")[2])
    for row in cells(lines):
        assert len(row) == pytest.approx(2 / 3 * width, abs=2)
        assert len(row.lstrip()) == pytest.approx(1 / 3 * width, abs=2)


def test_the_best_is_not_looked_for_at_a_choice_that_is_no_more(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    opt = ("opt", ("gone", "adam", "sgd"))
    lost = over(("lr", LR), opt, [[0.99] * 4, [0.7] * 4, [0.8] * 4])
    _, lines = drawn(snapshot_of(make_frame(0)), lost)
    assert "best expected 0.8 " in f"{lines[0]} "


@pytest.mark.parametrize(("good", "limit"), [((True, False), 150.0), ((False, True), 7e4)])
def test_a_goal_has_its_place_among_the_colours(good: tuple[bool, bool], limit: float) -> None:
    heats = Heat.of(FALLING, True, good, ASCII)
    said = "".join(part for part, _ in heats.legend(60, ((limit, good[1]),), hatched=False))
    assert said.index("+") > said.index("better") - 10  # far on the better side
    beyond = heats.legend(60, ((1e9, good[1]),), hatched=False)
    assert "+" not in "".join(part for part, _ in beyond)


def test_what_is_not_above_zero_has_no_logarithm() -> None:
    mixed = replace(FALLING, expected=tuple(np.linspace(-1.0, 5.0, 36).tolist()))
    assert not Heat.of(mixed, True, (True, False), ASCII).scale.log


def test_whole_numbers_are_named_as_evenly_as_there_is_room(
    make_frame: Frames, snapshot_of: Snapshots
) -> None:
    frame = make_frame(0)
    side = _side(DEPTH, frame, snapshot_of(frame).spec, "depth")
    assert sorted(value for value, _ in side.marks(200)) == list(DEPTH)
    assert sorted(value for value, _ in side.marks(30)) == [1, 3, 5, 7, 9]


@pytest.mark.parametrize("dark", [True, False])
def test_with_sixteen_colours_nothing_has_the_colour_of_the_ground(dark: bool) -> None:
    """A light ground is white, or nearly: bright colours, but for bright black, are not seen."""
    chosen = palette(None, dark=dark, colours="standard")
    pale = {"white", "bright_white", "bright_yellow", "bright_green", "bright_cyan"}
    unseen = {"black"} if dark else pale
    faint = {Ink.OUT, Ink.OUT_2, Ink.OUT_3}  # what the brushes have left out
    seen = [s for i, s in enumerate(chosen.styles) if i not in faint and s.color is not None]
    assert not unseen & {s.color.name for s in seen if s.color is not None}
    assert len(chosen.styles) == len(palette(None).styles)
