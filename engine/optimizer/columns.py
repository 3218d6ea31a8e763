"""What kind of coordinate each column is, and where numbers lie that not every configuration has.

Were the absence of a number a place among its values, results without it would say how the others
do that have it near there, and a region between that place and a result would seem to be known. So
the values of such a number lie on an arc and its absence at the centre, equally far from all of
them (after the arc kernel of Hutter & Osborne 2013). Its angle, three quarters of a half circle, is
between one that keeps distances of values and one that keeps absence near (measured in
docs/experiments.md). Shapes: n configurations, d columns.
"""

import math

import numpy as np

from hpo_tui.engine.arrays import Array, Index

NUMBER, CATEGORY, OPTIONAL = 0, 1, 2
"""Kinds of columns: a number that every configuration has, a category, a number that some lack."""
ABSENT = -2.0
"""The coordinate of an optional number that is not there; values beyond a range end at -1."""
_ANGLE = 0.75 * math.pi
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
