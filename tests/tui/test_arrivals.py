"""What is drawn by itself waits while the terminal has not read what was drawn before."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.arrivals import (
    FIRST_SECONDS,
    HELD_SECONDS,
    LOST_SECONDS,
    PATIENCE,
    QUESTION,
    ROOM,
    Arrivals,
)

ANSWER = "\x1b[0n"


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def _asked() -> tuple[Arrivals, _Clock]:
    """Something that was written and asked for, of a terminal that answers."""
    clock = _Clock()
    arrivals = Arrivals(clock)
    for _ in range(2):
        arrivals.read(ANSWER)
        arrivals.wrote(1)
        assert arrivals.ask()
    return arrivals, clock


def test_what_is_on_its_way_for_a_while_is_late_until_the_terminal_answers() -> None:
    arrivals, clock = _asked()
    assert not arrivals.late
    clock.now += PATIENCE + 0.1
    assert arrivals.late
    assert arrivals.read(f"j{ANSWER}k") == ("jk", True)
    assert not arrivals.late


def test_there_is_one_question_at_a_time_and_none_for_nothing() -> None:
    arrivals, _ = _asked()
    arrivals.wrote(1)
    assert not arrivals.ask()
    arrivals.read(ANSWER)
    assert arrivals.ask()
    arrivals.read(ANSWER)
    assert not arrivals.ask()


def test_a_terminal_that_never_answers_holds_nothing_up() -> None:
    clock = _Clock()
    arrivals = Arrivals(clock)
    arrivals.wrote(1)
    assert arrivals.ask()
    clock.now += 5
    assert not arrivals.late
    began = time.monotonic()
    arrivals.wait(FIRST_SECONDS + 60)  # the time in which it could have is over
    assert time.monotonic() - began < 30


def test_one_that_does_not_answer_any_more_is_asked_again_and_not_waited_for() -> None:
    arrivals, clock = _asked()
    clock.now += LOST_SECONDS + 1
    assert not arrivals.late
    arrivals.wrote(1)
    assert arrivals.ask()


def test_a_line_is_full_while_much_is_on_its_way_but_not_for_long() -> None:
    arrivals, clock = _asked()
    assert not arrivals.full
    arrivals.wrote(ROOM)
    assert arrivals.full
    clock.now += HELD_SECONDS + 0.1  # perhaps nobody is there who answers
    assert not arrivals.full
    arrivals.wrote(1)
    assert arrivals.full
    arrivals.read(ANSWER)
    assert not arrivals.full
    assert arrivals.ask()
    assert arrivals.full


def test_more_may_be_on_its_way_to_a_terminal_that_is_far_than_on_a_slow_line() -> None:
    def after(size: int, seconds: float) -> None:
        clock.now += seconds
        arrivals.read(ANSWER)
        arrivals.wrote(size)
        assert arrivals.ask()

    arrivals, clock = _asked()
    after(ROOM, 0.0)
    after(ROOM + 1, 0.15)  # in one round trip
    assert not arrivals.full
    after(10, 0.15)
    after(ROOM + 1, 2.0)  # ten bytes tell nothing
    assert not arrivals.full
    after(ROOM + 1, 1.0)
    assert arrivals.full, "the line has become slow"
    after(100 * ROOM, 0.001)
    assert arrivals.full, "however fast it was"


@pytest.mark.parametrize(
    ("packets", "typed"),
    [
        (["\x1b[0", "n"], ["", ""]),
        (["j\x1b[", "0nk"], ["j", "k"]),
        (["\x1b", "[0nj"], ["\x1b", "j"]),  # Esc was pressed for nothing, but no n
        (["\x1b[A", ANSWER], ["\x1b[A", ""]),
        (["\x1b[", "B"], ["", "\x1b[B"]),
        ([ANSWER, f"j{ANSWER}k"], ["", "jk"]),  # answered twice
        (["\x1b", "", "[0nj"], ["\x1b", "", "j"]),
    ],
)
def test_no_part_of_an_answer_is_a_key(packets: Iterable[str], typed: list[str]) -> None:
    arrivals, _ = _asked()
    assert [arrivals.read(packet)[0] for packet in packets] == typed


def test_what_was_asked_before_a_night_is_answered_after_it_and_is_no_keys() -> None:
    arrivals, clock = _asked()
    for _ in range(3):
        clock.now += LOST_SECONDS + 1
        arrivals.wrote(1)
        assert arrivals.ask()
    packets = [ANSWER, "\x1b[", "0nj", ANSWER, "k", "\x1b[", ANSWER[2:], "\x1b["]
    typed = ["", "", "j", "", "k", "", "", "\x1b["]
    assert [arrivals.read(packet)[0] for packet in packets] == typed


def test_back_from_the_shell_no_answer_is_waited_for_that_the_shell_has_read() -> None:
    arrivals, _ = _asked()
    arrivals.read("\x1b[")
    arrivals.wrote(ROOM)
    arrivals.forget()
    assert arrivals.ask()
    arrivals.wrote(1)
    assert arrivals.read("j") == ("j", False)
    assert arrivals.read(ANSWER) == ("", True)


class _Window:
    """The study on a terminal that answers only when it is told to."""

    def __init__(self, study: StudyFolder, config: Path) -> None:
        self.person, program = pty.openpty()
        termios.tcsetwinsize(program, (30, 100))
        self.seen = b""
        self.screens = subprocess.Popen(
            [sys.executable, "-m", "hpo_tui", str(study.path)],
            stdin=program, stdout=program, stderr=program, start_new_session=True,
            env=os.environ | {"TERM": "xterm", "XDG_CONFIG_HOME": str(config)},
        )  # fmt: skip
        os.close(program)

    def read(self, seconds: float) -> bytes:
        """Take what comes until nothing does for so long."""
        came = b""
        while select.select([self.person], [], [], seconds)[0]:
            came += os.read(self.person, 65536)
        self.seen += came
        return came

    def until(self, found: Callable[[bytes], object]) -> None:
        end = time.monotonic() + 60
        while not found(self.seen):
            assert time.monotonic() < end, self.seen[-500:]
            if select.select([self.person], [], [], 1)[0]:
                self.seen += os.read(self.person, 65536)

    def answer(self) -> None:
        os.write(self.person, ANSWER.encode())

    def close(self) -> None:
        self.screens.kill()
        self.screens.wait()
        os.close(self.person)


def _pause(db: Path, reason: str) -> None:
    writer = StudyWriter(db)
    writer.update_study(state=StudyState.PAUSED, reason=reason)
    writer.close()


def test_news_are_drawn_when_the_terminal_has_read_what_was_drawn_before(
    study: StudyFolder, tmp_path: Path
) -> None:
    settings = tmp_path / "hpo-tui" / "settings.toml"
    settings.parent.mkdir()
    settings.write_text("bell = false\n")  # a notice would be shown at once
    window = _Window(study, tmp_path)
    asked = QUESTION.encode()
    try:
        window.until(lambda seen: seen.count(asked) == 1)
        window.answer()
        window.until(lambda seen: b"parallel" in seen and seen.count(asked) >= 2)
        window.answer()
        while asked in window.read(0.3):
            window.answer()
        told = window.seen.count(asked)
        os.write(window.person, b"j")
        window.until(lambda seen: seen.count(asked) > told)
        # Little is on its way, so that nothing else is held back, and is not answered.
        window.read(PATIENCE + 0.3)
        _pause(study.db, "a full disk")
        window.until(lambda seen: re.search(rb"\x1b\]2;[^\x07]*paused", seen))  # it is known
        window.read(0.5)
        assert b"full disk" not in window.seen
        answered = time.monotonic()
        window.answer()
        window.until(lambda seen: b"full disk" in seen)
        assert time.monotonic() - answered < LOST_SECONDS / 2, "as it never answers again"
    finally:
        window.close()


def test_a_key_that_is_held_down_leaves_no_queue_of_frames(
    study: StudyFolder, tmp_path: Path
) -> None:
    window = _Window(study, tmp_path)
    asked = QUESTION.encode()
    try:
        window.until(lambda seen: seen.count(asked) == 1)
        window.answer()
        window.until(lambda seen: b"parallel" in seen and seen.count(asked) >= 2)
        window.read(0.5)  # all is drawn, and nothing of it answered
        before = len(window.seen)
        for _ in range(30):
            os.write(window.person, b"z")  # each is most of the screen
            window.read(0.05)
        assert len(window.seen) - before < 10 * ROOM
        os.write(window.person, b"?")
        window.answer()
        window.until(lambda seen: b"closes" in seen[before:])  # in the help alone
    finally:
        window.close()
