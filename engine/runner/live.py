"""A trial that runs, as the runner holds it, and why it may be ended before its time."""

from dataclasses import dataclass, field
from typing import Literal

from hpo_tui.engine.execution import processes
from hpo_tui.engine.execution.base import Exit, Launch, Running
from hpo_tui.engine.execution.reports import ReportTail
from hpo_tui.engine.runner.printed import Printed

Look = frozenset[tuple[str, int]]
"""The files in a folder with the times of their last change."""

StopKind = Literal["prune", "kill", "nan", "stall", "study", "lend", "again"]
"""What ends a trial before its time. ``study``: the study is stopped; ``lend``: its device is lent;
``again``: an earlier run was stopped, and this one takes the trial up again."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why the runner ends a trial before its time."""

    kind: StopKind
    text: str

    @property
    def goes_on(self) -> bool:
        """Whether the trial is to run again."""
        return self.kind in ("lend", "again")


@dataclass
class Live:
    """A trial whose process runs (or has just ended and is still being read)."""

    number: int
    launch: Launch
    process: Running
    tail: ReportTail
    """The read end of its report file."""
    printed: Printed | None = None
    """What it prints or writes, as far as that is searched for metrics."""
    result: dict[str, float] = field(default_factory=dict)
    """Its metrics so far, summarized as the study says."""
    diverged: str = ""
    """Which metric was no number in one of its reports, in words; empty if none was."""
    heard: float = 0.0
    """When it last reported, in seconds that the machine was awake."""
    away: bool = False
    """Whether the study's folder was not there for a while as it ran."""

    # how it stood when this attempt began to be watched
    seq: int = 0
    """How many reports had been taken in."""
    slept: float = field(default_factory=processes.slept)
    """What the machine had slept, in seconds."""
    before: int | None = None
    """The step from which a promotion carries on."""
    paid: float = 0.0
    """What its steps have cost by now, earlier attempts included: its charge never falls below."""

    # its end
    drain: Look | None = None
    """What its checkpoint looked like when it was told to leave its device; at another it does."""
    stop: Stop | None = None
    kill_at: float | None = None
    """When it is killed unless it has ended, in seconds that the machine was awake."""
    ended: Exit | None = None
    """How it ended, once known."""
    unread: float | None = None
    """Since when what it has left could not be read, in seconds that the machine was awake."""
    fault: str = ""
    """Why not, once it is given up."""

    @property
    def unreadable(self) -> str:
        """Why its reports could not be read at the last try, empty if they could."""
        return self.tail.fault or ("" if self.printed is None else self.printed.fault)
