"""From brush to action: narrow the space, enqueue inside it, star what it holds."""

import secrets
import tomllib
from typing import TYPE_CHECKING

from hpo_tui.engine.spec import ParameterKind, StudySpec, Value
from hpo_tui.tui import fmt, present
from hpo_tui.tui.actions import Action
from hpo_tui.tui.plain import plain
from hpo_tui.tui.screens.study_room import StudyRoom
from hpo_tui.tui.snapshot import Snapshot

if TYPE_CHECKING:
    from hpo_tui.tui.charts.brush import Narrowed

STAR_AT_MOST = 500
_MOST_REFINED = 50
"""Configurations inside a brush that can be asked for at a time."""
_ALL_COVERED = "The brushes leave the whole space as it is: brush some of a parameter's values."


class Brushing(StudyRoom):
    """A study's screen whose brushes can be acted on."""

    def _unfit(self, wanted: Action, snapshot: Snapshot) -> str:
        if wanted.id in ("study.narrow", "study.refine", "study.star_shown"):
            return self._unbrushed(wanted, snapshot)
        return super()._unfit(wanted, snapshot)

    def _unbrushed(self, wanted: Action, snapshot: Snapshot) -> str:
        starring, view, shown = wanted.id == "study.star_shown", self.look, self.picture
        if not view.brushes and not (starring and view.mask is not None):
            return "Nothing is brushed: first brush a range in the parallel coordinates (0)."
        edited = shown is not None and shown.study.revision != snapshot.study.revision
        if edited and not starring:
            return "The study was edited after the display was frozen: press Space to update it."
        return ""

    def _ranges(self) -> "tuple[Snapshot, tuple[Narrowed, ...]]":
        """Return the snapshot that is shown and what the brushes leave of the space.

        Brushes on metrics alone mean the span of the trials that they hold.
        """
        from hpo_tui.tui.charts.brush import brush_mask, narrowed

        snapshot = self.picture
        assert snapshot is not None
        brushes, spec = self.look.brushes, snapshot.spec
        on_params = any(name.startswith("p:") for name in brushes)
        mask = None if on_params else brush_mask(snapshot.frame, spec, brushes)
        return snapshot, narrowed(snapshot.frame, spec, brushes, mask)

    def do_study_narrow(self) -> None:
        """Show what the space would become and, when agreed to, edit the study."""
        snapshot, ranges = self._ranges()
        if not ranges:
            self.say(_ALL_COVERED, "warning")
            return
        base = snapshot.study.text
        text, problem = narrowed_text(base, snapshot.spec, ranges)
        if problem:
            self.say(problem, "error", "narrow")
            return

        detail = describe(ranges) + "\n\nNew trials stay inside; earlier ones are kept."
        if outside(snapshot.spec, ranges):
            detail += (
                "\nConfigurations under [[start]] that lie outside are removed from the study file."
            )
        self.confirm(
            lambda: self.command("edit", "narrow the space", {"text": text, "base": base}),
            "Narrow the space to the brush?",
            detail,
        )

    def do_study_refine(self) -> None:
        """Ask how many configurations inside the brush are wanted, and enqueue them."""
        from hpo_tui.tui.screens.dialogs import Ask, count_fault

        snapshot, ranges = self._ranges()
        if not ranges:
            self.say(_ALL_COVERED, "warning")
            return

        def taken(text: str | None) -> None:
            if text is None:
                return
            from hpo_tui.tui.charts.brush import refinements

            seed = secrets.randbits(32)  # asked again, others are drawn
            drawn = refinements(snapshot.frame, snapshot.spec, ranges, int(text), seed)
            self.wish("enqueue", "enqueue", *({"params": p, "task": None} for p in drawn))

        detail = "They are drawn near the best trials, inside:\n" + describe(ranges)
        self.app.push_screen(
            Ask(
                "Run how many configurations inside the brush?", "1", detail,
                lambda text: count_fault(text, _MOST_REFINED),
            ),
            taken,
        )  # fmt: skip

    def do_study_star_shown(self) -> None:
        """Star every trial that the view holds."""
        snapshot, mask = self.picture, self.look.mask
        assert snapshot is not None
        assert mask is not None
        numbers = [int(n) for n in snapshot.frame.number[mask & ~snapshot.frame.starred]]
        if not numbers or len(numbers) > STAR_AT_MOST:
            few = "All trials that are shown are starred already."
            count = present.grouped(len(numbers))
            many = f"{count} trials are too many to star: use a narrower filter."
            self.say(many if numbers else few, "warning")
            return
        self.confirm(
            lambda: self.commands("star", [{"trial": n, "on": True} for n in numbers]),
            f"Star {present.plural(len(numbers), 'trial')}?",
        )


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
    from hpo_tui.engine.spec.write import EditError, remove, set_value

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
    from hpo_tui.engine.spec.write import remove, set_value
    from hpo_tui.tui.editor.fields import TYPE_KEYS

    path = ("space", part.name)
    if part.choices:
        return set_value(text, (*path, "choices"), list(part.choices))
    whole = spec.parameter(part.name).kind is ParameterKind.INT
    low, high = (int(end or 0) if whole else float(end or 0) for end in (part.low, part.high))
    if low < high:
        return set_value(set_value(text, (*path, "low"), low), (*path, "high"), high)
    text = set_value(text, (*path, "type"), "fixed")
    for key in TYPE_KEYS["float"] & tomllib.loads(text)["space"][part.name].keys():
        text = remove(text, (*path, key))
    return set_value(text, (*path, "value"), low)


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
