"""BoTorch as an engine: cost-weighted max-value entropy over tasks, one objective.

Needs ``pip install botorch``. Every task is paid in full, and nothing is promoted.
"""

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from botorch.acquisition import PosteriorMean
from botorch.acquisition.cost_aware import InverseCostWeightedUtility
from botorch.acquisition.fixed_feature import FixedFeatureAcquisitionFunction
from botorch.acquisition.max_value_entropy_search import (
    qMultiFidelityLowerBoundMaxValueEntropy,
)
from botorch.acquisition.utils import project_to_target_fidelity
from botorch.fit import fit_gpytorch_mll
from botorch.models import SingleTaskMultiFidelityGP
from botorch.models.cost import AffineFidelityCostModel
from botorch.models.transforms.outcome import Standardize
from botorch.optim import optimize_acqf, optimize_acqf_mixed
from gpytorch.mlls import ExactMarginalLogLikelihood

from search_support.engines import Proposal, Spent
from search_support.problem import BUDGET, Metrics, Problem, from_unit

if TYPE_CHECKING:
    from torch import Tensor

_START = ("cheap", "cheap", "middle", "full") * 2
"""Tasks of the Sobol points that it begins with, as the given runs had them."""
_PATIENCE = 4.0
"""Units without a full result after which the best predicted mean is run at the full task."""


class BoTorch:
    """SingleTaskMultiFidelityGP (Wu et al. 2019) with MF-GIBBON (Moss et al. 2021) per cost.

    A point is a configuration in the unit cube, and its task's cost as the fidelity.
    """

    def __init__(self, problem: Problem, seed: int, *, resume: bool) -> None:
        del resume
        if not problem.single:
            raise ValueError(f"{problem.name} has several objectives; this engine takes one")
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(seed)
        np.random.seed(seed)
        self._problem, self._size = problem, len(problem.space)
        self._levels = sorted(problem.levels, key=lambda level: level.cost)
        self._left, self._waited = BUDGET, 0.0
        self._x: list[Tensor] = []
        self._y: list[float] = []
        sobol = torch.quasirandom.SobolEngine(self._size, scramble=True, seed=seed)
        self._start = list(zip(sobol.draw(len(_START)).double(), _START, strict=True))

    def ask(self) -> Proposal:
        """Return the point that tells most about the best full result for its cost."""
        if self._start:
            unit, kind = self._start.pop(0)
            steps = {"cheap": 0, "middle": len(self._levels) // 2, "full": -1}
            level = self._levels[steps[kind]]
        else:
            unit, level = self._chosen()
        if level.cost > self._left + 1e-9:
            raise Spent
        self._left -= level.cost
        self._waited = 0.0 if level is self._levels[-1] else self._waited + level.cost
        self._x.append(torch.cat([unit, torch.tensor([level.cost])]))
        params = from_unit(self._problem.space, unit.numpy())
        return Proposal(len(self._x), params, level.name, level.cost)

    def tell(self, number: int, metrics: Metrics) -> None:
        """Learn a loss; one evaluation runs at a time."""
        if number != len(self._y) + 1:
            raise ValueError("this engine runs one evaluation at a time: --workers 1")
        self._y.append(-self._problem.losses(metrics)[0])

    def _chosen(self) -> tuple["Tensor", Any]:
        size, full = self._size, {self._size: 1.0}
        model = SingleTaskMultiFidelityGP(
            torch.stack(self._x), torch.tensor(self._y)[:, None], data_fidelities=[size],
            outcome_transform=Standardize(1),
        )  # fmt: skip
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        bounds = torch.stack([torch.zeros(size + 1), torch.ones(size + 1)])
        if self._waited >= _PATIENCE:
            mean = FixedFeatureAcquisitionFunction(PosteriorMean(model), size + 1, [size], [1.0])
            found, _ = optimize_acqf(mean, bounds[:, :size], 1, num_restarts=6, raw_samples=256)
            return found[0].detach(), self._levels[-1]
        gain = qMultiFidelityLowerBoundMaxValueEntropy(
            model,
            candidate_set=torch.rand(1000, size + 1),
            cost_aware_utility=InverseCostWeightedUtility(
                AffineFidelityCostModel({size: 1.0}, fixed_cost=0.0)
            ),
            project=lambda x: project_to_target_fidelity(x, full, size + 1),
        )
        found, _ = optimize_acqf_mixed(
            gain, bounds, 1, num_restarts=4, raw_samples=128, options={"maxiter": 60},
            fixed_features_list=[{size: level.cost} for level in self._levels],
        )  # fmt: skip
        cost = float(found[0, size])
        level = min(self._levels, key=lambda level: abs(level.cost - cost))
        return found[0, :size].detach(), level
