"""A parameter of a study file that is searched no longer: it has one value from then on."""

import tomllib

from hpo_tui.engine.spec.parts import Value
from hpo_tui.engine.spec.text.amend import remove, set_value

_SEARCHED = ("low", "high", "log", "step", "choices", "prior")
"""What is said of a parameter that is searched, and not of a fixed one."""


def frozen(text: str, name: str, value: Value) -> str:
    """Return the text with the parameter ``name`` fixed at ``value``. Raises EditError."""
    path = ("space", name)
    text = set_value(text, (*path, "type"), "fixed")
    table = tomllib.loads(text)["space"][name]
    for key in _SEARCHED:
        if key in table:
            text = remove(text, (*path, key))
    return set_value(text, (*path, "value"), value)
