"""Text from scripts, names and files made safe to show: nothing acts, nothing breaks a line.

What a terminal would obey is dropped here: on a screen it says nothing, and it takes room. In the
engine's messages it is spelled out instead (``plain`` of :mod:`hpo_tui.engine.spec.names`): there
it may be what is wrong.
"""

import re

from rich.cells import cell_len, get_character_cell_size, set_cell_size

_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, modes
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|\x9c|$)"  # OSC, DCS, SOS, PM, APC and their payload
    r"|\x1b[ -/]*[0-~]"  # the short ones
    r"|\x9b[0-?]*[ -/]*[@-~]"  # CSI in one byte
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_JOINERS = dict.fromkeys([0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, *range(0xFE00, 0xFE10)])
"""Zero-width joiners and variation selectors: terminals disagree about the width they leave."""
_SHOWN = {"\t": " ", "\n": " ", "\r": " "}


def pasted(text: str) -> str:
    """Return pasted ``text`` with its lines and tabs, without what a terminal would obey."""
    return _CONTROLS.sub("", _ESCAPES.sub("", text))


def unescaped(text: str) -> str:
    """Return ``text`` without what takes no room in any line: escape sequences and joiners."""
    if text.isascii() and "\x1b" not in text:
        return text
    return _ESCAPES.sub("", text).translate(_JOINERS)


def plain(text: str, ascii_only: bool = False) -> str:
    """Return ``text`` on one line, escape sequences dropped, other control characters visible.

    Direction overrides, lone surrogates and whatever is not printable become ``�``; every
    combining mark beyond the second on one character is dropped. ``ascii_only``: in 7-bit
    characters already, for charts, which count the cells that it takes.
    """
    if text.isascii() and text.isprintable():
        return text
    if ascii_only:
        return to_ascii(plain(text))
    text = unescaped(text)
    shown: list[str] = []
    marks = 0
    for char in text:
        if char.isprintable():
            if not char.isascii() and cell_len(char) == 0:
                marks += 1
                if marks > 2 or not shown:
                    continue
            else:
                marks = 0
            shown.append(char)
        else:
            shown.append(_SHOWN.get(char, "�"))
    return "".join(shown)


def plain_lines(text: str, indent: str = "") -> str:
    """Return a text of several lines, each as :func:`plain` shows it."""
    return "\n".join(indent + plain(line) for line in text.splitlines())


def log_line(line: bytes | str) -> str:
    """Return a line of a log as the terminal would have left it."""
    text = line.decode("utf-8", "replace") if isinstance(line, bytes) else line
    text = text.rstrip("\r\n")
    if "\r" in text:
        text = text.rpartition("\r")[2]
    return plain(text.expandtabs(8) if "\t" in text else text)


def fit(text: str, width: int, align: str = "left") -> str:
    """Return ``text`` in exactly ``width`` cells: cut with an ellipsis, or padded."""
    if width <= 0:
        return ""
    cells = len(text) if text.isascii() else cell_len(text)
    if cells > width:
        cut = set_cell_size(text, width - 1)
        return cut + (" " if cut.endswith("…") else "…")  # a part of it may be cut already
    gap = " " * (width - cells)
    return gap + text if align == "right" else text + gap


_SECOND = "\0"
"""Stands for the second cell of a character while lines are counted."""


def wrapped(text: str, width: int) -> list[str]:
    """Return ``text`` in lines of at most ``width`` cells, each made safe to show."""
    import textwrap

    lines: list[str] = []
    for paragraph in text.splitlines():
        indent = " " * (len(paragraph) - len(paragraph.lstrip(" ")))
        said, room = plain(paragraph), max(10, width)
        if not said.isascii() and cell_len(said) > len(said):
            # A line may end between the two cells of a character: it is a cell longer then.
            said, room = "".join(c + _SECOND * (cell_len(c) == 2) for c in said), room - 1
        found = textwrap.wrap(said, room, subsequent_indent=indent, drop_whitespace=True)
        lines += [line.replace(_SECOND, "") for line in found] or [""]
    return lines


_ARROW = "→ "
_DEEP = 16
"""Cells of an indent from which lines that are wrapped begin at the edge again."""


def hung(text: str) -> list[tuple[int, str, str]]:
    """Return a text in blocks (indent in cells, mark before it, lines below one another).

    Where a line of a block is wrapped, its second line is to begin below the first one's text.
    """
    blocks: list[tuple[int, str, str]] = []
    for line in plain_lines(text).splitlines():
        body = line.lstrip(" ")
        indent = len(line) - len(body)
        mark = _ARROW if body.startswith(_ARROW) else ""
        if indent > _DEEP:
            indent, body = 0, line
        last = blocks[-1] if blocks else None
        if last and not mark and not last[1] and (not body or last[0] == indent):
            blocks[-1] = (last[0], "", f"{last[2]}\n{body}")
        else:
            blocks.append((indent, mark, body.removeprefix(mark)))
    return blocks


ASCII_MARKS = {
    "●": "*", "○": "o", "†": "!", "‖": "=", "■": "#", "✓": "+", "★": "*", "▸": ">", "◆": "P",
    "✗": "-", "≥": ">", "≤": "<", "…": "~", "·": ".", "→": ">", "─": "-", "│": "|", "↻": "r",
    "█": "#", "░": ".", "▏": "|", "–": "-", "—": "-", "×": "x", "↑": "^", "↓": "v",
    "▴": "^", "▾": "v", "‹": "<", "›": ">", "±": "~",
}  # fmt: skip


def to_ascii(text: str) -> str:
    """Return ``text`` in 7-bit characters: our marks by their stand-ins, the rest as ``?``.

    It takes as many cells: two for a wide character, none for a combining one.
    """
    if text.isascii():
        return text
    return "".join(
        c if c.isascii() else ASCII_MARKS.get(c, "?") * get_character_cell_size(c) for c in text
    )
