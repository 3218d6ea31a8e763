"""A frozen picture stands still, whatever is done on it."""

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.best_table import BestTable
from tests.tui.conftest import make_app, ready, until


async def test_moving_and_filtering_on_a_frozen_picture_draw_it_and_nothing_newer(
    study: StudyFolder,
) -> None:
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        watch, live = app.screen, app.live
        assert isinstance(watch, Watch)
        assert live is not None
        held = live.snapshot
        assert held is not None
        table, parallel = watch.query_one(BestTable), watch._panes["parallel"]
        await pilot.press("space")
        writer = StudyWriter(study.db)
        best = {"accuracy": 0.999, "nonzero_weights": 900.0}
        writer.update_trial(
            60, state=TrialState.COMPLETE, task="60 epochs", metrics=best, ended=1.0
        )
        writer.close()
        await until(pilot, lambda: live.snapshot is not held)
        await pilot.press("j")
        await until(pilot, lambda: parallel.view.selected == table.current is not None)
        assert parallel.snapshot is held
        assert table.rows.find(60) is None
        live.set_filter("accuracy > 0.9")
        watch.view_changed()
        await until(pilot, lambda: parallel.view.filter == "accuracy > 0.9")
        wanted = held.frame.metrics["accuracy"] > 0.9
        assert (parallel.view.mask == wanted).all()
        lines = "\n".join(line.text for line in watch._compositor.render_strips())
        assert f"{int(wanted.sum())} of 60 trials shown" in lines
        assert "2 running" in lines
        await pilot.press("space")
        await until(pilot, lambda: table.rows.find(60) is not None)
        assert parallel.view is live.view
