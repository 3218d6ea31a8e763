"""Where in a TOML text each key, value and table stands (tomllib does not say)."""

import bisect
import contextlib
import re
import tomllib
from dataclasses import dataclass, field

from hpo_tui.engine.spec.names import KeyPath

_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
"""One part of a dotted key."""
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|'
    r"'''.*?'''(?:'{0,2})|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]}#\n]*")


@dataclass(slots=True)
class Layout:
    """Where things stand in a TOML text; offsets in characters, lines counted from 1.

    ``values`` and ``pairs`` give start and end of a value, and of ``key = value`` as a whole;
    ``headers`` the tables with the offset of their line; ``tails`` the end of the last pair (or
    of the header) of each table.
    """

    lines: dict[KeyPath, int] = field(default_factory=dict)
    values: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    pairs: dict[KeyPath, tuple[int, int]] = field(default_factory=dict)
    headers: list[tuple[KeyPath, int]] = field(default_factory=list)
    tails: dict[KeyPath, int] = field(default_factory=dict)


def layout(text: str) -> Layout:
    """Find every key, table and list entry of a valid TOML text.

    Never raises: for a text that is not TOML it returns what it made out before losing the thread.
    """
    scanner = _Scanner(text)
    with contextlib.suppress(_LostError, RecursionError):
        scanner.document()
    return scanner.found


def locate(text: str) -> dict[KeyPath, int]:
    """Map every key, table and list entry of a valid TOML text to its line, counted from 1."""
    return layout(text).lines


class _LostError(Exception):
    """The text is not TOML from here on."""


class _Scanner:
    """Walks a TOML text once; strings, comments, inline tables and lists are stepped over."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found = Layout()
        self.entries: dict[KeyPath, int] = {}
        self.breaks = [m.start() for m in re.finditer("\n", text)]

    def document(self) -> None:
        """Read the whole text."""
        table: KeyPath = ()
        while True:
            self._match(_SKIP)
            if self.at >= len(self.text):
                return
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)

    def _header(self) -> KeyPath:
        line, start = self._line(), self.at
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        parts = self._key()
        self._expect("]]" if many else "]")
        path: KeyPath = ()
        for n, part in enumerate(parts):
            path = (*path, part)
            if many and n == len(parts) - 1:
                self.entries[path] = self.entries.get(path, -1) + 1
                self.found.lines.setdefault(path, line)
            if path in self.entries:
                path = (*path, self.entries[path])
            self.found.lines.setdefault(path, line)
        self.found.headers.append((path, start))
        self.found.tails[path] = self.at
        return path

    def _pair(self, table: KeyPath) -> None:
        line, start = self._line(), self.at
        path = table
        for part in self._key():
            path = (*path, part)
            self.found.lines.setdefault(path, line)
        self._expect("=")
        self._match(_BLANK)
        begin = self.at
        self._value(path)
        end = begin + len(self.text[begin : self.at].rstrip())
        self.found.values[path] = begin, end
        self.found.pairs[path] = start, end
        self.found.tails[table] = end

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._match(_BLANK)
            raw = self._match(KEY)
            if not raw:
                raise _LostError
            parts.append(tomllib.loads(f"k = {raw}")["k"] if raw[0] in "\"'" else raw)
            self._match(_BLANK)
            if not self.text.startswith(".", self.at):
                return parts
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        first = self.text[self.at : self.at + 1]
        if first and first in "\"'":
            if not self._match(_STRING):
                raise _LostError
        elif first == "[":
            self._list(path)
        elif first == "{":
            self._inline(path)
        elif not self._match(_BARE_VALUE):
            raise _LostError

    def _list(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while True:
            self._match(_SKIP)
            if self._next_is("]"):
                return
            entry = (*path, index)
            self.found.lines.setdefault(entry, self._line())
            begin = self.at
            self._value(entry)
            self.found.values[entry] = begin, begin + len(self.text[begin : self.at].rstrip())
            index += 1
            self._match(_SKIP)
            self._next_is(",")

    def _inline(self, path: KeyPath) -> None:
        self.at += 1
        while True:
            self._match(_SKIP)
            if self._next_is("}"):
                return
            self._pair(path)
            self._match(_SKIP)
            self._next_is(",")

    def _next_is(self, char: str) -> bool:
        if self.text.startswith(char, self.at):
            self.at += 1
            return True
        return False

    def _expect(self, token: str) -> None:
        self._match(_BLANK)
        if not self.text.startswith(token, self.at):
            raise _LostError
        self.at += len(token)

    def _match(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            return ""
        self.at = found.end()
        return found.group()

    def _line(self) -> int:
        return bisect.bisect_left(self.breaks, self.at) + 1
