"""The key that says in words what came of a study."""

from pathlib import Path

from hpo_tui.store.models import StudyState
from hpo_tui.tui.screens.text_window import TextWindow
from tests.tui.conftest import make_study, until, watching


async def test_the_review_is_shown_and_copied(tmp_path: Path) -> None:
    study = make_study(tmp_path, running=0, state=StudyState.FINISHED)
    async with watching(study, study.path.parent) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, TextWindow))
        text = app.screen._text  # type: ignore[attr-defined]  # what is drawn
        assert text.startswith("what happened\n")
        assert "\nwhat next\n" in text
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == text)
