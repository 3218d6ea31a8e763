"""The kind of each column of coordinates, and the place of numbers that can be absent.

Some configurations do not have a conditional number. If its absence had a place among its values,
results without it would count as evidence about values near that place, and a region between it and
a result would seem to be known. So the values of such a number lie on an arc and its absence at the
centre, equally far from all of them (after the arc kernel of Hutter & Osborne 2013). The angle of
the arc, three quarters of a half circle, is a compromise: a smaller one keeps distances between
values, a larger one keeps absence near (measured in docs/experiments.md). Shapes: n configurations,
d columns.
"""

import math

import numpy as np

from hpo_tui.engine.arrays import Array, Index

NUMBER, CATEGORY, OPTIONAL = 0, 1, 2
"""Kinds of columns: a number that every configuration has, a category, a number that some lack."""
ABSENT = -2.0
"""The coordinate of an optional number that is not there; values beyond a range end at -1."""
_ANGLE = 0.75 * math.pi
"""Angle of the arc on which the values of a number lie that can be absent."""
Kinds = Index


def arc(column: Array) -> Array:
    """Return where the values of one optional column (n,) lie, (n, 2): an arc of length 1."""
    angle = _ANGLE * column
    on = np.stack([np.sin(angle), np.cos(angle)], axis=1) / _ANGLE
    return np.where((column == ABSENT)[:, None], 0.0, on)


def centred(x: Array, kinds: Kinds) -> Array:
    """Return numeric columns of ``x`` (n, d) from -1/2 to 1/2, 0 where absent."""
    number = kinds != CATEGORY
    out = np.asarray(x[:, number] - 0.5)
    if np.any(kinds == OPTIONAL):
        out[(x[:, number] == ABSENT) & (kinds[number] == OPTIONAL)] = 0.0
    return out


def scaled(x: Array, weight: Array, kinds: Kinds) -> Array:
    """Return numeric columns (n, d) times their weights (d,), optional ones as two each."""
    number = kinds == NUMBER
    plain = np.asarray(x[:, number] * weight[number])
    optional = np.flatnonzero(kinds == OPTIONAL)
    if len(optional) == 0:
        return plain
    return np.hstack([plain, *(arc(x[:, j]) * weight[j] for j in optional)])
