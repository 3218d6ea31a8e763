"""A study that paused itself says why, wherever it is looked at."""

from pathlib import Path

import pytest
from textual.widget import Widget

from hpo_tui.engine.execution.breaker import Breaker, Failure
from hpo_tui.store.models import StudyState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.widgets.chrome import StudyHeader
from tests.tui.conftest import make_app, make_study, ready, until


def lines(widget: Widget) -> str:
    return " ".join(widget.render_line(y).text.strip() for y in range(widget.size.height))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_reason_of_a_pause_stays_in_sight(
    tmp_path: Path, size: tuple[int, int], runner: None
) -> None:
    breaker = Breaker(1)
    assert breaker.failed(Failure(5, "crash", 1, {"lr": 0.5}, ["Traceback", "KeyError: 'x'"]))
    study = make_study(tmp_path, trials=0, running=0)
    writer = StudyWriter(study.db)
    writer.update_study(state=StudyState.PAUSED, reason=breaker.message())
    writer.close()
    app = make_app(study)
    async with app.run_test(size=size) as pilot:
        await ready(pilot)
        header = app.screen.query_one(StudyHeader)
        assert "‖ paused  a trial failed (crash, exit code 1)" in header.render_line(0).text
        best = app.screen.query_one("#best_table")
        await until(pilot, lambda: "Paused" in lines(best))
        for words in ("p resumes it", "trial 5", "lr = 0.5", "KeyError"):
            assert words in lines(best), words
        writer = StudyWriter(study.db)
        writer.update_study(state=StudyState.RUNNING, reason="")
        writer.close()
        await until(pilot, lambda: "preparing its first" in lines(best))
        assert "failed" not in header.render_line(0).text


async def test_leaving_says_that_a_paused_study_stays_so(tmp_path: Path, runner: None) -> None:
    study = make_study(tmp_path, trials=3, running=0)
    writer = StudyWriter(study.db)
    writer.update_study(state=StudyState.PAUSED, reason="paused by you")
    writer.close()
    app = make_app(study)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("q")
    assert "The study stays paused" in app.farewell
