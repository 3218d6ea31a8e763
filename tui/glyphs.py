"""The two sets of glyphs that everything is drawn with: Unicode, and 7-bit ASCII."""

import locale
import os
from dataclasses import dataclass

CIRCLES_UP_TO = 400
"""Full-task trials that are still drawn as circles; beyond, as dots finer than cells."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """What stands for what. Every glyph is one cell wide."""

    ascii: bool
    axis: str
    axis_focused: str
    axis_missed: str
    """The part of an axis that does not reach the goal."""
    brushed: str
    goal: str
    up: str
    down: str
    selected: str
    missing: str
    ellipsis: str
    rule: str
    shades: tuple[str, ...]
    """Segments of the cost bar, cheapest task first."""
    left: str
    """What is left of the budget."""
    projected: str
    lost: str
    separator: str
    at_least: str
    at_most: str
    below: str
    """Beside the low end of an axis: values lie beyond it."""
    above: str
    bar: str
    best: str
    """One of the best trials."""
    hollow: str
    centre: str
    """The trial from which something is expected."""
    peak: str
    """Where the best is expected."""
    dotted: str
    """What the second of two lines consists of."""


UNICODE = Glyphs(
    ascii=False, axis="│", axis_focused="┃", axis_missed="┊", brushed="█", goal="╋",
    up="↑", down="↓", selected="◆", missing="∅", ellipsis="…",
    rule="─", shades=("░", "▒", "▓", "█"), left="·", projected="»", lost="!", separator="│",
    at_least="≥", at_most="≤", below="◂", above="▸", bar="█",
    best="●", hollow="○", centre="×", peak="▲", dotted="∙",
)  # fmt: skip

ASCII = Glyphs(
    ascii=True, axis="|", axis_focused="H", axis_missed=":", brushed="#", goal="+",
    up="^", down="v", selected="@", missing="x", ellipsis="~",
    rule="-", shades=("-", "=", "%", "#"), left=".", projected=">", lost="!", separator="|",
    at_least=">", at_most="<", below="<", above=">", bar="=",
    best="*", hollow="o", centre="x", peak="A", dotted=".",
)  # fmt: skip


def glyphs(ascii_only: bool) -> Glyphs:
    """Return the set to draw with."""
    return ASCII if ascii_only else UNICODE


def locale_is_ascii() -> bool:
    """Whether the terminal cannot be expected to show Unicode (a C or POSIX locale, dumb TERM)."""
    if os.environ.get("TERM") in ("dumb", "vt100", "vt220"):
        return True
    named = next((v for k in ("LC_ALL", "LC_CTYPE", "LANG") if (v := os.environ.get(k))), "")
    if named.upper() in ("C", "POSIX", ""):
        return True
    return "utf" not in (named + locale.getpreferredencoding(False)).lower()


def shows_colours() -> bool:
    """Whether the terminal shows colours: all but those that are known to have none."""
    import curses  # needed for the screens alone

    try:
        curses.setupterm(fd=2)
        return curses.tigetnum("colors") != -1
    except curses.error:
        return True  # one that the machine has not heard of, as a new one


def circles(count: int, glyphs: Glyphs) -> tuple[str | None, str | None]:
    """Return the hollow and the solid mark of ``count`` full trials; None: dots, finer than cells.

    A legend says of these ``.``, as of what is drawn by dots always.
    """
    if count > CIRCLES_UP_TO:
        return None, None
    return (glyphs.hollow, "O" if glyphs.ascii else "●")
