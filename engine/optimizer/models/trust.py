"""Whether the cheap tasks' results help to predict the full task's, metric by metric.

Two hypotheses on a metric's full-task results y: they follow the multi-task model, so that the
cheap rows c speak about them; or they are a function of its own. The logarithm of the Bayes factor

    D = log p(y | c) - log p(y)

(Kass & Raftery 1995), both under the hyperparameters of the multi-task model, so that nothing
but the cheap rows makes the difference. It counts what a task that ranks the other way round gets
wrong, which no prior of a positive correlation can express in the model itself. Two things in it
would speak for any cheap rows, noise too:

* Results that were promoted for the same reason lie close together, closer than the model's scale.
  So the scale of their deviations is free: a scaled inverse chi-squared prior of one degree of
  freedom on its square makes both densities Student's (Gelman et al. 2013, section 3.2).
* The cheap rows are lined up with the full results by pairs of both (transform.py). What was
  promoted out of noise falls back to the typical, and the shift hides it. So a fall is taken back
  before both densities, and pays for itself as an offset between tasks of prior variance 0.3.

A task is seldom right about one metric and wrong about another, yet it happens: a latent "these
tasks are sound" joins the metrics, a metric being told truly with probability 0.9 if so and 0.1 if
not. D of one metric so moves the belief in the others, as far as it matters to what is sought, and
two weak doubts make a strong one.
"""

from collections.abc import Sequence

import numpy as np
from scipy import linalg

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.models.gp import Posterior, cholesky
from hpo_tui.engine.optimizer.models.relevance import RELEVANT

TRUSTED = 0.7
"""Belief in a metric's cheap rows below which the model leaves them out."""
_SOUND, _TOLD_IF_SOUND, _TOLD_IF_NOT = 0.6, 0.9, 0.1
"""Prior probability that the tasks are sound, and that a metric is told truly if so, and if not."""
_FREEDOM, _OFFSET = 1.0, 0.3
"""Degrees of freedom of the scale, and prior variance of an offset between tasks."""
_VALUES, _SURE = 2, 30.0
"""Full-task values from which on there is a judgement, and the size to which D is limited."""


def trust(
    posteriors: Sequence[Posterior], falls: Sequence[float], relevance: Sequence[float] = ()
) -> list[float]:
    """Return how far each metric's cheap rows are believed, 0 to 1.

    ``falls``: by how much each metric's full results fall short of the cheap ones, in model units.
    ``relevance``: how much each metric's evidence counts for the others, 0 to 1; none is 1 for all.
    1 for all while there are no cheap rows, or fewer than two full-task values to judge them by:
    two results of one metric, one result of several that matter.
    """
    matters = np.array(relevance or [1.0] * len(posteriors))
    top = [p.rows.task == p.full for p in posteriors]
    values = sum(int(t.sum()) for t, w in zip(top, matters, strict=True) if w >= RELEVANT)
    if values < _VALUES or all(t.all() for t in top):
        return [1.0] * len(posteriors)
    factors = [
        log_bayes_factor(p, fall) if t.any() and not t.all() else 0.0
        for p, fall, t in zip(posteriors, falls, top, strict=True)
    ]
    return beliefs(np.array(factors), matters)


def log_bayes_factor(posterior: Posterior, fall: float = 0.0) -> float:
    """Return D of one metric; above 0 the cheap rows help."""
    top = posterior.rows.task == posterior.full
    told, spread = posterior.left_out(top)
    own, width = posterior.by_themselves(top)
    return _density(told + fall, spread + _OFFSET) - _density(own + fall, width)


def _density(gap: Array, covariance: Array) -> float:
    """Log density of Student's t at ``gap`` (k,) from its centre, up to a term of k alone."""
    chol = cholesky(covariance)
    white = linalg.solve_triangular(chol, gap, lower=True, check_finite=False)
    square = float(white @ white)
    return -float(np.log(np.diag(chol)).sum()) - 0.5 * (len(gap) + _FREEDOM) * float(
        np.log1p(square / _FREEDOM)
    )


def beliefs(factors: Array, relevance: Array) -> list[float]:
    """Return the probability that each metric is told truly, given the D of all, (k,) each.

    The latent soundness is summed out; the other metrics are independent given it. What they say
    is raised to the power of their ``relevance``: at 0 a metric says nothing of the others.
    """
    odds = np.exp(np.clip(factors, -_SURE, _SURE))
    found = []
    for k in range(len(odds)):
        told = not_told = 0.0
        for weight, chance in ((_SOUND, _TOLD_IF_SOUND), (1.0 - _SOUND, _TOLD_IF_NOT)):
            likely = (chance * odds + 1.0 - chance) ** relevance
            others = float(np.prod(np.delete(likely, k)))
            told += weight * others * chance * float(odds[k])
            not_told += weight * others * (1.0 - chance)
        found.append(told / (told + not_told))
    return found
