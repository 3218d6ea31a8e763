"""The best new configurations by what they are expected to gain: broad ones, then rounds around.

Shapes: c candidates, d coordinates.
"""

from collections.abc import Set
from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.optimizer.acquisition.candidates import (
    around_front,
    distinct,
    marks,
    spread,
    steps,
    sweeps,
)
from hpo_tui.engine.optimizer.acquisition.scoring import Acquisition

_SPREAD, _NEAR, _SMALL = 512, 256, 256
"""Candidates all over the space and near the front; a space that is looked at whole."""
_ROUNDS, _TOP = 3, 6
"""Rounds of refinement, and from how many of the best each sets out."""
_STEPS = ((96, 0.06), (64, 0.02), (64, 0.007))
"""Steps of one round: how many, and how far in coordinates."""
_KEPT, _KEPT_FULL = 40, 10
"""Candidates to choose among: the best for a look, and the best for the full task."""
_SHARED = 200
"""Of either, how many those suggestions choose among that share the look at the space."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """New configurations, (c, d): those to ``choose`` among now, and more of the best to share."""

    choose: Array
    share: Array


def refined(acquisition: Acquisition, known: Set[bytes], rng: np.random.Generator) -> Candidates:
    """Return the best candidates that are allowed and whose marks are not ``known``.

    Out of random ones, some near the front and, in a small space, all; then of three rounds of
    steps and sweeps around the best.
    """
    space = acquisition.space
    x = np.vstack(
        [
            spread(space, _SPREAD, rng),
            around_front(space, acquisition.best_known(), _NEAR, rng),
            space.everything(_SMALL),
        ]
    )
    x = distinct(x[space.allowed(x)], known)
    full, look = acquisition.score(x, len(x))
    for part in range(_ROUNDS):
        if len(x) == 0:
            break
        top = x[_best(look, _TOP)]
        more = [steps(space, top, n, scale, rng) for n, scale in _STEPS]
        more.append(sweeps(space, top[: _ROUNDS - part], rng))
        extra = np.vstack(more)
        extra = distinct(extra[space.allowed(extra)], known | set(marks(x)))
        at_full, at_look = acquisition.score(extra, len(extra))
        x = np.vstack([x, extra])
        full, look = np.concatenate([full, at_full]), np.concatenate([look, at_look])
    return Candidates(
        choose=x[np.union1d(_best(look, _KEPT), _best(full, _KEPT_FULL))],
        share=x[np.union1d(_best(look, _SHARED), _best(full, _SHARED))],
    )


def _best(score: Array, most: int) -> Index:
    """Return the rows of the highest scores, (most,)."""
    return np.argsort(-score, kind="stable")[:most]
