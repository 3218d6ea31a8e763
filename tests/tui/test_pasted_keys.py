"""A short text that is pasted unmarked is taken for keys: none of them stops or starts anything."""

import os
import pty
import threading
import tty
from typing import Any

import pytest
from textual import events
from textual._xterm_parser import XTermParser
from textual.pilot import Pilot

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.pastes import mark_jumbles, of_a_jumble
from hpo_tui.tui.screens.dialogs import Confirm
from hpo_tui.tui.screens.pickers import PickOne
from hpo_tui.tui.terminal import Terminal
from tests.tui.conftest import make_app, until, watching

Sent = list[tuple[str, dict[str, Any]]]


def keys(text: str) -> list[events.Key]:
    """What comes of a text that a terminal sends at once."""
    found = list(XTermParser(False).feed(text))
    mark_jumbles(found)
    return [e for e in found if isinstance(e, events.Key)]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("proxy", "proxy"),
        ("max epochs\rjx", "max epochs\r"),
        ("jjjjkkkkGx", ""),
        ("j\x1b[B\x1b[Bkoxy", ""),
        ("/lr < 0.01\rxy", "lr < 0.01\r"),
        ("aaaaaaaa\r", ""),
        ("5\x1bzoxy", ""),
    ],
)
def test_many_different_keys_at_once_are_marked(text: str, marked: str) -> None:
    assert "".join(e.character or "" for e in keys(text) if of_a_jumble(e)) == marked


async def at_once(pilot: Pilot[int], text: str) -> None:
    """Give a text as a terminal without marks for pastes does, and wait until it is handled."""
    app = pilot.app
    assert isinstance(app, HpoApp)
    for key in keys(text):
        app.post_message(key)
    await pilot.pause(0.01)
    await until(pilot, lambda: app._settling is None and not app._ahead)


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("text", ["proxy", "p r o x y", "px = y, *"])
async def test_a_pasted_text_kills_and_pauses_nothing(
    study: StudyFolder, sent: Sent, text: str
) -> None:
    async with watching(study) as (app, pilot):
        assert app.live is not None
        assert app.live.snapshot is not None
        running = int(app.live.snapshot.frame.number[-1])
        app.live.select(running)
        await at_once(pilot, text)
        assert not sent
        assert isinstance(app.screen, Confirm)
        await pilot.press("y")
        await until(pilot, lambda: sent == [("kill", {"trial": running})])


@pytest.mark.usefixtures("runner")
async def test_what_was_not_done_is_said(study: StudyFolder, sent: Sent) -> None:
    async with watching(study) as (app, pilot):
        await at_once(pilot, "jk[]p")
        assert not sent
        said = "Not done: pause/resume came amid other keys, as in a paste. Press it alone."
        assert said in [n.message for n in app._notifications]


@pytest.mark.usefixtures("runner")
async def test_a_pasted_line_stops_no_study(study: StudyFolder, sent: Sent) -> None:
    async with watching(study) as (app, pilot):
        await at_once(pilot, "X = 1024\r")
        assert not sent
        assert isinstance(app.screen, PickOne)
        await pilot.press("enter")
        await until(pilot, lambda: [name for name, _ in sent] == ["stop"])


@pytest.mark.usefixtures("runner")
async def test_few_keys_typed_ahead_do_what_they_do(study: StudyFolder, sent: Sent) -> None:
    async with watching(study) as (app, pilot):
        assert app.live is not None
        assert app.live.snapshot is not None
        app.live.select(int(app.live.snapshot.frame.number[-1]))
        await at_once(pilot, "xy")
        await until(pilot, lambda: [name for name, _ in sent] == ["kill"])
        await at_once(pilot, "p")
        await until(pilot, lambda: [name for name, _ in sent] == ["kill", "pause"])


async def test_the_driver_marks_what_comes_in_one_piece(study: StudyFolder) -> None:
    person, program = pty.openpty()
    tty.setraw(program)
    app = make_app(study)
    async with app.run_test() as pilot:
        driver = Terminal(app)
        driver.fileno = program
        found: list[Any] = []
        driver.process_message = found.append  # type: ignore[method-assign]
        thread = threading.Thread(target=driver.run_input_thread)
        thread.start()
        for n, packet in enumerate((b"x", b"y", b"proxy"), start=1):
            os.write(person, packet)
            await until(pilot, lambda n=n: len(found) >= n)  # type: ignore[misc]
        await until(pilot, lambda: len(found) == 7)
        driver.exit_event.set()
        thread.join()
    os.close(person)
    os.close(program)
    assert [of_a_jumble(e) for e in found] == [False] * 2 + [True] * 5
