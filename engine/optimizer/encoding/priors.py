"""What is believed of good values before there are results, in the coordinates of ``axes``."""

import math

import numpy as np
from scipy import special

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.optimizer.encoding.axes import Axis
from hpo_tui.engine.spec import Parameter, Prior


def prior_quantile(parameter: Parameter, axis: Axis, u: Array) -> Array:
    """Map uniform ``u`` (n,) to coordinates (n,) distributed as the parameter's prior."""
    prior = parameter.prior
    if prior is None or axis.categorical:
        return u
    if prior.kind == "beta":
        from scipy import stats  # longer to import than all else here, and seldom needed

        return np.asarray(stats.beta.ppf(u, prior.a, prior.b))
    mean, sd = _normal_on_unit(parameter, prior)
    below, above = special.ndtr((0.0 - mean) / sd), special.ndtr((1.0 - mean) / sd)
    if above - below < 1e-12:
        return np.full_like(u, min(max(mean, 0.0), 1.0))
    return np.clip(mean + sd * special.ndtri(below + u * (above - below)), 0.0, 1.0)


def log_prior(parameter: Parameter, axis: Axis, u: Array) -> Array:
    """Log density (n,) of the prior at coordinates ``u`` (n,), at most 0; 0 without a prior."""
    prior = parameter.prior
    if prior is None or axis.categorical:
        return np.zeros_like(u)
    if prior.kind == "beta":
        from scipy import stats

        grid = np.linspace(0.005, 0.995, 199)
        inside = np.clip(u, 0.005, 0.995)
        top = float(np.max(stats.beta.logpdf(grid, prior.a, prior.b)))
        return np.asarray(np.minimum(stats.beta.logpdf(inside, prior.a, prior.b) - top, 0.0))
    mean, sd = _normal_on_unit(parameter, prior)
    return np.asarray(-0.5 * ((u - mean) / sd) ** 2)


def _normal_on_unit(parameter: Parameter, prior: Prior) -> tuple[float, float]:
    """Mean and sd of a normal prior in coordinates; a log parameter's are in log10 units."""
    low, high = float(parameter.low), float(parameter.high)
    if parameter.log:
        low, high = math.log10(low), math.log10(high)
    width = (high - low) or 1.0
    return (prior.a - low) / width, max(abs(prior.b) / width, 1e-6)
