"""Maps to look at, and what of one is seen as text."""

from dataclasses import replace
from typing import Any

import numpy as np

from hpo_tui.engine.analysis.maps import Map
from hpo_tui.store.models import Value
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets.slices import Slices
from tests.tui.charts.showing import shown, text

LR = (1e-4, 1e-3, 1e-2, 1e-1)
DEPTH = tuple(range(1, 10))
OPT = ("sgd", "adam")


def over(
    across: tuple[str, tuple[Value, ...]],
    up: tuple[str, tuple[Value, ...]],
    expected: Any,
    metric: str = "acc",
    spread: float = 0.01,
) -> Map:
    """Return a map through trial 7 whose band is as wide everywhere."""
    flat = np.asarray(expected, dtype=float).ravel()
    numbers = (tuple(v.tolist()) for v in (flat, flat - spread, flat + spread))
    return Map(7, across[0], up[0], metric, across[1], up[1], *numbers)


RISING = over(("lr", LR), ("depth", DEPTH), np.linspace(0.8, 0.95, 36).reshape(9, 4))
CHOICES = over(("lr", LR), ("opt", OPT), [[0.8] * 4, [0.9] * 4])
FALLING = replace(RISING, metric="size", expected=tuple(np.geomspace(100, 1e5, 36).tolist()))


async def look(
    snapshot: Snapshot,
    view: View | None = None,
    size: tuple[int, int] = (80, 24),
    keys: str = "",
    ascii_only: bool = True,
) -> list[str]:
    """Return the lines of a map; ``keys``: actions of the widget before, by their names."""
    async with shown(Slices(), snapshot, view, size=size, ascii_only=ascii_only) as (pilot, _):
        pilot.app.widget.action_map()
        for name in keys.split():
            getattr(pilot.app.widget, f"action_{name}")()
        await pilot.pause()
        return text(pilot)


def cells(lines: list[str]) -> list[str]:
    """Return what stands right of the axis upwards, top row first."""
    return [line.partition("|")[2].rstrip() for line in lines[2:-2]]
