"""Values of a study's parameters as the screens say them. Pure."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.present import number

if TYPE_CHECKING:
    from hpo_tui.tui.watching.snapshot import Snapshot


def value_text(snapshot: "Snapshot", name: str, row: int, digits: int = 4) -> str:
    """Return a parameter's value at ``row`` as text, empty where it is inactive."""
    return value_texts(snapshot, name, digits)(row)


def listed_texts(snapshot: "Snapshot", name: str) -> dict[float, str]:
    """Return number → text of a parameter's choices that are numbers or truth values."""
    listed = next((p.choices for p in snapshot.spec.space if p.name == name), ())
    given = [c for c in listed if not isinstance(c, str)]
    return dict(zip(map(float, given), fmt.values(given), strict=True))


def value_texts(snapshot: "Snapshot", name: str, digits: int = 4) -> Callable[[int], str]:
    """Return what says a parameter's value at a row. With more than four digits, integers whole."""
    frame = snapshot.frame
    values = frame.params.get(name)
    if values is None:
        return lambda row: ""  # noqa: ARG005 - a row of which nothing is known
    choices = frame.choices.get(name)
    if choices is not None:
        texts = fmt.values(choices)
        return lambda row: "" if math.isnan(values[row]) else texts[int(values[row])]
    known = listed_texts(snapshot, name)

    def text(row: int) -> str:
        value = float(values[row])
        if value in known:
            return known[value]
        whole = digits > 4 and value.is_integer() and abs(value) < 1e15
        return str(int(value)) if whole else number(value, digits)

    return text
