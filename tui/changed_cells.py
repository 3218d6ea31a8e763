"""What a frame changes on the terminal, in few bytes: only that is sent.

Textual sends a widget whole when anything in it has changed, and every piece of it with all of its
colours. A row further in a table, with the charts that follow, is 20 KiB of which 2 are new.
"""

import re
from functools import lru_cache
from itertools import islice

from rich.cells import cell_len

_PIECE = re.compile(
    r"\x1b\[(?P<line>\d+);(?P<column>\d+)H"
    r"|\x1b\[(?P<style>[\d;]*)m"
    r"|(?P<text>[^\x00-\x1f\x7f-\x9f]+)"
    r"|\n+(?=\x1b\[\d+;\d+H)"
)
_HARMLESS = re.compile(r"(?:\x1b\][^\x07\x1b]*\x07|\x1b\[\?(?:2026|100[0-6]|1015)[hl]|\x07)+")
"""What changes no cell and moves no cursor: titles, notices, the clipboard, the mouse, the bell."""
_FAR = 7
"""So many cells that stay are left out; fewer cost less than the way over them."""


class ChangedCells:
    """Knows what the terminal shows, as far as it was drawn through here."""

    def __init__(self) -> None:
        self._size = 0, 0
        self._lines: dict[int, tuple[list[str], list[str]]] = {}
        """Line → its characters and their styles; an empty string: not known."""
        self._cursor = 0, 0

    def forget(self, size: tuple[int, int] | None = None) -> None:
        """Let all be drawn anew; ``size``: columns and lines of the terminal from now on."""
        self._size = size or self._size
        self._lines.clear()
        self._cursor = 0, 0

    def spare(self, data: str) -> str:
        """Return what is to be written instead of ``data`` for the same to be seen."""
        if _HARMLESS.fullmatch(data):
            return data
        frame = _Frame(self._lines, self._size, self._cursor)
        if not frame.take(data):
            self.forget()
            return data
        written = frame.written()
        self._cursor = frame.cursor
        return written


class _Frame:
    """One frame while it is read: where it draws, and where the terminal is by then."""

    def __init__(
        self, lines: dict[int, tuple[list[str], list[str]]], size: tuple[int, int],
        cursor: tuple[int, int],
    ) -> None:  # fmt: skip
        self._lines = lines
        self._columns, self._rows = size
        self.cursor = cursor
        """Line and column of the terminal's cursor, from 1; zeros: not known."""
        self._at = 0, 0
        self._style = self._set = ""
        self._out: list[str] = []

    def take(self, data: str) -> bool:
        """Read a frame; return False where it is none, or does not fit into the terminal."""
        end = 0
        for piece in _PIECE.finditer(data):
            if piece.start() != end:
                return False
            end = piece.end()
            kind = piece.lastgroup
            if kind == "column":
                self._at = int(piece["line"]), int(piece["column"])
            elif kind == "style":
                self._style = _followed(self._style, piece["style"])
            elif kind == "text" and not self._draw(piece["text"]):
                return False
        return end == len(data) and self._at != (0, 0)

    def written(self) -> str:
        """Return what the terminal is to be sent; it ends without a style, as it began."""
        self._go(self._at)
        self._wear("")
        return "".join(self._out)

    def _draw(self, text: str) -> bool:
        line, first = self._at
        width = cell_len(text)
        last = first + width
        if not 0 < line <= self._rows or first < 1 or last > self._columns + 1:
            return False
        self._at = line, last
        shown = self._lines.get(line)
        if shown is None:
            shown = self._lines[line] = [""] * self._columns, [""] * self._columns
        chars, styles = shown
        here = slice(first - 1, last - 1)
        if width != len(text):  # which cells each character takes, the terminal alone knows
            self._write(line, first, text, self._style, width)
            chars[here] = styles[here] = [""] * width
            return True
        style = "m" + (_blank(self._style) if text.isspace() else self._style)
        for start, stop in _changed(chars[here], styles[here], text, style):
            self._write(line, first + start, text[start:stop], style[1:], stop - start)
        chars[here], styles[here] = list(text), [style] * width
        return True

    def _write(self, line: int, column: int, text: str, style: str, width: int) -> None:
        self._go((line, column))
        self._wear(style)
        self._out.append(text)
        # At the right edge the cursor stays, or does not.
        after = column + width
        self.cursor = (line, after) if after <= self._columns and width == len(text) else (0, 0)

    def _go(self, place: tuple[int, int]) -> None:
        # Not by so many cells: a terminal that takes a sign for wider would be off in all the rest.
        line, column = place
        if self.cursor == place:
            return
        if self.cursor[0] == line:
            self._out.append(f"\x1b[{column}G")
        else:
            self._out.append(f"\x1b[{line};{column}H")
        self.cursor = place

    def _wear(self, style: str) -> None:
        if style != self._set:
            self._out.append(_change(self._set, style))
            self._set = style


def _changed(
    chars: list[str], styles: list[str], text: str, style: str
) -> list[tuple[int, int]]:  # fmt: skip
    """Return the stretches of ``text`` (start, stop) that are not shown already."""
    width = len(text)
    if styles == [style] * width:
        if chars == list(text):
            return []
        differs = [i for i in range(width) if chars[i] != text[i]]
    else:
        differs = [i for i in range(width) if styles[i] != style or chars[i] != text[i]]
    found: list[tuple[int, int]] = []
    for i in differs:
        if found and i - found[-1][1] < _FAR:
            found[-1] = found[-1][0], i + 1
        else:
            found.append((i, i + 1))
    return found


def _followed(style: str, then: str) -> str:
    """Return the style where ``then`` comes after ``style``; empty: none."""
    if then in ("", "0"):
        return ""
    return f"{style};{then}" if style else then


@lru_cache(4096)
def _parts(style: str) -> tuple[str, str, frozenset[str]]:
    """Return the colours of letters and of what is behind them, and the rest."""
    colours, rest = {"3": "", "4": ""}, set[str]()
    words = iter(style.split(";") if style else ())
    for word in words:
        if word in ("38", "48"):
            kind = next(words, "")
            count = 3 if kind == "2" else 1
            values = list(islice(words, count))
            colours[word[0]] = ";".join([word, kind, *values])
        elif re.fullmatch(r"[349]\d|10\d", word):
            ground = "3" if word[0] in "39" else "4"
            colours[ground] = "" if word in ("39", "49") else word
        elif word not in ("", "0"):
            rest.add(word)
        else:
            colours, rest = {"3": "", "4": ""}, set()
    return colours["3"], colours["4"], frozenset(rest)


@lru_cache(4096)
def _blank(style: str) -> str:
    """Return the style of blanks: the colour of letters is not seen in them, save with a line."""
    _, ground, rest = _parts(style)
    if rest & {"4", "5", "7", "9", "21", "53"}:
        return style
    return ground


@lru_cache(65536)
def _change(old: str, new: str) -> str:
    """Return the shortest sequence from one style to another."""
    letters, ground, rest = _parts(new)
    anew = "\x1b[" + ";".join(filter(None, ["0", *sorted(rest), letters, ground])) + "m"
    if not (letters or ground or rest):
        return "\x1b[m"
    old_letters, old_ground, old_rest = _parts(old)
    if old_rest - rest:
        return anew
    steps = sorted(rest - old_rest)
    if letters != old_letters:
        steps.append(letters or "39")
    if ground != old_ground:
        steps.append(ground or "49")
    return min(anew, "\x1b[" + ";".join(steps) + "m", key=len) if steps else ""
