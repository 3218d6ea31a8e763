"""A light terminal gets the light theme where none was chosen, and its answer becomes no keys."""

import os
import pty
import threading
import tty
from typing import Any

import pytest
from textual import events

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.background import Background, is_light, said_light
from hpo_tui.tui.config import Settings
from hpo_tui.tui.messages import BackgroundKnown
from hpo_tui.tui.terminal import Terminal
from tests.tui.conftest import make_app, ready, until

WHITE = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\"


@pytest.mark.parametrize(
    ("said", "light"),
    [
        ("15;0", False), ("0;15", True), ("0;default;7", True), ("12;8", False), ("", None),
        ("default;default", None), ("0;231", None),
    ],
)  # fmt: skip
def test_what_a_terminal_exports(said: str, light: bool | None) -> None:
    assert said_light({"COLORFGBG": said}) is light
    assert said_light({}) is None


@pytest.mark.parametrize(
    ("answer", "light"),
    [
        ("rgb:0000/0000/0000", False), ("rgb:fdfd/f6f6/e3e3", True), ("rgb:00/2b/36", False),
        ("rgba:ffff/ffff/ffff/ffff", True), ("rgb:f/f/f", True), ("rgb:0000/0000/ffff", False),
        ("?", None), ("", None),
    ],
)  # fmt: skip
def test_what_a_terminal_answers(answer: str, light: bool | None) -> None:
    assert is_light(answer) is light


@pytest.mark.parametrize(
    ("pieces", "typed"),
    [
        ([f"j{WHITE}k"], "jk"),
        (list(WHITE[1:] + "k"), "]11;rgb:ffff/ffff/ffff\x1b\\k"),
        (["\x1b", WHITE[1:] + "k"], "\x1bk"),
        ([WHITE[:9], WHITE[9:-1], WHITE[-1] + "k"], "k"),
        (["j\x1b]11;rgb:ff", "ff/ffff/ffff\x07", "k"], "jk"),
        (["\x1b[A\x1b", "j"], "\x1b[A\x1bj"),
        (["\x1b", "", WHITE[1:] + "k"], "\x1bk"),
        ([f"{WHITE}j", f"k{WHITE}"], "jk"),
    ],
)
def test_the_answer_is_no_keys_however_it_comes(pieces: list[str], typed: str) -> None:
    background = Background()
    assert background.ask()
    assert not background.ask(), "once"
    assert "".join(background.read(piece)[0] for piece in pieces) == typed


def test_who_was_not_asked_answers_nothing() -> None:
    assert Background().read(WHITE) == (WHITE, None)


async def test_the_driver_takes_the_answer_out(study: StudyFolder) -> None:
    person, program = pty.openpty()
    tty.setraw(program)
    app = make_app(study)
    async with app.run_test() as pilot:
        driver = Terminal(app)
        driver.fileno = program
        driver._background.ask()
        found: list[Any] = []
        driver.process_message = found.append  # type: ignore[method-assign]
        driver.send_message = found.append  # type: ignore[method-assign]
        thread = threading.Thread(target=driver.run_input_thread)
        thread.start()
        for packet in ("j\x1b]11;rgb:ffff/ff", "ff/ffff\x07k"):
            os.write(person, packet.encode())
        await until(pilot, lambda: len(found) == 3)
        driver.exit_event.set()
        thread.join()
    os.close(person)
    os.close(program)
    known = [m.light for m in found if isinstance(m, BackgroundKnown)]
    assert (known, [e.key for e in found if isinstance(e, events.Key)]) == ([True], ["j", "k"])


@pytest.mark.parametrize(
    ("settings", "exported", "themes"),
    [
        (Settings(), "", ["hpo-dark", "hpo-light", "hpo-dark"]),
        (Settings(), "0;15", ["hpo-light", "hpo-light", "hpo-dark"]),
        (Settings(dark=True), "0;15", ["hpo-dark"] * 3),
        (Settings(theme="nord"), "", ["nord"] * 3),
    ],
)
async def test_the_theme_follows_unless_one_was_chosen(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, settings: Settings, exported: str,
    themes: list[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("COLORFGBG", exported)
    app = make_app(study, settings=settings)
    async with app.run_test() as pilot:
        await ready(pilot)
        seen = [app.theme]
        for light in (True, False):
            app.post_message(BackgroundKnown(light))
            await pilot.pause()
            seen.append(app.theme)
        assert seen == themes
        app.theme = "gruvbox"
        app.post_message(BackgroundKnown(True))
        await pilot.pause()
        assert app.theme == "gruvbox", "chosen in the meantime"
