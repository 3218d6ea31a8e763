"""With --ascii nothing but 7-bit characters is drawn or printed."""

import pytest
from textual.widgets import Input

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.opening import print_once
from tests.tui.conftest import settled, until, watching


async def test_the_palette_is_drawn_in_ascii(study: StudyFolder) -> None:
    async with watching(study, ascii_only=True) as (app, pilot):
        await pilot.press("colon")
        for typed in ("", "pro", "nosuchcommand"):
            await pilot.press(*typed)
            await until(pilot, lambda: app.screen.has_class("-ready"))
            await settled(pilot)
            text = "\n".join(line.text for line in app.screen._compositor.render_strips())
            assert {c for c in text if not c.isascii()} == set(), typed


async def test_names_logs_and_messages_are_drawn_in_ascii_in_their_places(
    study: StudyFolder,
) -> None:
    study.trial(60).log.write_text("▏███ 50 % │ 学習 e\u0301 |\n" + "…" * 200)
    async with watching(study, ascii_only=True, notifications=True) as (app, pilot):
        assert app.live is not None
        app.live.select(60)
        await pilot.press("6")

        def drawn() -> str:
            strips = app.screen._compositor.render_strips()
            assert {strip.cell_length for strip in strips} == {120}
            return "\n".join(strip.text for strip in strips)

        await until(pilot, lambda: "|### 50 % | ???? e |" in drawn())
        app.notify("学 → é", markup=False)
        await until(pilot, lambda: "?? > ?" in drawn())
        await pilot.press("slash")
        app.screen.query_one(Input).value = "né▴"
        await until(pilot, lambda: "n?^" in drawn())
        assert drawn().isascii()


def test_a_study_in_words_is_printed_in_ascii(
    study: StudyFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    writer = StudyWriter(study.db)
    writer.update_study(state=StudyState.FINISHED)
    writer.close()
    print_once(study, ascii_only=True)
    text = capsys.readouterr().out
    assert "finished" in text
    assert text.isascii()
