"""Finds configurations that random draws miss because constraints leave little of a space.

A finite space is searched in a fixed order that jumps about, up to the next configuration that is
allowed and new. The order depends only on what is known, so a study goes through its space once. In
a larger space, or a continuous one, more configurations are drawn than usual.
"""

import math
from collections.abc import Set

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.acquisition.candidates import distinct
from hpo_tui.engine.optimizer.encoding.axes import Grid
from hpo_tui.engine.optimizer.encoding.space import Space, feasible_random

MOST = 2**20
"""Configurations of a space that is gone through."""
_CHUNK, _TRIES = 4096, 512
"""Configurations of a finite space that are looked at together; rounds of draws in another one."""
_JUMP = 0.6180339887498949
"""The golden ratio less one: steps of this share of a space come to all parts of it evenly."""


class Scan:
    """What has been found of a space so far, and where the search for more goes on."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._found = np.zeros((0, space.d))
        self._next = 0

    def fresh(self, known: Set[bytes], rng: np.random.Generator) -> Array:
        """Return an allowed configuration whose mark is not ``known``, (1, d), or none, (0, d)."""
        if self.space.size > MOST:
            return distinct(feasible_random(self.space, 1, rng, tries=_TRIES), known)
        x = distinct(self._found, known)
        while len(x) == 0 and self._next < self.space.size:
            more = self._chunk()
            self._found = np.vstack([self._found, more])
            x = distinct(more, known)
        return x[:1]

    def _chunk(self) -> Array:
        """Return the allowed ones of the next 4096 configurations."""
        size = int(self.space.size)
        stride = max(1, int(size * _JUMP))
        while math.gcd(stride, size) > 1:
            stride += 1
        index = np.arange(self._next, min(self._next + _CHUNK, size), dtype=np.int64)
        self._next += len(index)
        levels = [int(max(a.levels, 1.0)) for a in self.space.axes]
        parts = np.unravel_index(index * stride % size, levels)
        places = [
            a.at(k.astype(float)) if isinstance(a, Grid) else k.astype(float)
            for a, k in zip(self.space.axes, parts, strict=True)
        ]
        x = self.space.snap(np.stack(places, axis=1))
        return x[self.space.allowed(x)]
