"""Metrics that running trials report under another name: where the runner keeps them, how said."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo_tui.engine.spec.names import plain, show

if TYPE_CHECKING:
    from hpo_tui.engine.spec import StudySpec
    from hpo_tui.store.frame import Frame
    from hpo_tui.store.read import StudyReader

KEY = "misnamed"
"""Under which key the store keeps them."""


@dataclass(frozen=True, slots=True)
class Misnamed:
    """A metric that no trial has reported, and the name that was probably meant by it.

    ``expected``: as the study calls it. ``slip``: what ``trial`` reports.
    """

    expected: str
    slip: str
    trial: int

    def packed(self) -> list[Any]:
        """Return it as the store keeps it."""
        return [self.expected, self.slip, self.trial]

    @property
    def short(self) -> str:
        """Return it in few words: ``no accuracy, but acc``."""
        return f"no {plain(self.expected)}, but {plain(self.slip)}"

    @property
    def text(self) -> str:
        """Return what is wrong, and what to write."""
        return (
            f"trial {self.trial} reports {plain(self.slip)}, but no {plain(self.expected)}, and"
            f" will have no result without it: {remedy(self.expected, self.slip)}"
        )


def remedy(expected: str, slip: str) -> str:
    """Return what to write where a script's name for a metric is another than the study's."""
    line = f"rename = {{ {show(slip)} = {show(expected)} }}"
    return f"if {show(slip)} is meant, write {line} under [[metrics]] in the study's file"


def misnamed(reader: "StudyReader", spec: "StudySpec", frame: "Frame") -> tuple[Misnamed, ...]:
    """Return the metrics of which the runner has found the names that were probably meant.

    Left out is what a trial has reported since, or an edit has taken away.
    """
    kept = (Misnamed(*packed) for packed in reader.get(KEY) or ())
    return tuple(one for one in kept if _lacks(spec, frame, one.expected))


def _lacks(spec: "StudySpec", frame: "Frame", metric: str) -> bool:
    """Whether a metric is needed and no trial has a value of it."""
    if metric not in spec.metric_names:
        return False
    return metric not in frame.metrics or all(map(math.isnan, frame.metrics[metric].tolist()))
