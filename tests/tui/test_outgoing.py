"""A line that stands still holds up nothing: neither what is drawn nor who wants to leave."""

import os
import pty
import select
import signal
import subprocess
import sys
import termios
import threading
import tty
from collections.abc import Iterator

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.outgoing import Outgoing


@pytest.fixture
def line() -> Iterator[tuple[int, Outgoing]]:
    """Where a person would read, and what writes there."""
    person, program = pty.openpty()
    tty.setraw(program)
    with os.fdopen(program, "w") as file:
        outgoing = Outgoing(file)
        outgoing.start()
        yield person, outgoing
    os.close(person)


def _read(person: int, end: bytes) -> bytes:
    seen = b""
    while not seen.endswith(end):
        assert select.select([person], [], [], 30)[0], f"{end!r} does not come"
        seen += os.read(person, 65536)
    return seen


def test_all_comes_in_its_order(line: tuple[int, Outgoing]) -> None:
    person, outgoing = line
    wanted = "".join(f"{i:06d}é" for i in range(50_000))
    seen: list[bytes] = []
    reader = threading.Thread(target=lambda: seen.append(_read(person, b"end")))
    reader.start()
    for i in range(0, len(wanted), 7000):
        outgoing.write(wanted[i : i + 7000])
    outgoing.begin_last_words()
    outgoing.write("end")
    outgoing.finish(60)
    reader.join()
    assert seen[0].decode() == wanted + "end"
    assert not outgoing.is_alive()


def test_nobody_waits_for_a_line_that_stands_still_and_the_last_words_come_nonetheless(
    line: tuple[int, Outgoing],
) -> None:
    person, outgoing = line
    assert not outgoing.behind
    for size in (1_000_000, *[10_000] * 100):
        outgoing.write("x" * size)  # more than a terminal takes
    assert outgoing.behind
    outgoing.begin_last_words()
    outgoing.write("end")
    outgoing.finish(0.1)
    assert not outgoing.is_alive()
    assert len(_read(person, b"end")) < 500_000


def test_a_terminal_that_is_no_more_ends_nothing_by_an_error() -> None:
    person, program = pty.openpty()
    with os.fdopen(program, "w") as file:
        outgoing = Outgoing(file)
        outgoing.start()
        os.close(person)
        outgoing.write("x")
        outgoing.finish(30)
        assert not outgoing.is_alive()


def test_who_is_told_to_end_on_a_line_that_stands_still_ends(study: StudyFolder) -> None:
    person, program = pty.openpty()
    before = termios.tcgetattr(program)
    screens = subprocess.Popen(
        [sys.executable, "-m", "hpo_tui", str(study.path)],
        stdin=program, stdout=program, stderr=program, env=os.environ | {"TERM": "xterm-256color"},
    )  # fmt: skip
    try:
        seen = b""
        while b"parallel" not in seen:
            seen += os.read(person, 65536)
        termios.tcflow(program, termios.TCOOFF)  # from here on it takes nothing
        screens.send_signal(signal.SIGTERM)
        assert screens.wait(timeout=30) == 128 + signal.SIGTERM
        assert termios.tcgetattr(program) == before
    finally:
        termios.tcflow(program, termios.TCOON)
        screens.kill()
        screens.wait()
        os.close(program)
        os.close(person)
