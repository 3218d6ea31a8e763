"""What the screens show: one frozen picture of a study, and one view of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hpo_tui.engine.analysis.maps import Map
from hpo_tui.engine.analysis.slices import Slice
from hpo_tui.engine.code_versions import CodeVersion
from hpo_tui.engine.learning import Holds
from hpo_tui.engine.misnamed import Misnamed
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import Command, DeviceSample, Event, Study
from hpo_tui.tui.watching.silence import is_silent

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Mask


STALE_SECONDS = 10.0
"""Age from which a measurement says nothing of now: a runner takes one every two seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A study at a moment, read in one worker and handed to every widget. ``time``: Unix seconds.

    Two with the same ``frame`` object hold the same trials.
    """

    time: float
    folder: StudyFolder
    study: Study
    spec: StudySpec
    frame: Frame
    runner_pid: int | None
    """None: no runner lives."""
    spent: float
    lost: float
    devices: tuple[DeviceSample, ...] = ()
    events: tuple[Event, ...] = ()
    """The last ones."""
    edits: tuple[float, ...] = ()
    """When the study was edited, Unix seconds: all of them."""
    eta: float | None = None
    """Expected seconds to the end of the budget, None when nobody knows."""
    closing: str = ""
    """Why nothing new starts though the study runs: its goals are met, its budget is spent."""
    edited: bool = False
    """Whether a finished study's file was edited by hand, which a runner takes over."""
    heard: float | None = None
    """When the runner wrote last (Unix time); None where nobody knows."""
    suspended: bool = False
    """Whether the runner lives, but was told to stand still (``kill -STOP``)."""
    overdue: tuple[int, ...] = ()
    """The running trials that take far longer than any of their task has, as the runner finds."""
    quiet: Mapping[int, float] = field(default_factory=dict)
    """Running trials that have long reported nothing → when they did last (Unix time)."""
    misnamed: tuple[Misnamed, ...] = ()
    """The metrics that no trial has reported, but for one that does under another name."""
    waits: str = ""
    """What keeps every trial of a study that runs from starting; empty if nothing does."""
    queued: tuple[Command, ...] = ()
    """The trials that were asked for and wait for the next runner; none while one lives."""
    short: float | None = None
    """What the budget lacks for what is queued, in its unit; None where nothing is, or unknown."""
    learned: tuple[Holds, ...] = ()
    """How far what earlier studies say holds, study by study and metric by metric."""
    ranked: tuple[str, ...] = ()
    """The parameters, those that matter most over all metrics first; empty where nothing is known.
    Where a study is watched alone: it takes a while."""
    slices: tuple[Slice, ...] = ()
    """What the optimizer expects along each parameter of each metric."""
    maps: tuple[Map, ...] | None = None
    """And over pairs of parameters; None where no runner has told of any. The same object as long
    as no others were told."""
    code: tuple[CodeVersion, ...] = ()
    """The states of the code that trials ran, oldest first; empty where nobody knows."""
    starts: Mapping[int, float] = field(default_factory=dict)
    """Trial → when its last attempt began (Unix time), which tells what code it ran; else empty."""

    @property
    def silent(self) -> bool:
        """Whether a runner that lives has long written nothing, as while its disk is full."""
        awake = self.runner_pid is not None and not self.suspended
        return awake and is_silent(self.heard, self.time)

    @property
    def measured(self) -> tuple[DeviceSample, ...]:
        """The devices as they are now: nothing when no runner lives, or when it has fallen silent.

        ``devices`` holds the last sample of each, however old.
        """
        if self.runner_pid is None:
            return ()
        return tuple(d for d in self.devices if self.time - d.time < STALE_SECONDS)


Brush = tuple[float, float]
"""A range on an axis, both ends in: values for numbers, codes for choices, slots for tasks."""


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What of a study is looked at: one selection and one filter rule every pane.

    ``mask``: bool (n,) over the snapshot's frame, true where a trial passes the filter text and all
    brushes; None when everything does. ``brushes``: axis name → range, where an axis is named
    ``p:lr``, ``m:accuracy`` or ``task``.
    """

    selected: int | None = None
    filter: str = ""
    brushes: Mapping[str, Brush] = field(default_factory=dict)
    mask: "Mask | None" = None
    turn: int = 0
    """Counts what the person has changed: two views of one turn differ by new data alone."""

    def shown(self, total: int) -> int:
        """Return how many of ``total`` trials are let be shown."""
        return total if self.mask is None else int(self.mask.sum())

    def row(self, frame: "Frame") -> int | None:
        """Return the row of the selected trial, None where it is not in a frame, or none is."""
        return None if self.selected is None else frame.index(self.selected)

    def mask_over(self, total: int) -> "Mask | None":
        """Return the mask if it belongs to a frame of ``total`` trials: it can lag behind one."""
        return self.mask if self.mask is not None and len(self.mask) == total else None

    def inside(self, total: int) -> "Mask":
        """Return which trials of a frame of ``total`` are let be shown, (total,)."""
        import numpy as np

        mask = self.mask_over(total)
        return np.ones(total, dtype=np.bool_) if mask is None else mask


def unchanged(old: Sequence[object], new: Sequence[object]) -> bool:
    """Whether what is drawn from ``new`` looks as it did from ``old``.

    Of plain values it is the value that counts, of all else whether it is the very object: pictures
    share what has not changed.
    """
    return len(old) == len(new) and all(
        a is b or _equal(a, b) for a, b in zip(old, new, strict=True)
    )


def _equal(old: object, new: object) -> bool:
    return type(old) is type(new) and isinstance(old, int | float | str | tuple) and old == new
