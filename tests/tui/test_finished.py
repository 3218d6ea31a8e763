"""A finished study: whether a runner would have anything to do is known without reading files."""

import threading
from pathlib import Path

import pytest
from textual.pilot import Pilot

from hpo_tui.store.models import StudyState
from hpo_tui.tui.actions import action
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.screens.studies import Studies
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import TEXT, make_app, make_study, ready, until

BY_HAND = TEXT.replace("budget = 400", "budget = 500")


async def _shown(app: HpoApp, pilot: Pilot[int], *, listed: bool) -> None:
    if listed:
        await until(
            pilot,
            lambda: (
                isinstance(app.screen, Studies) and len(app.screen.query_one(LineTable).rows) == 1
            ),
        )
    else:
        await ready(pilot)


@pytest.mark.parametrize("listed", [False, True])
async def test_an_edit_by_hand_lets_it_start_and_the_key_bar_reads_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    study = make_study(tmp_path, running=0, state=StudyState.FINISHED)
    app = make_app(None if listed else study, study.path.parent)
    read, here = [], threading.get_ident()
    whole = Path.read_text

    def noted(path: Path, *args: str) -> str:
        read.append((path, threading.get_ident()))
        return whole(path, *args)

    async with app.run_test(size=(120, 40)) as pilot:
        await _shown(app, pilot, listed=listed)
        screen = app.screen
        assert isinstance(screen, Room)
        start = action("studies.restart" if listed else "study.start")
        assert "finished" in screen.unavailable(start)
        monkeypatch.setattr(Path, "read_text", noted)
        screen.query_one(KeyBar).renew()
        screen.unavailable(start)
        study.file.write_text(BY_HAND)
        await until(pilot, lambda: not screen.unavailable(start))
    assert study.file in [path for path, _ in read]
    assert [path for path, thread in read if thread == here] == []


@pytest.mark.parametrize("over", [True, False])
async def test_of_a_finished_study_the_key_bar_names_the_review(tmp_path: Path, over: bool) -> None:
    state = StudyState.FINISHED if over else StudyState.RUNNING
    app = make_app(make_study(tmp_path, running=0, state=state))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        bar = app.screen.query_one(KeyBar)
        await until(pilot, lambda: "all trials" in bar.render_line(0).text)
        assert ("w review" in bar.render_line(0).text) is over
        assert "? help" in bar.render_line(0).text
