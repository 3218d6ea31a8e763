"""Hyperparameter optimization in the terminal of a GPU workstation.

Public names are handed on lazily: a training script that imports its client (``trial``), and the
screens, must not pay for torch or Optuna.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo_tui.engine import trial as trial

__version__ = "0.1.0"
__all__ = ["__version__", "trial"]


def __getattr__(name: str) -> Any:
    """Import ``trial`` on first use."""
    if name == "trial":
        return import_module("hpo_tui.engine.trial")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
