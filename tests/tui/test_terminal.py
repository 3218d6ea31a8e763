"""What a terminal sends is told apart into keys, however it comes in packets."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual._xterm_parser import XTermParser

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.pastes import Pastes, separated
from hpo_tui.tui.terminal import Terminal
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


@pytest.mark.parametrize(
    ("packets", "found"),
    [
        (["\x1b[200~a\nb\tc\x1b[201~"], ["a\nb\tc"]),
        # A coloured line of a log, a bell: no letter of it may become a key.
        (["\x1b[200~\x1b[31mred\x1b[0m X\x07 y\x1b[201~q"], ["red X y", "q"]),
        (["\x1b[200~a\x1b", "b" * 40, "\x1b[201~n"], ["a" + "b" * 39, "n"]),
        (["j\x1b[200~x", "y\x1b", "[201~\x1b[200~z\x1b[201~k"], ["j", "xy", "z", "k"]),
        (["\x1b[200~q\x1b[20", "1~\x1bq"], ["q", "escape", "q"]),
    ],
)
def test_a_paste_is_text_alone_whatever_is_in_it(packets: list[str], found: list[str]) -> None:
    parser, pastes = XTermParser(False), Pastes()
    read = filter(None, map(pastes.read, packets))
    came = [e for typed in read for e in parser.feed(typed)]
    assert [e.text if isinstance(e, events.Paste) else e.key for e in came] == found


def test_what_is_too_much_to_be_typed_at_once_is_a_paste_though_it_is_not_marked() -> None:
    now = 100.0
    parser, pastes = XTermParser(False), Pastes(lambda: now)
    text = "X\rpython train.py --lr 0.01 # \x1b[31mstops nothing\x1b[0m\r" * 3

    def came(data: str) -> list[str]:
        found = parser.feed(read) if (read := pastes.read(data)) else ()
        keys = (e for e in found if isinstance(e, events.Key | events.Paste))
        return [e.text if isinstance(e, events.Paste) else e.key for e in keys]

    assert came(text) == ["X\rpython train.py --lr 0.01 # stops nothing\r" * 3]
    assert came("X\r") == ["X\r"], "the rest of it came in another packet"
    now += 1
    assert came("X\r") == ["X", "enter"]
    assert came("j" * 300) == ["j"] * 300
    assert came("\x1b[B\x1b[<35;10;20M" * 40).count("down") == 40
    typed = "/accuracy > 0.95 and lr < 0.01\r"
    assert len(came(typed)) == len(typed)


@pytest.fixture
def line() -> Iterator[tuple[int, int]]:
    """A terminal's two ends: where a person types, and where a program reads."""
    person, program = pty.openpty()
    tty.setraw(program)
    yield person, program
    os.close(person)
    os.close(program)


@pytest.mark.parametrize(
    ("packets", "wanted"),
    [
        ([b"\x1bn"], ["escape", "n"]),
        ([b"\x1b", b"n"], ["escape", "n"]),
        ([b"\x1b[", b"A\x1bn"], ["up", "escape", "n"]),
        ([b"\x1b"], ["escape"]),
        ([b"\x1b[200~X", b"\x1b[31mX\x1b[201", b"~n"], ["n"]),
        ([b"\xe4n", b"j"], ["replacement_character", "n", "j"]),
    ],
)
async def test_what_a_terminal_sends_becomes_keys(
    study: StudyFolder, line: tuple[int, int], packets: list[bytes], wanted: list[str]
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
        await until(pilot, lambda: [e.key for e in found if isinstance(e, events.Key)] == wanted)
        driver.exit_event.set()
        thread.join()


def test_the_screen_is_drawn_in_the_window_wherever_errors_go_and_whatever_was_exported(
    study: StudyFolder, tmp_path: Path
) -> None:
    person, program = pty.openpty()
    termios.tcsetwinsize(program, (30, 90))
    with (tmp_path / "errors.log").open("wb") as errors:
        screens = subprocess.Popen(
            [sys.executable, "-m", "hpo_tui", str(study.path)],
            stdin=program, stdout=program, stderr=errors, start_new_session=True,
            env=os.environ | {"TERM": "xterm", "COLUMNS": "200", "LINES": "60"},
        )  # fmt: skip
    os.close(program)
    try:
        seen = b""
        while b"quit" not in seen:
            assert select.select([person], [], [], 30)[0], "nothing is drawn in the window"
            seen += os.read(person, 65536)
        rows = [int(row) for row in re.findall(rb"\x1b\[(\d+);\d+H", seen)]
        assert max(rows) == 30
    finally:
        screens.kill()
        screens.wait()
        os.close(person)
    assert (tmp_path / "errors.log").read_bytes() == b""


def test_a_terminal_that_is_no_more_ends_the_screens(study: StudyFolder) -> None:
    person, program = pty.openpty()
    # No terminal of a session of its own: nobody is sent SIGHUP, as below a `make` that waits.
    screens = subprocess.Popen(
        [sys.executable, "-m", "hpo_tui", str(study.path)],
        stdin=program, stdout=program, stderr=program, env=os.environ | {"TERM": "xterm"},
    )  # fmt: skip
    os.close(program)
    try:
        seen = b""
        while b"parallel" not in seen:
            seen += os.read(person, 65536)
        os.close(person)
        assert screens.wait(timeout=60) == 128 + signal.SIGHUP
    finally:
        screens.kill()
        screens.wait()


def test_who_is_told_to_end_gives_the_terminal_back(study: StudyFolder) -> None:
    person, program = pty.openpty()
    before = termios.tcgetattr(program)
    title = f"\x1b]2;{study.name} ".encode()
    screens = subprocess.Popen(
        [sys.executable, "-m", "hpo_tui", str(study.path)],
        stdin=program, stdout=program, stderr=program, env=os.environ | {"TERM": "xterm"},
    )  # fmt: skip
    try:
        seen = b""
        while b"parallel" not in seen or title not in seen:
            seen += os.read(person, 65536)
        assert seen.index(b"\x1b[22;2t") < seen.index(b"\x1b]2;hpo-tui\x07")
        screens.terminate()
        while b"\x1b[?1049l" not in seen:
            assert select.select([person], [], [], 30)[0], "the screen is not left"
            seen += os.read(person, 65536)
        assert seen.index(b"\x1b[23;2t") > seen.rindex(b"\x1b]2;")
        assert screens.wait(timeout=60) == 128 + signal.SIGTERM
        assert termios.tcgetattr(program) == before
    finally:
        screens.kill()
        screens.wait()
        os.close(program)
        os.close(person)
