"""Making a study: from a script (``init``), by preview, by trying it once."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hpo_tui.engine.define.draft import Draft as Draft
    from hpo_tui.engine.define.start import init as init

_HOMES = {"Draft": "draft", "init": "start"}
__all__ = ["Draft", "init"]


def __getattr__(name: str) -> Any:
    """Import a public name from its home on first use."""
    if name in _HOMES:
        return getattr(import_module(f"hpo_tui.engine.define.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
