"""What a terminal sends is told apart into keys, however it comes in packets."""

import os
import pty
import threading
import tty
from collections.abc import Iterator
from typing import Any

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.terminal import Terminal, separated
from tests.tui.conftest import make_app, until


def _keys(data: str) -> list[str]:
    parser = XTermParser(False)
    return [e.key for e in parser.feed(separated(data)) if isinstance(e, events.Key)]


@pytest.mark.parametrize(
    ("data", "keys"),
    [
        ("\x1bn", ["escape", "n"]),
        ("\x1b\r", ["escape", "enter"]),
        ("5\x1b/lr", ["5", "escape", "slash", "l", "r"]),
        ("\x1b:q", ["escape", "colon", "q"]),
        ("\x1b\x1b[A", ["escape", "up"]),
        ("\x1b\x1bj", ["escape", "escape", "j"]),
        ("\x1b[B\x1bOAx", ["down", "up", "x"]),
        ("\x1b\x7f", ["ctrl+w"]),
        ("\x1bb", ["ctrl+left"]),
    ],
)
def test_escape_before_another_key_is_escape(data: str, keys: list[str]) -> None:
    assert _keys(data) == keys


def test_what_is_pasted_stays_as_it_is() -> None:
    data = "\x1b[200~a\x1bn\x1b[201~"
    assert separated(data) == data


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """A terminal's two ends: where a person types, and where a program reads."""
    person, program = pty.openpty()
    tty.setraw(program)
    yield person, program
    os.close(person)
    os.close(program)


@pytest.mark.parametrize("packets", [[b"\x1bn"], [b"\x1b", b"n"], [b"\x1b[", b"A\x1bn"], [b"\x1b"]])
async def test_escape_is_a_key_from_the_terminal_on(
    study: StudyFolder, line: tuple[int, int], packets: list[bytes]
) -> None:
    app = make_app(study)
    async with app.run_test() as pilot:
        driver = Terminal(app)
        driver.fileno = line[1]
        found: list[Any] = []
        driver.process_message = found.append  # type: ignore[method-assign]
        thread = threading.Thread(target=driver.run_input_thread)
        thread.start()
        for packet in packets:
            os.write(line[0], packet)
        typed = b"".join(packets)
        wanted = ["up"] * (b"[A" in typed) + ["escape"] + ["n"] * (b"n" in typed)
        await until(pilot, lambda: [e.key for e in found if isinstance(e, events.Key)] == wanted)
        driver.exit_event.set()
        thread.join()
