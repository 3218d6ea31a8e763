"""A trial's output on stdout: as it is into a pipe, with nothing that acts on a terminal."""

import os
import shutil
import sys
import time
from pathlib import Path
from typing import BinaryIO

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.tui.cli.text import note, safe, say
from hpo_tui.tui.words.fmt import size
from hpo_tui.tui.words.plain import fit, log_line, plain, plain_lines

_POLL_SECONDS = 0.2
_CHUNK = 1 << 20
_LONGEST = 8192
"""Bytes kept of a line that has not ended: of a progress bar of one night the last."""
_ENOUGH = 1 << 20
"""Bytes that any number of last lines may have; more where they are more than a few."""


class Output:
    """Output as it is, for a pipe or a file."""

    def write(self, data: bytes) -> None:
        """Take in what has been read."""
        sys.stdout.buffer.write(data)

    def pause(self) -> None:
        """Show what there is, before more is waited for."""
        sys.stdout.buffer.flush()

    def close(self) -> None:
        """Show what is left."""
        self.pause()


class TerminalOutput(Output):
    """Output line by line, as the terminal would have left each, with nothing that acts.

    A line that has no end yet is shown while more is waited for, and then written over.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._shown = False

    def write(self, data: bytes) -> None:
        """Show whole lines, and keep the beginning of the next."""
        self._clear()
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-_LONGEST:]
        for line in lines:
            say(log_line(line))

    def pause(self) -> None:
        """Show the line that has no end yet, as far as there is room."""
        text = log_line(self._rest)
        if text:
            self._clear()
            room = shutil.get_terminal_size().columns - 1
            sys.stdout.write(safe(fit(text, room).rstrip(), sys.stdout))
            self._shown = True
        sys.stdout.flush()

    def close(self) -> None:
        """Show the last line whole, which may have no end."""
        self._clear()
        if self._rest:
            say(log_line(self._rest))
        self._rest = b""
        sys.stdout.flush()

    def _clear(self) -> None:
        if self._shown:
            sys.stdout.write("\r\x1b[K")
            self._shown = False


def print_log(
    folder: StudyFolder, reader: StudyReader, number: int, *, follow: bool, lines: int | None
) -> None:
    """Print a trial's output: the last ``lines`` of it, and what comes while it runs."""
    path = folder.trial(number).log
    out = TerminalOutput() if sys.stdout.isatty() else Output()
    at = 0 if lines is None else _start_of_tail(path, lines)
    try:
        while True:
            over = not follow or _is_over(folder, reader, number)  # before what it has left is read
            at = _copy(path, at, out)
            if over:
                break
            out.pause()
            time.sleep(_POLL_SECONDS)
    finally:
        out.close()
    _tell_state(folder, reader, number, follow=follow, empty=at == 0)


def _is_over(folder: StudyFolder, reader: StudyReader, number: int) -> bool:
    """Whether nothing more will be printed, as far as anybody can tell."""
    from hpo_tui.engine.launch.orphans import lives

    trial = reader.trial(number)
    if trial is None or trial.state.ended:
        return True
    if folder.runner_pid() is not None:
        return False
    return not (trial.state is TrialState.RUNNING and lives(folder, number))


def _copy(path: Path, at: int, out: Output) -> int:
    """Write what follows ``at``; return how far that is. A file that was cut is read anew."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(at if at <= size else 0)
            while data := file.read(_CHUNK):
                out.write(data)
            return file.tell()
    except FileNotFoundError:
        return at


def _start_of_tail(path: Path, lines: int) -> int:
    """Return where the last lines begin, and say so where they have no end in sight."""
    most = max(_ENOUGH, lines * _LONGEST)
    at, whole = start_of_last(path, lines, most)
    if not whole:
        note(
            f"lines without an end: only the last {size(most)} is read,"
            f" {size(at)} before it left out; all of it is in {plain(str(path))}"
        )
    return at


def start_of_last(path: Path, count: int, most: int) -> tuple[int, bool]:
    """Return where the last ``count`` lines of a file begin, 0 if it has less, and True.

    They are looked for from its end, where an end of line begins no further line. Where they have
    more than ``most`` bytes: where the last of these begin, and False.
    """
    try:
        with path.open("rb") as file:
            end = at = file.seek(0, os.SEEK_END)
            if not count:
                return end, True
            left, limit = count, max(0, end - most)
            while at > limit:
                begin = max(limit, at - _CHUNK)
                file.seek(begin)
                block = file.read(at - begin)
                place = len(block) - (at == end and block.endswith(b"\n"))
                while (place := block.rfind(b"\n", 0, place)) >= 0:
                    left -= 1
                    if not left:
                        return begin + place + 1, True
                at = begin
            return _begin_of_character(file, limit), not limit
    except FileNotFoundError:
        return 0, True


def _begin_of_character(file: BinaryIO, at: int) -> int:
    """Return the place from ``at`` on where no character of UTF-8 is cut."""
    file.seek(at)
    inner = next((i for i, byte in enumerate(file.read(3)) if byte & 0xC0 != 0x80), 0)
    return at + inner


def _tell_state(
    folder: StudyFolder, reader: StudyReader, number: int, *, follow: bool, empty: bool
) -> None:
    """Say on stderr how the trial stands, where it was followed or has printed nothing."""
    trial = reader.trial(number)
    if trial is None:
        return
    if empty:
        note(f"trial {number} has not printed anything; it is {trial.state}")
    elif follow and trial.state.ended:
        note(f"trial {number}: {_how(trial)}")
    elif follow:
        ended = trial.state is TrialState.RUNNING and folder.trial(number).exit.exists()
        stands = "has ended" if ended else f"is {trial.state}"
        to = "have its result taken in" if ended else "continue it"
        how = f"to {to}: hpo-tui resume {plain(folder.word)}"
        note(f"trial {number} {stands}, but {plain(folder.name)} has no runner; {how}")


def _how(trial: Trial) -> str:
    first = trial.reason.partition("; last lines: ")[0]
    return str(trial.state) + (f": {plain_lines(first)}" if first else "")
