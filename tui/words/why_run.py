"""Why a trial was run: those numbers behind the choice that mean something to people. Pure."""

from collections.abc import Mapping
from typing import Any

from hpo_tui.tui.words import present

_SILENT = frozenset({
    "text", "kind", "from", "point", "bound_for", "predictive",  # the sentence says them
    "gain", "index", "runner_up",  # in units of the models: no two of them can be compared
})  # fmt: skip
"""Numbers for programs, which find them by ``--json``."""
_ALL = 0.9995
"""A correlation from which on the task tells all of the full one, as that itself does."""


def why_lines(why: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (name, value) of what can be read beside the sentence.

    What is not known here, as of another program's choice, is shown as it is.
    """
    lines = [(str(key), _said(key, value)) for key, value in why.items() if key not in _SILENT]
    return [(name, text) for name, text in lines if text]


def _said(key: str, value: object) -> str:
    if not isinstance(value, float):
        return _raw(value)
    if key == "price":
        return f"{present.number(value)} full-task unit{'' if value == 1 else 's'}"
    if key == "correlation":
        return f"{value:.2f} expected with the full task" if value < _ALL else ""
    if key == "chance":
        return f"{value:.0%} that it gives a result"
    return _raw(value)


def _raw(value: object) -> str:
    if isinstance(value, float):
        return present.number(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_raw(v)}" for k, v in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_raw, value))
    return str(value)
