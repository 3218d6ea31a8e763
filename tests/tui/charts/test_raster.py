import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpo_tui.tui.charts import cost, raster
from hpo_tui.tui.charts.polylines import drawn
from hpo_tui.tui.charts.scale import Scale, fitted


def counted(start: list[int], end: list[int], weight: int = 1) -> np.ndarray:
    counts = np.zeros((40, 30), np.int32)
    raster.add_lines(counts, (3, 20), np.array(start, np.int32), np.array(end, np.int32), weight)
    return counts


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=90))
def test_many_lines_count_as_each_alone(ends: list[tuple[int, int]]) -> None:
    # More lines than rows take the way that counts equal ends first.
    together = counted([a for a, _ in ends], [b for _, b in ends])
    alone = sum((counted([a], [b]) for a, b in ends), np.zeros((40, 30), np.int32))
    assert np.array_equal(together, alone)
    assert together[:, 3:21].sum() == 18 * len(ends)
    assert not together[:, :3].any()
    assert not together[:, 21:].any()


def test_a_line_ends_where_it_should_and_can_be_taken_away() -> None:
    counts = counted([0], [39])
    assert counts[0, 3] == 1
    assert counts[39, 20] == 1
    assert not (counts + counted([0], [39], -1)).any()


def test_a_polyline_has_no_gaps() -> None:
    x, y = raster.polyline(np.array([0, 4, 9], np.int32), np.array([0, 30, 2], np.int32))
    steps = np.maximum(np.abs(np.diff(x)), np.abs(np.diff(y)))
    assert steps.max() <= 1


def test_a_line_of_a_million_points_is_one_of_few_that_looks_the_same() -> None:
    x = np.linspace(0.0, 1.0, 1_000_000)
    y = 0.5 + 0.4 * np.sin(9 * x) * np.cos(1e5 * x)
    y[777_777] = 0.99
    few_x, few_y = raster.envelope(x, y, 200)
    assert len(few_x) <= 4 * 201
    assert (np.diff(few_x) >= 0).all()
    assert (few_x[0], few_y[0], few_x[-1], few_y[-1]) == (x[0], y[0], x[-1], y[-1])
    for left in np.linspace(0.0, 0.995, 200):
        here, there = (x >= left) & (x < left + 0.005), (few_x >= left) & (few_x < left + 0.005)
        assert few_y[there].max() == pytest.approx(y[here].max(), abs=0.02)
        assert few_y[there].min() == pytest.approx(y[here].min(), abs=0.02)


def test_a_line_that_goes_back_is_not_put_in_order() -> None:
    there = np.linspace(0.0, 1.0, 2000)
    x, y = np.r_[there, there[::-1]], np.r_[np.zeros(2000), np.ones(2000)]
    few_x, few_y = raster.envelope(x, y, 10)
    assert len(few_x) < 100
    turn = int(np.flatnonzero(few_y == 1.0)[0])
    assert set(few_y[turn:]) == {1.0}
    assert few_x[turn] == pytest.approx(1.0, abs=0.1)
    short = np.array([0.1, 0.2]), np.array([0.3, 0.1])
    assert raster.envelope(*short, 10) == short


def test_braille_patterns_are_those_of_the_standard() -> None:
    dots = np.zeros((4, 2), bool)
    dots[0, 0] = dots[3, 1] = True
    assert chr(0x2800 + int(raster.braille_bits(dots)[0, 0])) == "⢁"


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.integers(0, 120))
def test_cells_of_the_bar_fill_it_and_leave_nothing_out(values: list[float], width: int) -> None:
    cells = cost.cells(values, width)
    nonzero = sum(v > 0 for v in values)
    if sum(values) > 0:
        assert sum(cells) == width
    if nonzero <= width:
        assert all((c > 0) == (v > 0) for c, v in zip(cells, values, strict=True))


@pytest.mark.parametrize(
    ("low", "high", "log"), [(1e-4, 0.1, True), (0, 1, False), (-3, 17, False), (20, 30, True)]
)
def test_ticks_are_round_and_inside(low: float, high: float, log: bool) -> None:
    scale = Scale(low, high, log)
    ticks = scale.ticks(5)
    assert ticks
    assert all(low < t < high for t in ticks)
    assert ticks == sorted(ticks)
    for tick in ticks:
        assert scale.value(float(scale.unit(np.array([tick]))[0])) == pytest.approx(tick)


def test_one_diverged_value_does_not_press_the_others_together() -> None:
    values = np.r_[np.linspace(0.1, 0.3, 50), 1e9, np.nan, np.inf]
    scale = fitted(values, log=False)
    assert scale.high < 1
    assert scale.unit(np.array([1e9]))[0] == 1


def test_losses_that_blow_up_leave_the_axis_to_the_others() -> None:
    good, blown = np.linspace(0.1, 40.0, 12), 10.0 ** np.linspace(4.0, 31.0, 8)
    scale = fitted(np.concatenate([good, blown]), False, good=(True, False))
    assert (scale.low, scale.high, scale.above) == (0.0, 40.0, 8)
    up = fitted(-np.concatenate([good, blown]), False, good=(False, True))
    assert (up.low, up.high, up.below) == (-40.0, 0.0, 8)
    widest = fitted(np.array([*[0.5] * 4, *[1e308] * 5]), False)
    assert widest.above == widest.below == 0
    everything = fitted(np.concatenate([good, blown]), True, good=(True, False))
    assert everything.above == 0


def test_outliers_alone_do_not_trim_the_tail_of_the_rest() -> None:
    values = np.exp(np.linspace(-2.0, 2.0, 40))
    tail = fitted(np.append(values, 1e6), False, good=(True, False))
    assert tail.above == 1
    assert tail.high >= values.max()


def test_a_threshold_is_always_on_the_scale() -> None:
    scale = fitted(np.array([0.5, 0.6]), False, (0.99,))
    assert scale.high >= 0.99


@pytest.mark.parametrize("marker", ["", "●"])
@pytest.mark.parametrize("size", [(57, 19), (1, 1)])
def test_points_lie_where_lines_have_their_ends(marker: str, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.random(60), rng.random(60)
    x[:20], y[10:30] = np.linspace(0, 1, 20), np.linspace(0, 1, 20)  # on the borders of cells
    x[30], y[31] = 1.2, -0.2  # outside
    codes = raster.point_codes(x, y, size, marker)
    lines = [(x[[i]], y[[i]]) for i in range(len(x))]
    expected = "\n".join(drawn(lines, *size, marker or "braille")).replace("\u2800", " ")
    assert "\n".join("".join(chr(c or 32) for c in row) for row in codes.tolist()) == expected
    assert raster.point_codes(x[:0], y[:0], size, marker).sum() == 0
