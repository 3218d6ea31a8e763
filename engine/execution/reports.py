"""Reading what a trial appends to its report file: every line once, in order, whatever is in it."""

import json
import math
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from hpo_tui.engine.execution.transient_errors import words
from hpo_tui.store.models import Report

SLICE = 512 << 10
"""Bytes read of one file at a time, so that one chatty trial cannot keep the others waiting."""
LONGEST_LINE = 16 << 20
"""A line longer than this is no report; it is skipped as far as it has come."""
_MARK = 64
"""Bytes before the place up to which a file is read, by which one that was written anew is told."""
_LARGEST_STEP = 2**62
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Batch:
    """What a read found. ``offset`` and ``seq`` hold once the reports are stored.

    ``more``: the file has further complete lines. ``strange``: lines that are no reports.
    ``restarted``: the file had been written anew, so it was read from its beginning. ``mark``: the
    last bytes that were read.
    """

    reports: list[Report] = field(default_factory=list)
    offset: int = 0
    seq: int = 0
    more: bool = False
    strange: int = 0
    restarted: bool = False
    mark: bytes = b""


def parse(line: bytes) -> tuple[int | None, dict[str, float]] | None:
    """Return (step, metrics) of a report line, None if it is none.

    What is no number is left out; true and false count as 1 and 0.
    """
    data = _load(line)
    if not isinstance(data, dict):
        return None
    step = None
    metrics: dict[str, float] = {}
    for name, value in data.items():
        if not isinstance(value, int | float):
            continue
        if name == "step":
            step = _step(value)
        elif name and len(name) <= _LONGEST_NAME:
            metrics[_text(name)] = _float(value)
    return step, metrics


def _load(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except ValueError:
        pass
    try:
        return json.loads(line)  # NaN and Infinity, which Python writes, are no JSON
    except (ValueError, RecursionError):
        return None


def _text(name: str) -> str:
    """Return a name that can be stored: JSON can write half a character, which is no text."""
    return name if name.isascii() else name.encode("utf-8", "replace").decode()


def _float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf  # a whole number beyond every float


def _step(value: float) -> int | None:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    step = int(value)
    return step if abs(step) < _LARGEST_STEP else None


class ReportTail:
    """The read end of a trial's report file, at ``offset`` bytes and ``seq`` lines."""

    def __init__(self, path: Path, trial: int, offset: int = 0, seq: int = 0) -> None:
        self.path, self.trial = path, trial
        self.offset, self.seq = offset, seq
        self.restarted = False
        """Whether the file was ever found written anew."""
        self.fault = ""
        """Why the file could not be read at the last try."""
        self._mark = b""
        self._looked = (0, 0)

    def read(self, *, final: bool = False) -> Batch:
        """Return the next complete lines; ``final``: the last one need not end in a newline.

        Nothing is taken as read before :meth:`commit`. What cannot be read at present, or is no
        file, has nothing new.
        """
        try:
            found, self.fault = self._read(final=final), ""
            return found
        except OSError as error:
            self._looked, self.fault = (0, 0), words(error)
            return Batch(offset=self.offset, seq=self.seq)

    def _read(self, *, final: bool) -> Batch:
        """Read the next slice of whole lines; with ``final`` the last line needs no end."""
        there = self.path.stat()
        if not stat.S_ISREG(there.st_mode):  # to open a pipe would wait for who writes to it
            return Batch(offset=self.offset, seq=self.seq)
        size, look = there.st_size, (there.st_size, there.st_mtime_ns)
        touched, self._looked = look != self._looked, look
        restarted = size < self.offset or ((touched or final) and self._written_anew())
        offset = 0 if restarted else self.offset
        if size == offset:
            return Batch(offset=offset, seq=self.seq, restarted=restarted)
        data = self._bytes(offset, SLICE)
        end = data.rfind(b"\n") + 1
        at_end = offset + len(data) >= size
        if not at_end and end == 0:
            data = self._bytes(offset, LONGEST_LINE)
            end = data.rfind(b"\n") + 1
            at_end = offset + len(data) >= size
        if (final and at_end) or (end == 0 and len(data) >= LONGEST_LINE):
            end = len(data)
        return self._parse(data[:end], offset, more=not at_end and end > 0, restarted=restarted)

    def _written_anew(self) -> bool:
        """Whether other bytes lie where it was read to: a script that opens it with ``"w"``."""
        length = len(self._mark)
        return length > 0 and self._bytes(self.offset - length, length) != self._mark

    def _bytes(self, offset: int, count: int) -> bytes:
        fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(fd, count, offset)
        finally:
            os.close(fd)

    def _parse(self, data: bytes, offset: int, *, more: bool, restarted: bool) -> Batch:
        reports, strange, seq = [], 0, self.seq
        for line in data.split(b"\n"):
            if not line.strip():
                continue
            found = parse(line)
            if found is None:
                strange += 1
            else:
                reports.append(Report(self.trial, seq, found[0], found[1]))
            seq += 1
        return Batch(reports, offset + len(data), seq, more, strange, restarted, data[-_MARK:])

    def commit(self, batch: Batch) -> None:
        """Take a batch as stored."""
        self.offset, self.seq, self._mark = batch.offset, batch.seq, batch.mark
        self.restarted |= batch.restarted
