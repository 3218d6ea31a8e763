"""The colours of the charts, for terminals of 16, 256 and more colours, and for none.

Colours are points of the 256-colour cube, so that a terminal without true colour shows the very
same ones. Classes differ in brightness and in how they are drawn, never in hue alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import lru_cache

from rich.color import Color
from rich.style import Style


class Ink(IntEnum):
    """What a cell shows; the index of its style in a palette."""

    TEXT = 0
    DIM = auto()
    BOLD = auto()
    AXIS = auto()
    FOCUS = auto()
    FOCUS_NAME = auto()
    GOAL = auto()
    BRUSH = auto()
    BEST = auto()
    SELECTED = auto()
    SELECTED_LABEL = auto()
    BAD = auto()
    OUT = auto()
    OUT_2 = auto()
    OUT_3 = auto()
    PARTIAL = auto()
    PARTIAL_2 = auto()
    PARTIAL_3 = auto()
    FULL = auto()
    FULL_2 = auto()
    FULL_3 = auto()
    MEETS = auto()
    MEETS_2 = auto()
    MEETS_3 = auto()
    FOURTH = auto()
    FOURTH_2 = auto()
    FOURTH_3 = auto()
    THIRD = auto()
    THIRD_2 = auto()
    THIRD_3 = auto()
    SECOND = auto()
    SECOND_2 = auto()
    SECOND_3 = auto()
    FIRST = auto()
    FIRST_2 = auto()
    FIRST_3 = auto()
    HEAT = auto()
    """The first of the inks of a heat map: :func:`heat` returns the others."""


class Cell(IntEnum):
    """What stands in a cell of a heat map, on the colour of its level."""

    FILL = 0
    """Its texture, which is seen where there is no colour."""
    HATCH = auto()
    FAINT = auto()
    MARK = auto()


HEAT_LEVELS = 7
"""Colours of a heat map, from what is worst, or low, to what stands out most."""


def heat(level: int, cell: Cell = Cell.FILL) -> int:
    """Return the ink of a cell at a level of a heat map."""
    return Ink.HEAT + level * len(Cell) + cell


LEVELS = 3
"""Shades of a class, faint to strong; they follow each other in :class:`Ink`."""

_DARK = (
    "#d0d0d0 #808080 b#ffffff #626262 b#ffffff r#ffffff #87d75f #00d7af #ffd700 #ff5fff rb#ff5fff"
    " #ff5f5f"
    " #303030 #3a3a3a #444444  #585858 #767676 #a8a8a8  #005f87 #0087d7 #5fafff"
    " #5f8700 #87af00 #afd700"
    " #5f5f87 #5f5f87 #5f5f87  #5f87af #5f87af #5f87af  #5fafaf #5fafaf #5fafaf"
    " #afffaf #afffaf #afffaf"
)
_LIGHT = (
    "#303030 #767676 b#000000 #a8a8a8 b#000000 r#000000 #008700 #008787 #d75f00 #af00af rb#af00af"
    " #d70000"
    " #e4e4e4 #dadada #d0d0d0  #bcbcbc #949494 #6c6c6c  #87afd7 #0087d7 #005faf"
    " #87af5f #5f8700 #005f00"
    " #d7afaf #d7afaf #d7afaf  #af87af #af87af #af87af  #875faf #875faf #875faf"
    " #5f00af #5f00af #5f00af"
)
_GREY = (
    "#d0d0d0 #808080 b#ffffff #626262 b#ffffff r#ffffff b#eeeeee #eeeeee b#ffffff b#ffffff"
    " rb#ffffff b#eeeeee"
    " #303030 #3a3a3a #444444  #585858 #6c6c6c #808080  #8a8a8a #a8a8a8 #c6c6c6"
    " #8a8a8a #a8a8a8 #c6c6c6"
    " #4e4e4e #4e4e4e #4e4e4e  #767676 #767676 #767676  #9e9e9e #9e9e9e #9e9e9e"
    " #dadada #dadada #dadada"
)
_GREY_LIGHT = (
    "#303030 #767676 b#000000 #a8a8a8 b#000000 r#000000 b#121212 #121212 b#000000 b#000000"
    " rb#000000 b#121212"
    " #e4e4e4 #dadada #d0d0d0  #bcbcbc #a8a8a8 #949494  #8a8a8a #6c6c6c #4e4e4e"
    " #8a8a8a #6c6c6c #4e4e4e"
    " #bcbcbc #bcbcbc #bcbcbc  #949494 #949494 #949494  #6c6c6c #6c6c6c #6c6c6c"
    " #303030 #303030 #303030"
)
_SIXTEEN = (
    "default bright_black bdefault bright_black bdefault rdefault bright_green cyan bbright_yellow"
    " bbright_magenta rbbright_magenta bbright_red"
    " dbright_black dbright_black dbright_black  bright_black bright_black white"
    " blue bright_blue bright_cyan  green green bright_green"
    " bright_black bright_black bright_black  blue blue blue  cyan cyan cyan"
    " bright_white bright_white bright_white"
)
_SIXTEEN_LIGHT = (
    "default bright_black bdefault bright_black bdefault rdefault green cyan bdefault"
    " bmagenta rbmagenta bred"
    " white white white  bright_black bright_black bright_black"
    " blue blue bblue  green green bgreen"
    " bright_black bright_black bright_black  cyan cyan cyan  blue blue blue"
    " bdefault bdefault bdefault"
)
"""On a light ground white and the bright colours are not seen, but for bright black, a gray."""

_HEATS = {
    "dark": "#5f005f #5f00af #005f87 #008787 #00af87 #5fd75f #d7d75f",
    "light": "#ffffaf #d7d7af #87d787 #5fafaf #5f87af #5f5faf #5f00af",
    "grey": "#303030 #444444 #5f5f5f #767676 #949494 #b2b2b2 #d0d0d0",
    "grey-light": "#e4e4e4 #d0d0d0 #b2b2b2 #949494 #767676 #5f5f5f #444444",
}
"""Brighter is better on a dark ground, darker on a light one: what is better stands out."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Styles by :class:`Ink`. ``key`` tells two palettes apart."""

    key: tuple[str, str]
    styles: tuple[Style, ...]

    def __getitem__(self, ink: int) -> Style:
        return self.styles[ink]


