"""From brush to action: narrow the space, enqueue inside it, star what it holds."""

import secrets
from functools import partial
from typing import TYPE_CHECKING

from hpo_tui.tui.narrowing import describe, narrowed_text, outside
from hpo_tui.tui.screens.study_room import Deeds
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import present

if TYPE_CHECKING:
    from hpo_tui.tui.charts.brush import Narrowed

STAR_AT_MOST = 500
_MOST_REFINED = 50
"""Configurations inside a brush that can be asked for at a time."""
_NOT_BRUSHED = "Nothing is brushed: first brush a range in the parallel coordinates (0)."
_ALL_COVERED = "The brushes leave the whole space as it is: brush some of a parameter's values."


class BrushDeeds(Deeds):
    """The actions on what is brushed."""

    def _why_no_ranges(self, snapshot: Snapshot) -> str:
        """Return why the brushes say nothing about the space that there is now."""
        if not self.screen.look.brushes:
            return _NOT_BRUSHED
        shown = self.screen.picture
        if shown is not None and shown.study.revision != snapshot.study.revision:
            return "The study was edited after the display was frozen: press Space to update it."
        return "" if self._ranges()[1] else _ALL_COVERED

    def _ranges(self) -> "tuple[Snapshot, tuple[Narrowed, ...]]":
        """Return the snapshot that is shown and what the brushes leave of the space.

        Brushes on metrics alone mean the span of the trials that they hold.
        """
        from hpo_tui.tui.charts.brush import brush_mask, narrowed

        snapshot = self.screen.picture
        assert snapshot is not None
        brushes, spec = self.screen.look.brushes, snapshot.spec
        on_params = any(name.startswith("p:") for name in brushes)
        mask = None if on_params else brush_mask(snapshot.frame, spec, brushes)
        return snapshot, narrowed(snapshot.frame, spec, brushes, mask)

    why_no_study_narrow = _why_no_ranges

    def do_study_narrow(self) -> None:
        """Show what the space would become and, when agreed to, edit the study."""
        snapshot, ranges = self._ranges()
        base = snapshot.study.text
        text, problem = narrowed_text(base, snapshot.spec, ranges)
        if problem:
            self.screen.say(problem, "error", "narrow")
            return

        detail = describe(ranges) + "\n\nNew trials stay inside; earlier ones are kept."
        if outside(snapshot.spec, ranges):
            detail += (
                "\nConfigurations under [[start]] that lie outside are removed from the study file."
            )
        self.screen.confirm(
            lambda: self.requests.send("edit", "narrow the space", {"text": text, "base": base}),
            "Narrow the space to the brush?",
            detail,
        )

    why_no_study_refine = _why_no_ranges

    def do_study_refine(self) -> None:
        """Ask how many configurations inside the brush are wanted, and enqueue them."""
        from hpo_tui.tui.screens.dialogs import Ask, count_fault

        snapshot, ranges = self._ranges()

        def taken(text: str) -> None:
            from hpo_tui.tui.charts.brush import refinements

            seed = secrets.randbits(32)  # asked again, others are drawn
            drawn = refinements(snapshot.frame, snapshot.spec, ranges, int(text), seed)
            if len(drawn) < int(text):
                found = present.plural(len(drawn), "configuration")
                self.screen.say(f"Near the best trials there is room for {found} in the brush.")
            self.wishes.ask_for("enqueue", "enqueue", *({"params": p, "task": None} for p in drawn))

        detail = "They are drawn near the best trials, inside:\n" + describe(ranges)
        fault = partial(count_fault, most=_MOST_REFINED)
        question = Ask("Run how many configurations inside the brush?", "1", detail, fault)
        question.ask(self.screen.app, taken)

    def why_no_study_star_shown(self, _: Snapshot) -> str:
        """Return why it is not said which trials are meant."""
        view = self.screen.look
        return "" if view.brushes or view.mask is not None else _NOT_BRUSHED

    def do_study_star_shown(self) -> None:
        """Star every trial that the view holds."""
        snapshot, mask = self.screen.picture, self.screen.look.mask
        assert snapshot is not None
        assert mask is not None
        numbers = [int(n) for n in snapshot.frame.number[mask & ~snapshot.frame.starred]]
        if not numbers or len(numbers) > STAR_AT_MOST:
            few = "All trials that are shown are starred already."
            count = present.grouped(len(numbers))
            many = f"{count} trials are too many to star: use a narrower filter."
            self.screen.say(many if numbers else few, "warning")
            return
        self.screen.confirm(
            lambda: self.requests.send_all("star", [{"trial": n, "on": True} for n in numbers]),
            f"Star {present.plural(len(numbers), 'trial')}?",
        )
