"""Brushes that stay on the same values when the study is edited."""

from collections.abc import Mapping

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts import axes
from hpo_tui.tui.watching.snapshot import Brush


def carried(
    brushes: Mapping[str, Brush], old: tuple[Frame, StudySpec] | None, new: tuple[Frame, StudySpec]
) -> dict[str, Brush]:
    """Return brushes of a study as it was, for the study as it is; some may have to go.

    A brush on choices counts them in the order of the space, which an edit changes. A parameter
    that was frozen has no axis any more. ``old``: None where the study as it was is not known: then
    brushes on choices go.
    """
    found = {}
    shown = axes.names(*new)
    for name, brush in brushes.items():
        if name not in shown:
            continue
        after = axes.make(name, *new)
        before = axes.make(name, *old) if old is not None else None
        if not after.slots and (before is None or not before.slots):
            found[name] = brush
        elif after.slots and before is not None and before.slots:
            held = before.slots[max(round(brush[0]), 0) : round(brush[1]) + 1]
            at = [i for i, label in enumerate(after.slots) if label in held]
            if at and at[-1] - at[0] + 1 == len(at):
                found[name] = float(at[0]), float(at[-1])
    return found
