"""All trials of a study as columns: what charts, tables and the analysis work on."""

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from hpo_tui.store.models import TrialState, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STATES: tuple[TrialState, ...] = tuple(TrialState)
"""A frame's state codes index this."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Columns of n trials, ordered by trial number. Never changed once made.

    ``number``, ``configuration``, ``resumed_from`` (0: none), ``repeat``: int64 (n,);
    ``state``: int8 (n,), indices of :data:`STATES`; ``task``: int16 (n,), indices of ``tasks``;
    ``cost``, ``charged``, ``wasted``, ``started``, ``ended``, ``duration``, ``peak_memory``,
    ``step``: float64 (n,), NaN where unknown; ``starred``: bool (n,); ``device``: object (n,) of
    str; ``tags``: int32 (n,), indices of ``tag_sets``, of which the first is empty.
    ``params``: name → float64 (n,) for numbers; for parameters with text or truth values, codes
    into ``choices[name]``; NaN where inactive. ``metrics``: name → float64 (n,), NaN where missing.
    """

    number: "NDArray[np.int64]"
    configuration: "NDArray[np.int64]"
    resumed_from: "NDArray[np.int64]"
    repeat: "NDArray[np.int64]"
    state: "NDArray[np.int8]"
    task: "NDArray[np.int16]"
    cost: "NDArray[np.float64]"
    charged: "NDArray[np.float64]"
    wasted: "NDArray[np.float64]"
    started: "NDArray[np.float64]"
    ended: "NDArray[np.float64]"
    duration: "NDArray[np.float64]"
    peak_memory: "NDArray[np.float64]"
    step: "NDArray[np.float64]"
    starred: "NDArray[np.bool_]"
    device: "NDArray[np.object_]"
    tags: "NDArray[np.int32]"
    tasks: tuple[str, ...] = ()
    params: "dict[str, NDArray[np.float64]]" = field(default_factory=dict)
    choices: dict[str, tuple[Value, ...]] = field(default_factory=dict)
    metrics: "dict[str, NDArray[np.float64]]" = field(default_factory=dict)
    tag_sets: tuple[tuple[str, ...], ...] = ((),)
    rev: int = 0
    """The newest change that is in it."""

    def __len__(self) -> int:
        return len(self.number)

    def index(self, number: int) -> int | None:
        """Return the row of trial ``number``, None if it is not there."""
        row = int(self.number.searchsorted(number))
        return row if row < len(self.number) and self.number[row] == number else None

    def in_state(self, *states: TrialState) -> "NDArray[np.bool_]":
        """Return the mask (n,) of the trials in one of ``states``."""
        import numpy as np

        return np.isin(self.state, [STATES.index(s) for s in states])

    def only(self, mask: "NDArray[np.bool_]") -> "Frame":
        """Return the trials of a mask (n,) alone."""
        held = {f.name: getattr(self, f.name) for f in fields(self)}
        columns: dict[str, Any] = {n: v[mask] for n, v in held.items() if hasattr(v, "dtype")}
        params = {name: values[mask] for name, values in self.params.items()}
        metrics = {name: values[mask] for name, values in self.metrics.items()}
        return replace(self, params=params, metrics=metrics, **columns)

    def at_task(self, name: str) -> "NDArray[np.bool_]":
        """Return the mask (n,) of the trials at task ``name``."""
        import numpy as np

        if name not in self.tasks:
            return np.zeros(len(self), dtype=bool)
        return np.asarray(self.task == self.tasks.index(name), dtype=np.bool_)
