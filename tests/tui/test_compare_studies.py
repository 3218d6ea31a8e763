"""Two studies side by side: the curves above the table, by whatever both have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from hpo_tui.engine.analysis.front import best_so_far
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.charts.comparison import Course, comparisons
from hpo_tui.tui.screens.compare_studies import NOTHING_SHARED, CompareStudies
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.comparison import ComparisonChart
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import NOW, TEXT, make_app, make_study, settled, until

EASY = TEXT.replace("threshold = 0.9", "threshold = 0.85").replace("= 40000", "= 90000")
ACCURACY = EASY[: EASY.index('[[objective]]\nmetric = "nonzero')] + EASY[EASY.index("[[task]]") :]
OTHER = ACCURACY.replace('metric = "accuracy"', 'metric = "error"').replace("maxim", "minim")


def pair(home: Path, second: str = EASY, trials: int = 60) -> tuple[StudyFolder, StudyFolder]:
    """Two studies; the second finds the same things a little later, a little smaller."""
    first = make_study(home, "first", 120, text=EASY)
    other = make_study(home, "second", trials, text=second)
    writer = StudyWriter(other.db)
    for trial in read_once(other, lambda: NOW).frame.number.tolist() if trials else ():
        with StudyReader(other.db) as reader:
            found = reader.trial(trial)
        if found is not None and found.metrics:
            accuracy = found.metrics["accuracy"] - 0.004
            weights = found.metrics["nonzero_weights"] * 0.9
            changed = {"accuracy": accuracy, "nonzero_weights": weights}
            writer.update_trial(trial, metrics=changed, charged=1.1)
    writer.close()
    return first, other


async def opened(pilot: Pilot[int], folders: tuple[StudyFolder, StudyFolder]) -> CompareStudies:
    app = pilot.app
    assert isinstance(app, HpoApp)
    app.compare_studies(*folders)
    screen = app.screen
    assert isinstance(screen, CompareStudies)
    await until(pilot, lambda: screen._known is not None)
    await pilot.pause()
    return screen


def lines(pilot: Pilot[int]) -> list[str]:
    strips = pilot.app.screen._compositor.render_strips(pilot.app.size)
    return ["".join(segment.text for segment in strip) for strip in strips]


def snapshots(folders: tuple[StudyFolder, StudyFolder]) -> list[Snapshot]:
    return [read_once(folder, lambda: NOW) for folder in folders]


def test_a_course_knows_how_far_it_had_come() -> None:
    course = Course(np.array([1.0, 3.0]), np.array([0.5, 0.7]), 5.0)
    assert np.isnan(course.at(0.9))
    assert [course.at(cost) for cost in (1.0, 2.9, 3.0, np.inf)] == [0.5, 0.5, 0.7, 0.7]


def test_studies_share_objectives_of_one_metric_and_direction(tmp_path: Path) -> None:
    folders = pair(tmp_path)
    first, second = snapshots(folders)
    assert [d.name for d in comparisons((first, second))] == [
        "accuracy",
        "nonzero_weights",
        "hypervolume",
    ]
    (alone,) = comparisons((first, _other(tmp_path, "alone", ACCURACY)))
    assert (alone.name, alone.up) == ("accuracy", True)
    downwards = EASY.replace('"maximize"', '"minimize"').replace("threshold = 0.85\n", "")
    (size,) = comparisons((first, _other(tmp_path, "down", downwards)))
    assert (size.name, size.up, size.log) == ("nonzero_weights", False, True)
    assert comparisons((first, _other(tmp_path, "other", OTHER))) == ()


def _other(home: Path, name: str, text: str) -> Snapshot:
    return read_once(make_study(home, name, 30, text=text), lambda: NOW)


def test_a_curve_ends_at_the_best_and_what_was_spent(tmp_path: Path) -> None:
    both = snapshots(pair(tmp_path))
    for snapshot, course in zip(both, comparisons(both)[0].courses, strict=True):
        best = best_so_far(snapshot.frame, snapshot.spec, snapshot.spec.objectives[0])[1]
        assert course.y.tolist() == best.tolist()
        assert (np.diff(course.x) > 0).all()
        ended = ~np.isnan(snapshot.frame.ended)
        assert course.spent == pytest.approx(snapshot.frame.charged[ended].sum())


def test_the_hypervolume_is_of_one_box_for_both(tmp_path: Path) -> None:
    folders = pair(tmp_path)
    both = snapshots(folders)
    alike = comparisons([both[0], both[0]])[-1]
    assert alike.courses[0].y.tolist() == alike.courses[1].y.tolist()
    # The best of each study is seen by one: together they leave room above each.
    apart = [comparisons([s, s])[-1].courses[0].y[-1] for s in both]
    together = [course.y[-1] for course in comparisons(both)[-1].courses]
    assert all(a <= b + 1e-12 for a, b in zip(together, apart, strict=True))
    assert comparisons(both)[-1].note == "reference accuracy 0.85, nonzero_weights 90k"


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_curves_stand_over_the_table(tmp_path: Path, size: tuple[int, int]) -> None:
    folders = pair(tmp_path)
    app = make_app(None, tmp_path / ".hpo")
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, folders)
        chart, table = screen.query_one(ComparisonChart), screen.query_one(LineTable)
        assert chart.size.height == size[1] // 3
        assert table.size.height == size[1] - 2 - size[1] // 3
        assert table.has_focus
        head = lines(pilot)[1]
        assert head.startswith("accuracy ↑")
        assert "first" in head
        assert "second" in head
        for name in ("nonzero_weights ↓", "hypervolume ↑", "accuracy ↑"):
            await pilot.press("m")
            await pilot.pause()
            assert lines(pilot)[1].startswith(name)
        seen = []
        for _ in range(3):
            await pilot.press("z")
            await pilot.pause()
            seen.append((chart.display, table.display))
        assert seen == [(True, False), (False, True), (True, True)]


async def test_in_a_low_window_the_table_comes_first(tmp_path: Path) -> None:
    folders = pair(tmp_path)
    app = make_app(None, tmp_path / ".hpo")
    async with app.run_test(size=(80, 16)) as pilot:
        screen = await opened(pilot, folders)
        chart, table = screen.query_one(ComparisonChart), screen.query_one(LineTable)
        assert (chart.display, table.display) == (False, True)
        await pilot.press("m")
        await pilot.pause()
        assert (chart.display, table.display) == (True, False)
        assert lines(pilot)[1].startswith("nonzero_weights")
        await pilot.press("z")
        await pilot.pause()
        assert (chart.display, table.display) == (False, True)


async def test_without_a_shared_objective_a_line_says_so(tmp_path: Path) -> None:
    folders = pair(tmp_path, OTHER)
    app = make_app(None, tmp_path / ".hpo")
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await opened(pilot, folders)
        assert NOTHING_SHARED in " ".join(lines(pilot))
        assert screen.query_one(LineTable).display
        await pilot.press("m")
        assert [n.message for n in app._notifications] == [NOTHING_SHARED]


async def test_studies_without_results_are_said_to_have_none(tmp_path: Path) -> None:
    empty = make_study(tmp_path, "empty", 0, text=EASY)
    app = make_app(None, tmp_path / ".hpo")
    async with app.run_test(size=(100, 30)) as pilot:
        await opened(pilot, (empty, empty))
        assert "No full trial of either study" in " ".join(lines(pilot))
        app.pop_screen()
        await opened(pilot, (empty, make_study(tmp_path, "first", 120, text=EASY)))
        assert "empty no result" in lines(pilot)[1]
        assert "first 0.96" in lines(pilot)[1]


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_two_lines_are_told_apart_without_colour(tmp_path: Path, ascii_only: bool) -> None:
    folders = pair(tmp_path)
    app = make_app(None, tmp_path / ".hpo", ascii_only=ascii_only, colours=False)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, folders)
        for _ in range(3):
            drawn = lines(pilot)[1:14]
            first, second = ("=O=", ".o.") if ascii_only else ("─●─", "∙○∙")
            assert first in drawn[0]
            assert second in drawn[0]
            body = "".join(drawn[1:])
            assert first[1] in body
            assert second[1] in body
            assert second[0] in body
            assert not ascii_only or "\n".join(lines(pilot)).isascii()
            await pilot.press("m")
            await pilot.pause()


async def test_a_study_that_runs_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpo_tui.tui.screens.following.LOOK_SECONDS", 0.02)
    folders = pair(tmp_path)
    app = make_app(None, tmp_path / ".hpo")
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, folders)
        await pilot.press("m")
        assert "0.9999" not in " ".join(lines(pilot))
        writer = StudyWriter(folders[1].db)
        running = int(read_once(folders[1]).frame.number[-1])
        writer.update_trial(
            running, state=TrialState.COMPLETE, task="60 epochs", ended=NOW, exit_code=0,
            metrics={"accuracy": 0.9999, "nonzero_weights": 100.0},
        )  # fmt: skip
        writer.close()
        await until(pilot, lambda: "second 100" in lines(pilot)[1])
        assert screen.query_one(LineTable).has_focus


async def test_a_study_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    first, second = pair(tmp_path)
    second.db.unlink()
    app = make_app(None, tmp_path / ".hpo")
    async with app.run_test(size=(100, 30)) as pilot:
        app.compare_studies(first, second)
        # The sentence is wrapped where the path, which is another everywhere, makes it.
        await until(
            pilot, lambda: "has no study.db yet" in " ".join(" ".join(lines(pilot)).split())
        )


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("keys", [(), ("m", "m"), ("z",)])
def test_pictures(
    snap_compare: Any, tmp_path: Path, keys: tuple[str, ...], size: tuple[int, int],
    in_zone: Callable[[str], None],
) -> None:  # fmt: skip
    in_zone("UTC")
    folders = pair(tmp_path)

    async def before(pilot: Pilot[int]) -> None:
        await opened(pilot, folders)
        for key in keys:
            await pilot.press(key)
        await settled(pilot)

    assert snap_compare(make_app(None, tmp_path / ".hpo"), terminal_size=size, run_before=before)
