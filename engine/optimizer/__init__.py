"""The search: ask and tell, and the Optuna sampler."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo_tui.engine.optimizer.api import BudgetSpent as BudgetSpent
    from hpo_tui.engine.optimizer.api import PastTrial as PastTrial
    from hpo_tui.engine.optimizer.api import StopDecision as StopDecision
    from hpo_tui.engine.optimizer.api import Suggestion as Suggestion
    from hpo_tui.engine.optimizer.api import TaskInsight as TaskInsight
    from hpo_tui.engine.optimizer.earlier import Earlier as Earlier
    from hpo_tui.engine.optimizer.optimizer import Optimizer as Optimizer
    from hpo_tui.engine.optimizer.sampler import CostWeightedSampler as CostWeightedSampler

_HOMES = {
    "BudgetSpent": "hpo_tui.engine.optimizer.api",
    "CostWeightedSampler": "hpo_tui.engine.optimizer.sampler",
    "Earlier": "hpo_tui.engine.optimizer.earlier",
    "Optimizer": "hpo_tui.engine.optimizer.optimizer",
    "PastTrial": "hpo_tui.engine.optimizer.api",
    "StopDecision": "hpo_tui.engine.optimizer.api",
    "Suggestion": "hpo_tui.engine.optimizer.api",
    "TaskInsight": "hpo_tui.engine.optimizer.api",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a public name from its home on first use: Optuna only where the sampler is used."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
