"""From brush to action: narrow the space, enqueue inside it, star what it holds."""

import secrets
from typing import TYPE_CHECKING

from hpo_tui.engine.spec import ParameterKind, StudySpec, Value
from hpo_tui.tui import fmt, present
from hpo_tui.tui.plain import plain
from hpo_tui.tui.snapshot import Snapshot

if TYPE_CHECKING:
    from hpo_tui.tui.charts.brush import Narrowed
    from hpo_tui.tui.screens.study_room import StudyRoom

STAR_AT_MOST = 500


def _ranges(room: "StudyRoom") -> "tuple[Snapshot, tuple[Narrowed, ...]]":
    """Return the snapshot that is shown and what the brushes leave of the space.

    Brushes on metrics alone mean the span of the trials that they hold.
    """
    from hpo_tui.tui.charts.brush import brush_mask, narrowed

    snapshot = room.picture
    assert snapshot is not None
    brushes, spec = room.look.brushes, snapshot.spec
    on_params = any(name.startswith("p:") for name in brushes)
    mask = None if on_params else brush_mask(snapshot.frame, spec, brushes)
    return snapshot, narrowed(snapshot.frame, spec, brushes, mask)


def describe(ranges: "tuple[Narrowed, ...]") -> str:
    """Return what would be narrowed, a parameter a line."""
    lines = []
    for part in ranges:
        if part.choices:
            text = ", ".join(fmt.values(part.choices))
        else:
            text = f"{fmt.number(part.low or 0.0)} to {fmt.number(part.high or 0.0)}"
        lines.append(f"{plain(part.name)}: {text}")
    return "\n".join(lines)


def narrow(room: "StudyRoom") -> None:
    """Show what the space would become and, when agreed to, edit the study."""
    from hpo_tui.tui.screens.dialogs import Confirm

    snapshot, ranges = _ranges(room)
    if not ranges:
        room.say(
            "The brushes still cover the whole space: brush a parameter more tightly.", "warning"
        )
        return
    text, problem = narrowed_text(snapshot.study.text, snapshot.spec, ranges)
    if problem:
        room.say(problem, "error", "narrow")
        return

    def answered(yes: bool | None) -> None:
        if yes:
            room.command("edit", "narrow the space", {"text": text})

    detail = describe(ranges) + "\n\nNew trials stay inside; earlier ones are kept."
    if outside(snapshot.spec, ranges):
        detail += (
            "\nConfigurations under [[start]] that lie outside are removed from the study file."
        )
    room.app.push_screen(Confirm("Narrow the space to the brush?", detail), answered)


def narrowed_text(text: str, spec: StudySpec, ranges: "tuple[Narrowed, ...]") -> tuple[str, str]:
    """Return (the study text with the ranges put in, why that cannot be done).

    Configurations to run first that lie outside are left out, and so are choices that others
    depend on.
    """
    from hpo_tui.engine.spec.write import EditError, remove, set_value

    try:
        for part in ranges:
            if part.choices:
                text = set_value(text, ("space", part.name, "choices"), list(part.choices))
                continue
            whole = spec.parameter(part.name).kind is ParameterKind.INT
            for key, value in (("low", part.low), ("high", part.high)):
                if value is not None:
                    kept = int(value) if whole else value
                    text = set_value(text, ("space", part.name, key), kept)
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


def refine(room: "StudyRoom") -> None:
    """Ask how many configurations inside the brush are wanted, and enqueue them."""
    from hpo_tui.tui.screens.dialogs import Ask

    snapshot, ranges = _ranges(room)
    if not ranges:
        room.say(
            "The brushes still cover the whole space: brush a parameter more tightly.", "warning"
        )
        return

    def fault(text: str) -> str:
        good = text.strip().isdigit() and 1 <= int(text) <= 50
        return "" if good else "Give a whole number from 1 to 50."

    def taken(text: str | None) -> None:
        if text is None:
            return
        from hpo_tui.tui.charts.brush import refinements

        seed = secrets.randbits(32)  # asked again, others are drawn
        for params in refinements(snapshot.frame, snapshot.spec, ranges, int(text), seed):
            room.wish("enqueue", "enqueue", {"params": params, "task": None})

    detail = "They are drawn near the best trials, inside:\n" + describe(ranges)
    room.app.push_screen(
        Ask("Run how many configurations inside the brush?", "1", detail, fault), taken
    )


def star_shown(room: "StudyRoom") -> None:
    """Star every trial that the view holds."""
    from hpo_tui.tui.screens.dialogs import Confirm

    snapshot, mask = room.picture, room.look.mask
    assert snapshot is not None
    assert mask is not None
    numbers = [int(n) for n in snapshot.frame.number[mask & ~snapshot.frame.starred]]
    if not numbers or len(numbers) > STAR_AT_MOST:
        few = "All trials that are shown are starred already."
        many = (
            f"{present.grouped(len(numbers))} trials are too many to star: use a narrower filter."
        )
        room.say(many if numbers else few, "warning")
        return

    def answered(yes: bool | None) -> None:
        if yes:
            room.commands("star", [{"trial": n, "on": True} for n in numbers])

    room.app.push_screen(Confirm(f"Star {present.plural(len(numbers), 'trial')}?"), answered)
