"""Scrambled Sobol points, as ``scipy.stats.qmc.Sobol`` draws them, to the last bit.

Importing :mod:`scipy.stats` takes longer than everything else that the first suggestion needs. Its
table of direction numbers is read without it; where a version of scipy keeps that elsewhere, the
points are its own.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hpo_tui.engine.arrays import Array

_BITS = 30
"""Binary digits of a coordinate."""
_TABLE = "stats", "_sobol_direction_numbers.npz"
_Words = NDArray[np.uint32]


def sobol(d: int, power: int, seed: int) -> Array:
    """Return the first ``2**power`` points in ``d`` dimensions, (n, d), in [0, 1).

    Scrambled by a random linear map and a digital shift (Matousek 1998). The direction numbers are
    those of Joe and Kuo (2008).
    """
    rng = np.random.default_rng(seed)
    directions = _directions(d)
    if directions is None:
        from scipy.stats import qmc

        return np.asarray(qmc.Sobol(d, scramble=True, rng=rng).random_base2(power))
    # What scipy is given it does not draw from itself.
    shift, scrambled = _scrambled(directions, rng.spawn(1)[0])
    number = np.arange(2**power - 1)
    lowest_zero = np.bitwise_count(number ^ (number + 1)) - 1
    words = np.vstack([shift, scrambled[:, lowest_zero].T])
    return np.asarray(np.bitwise_xor.accumulate(words, axis=0) * 2.0**-_BITS)


def _scrambled(directions: _Words, rng: np.random.Generator) -> tuple[_Words, _Words]:
    """Return a random shift (d,), and the direction numbers (d, bits) under random maps."""
    d, weights = len(directions), np.uint32(1) << np.arange(_BITS, dtype=np.uint32)
    shift = rng.integers(2, size=(d, _BITS), dtype=np.uint32) @ weights
    maps = np.tril(rng.integers(2, size=(d, _BITS, _BITS), dtype=np.uint32))
    maps[:, np.arange(_BITS), np.arange(_BITS)] = 1
    rows = maps @ weights[::-1]
    odd = np.bitwise_count(rows[:, None, :] & directions[:, :, None]).astype(np.uint32) & 1
    return shift, odd @ weights[::-1]


@cache
def _directions(d: int) -> _Words | None:
    """Return the direction numbers, (d, bits); None where scipy's table is not where it was."""
    found = find_spec("scipy")
    places = found.submodule_search_locations if found is not None else None
    try:
        with np.load(Path(places[0] if places else "", *_TABLE)) as table:
            polynomials, first = table["poly"][:d].tolist(), table["vinit"][:d].tolist()
    except (OSError, LookupError, ValueError):
        return None
    if len(polynomials) < d:
        return None
    rows = [[1] * _BITS]
    rows += [_row(p, v) for p, v in zip(polynomials[1:], first[1:], strict=True)]
    return np.array(rows[:d], dtype=np.uint32) << np.arange(_BITS, dtype=np.uint32)[::-1]


def _row(polynomial: int, first: list[int]) -> list[int]:
    """Return one dimension's numbers, of which the ``first`` are given, by its recurrence."""
    degree = polynomial.bit_length() - 1
    row = first[:degree]
    for j in range(degree, _BITS):
        new = row[j - degree]
        for k in range(1, degree + 1):
            if polynomial >> (degree - k) & 1:
                new ^= row[j - k] << k
        row.append(new)
    return row
