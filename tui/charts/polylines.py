"""Polylines in characters, drawn by plotext, which is met here alone.

Its figure is an instance of our own, because the library's is one for the whole process; sizes are
not cut to the terminal; colours never pass through it.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

from hpo_tui.engine.arrays import Array


@contextmanager
def _without_manual() -> Iterator[None]:
    """Spare the import of plotext its manual, which takes three quarters of the time it needs."""
    name = "plotext._doc.doc"
    if "plotext" in sys.modules:
        yield
        return
    manual = ModuleType(name)
    manual.docs = None  # type: ignore[attr-defined]  # the one name that plotext takes from it
    sys.modules[name] = manual
    try:
        yield
    finally:
        del sys.modules[name]


@cache
def _figure() -> Any:
    with _without_manual():
        from plotext._kernel.terminal import terminal  # the public figure is the process's own

    own = terminal()
    own.limit(False, False)
    return own._master


def drawn(
    lines: Sequence[tuple[Array, Array]], width: int, height: int, marker: str
) -> list[str]:  # fmt: skip
    """Return ``height`` lines of ``width`` characters: polylines in the unit square, drawn.

    ``marker``: a character, or ``braille``.
    """
    figure = _figure()
    figure.clear()
    figure.plot_size(width, height)
    figure.axes(active=False)
    figure.legend(active=False)
    figure.canvas("default")
    for axis in ("x", "y"):
        figure.ruler(axis).lim(0, 1)
        figure.ruler(axis).ticks([])
    for x, y in lines:
        if not len(x):
            continue
        signal = figure.signal(x.tolist(), y.tolist(), marker=marker)
        if len(x) > 1:
            signal.lines()
        figure.draw(signal)
    text = figure.build().string(True).split("\n")
    return [line.ljust(width)[:width] for line in text[:height]]
