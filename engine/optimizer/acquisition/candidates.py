"""Configurations worth asking the model about.

Random ones with many on the bounds, steps around the predicted front, lines through it, and
coordinate sweeps that try every value of one parameter with the others held: good regions lie in
corners of the space more often than not, and a sweep walks into a corner one bound at a time.
Shapes: c candidates, d coordinates.
"""

from collections.abc import Set

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.encoding.space import Space, feasible_random

_SWEEP = np.array([0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0])
"""Coordinates that a sweep gives to a number, but for its ends shifted at random by up to 0.05."""


def spread(space: Space, n: int, rng: np.random.Generator) -> Array:
    """``n`` random configurations, half of them with each coordinate on a bound 1 time in 4."""
    return np.vstack(
        [feasible_random(space, n // 2, rng, tries=4),
         feasible_random(space, n - n // 2, rng, bound=0.25, tries=4)]
    )  # fmt: skip


def steps(space: Space, around: Array, n: int, scale: float, rng: np.random.Generator) -> Array:
    """``n`` Gaussian steps from random rows of ``around`` on a random subset of coordinates.

    Clipped, never reflected, so that corners are reached. Categories are redrawn 1 time in 5.
    """
    d = space.d
    x = space.filled(around[rng.integers(len(around), size=n)], rng)
    size = scale * np.exp(rng.uniform(-1.2, 1.2, size=(n, 1)))
    moved = rng.random((n, d)) < max(0.35, 1.5 / max(d, 1))
    moved[np.arange(n), rng.integers(max(d, 1), size=n)] |= True
    fresh = space.from_uniform(rng.random((n, d)), snapped=False)
    number = ~space.categorical
    step = x + size * rng.standard_normal((n, d))
    x = np.where(moved & number, np.clip(step, 0.0, 1.0), x)
    redraw = moved & ~number & (rng.random((n, d)) < 0.2)
    return space.snap(np.where(redraw, fresh, x))


def redrawn(space: Space, around: Array, n: int, rng: np.random.Generator) -> Array:
    """``n`` rows of ``around`` with one coordinate redrawn, 35 % of those on a bound."""
    d = space.d
    x = space.filled(around[rng.integers(len(around), size=n)], rng)
    u = rng.random((n, d))
    u = np.where(rng.random((n, 1)) < 0.35, np.round(u), u)
    fresh = space.from_uniform(u, snapped=False)
    column = rng.integers(d, size=n)
    rows = np.arange(n)
    x[rows, column] = fresh[rows, column]
    return space.snap(x)


def lines(space: Space, around: Array, n: int, rng: np.random.Generator) -> Array:
    """``n`` points on lines through two rows of ``around``, also beyond them, clipped."""
    a = space.filled(around[rng.integers(len(around), size=n)], rng)
    b = space.filled(around[rng.integers(len(around), size=n)], rng)
    t = rng.uniform(-0.5, 2.0, size=(n, 1))
    mixed = np.clip(a + t * (b - a), 0.0, 1.0)
    pick = np.where(rng.random(a.shape) < 0.5, a, b)
    return space.snap(np.where(space.categorical, pick, mixed))


def around_front(space: Space, around: Array, n: int, rng: np.random.Generator) -> Array:
    """``n`` candidates near good configurations: 60 % steps, 25 % redrawn, 15 % lines."""
    if space.d == 0 or len(around) == 0:
        return np.zeros((0, space.d))
    few = n * 15 // 100
    some = n // 4
    return np.vstack(
        [steps(space, around, n - few - some, 0.08, rng),
         redrawn(space, around, some, rng),
         lines(space, around, few, rng)]
    )  # fmt: skip


def sweeps(space: Space, around: Array, rng: np.random.Generator) -> Array:
    """Every row of ``around`` with one coordinate at each of several values, its ends too."""
    rows = []
    for j, axis in enumerate(space.axes):
        if axis.categorical:
            values = np.arange(axis.levels)
            if len(values) > len(_SWEEP):
                values = rng.choice(values, len(_SWEEP), replace=False)
        elif 0 < axis.levels <= len(_SWEEP):
            values = (np.arange(axis.levels) + 0.5) / axis.levels
        else:
            values = np.clip(_SWEEP + rng.uniform(-0.05, 0.05) * (_SWEEP % 1 > 0), 0.0, 1.0)
        block = np.repeat(space.filled(around, rng), len(values), axis=0)
        block[:, j] = np.tile(values, len(around))
        rows.append(block)
    return space.snap(np.vstack(rows)) if rows else np.zeros((0, space.d))


def marks(x: Array) -> list[bytes]:
    """Return what tells rows (c, d) apart, to nine digits."""
    return [row.tobytes() for row in np.round(x, 9) + 0.0]


def distinct(x: Array, taken: Set[bytes]) -> Array:
    """Rows of ``x`` once each, without those whose mark is ``taken``, in order."""
    seen: set[bytes] = set()
    keep = []
    for i, mark in enumerate(marks(x)):
        if mark not in seen and mark not in taken:
            seen.add(mark)
            keep.append(i)
    return np.asarray(x[keep])
