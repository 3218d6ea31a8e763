"""What earlier studies are worth, below what the cheap tasks are worth."""

import math
from collections.abc import Callable
from dataclasses import replace

from hpo_tui.engine.learning import Holds
from hpo_tui.store.frame import Frame
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.widgets.tasks import Tasks
from tests.tui.charts.showing import shown, text

LEARNED = (
    Holds("monday", "acc", 25, 0.82, 0.6, 0.92, 23, "monday predicts acc"),
    Holds("monday", "size", 25, -0.5, -0.8, -0.1, 23, "monday is the other way round for size"),
    Holds("sunday", "acc", 0, math.nan, -1.0, 1.0, 0, "no result of sunday has a place here"),
)


async def test_each_study_and_metric_has_its_correlation(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    snapshot = replace(snapshot_of(make_frame(30)), learned=LEARNED)
    async with shown(Tasks(), snapshot, size=(100, 30)) as (pilot, _):
        lines = [line.strip() for line in text(pilot)]
    head = lines.index("monday   learned from: 25 results")
    assert lines[head + 1].startswith("acc")
    assert lines[head + 1].endswith("+0.82 (0.60 to 0.92)  23 pairs")
    assert lines[head + 2] == "monday predicts acc"
    assert "-0.50 (-0.80 to -0.10)" in lines[head + 3]
    assert lines[lines.index("sunday   learned from: 0 results") + 1] == LEARNED[-1].advice
    assert not any("nan" in line for line in lines)


async def test_a_study_of_one_task_shows_them_alone(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    snapshot = snapshot_of(make_frame(30))
    spec = replace(snapshot.spec, tasks=snapshot.spec.tasks_by_cost[-1:])
    alone = replace(snapshot, spec=spec, learned=LEARNED)
    async with shown(Tasks(), alone, size=(40, 12)) as (pilot, _):
        lines = [line.strip() for line in text(pilot)]
    assert lines[0].startswith("monday")
    assert "monday predicts acc" in lines


async def test_a_long_name_of_any_letters_leaves_room_for_the_count_and_stays_ascii(
    make_frame: Callable[..., Frame], snapshot_of: Callable[..., Snapshot]
) -> None:
    name = "../päth/日本/.hpo/a-long-name-that-goes-on-over-the-line"
    held = Holds(name, "acc", 25, 0.8, 0.6, 0.9, 23, f"{name} predicts acc")
    snapshot = replace(snapshot_of(make_frame(30)), learned=(held,))
    async with shown(Tasks(), snapshot, size=(60, 24), ascii_only=True) as (pilot, _):
        lines = [line.rstrip() for line in text(pilot)]
    (head,) = [line for line in lines if "learned from: 25 results" in line]
    assert head.startswith("../p?th/????/.hpo/a-long")
    assert all(line.isascii() for line in lines)
