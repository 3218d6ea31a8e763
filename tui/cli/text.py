"""Plain text for a terminal or a pipe: tables, bars, and the two streams."""

import os
import sys
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len


def unicode_ok() -> bool:
    """Whether stdout and stderr can take more than ASCII."""
    names = {(getattr(s, "encoding", "") or "").lower() for s in (sys.stdout, sys.stderr)}
    return all("utf" in name for name in names)


def bar(share: float, cells: int) -> str:
    """Return a bar that fills ``share`` (0 to 1) of ``cells``."""
    full, empty = ("█", "·") if unicode_ok() else ("#", ".")
    filled = round(min(max(share, 0.0), 1.0) * cells)
    return full * filled + empty * (cells - filled)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Return a table of cells that are plain already; columns in ``right`` are set flush right."""
    lines = [head, *rows]
    widths = [max(cell_len(line[i]) for line in lines) for i in range(len(head))]

    def join(line: Sequence[str]) -> str:
        cells = []
        for i, cell in enumerate(line):
            space = " " * (widths[i] - cell_len(cell))
            cells.append(space + cell if i in right else cell + space)
        return "  ".join(cells).rstrip()

    return "\n".join(join(line) for line in lines)


def colours(stream: Any) -> bool:
    """Whether ``stream`` is a terminal that wants colours (NO_COLOR, TERM=dumb)."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and bool(stream.isatty())


def say(text: str = "") -> None:
    """Write a line to stdout."""
    sys.stdout.write(safe(text, sys.stdout) + "\n")


def note(text: str) -> None:
    """Write a line to stderr: progress and remarks, never results."""
    sys.stderr.write(safe(text, sys.stderr) + "\n")
    sys.stderr.flush()


def safe(text: str, stream: Any) -> str:
    """Return ``text`` as the stream's encoding can take it."""
    encoding = getattr(stream, "encoding", None) or "ascii"
    if "utf" in encoding.lower():
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
    for fancy, simple in (
        ("·", "-"),
        ("≥", ">="),
        ("≤", "<="),
        ("…", "..."),
        ("→", "->"),
        ("±", "+-"),
    ):
        text = text.replace(fancy, simple)
    return text.encode(encoding, "backslashreplace").decode(encoding)
