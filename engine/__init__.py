"""What happens next: the study file, the optimizer, the runner.

The public names are handed on lazily (PEP 562), so that the screens can import
:class:`StudySpec` without torch or Optuna.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo_tui.engine.optimizer import BudgetSpent as BudgetSpent
    from hpo_tui.engine.optimizer import CostWeightedSampler as CostWeightedSampler
    from hpo_tui.engine.optimizer import Earlier as Earlier
    from hpo_tui.engine.optimizer import Optimizer as Optimizer
    from hpo_tui.engine.optimizer import PastTrial as PastTrial
    from hpo_tui.engine.optimizer import Suggestion as Suggestion
    from hpo_tui.engine.spec import SpecError as SpecError
    from hpo_tui.engine.spec import StudySpec as StudySpec

_HOMES = {
    "BudgetSpent": "hpo_tui.engine.optimizer",
    "CostWeightedSampler": "hpo_tui.engine.optimizer",
    "Earlier": "hpo_tui.engine.optimizer",
    "Optimizer": "hpo_tui.engine.optimizer",
    "PastTrial": "hpo_tui.engine.optimizer",
    "SpecError": "hpo_tui.engine.spec",
    "StudySpec": "hpo_tui.engine.spec",
    "Suggestion": "hpo_tui.engine.optimizer",
}
__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a public name from its home on first use."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
