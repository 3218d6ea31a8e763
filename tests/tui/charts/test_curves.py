"""The learning curves: the limits of a metric can be read where the curves begin."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_tui.store.frame import Frame
from hpo_tui.store.models import Report
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.charts import plot
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.charts.palette import Ink
from hpo_tui.tui.charts.plot import Plot
from hpo_tui.tui.charts.reports import CurveReader, Wanted, reached
from hpo_tui.tui.charts.scale import Scale
from hpo_tui.tui.glyphs import UNICODE
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.curves import Curves, CurvesRead
from tests.tui.charts.showing import shown, text


@pytest.mark.parametrize(("metric", "said"), [("acc", "≥0.9"), ("ms", "≤8")])
async def test_the_limit_of_a_metric_stands_over_the_curves(
    make_frame: Callable[..., Frame],
    snapshot_of: Callable[..., Snapshot],
    metric: str,
    said: str,
) -> None:
    limit = float(said[1:])
    curve = (np.arange(1.0, 6.0), np.full(5, limit))
    async with shown(Curves(), snapshot_of(make_frame(4)), size=(60, 12)) as (pilot, _):
        wanted = Wanted(chain=(1,), best=(), running=(), others=())
        pilot.app.widget.on_curves_read(CurvesRead(metric, wanted, {1: curve}))
        await pilot.pause()
        assert any(f"│{said}" in line for line in text(pilot)), text(pilot)


async def test_a_long_name_of_a_metric_leaves_room_for_the_value_of_the_trial(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    curve = (np.arange(1.0, 6.0), np.full(5, 0.75))
    async with shown(Curves(), snapshot_of(make_frame(4)), size=(40, 12)) as (pilot, _):
        wanted = Wanted(chain=(1,), best=(), running=(), others=())
        name = "validation/top1_accuracy_of_the_average"
        pilot.app.widget.on_curves_read(CurvesRead(name, wanted, {1: curve}))
        await pilot.pause()
        assert text(pilot)[0].startswith("validation")
        assert "#1 0.75" in text(pilot)[0]


def _report(db: Path, trial: int, steps: range, value: float = 0.5) -> None:
    with closing(StudyWriter(db)) as writer:
        writer.add_reports([Report(trial, s, s, {"acc": value, "loss": 1.0}) for s in steps])


@pytest.fixture
def read_rows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many reports each reading took from the file."""
    taken: list[int] = []
    whole = StudyReader.curves_after

    def counted(self: StudyReader, known: Any, metric: str) -> Any:
        found = whole(self, known, metric)
        taken.append(sum(len(steps) for _, steps, _ in found.values()))
        return found

    monkeypatch.setattr(StudyReader, "curves_after", counted)
    return taken


def test_of_curves_that_are_known_what_is_new_alone_is_read(
    tmp_path: Path, read_rows: list[int]
) -> None:
    db, reader = tmp_path / "study.db", CurveReader()
    _report(db, 1, range(100))
    _report(db, 2, range(3))
    assert set(reader.read(db, (1, 2), "acc")) == {1, 2}
    _report(db, 2, range(3, 5), 0.75)
    _report(db, 3, range(2))
    curves = reader.read(db, (1, 2, 3, 4), "acc")
    assert curves[2][0].tolist() == [0, 1, 2, 3, 4]
    assert curves[2][1].tolist() == [0.5, 0.5, 0.5, 0.75, 0.75]
    assert {n: len(steps) for n, (steps, _) in curves.items()} == {1: 100, 2: 5, 3: 2}
    assert reader.read(db, (1, 2, 3), "loss")[2][1].tolist() == [1.0] * 5
    assert set(reader.read(db, (2,), "acc")) == {2}
    assert read_rows == [103, 4, 107, 5]


def test_the_curves_of_another_file_in_its_place_are_read_anew(tmp_path: Path) -> None:
    db, reader = tmp_path / "study.db", CurveReader()
    _report(db, 1, range(10))
    assert len(reader.read(db, (1,), "acc")[1][0]) == 10
    _report(tmp_path / "other.db", 1, range(3), 0.25)
    (tmp_path / "other.db").replace(db)
    assert reader.read(db, (1,), "acc")[1][1].tolist() == [0.25] * 3
    db.unlink()
    assert reader.read(db, (1,), "acc") == {}


def test_a_crowd_of_long_curves_is_few_points(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[int] = []

    def count(lines: Any, width: int, height: int, *_: Any) -> list[str]:
        given.append(sum(len(x) for x, _ in lines))
        return [" " * width] * height

    monkeypatch.setattr(plot, "drawn", count)
    x = np.arange(10_000.0)
    chart = Plot.framed(Canvas(60, 16), Scale(0, 10_000), Scale(0, 1), UNICODE, ("step", "acc"))
    chart.lines([(x, np.abs(np.sin(x + i))) for i in range(60)], Ink.PARTIAL)
    assert 60 * chart.width <= given[0] <= 60 * 4 * (chart.width + 1)


def test_two_threads_that_read_two_metrics_mix_none(tmp_path: Path) -> None:
    """One leaves what it has read between two looks of the other at what is kept."""
    db, reader = tmp_path / "study.db", CurveReader()
    _report(db, 1, range(3))

    class Loss(str):
        """A metric's name that is compared while another thread keeps its curves."""

        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            found = str.__eq__(self, other)
            if found:
                reader.read(db, (1,), "acc")
            return found

    reader.read(db, (1,), "loss")
    assert reader.read(db, (1,), Loss("loss"))[1][1].tolist() == [1.0] * 3


@pytest.mark.parametrize(
    ("values", "counts", "good", "said"),
    [
        ([0.5, 0.9, 0.7], 0.7, (False, True), ("0.7", "max 0.9 at 20")),
        ([0.5, 0.9, 0.7], 0.9, (False, True), ("max 0.9 at 20", "last 0.7")),
        ([0.9, 0.5, 0.7], 0.7, (True, False), ("0.7", "min 0.5 at 20")),
        ([0.5, 0.7, 0.9], 0.9, (False, True), ("0.9", "")),
        ([0.5, 0.9, 0.7], np.nan, (False, False), ("0.7", "")),
        ([0.5, 0.9, np.nan], np.nan, (False, True), ("-", "max 0.9 at 20")),
        ([0.5, 0.9, 0.7], 0.8, (False, True), ("0.8", "max 0.9 at 20, last 0.7")),
        ([0.5, np.inf, 0.7], 0.7, (False, True), ("0.7", "")),
    ],
)
def test_a_trial_s_value_is_that_of_the_tables_and_its_best_is_marked(
    values: list[float], counts: float, good: tuple[bool, bool], said: tuple[str, str]
) -> None:
    assert reached((np.array([10.0, 20.0, 30.0]), np.array(values)), counts, good) == said


async def test_the_best_value_stands_in_the_legend_where_there_is_room(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    curve = (np.arange(1.0, 6.0), np.array([0.1, 0.8, 0.75, 0.75, 0.75]))
    for width, is_there in ((60, True), (26, False)):
        frame = make_frame(4)
        frame.metrics["acc"][0] = 0.75
        async with shown(Curves(), snapshot_of(frame), size=(width, 12)) as (pilot, _):
            wanted = Wanted(chain=(1,), best=(), running=(), others=())
            pilot.app.widget.on_curves_read(CurvesRead("acc", wanted, {1: curve}))
            await pilot.pause()
            assert "#1 0.75" in text(pilot)[0]
            assert ("#1 0.75, max 0.8 at 2" in text(pilot)[0]) == is_there
