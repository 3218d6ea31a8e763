"""Two trials side by side: their learning curves above what they consist of."""

from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Report
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.actions import action
from hpo_tui.tui.screens.compare_trials import CompareTrials
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.pair_curves import PairCurves
from tests.tui.conftest import make_app, make_study, ready, until


@pytest.fixture
def made(tmp_path: Path) -> StudyFolder:
    return make_study(tmp_path, trials=30, running=1)


async def opened(pilot: Pilot[int], study: StudyFolder, *numbers: int) -> CompareTrials:
    await ready(pilot)
    first, second = numbers
    app = pilot.app
    app.compare_trials(app.live, first, second)  # type: ignore[attr-defined]
    await until(pilot, lambda: isinstance(app.screen, CompareTrials))
    screen = app.screen
    assert isinstance(screen, CompareTrials)
    await until(pilot, lambda: any(len(t.rows) for t in screen.query(LineTable)))
    await until(pilot, lambda: "Reading" not in picture(screen))
    return screen


def picture(screen: CompareTrials) -> str:
    chart = screen.query_one(PairCurves)
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


async def test_without_another_metric_there_is_no_key_for_one(made: StudyFolder) -> None:
    async with make_app(made).run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, made, 2, 3)
        assert not screen.unavailable(action("compare.metric"))
        snapshot = screen._live.snapshot
        assert snapshot is not None
        spec = replace(
            snapshot.spec, objectives=snapshot.spec.objectives[:1], outcome_constraints=()
        )
        frame = replace(snapshot.frame, metrics={"accuracy": snapshot.frame.metrics["accuracy"]})
        screen._live.snapshot = replace(snapshot, spec=spec, frame=frame)
        assert "one metric" in screen.unavailable(action("compare.metric"))


async def test_both_curves_are_there_with_what_they_continue(made: StudyFolder) -> None:
    before, number, other = 1, 2, 3
    writer = StudyWriter(made.db)
    writer.update_trial(number, resumed_from=before)
    more = [Report(n, 800 + s, s, {"accuracy": 0.5}) for n in (before, number) for s in (40, 41)]
    writer.add_reports(more)
    writer.close()
    app = make_app(made)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, made, number, other)
        await until(pilot, lambda: screen.query_one(PairCurves)._read is not None)
        shown = picture(screen)
        assert shown.startswith("accuracy")
        assert f"#{number}" in shown
        assert f"#{other}" in shown
        read = screen.query_one(PairCurves)._read
        assert read is not None
        with StudyReader(made.db) as reader:
            own, earlier = (reader.curves_after({n: -1}, "accuracy")[n] for n in (number, before))
        assert len(read.pair[0][0]) == len(own[1]) + len(earlier[1]) >= 4


async def test_another_metric_is_shown_and_what_nobody_reported_is_said(
    made: StudyFolder,
) -> None:
    app = make_app(made)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, made, 1, 2)
        await pilot.press("m")
        said = "Neither trial has reported nonzero_weights step by step."
        await until(pilot, lambda: said in picture(screen))
        writer = StudyWriter(made.db)
        writer.add_reports(
            [Report(2, 900 + n, n, {"nonzero_weights": 5.0 + n}) for n in (1, 2)], {}
        )
        writer.update_trial(2, metrics={"nonzero_weights": 7.0})
        writer.close()
        await until(pilot, lambda: "#1 no reports" in picture(screen))
        assert "#2 7" in picture(screen)


@pytest.mark.parametrize(
    ("size", "parts"),
    [((120, 40), [(True, True), (True, False), (False, True)]),
     ((60, 16), [(False, True), (True, False), (False, True)])],
)  # fmt: skip
async def test_the_curves_and_the_table_share_the_window(
    made: StudyFolder, size: tuple[int, int], parts: list[tuple[bool, bool]]
) -> None:
    app = make_app(made)
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, made, 1, 2)
        seen = []
        for _ in parts:
            seen.append((screen.query_one("#curves").display, screen.query_one(LineTable).display))
            await pilot.press("z")
        assert seen == parts
        await pilot.press("m")  # asks for a curve: it is shown
        await until(pilot, lambda: screen.query_one("#curves").display)
