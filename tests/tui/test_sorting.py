"""All trials are sorted by a column of one's choice in two keys, a metric with the best first."""

import math
from pathlib import Path

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.screens.dialogs import PickOne
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import make_app, make_study, ready, until


@pytest.mark.parametrize(("metric", "steps"), [("accuracy", 0), ("nonzero_weights", 1)])
async def test_a_metric_is_two_keys_away(study: StudyFolder, metric: str, steps: int) -> None:
    app = make_app(study)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        screen = app.screen
        table = screen.query_one(LineTable)
        await until(pilot, lambda: len(table.rows) == 60)
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, PickOne))
        await until(pilot, lambda: bool(app.screen.query(LineTable)))
        await pilot.press(*["j"] * steps, "enter")
        await until(pilot, lambda: app.screen is screen)
        await until(pilot, lambda: table.sort_by == f"m:{metric}")
        await pilot.pause()
        assert app.live is not None
        assert app.live.snapshot is not None
        frame = app.live.snapshot.frame
        rows = [frame.index(int(str(table.rows.key(i)))) for i in range(60)]
        values = [float(frame.metrics[metric][row]) for row in rows if row is not None]
        known = [v for v in values if not math.isnan(v)]
        assert known == sorted(known, reverse=metric == "accuracy")
        await until(pilot, lambda: table.cursor == 0)
        assert app.live.view.selected == table.current
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, PickOne))
        await until(pilot, lambda: bool(app.screen.query(LineTable)))
        await until(pilot, lambda: app.screen.query_one(LineTable).current == f"m:{metric}")


async def test_a_study_without_trials_is_not_blamed_on_the_filter(tmp_path: Path) -> None:
    app = make_app(make_study(tmp_path, trials=0, running=0))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        table = app.screen.query_one(LineTable)
        await until(pilot, lambda: table.empty == "No trial has been started yet.")
