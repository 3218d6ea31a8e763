"""Frozen records and enums that cross every boundary: store to engine, store to screens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Value = float | int | str | bool
CPU = "cpu"
"""The device of a sample that is about the processor: its slots are no GPUs."""


class TrialState(StrEnum):
    """Where a trial stands."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    """Stopped early by the engine."""
    FAILED = "failed"
    KILLED = "killed"
    """Stopped by the user."""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come from the trial."""
        return self not in UNDER_WAY


LOST = (TrialState.FAILED, TrialState.KILLED, TrialState.PRUNED)
"""States of trials that ended without a result: what they were charged is lost."""
UNDER_WAY = (TrialState.RUNNING, TrialState.WAITING)
"""States of trials that may still bring a result."""


class StudyState(StrEnum):
    """Where a study stands, as its last runner left it; whether a runner lives is not stored."""

    NEW = "new"
    RUNNING = "running"
    PAUSED = "paused"
    """No new trials until resumed: by the user, or by the engine with a reason."""
    STOPPED = "stopped"
    """Ended by the user before its budget."""
    FINISHED = "finished"
    """The budget is spent, or every configuration has been run."""


@dataclass(frozen=True, slots=True)
class Study:
    """The study's own row. Times are Unix seconds."""

    name: str
    text: str
    """The study file as edited, TOML."""
    state: StudyState
    reason: str
    """Why it is in this state, for people; empty when that is plain."""
    seed: int
    created: float
    started: float | None
    ended: float | None
    revision: int
    """Counts edits of ``text``."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a configuration at a task.

    ``cost``: what it was planned to be charged (full-task units); ``charged``: what it has been
    charged so far, ``wasted`` the part of it that earlier attempts lost. ``why``: the optimizer's
    explanation; ``reason``: how it ended, for people.
    ``peak_memory`` in bytes, ``duration`` in seconds of running. Times are Unix seconds.
    ``report_offset``/``report_seq``: bytes and lines of the report file already in the store.
    """

    number: int
    configuration: int
    task: str
    state: TrialState
    cost: float
    params: Mapping[str, Value]
    metrics: Mapping[str, float] = field(default_factory=dict)
    charged: float = 0.0
    wasted: float = 0.0
    resumed_from: int | None = None
    repeat: int = 0
    attempt: int = 1
    why: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    created: float = 0.0
    started: float | None = None
    ended: float | None = None
    duration: float | None = None
    pid: int | None = None
    pid_started: float | None = None
    device: str = ""
    peak_memory: int | None = None
    utilization: float | None = None
    exit_code: int | None = None
    step: int | None = None
    report_offset: int = 0
    report_seq: int = 0
    teaches: bool = False
    """A failure that the parameters caused (out of memory, divergence)."""
    starred: bool = False
    tags: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A vector of metrics at a step. ``seq`` is the line's place in the trial's report file."""

    trial: int
    seq: int
    step: int | None
    """None for a final result."""
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Event:
    """Something decided or noticed, with its reason."""

    id: int
    time: float
    kind: str
    text: str
    trial: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """A wish of the user's: asked, then taken by the runner, then answered."""

    id: int
    asked: float
    action: str
    args: Mapping[str, Any]
    taken: float | None = None
    answered: float | None = None
    ok: bool | None = None
    answer: str = ""


@dataclass(frozen=True, slots=True)
class DeviceSample:
    """A device at a moment. Memory in bytes, utilization from 0 to 1."""

    time: float
    device: str
    name: str
    memory_used: int
    memory_total: int
    utilization: float | None
    trials: tuple[int, ...] = ()
    foreign: int = 0
    """Bytes used by processes that are not this study's trials."""
    temperature: int | None = None
    """°C. Like all that follows, it is kept of the newest samples alone."""
    power: float | None = None
    """Watts."""
    others: str = ""
    """Who uses it beside this study's trials, in words."""
    trouble: str = ""
    """Why nothing is started on it, in words; one that does not answer has no memory then."""
