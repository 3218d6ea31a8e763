"""Keys that come all at once do what they would do one by one."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.pilot import Pilot
from textual.screen import ModalScreen

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.dialogs import Ask, Confirm
from hpo_tui.tui.screens.trial import TrialScreen
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.best_table import BestTable
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import burst, make_app, make_study, ready, until, watching

Sent = list[tuple[str, dict[str, Any]]]


async def _done(pilot: Pilot[int], *keys: str) -> HpoApp:
    """Give all keys at once and wait until the last has been handled."""
    app = pilot.app
    assert isinstance(app, HpoApp)
    burst(pilot, *keys)
    await pilot.pause(0.01)
    await until(pilot, lambda: app._settling is None and not app._ahead)
    return app


async def test_from_the_list_into_a_study_and_one_of_its_trials(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        study = make_study(tmp_path, name)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: len(app.screen.query_one(LineTable).rows) == 3)
        second = app.screen.query_one(LineTable).rows.key(1)
        await _done(pilot, "j", "enter", "j", "o")
        assert app.live is not None
        assert app.live.folder.name == second
        assert isinstance(app.screen, TrialScreen)
        watch = next(s for s in app.screen_stack if isinstance(s, Watch))
        assert app.screen.number == watch.query_one(BestTable).rows.key(0)


@pytest.mark.usefixtures("runner")
async def test_the_text_of_a_filter_is_no_key(study: StudyFolder, sent: Sent) -> None:
    async with watching(study) as (app, pilot):
        await _done(pilot, "j", "slash", *"lr<0.01 and n", "escape")
        assert not sent
        await _done(pilot, "slash", *"lr<0.01", "enter", "a", "G", "asterisk")
        assert app.live is not None
        assert app.live.view.filter == "lr<0.01"
        assert isinstance(app.screen, Trials)
        await until(pilot, lambda: bool(sent))
        assert sent == [("star", {"trial": app.screen.chosen, "on": True})]


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize(
    ("keys", "wish"),
    [
        (["j", "X", "j", "enter"], ("stop", {"kill": True})),
        (["plus", "5", "enter"], ("extend", {"amount": 5.0})),
        (["j", "t", *"good", "enter"], ("tag", {"tags": ["good"]})),
        (["j", "n", *"rr", "enter"], ("note", {"text": "rr"})),
        (["j", "C", "backspace", "7", "enter"], ("confirm", {"repeats": 7})),
        (["colon", *"extend", "enter", "9", "enter"], ("extend", {"amount": 9.0})),
        (["j", "enter", "asterisk", "escape", "k"], ("star", {"on": True})),
        (["0", "b", "B", "enter", "k"], ("enqueue", {"task": None})),
        (["j", "E", "f2", "enter"], ("enqueue", {"task": "15 epochs"})),
        (["j", "E", "f2", "j", "j", "enter"], ("enqueue", {"task": "60 epochs"})),
    ],
)
async def test_a_dialog_gets_the_keys_that_were_meant_for_it(
    study: StudyFolder, sent: Sent, keys: list[str], wish: tuple[str, dict[str, Any]]
) -> None:
    async with watching(study) as (app, pilot):
        await _done(pilot, *keys)
        await until(pilot, lambda: bool(sent))
        assert isinstance(app.screen, Watch)
        assert [(name, wish[1].items() <= args.items()) for name, args in sent] == [(wish[0], True)]


@pytest.mark.usefixtures("runner")
async def test_a_wish_outlives_its_screen_where_no_thread_is_free_for_it(
    study: StudyFolder, sent: Sent
) -> None:
    app, free = make_app(study), threading.Event()
    async with app.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await _done(pilot, "j", "enter")
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        asyncio.get_running_loop().run_in_executor(None, free.wait)
        await _done(pilot, "asterisk", "escape")
        assert isinstance(app.screen, Watch)
        free.set()
        await until(pilot, lambda: bool(sent))
    assert [name for name, _ in sent] == ["star"]


async def test_what_came_of_a_wish_is_told_where_its_screen_was_left(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hpo_tui.engine import launch

    answer = threading.Event()

    def refuse(*_: object) -> None:
        answer.wait(20)
        raise launch.LaunchError("the disk is full")

    monkeypatch.setattr(launch, "send", refuse)
    async with watching(study) as (app, pilot):
        await _done(pilot, "j", "enter", "asterisk", "escape")
        answer.set()
        await until(pilot, lambda: "the disk is full" in {n.message for n in app._notifications})


async def test_a_dialog_is_closed_before_the_next_opens(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await _done(pilot, "plus", "escape", "0", "b", "N")
        assert isinstance(app.screen, Confirm)
        await _done(pilot, "n", "plus", "escape", "escape")
        assert not isinstance(app.screen, ModalScreen | Ask)
        assert app.live is not None
        assert not app.live.view.brushes


@pytest.mark.parametrize("keys", [["4"], ["escape", "j", "enter", "4"]])
async def test_what_is_typed_while_studies_are_read_waits_for_them(
    study: StudyFolder, keys: list[str]
) -> None:
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        await _done(pilot, *keys)
        assert isinstance(app.screen, Watch)
        assert app.focused is not None
        assert app.focused.id == "importance"
        assert not list(app._notifications)


async def test_leaving_does_not_wait_for_keys_before_it(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        burst(pilot, "j", "j", "a", "q", "j", "j")
        await until(pilot, lambda: app._exit)
    assert app.return_code == 0


@pytest.mark.parametrize("keys", [["colon", "L", "pageup"], ["ctrl+p", "ctrl+p", "pagedown"]])
async def test_the_palette_is_paged_through_before_it_is_laid_out(
    study: StudyFolder, keys: list[str]
) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        await _done(pilot, *keys)
        assert isinstance(app.screen, CommandPalette)