@lru_cache(32)
def palette(
    background: Color | None, *, dark: bool = True, colours: str = "256", monochrome: bool = False
) -> Palette:
    """Return the styles to draw with. ``colours``: Rich's name of the terminal's colour system."""
    if monochrome:
        name, text = ("grey", _GREY) if dark else ("grey-light", _GREY_LIGHT)
    elif colours == "standard":
        name, text = ("16", _SIXTEEN) if dark else ("16-light", _SIXTEEN_LIGHT)
    else:
        name, text = ("dark", _DARK) if dark else ("light", _LIGHT)
    styles = tuple(_style(word, background) for word in text.split())
    styles += tuple(_heat_styles(_HEATS.get(name, ""), background, dark))
    return Palette((name, background.name if background else ""), styles)


def _heat_styles(ramp: str, background: Color | None, dark: bool) -> Iterator[Style]:
    """Yield the styles of a heat map, level by level, each kind of :class:`Cell`.

    Without a ramp (16 colours, whose order of brightness nobody knows) the texture alone tells.
    """
    if not ramp:
        mark = "bright_cyan" if dark else "magenta"
        plain = [Style(color=c, bgcolor=background) for c in ("default",) * 3 + (mark,)]
        yield from plain * HEAT_LEVELS
        return
    for word in ramp.split():
        ground = Color.parse(word)
        red, green, blue = ground.get_truecolor()
        bright = 0.3 * red + 0.59 * green + 0.11 * blue > 0x70
        faint, mark = ("#303030", "#000000") if bright else ("#d0d0d0", "#ffffff")
        yield Style(color=ground, bgcolor=ground)
        yield Style(color=background, bgcolor=ground)
        yield Style(color=faint, bgcolor=ground)
        yield Style(color=mark, bgcolor=ground, bold=True)


def _style(word: str, background: Color | None) -> Style:
    flags = ""
    while word[0] in "rbd" and not word.startswith(("blue", "bright", "default", "red")):
        flags, word = flags + word[0], word[1:]
    return Style(
        color=word if word.startswith("#") else Color.parse(word),
        bgcolor=background,
        bold="b" in flags or None,
        dim="d" in flags or None,
        reverse="r" in flags or None,
    )
