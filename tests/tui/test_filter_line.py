"""The filter line takes whole conditions alone."""

from textual.widgets import Input, Static

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.widgets.filter_bar import FilterBar
from tests.tui.conftest import make_app, ready, until


async def test_half_a_condition_is_refused_and_leaves_the_filter(study: StudyFolder) -> None:
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        assert app.live is not None
        app.live.set_filter("accuracy > 0.5")
        await pilot.press("slash")
        await until(pilot, lambda: bool(app.screen.query(FilterBar)))
        bar = app.screen.query_one(FilterBar)
        await until(pilot, lambda: bar.display and bar.query_one(Input).has_focus)
        for half in ("lr <", "lr"):
            bar.query_one(Input).value = half
            await pilot.pause()
            await pilot.press("enter")
            assert bar.display, half
            assert bar.has_class("-fault"), half
            assert app.live.view.filter == "accuracy > 0.5", half
        assert "half a condition" in str(bar.query_one(Static).render())
        await pilot.press("escape")
        await until(pilot, lambda: not bar.display)
        assert app.live.view.filter == "accuracy > 0.5"
        await pilot.press("slash")
        await until(pilot, lambda: bar.display)
        bar.query_one(Input).value = "starred or lr < 0.01"
        await pilot.pause()
        await pilot.press("enter")
        assert not bar.display
        assert app.live.view.filter == "starred or lr < 0.01"
