"""The space of a study narrowed to what the brushes leave: in its text, and in words."""

from typing import TYPE_CHECKING

from hpo_tui.engine.spec import ParameterKind, StudySpec, Value
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from hpo_tui.tui.charts.brush import Narrowed


def describe(ranges: "tuple[Narrowed, ...]") -> str:
    """Return what would be narrowed, a parameter a line."""
    lines = []
    for part in ranges:
        if part.choices:
            text = ", ".join(fmt.values(part.choices))
        elif part.low == part.high:
            text = f"always {fmt.number(part.low or 0.0)}"
        else:
            text = f"{fmt.number(part.low or 0.0)} to {fmt.number(part.high or 0.0)}"
        lines.append(f"{plain(part.name)}: {text}")
    return "\n".join(lines)


def narrowed_text(text: str, spec: StudySpec, ranges: "tuple[Narrowed, ...]") -> tuple[str, str]:
    """Return (the study text with the ranges put in, why that cannot be done).

    Configurations to run first that lie outside are left out, and so are choices that others
    depend on.
    """
    from hpo_tui.engine.spec.text.write import EditError, remove, set_value

    try:
        for part in ranges:
            text = _put_in(text, spec, part)
        for name, parent, left in _dependents(spec, ranges):
            if not left:
                return text, (
                    f"{plain(name)} depends on choices of {plain(parent)} outside the brush:"
                    " it would never be active"
                )
            text = set_value(text, ("space", name, "when", parent), left)
        for index in reversed(outside(spec, ranges)):
            text = remove(text, ("start", index))
    except EditError as error:
        return text, str(error)
    return text, ""


def _put_in(text: str, spec: StudySpec, part: "Narrowed") -> str:
    """Return the study text with one parameter narrowed, or frozen where one value is left."""
    from hpo_tui.engine.spec.text.freeze import frozen
    from hpo_tui.engine.spec.text.write import set_value

    path = ("space", part.name)
    if part.choices:
        return set_value(text, (*path, "choices"), list(part.choices))
    whole = spec.parameter(part.name).kind is ParameterKind.INT
    low, high = (int(end or 0) if whole else float(end or 0) for end in (part.low, part.high))
    if low < high:
        return set_value(set_value(text, (*path, "low"), low), (*path, "high"), high)
    return frozen(text, part.name, low)


def _dependents(
    spec: StudySpec, ranges: "tuple[Narrowed, ...]"
) -> list[tuple[str, str, list[Value]]]:
    """Return (parameter, parent, the parent's values that it still has) where it loses some."""
    found = []
    for part in ranges:
        for child in spec.space:
            values = child.when.get(part.name, ())
            left = [v for v in values if _inside(part, v)]
            if len(left) < len(values):
                found.append((child.name, part.name, left))
    return found


def outside(spec: StudySpec, ranges: "tuple[Narrowed, ...]") -> list[int]:
    """Return which of the configurations to run first are not inside all of ``ranges``."""
    return [
        i
        for i, given in enumerate(spec.start)
        if any(part.name in given and not _inside(part, given[part.name]) for part in ranges)
    ]


def _inside(part: "Narrowed", value: Value) -> bool:
    if part.choices:
        return value in part.choices
    low, high = part.low, part.high
    return (
        not isinstance(value, str)
        and (low is None or low <= value)
        and (high is None or value <= high)
    )
