"""On which line of a TOML text each key stands (tomllib and tomlkit do not say)."""

import bisect
import contextlib
import re
import tomllib

from hpo_tui.engine.spec.names import KeyPath

_SKIP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'""")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?:"{0,2})|'
    r"'''.*?'''(?:'{0,2})|"
    r'"(?:[^"\\\n]|\\.)*"|'
    r"'[^'\n]*'",
    re.DOTALL,
)
_BARE_VALUE = re.compile(r"[^,\]}#\n]*")


def locate(text: str) -> dict[KeyPath, int]:
    """Map every key, table and list entry of a valid TOML text to its line, counted from 1.

    Never raises: for a text that is not TOML it returns what it made out before losing the thread.
    """
    scanner = _Scanner(text)
    with contextlib.suppress(_LostError, RecursionError):
        scanner.document()
    return scanner.lines


class _LostError(Exception):
    """The text is not TOML from here on."""


class _Scanner:
    """Walks a TOML text once; strings, comments, inline tables and lists are stepped over."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
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
        line = self._line()
        many = self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        parts = self._key()
        self._expect("]]" if many else "]")
        path: KeyPath = ()
        for n, part in enumerate(parts):
            path = (*path, part)
            if many and n == len(parts) - 1:
                self.entries[path] = self.entries.get(path, -1) + 1
                self.lines.setdefault(path, line)
            if path in self.entries:
                path = (*path, self.entries[path])
            self.lines.setdefault(path, line)
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line()
        path = table
        for part in self._key():
            path = (*path, part)
            self.lines.setdefault(path, line)
        self._expect("=")
        self._match(_BLANK)
        self._value(path)

    def _key(self) -> list[str]:
        parts = []
        while True:
            self._match(_BLANK)
            raw = self._match(_KEY)
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
            self.lines.setdefault(entry, self._line())
            self._value(entry)
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
