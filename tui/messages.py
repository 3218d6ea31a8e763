"""Frozen messages between the watcher, the widgets and the screens."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message

from hpo_tui.tui.watching.snapshot import Brush, Snapshot


@dataclass
class SnapshotReady(Message):
    """The watcher has read the study anew."""

    snapshot: Snapshot

    def can_replace(self, message: Message) -> bool:
        """Let a newer picture take the place of a queued older one."""
        return isinstance(message, SnapshotReady)


@dataclass
class Arrived(Message):
    """The terminal has read what was written to it a while ago."""


@dataclass
class TrialSelected(Message):
    """The person has moved to a trial; every pane follows."""

    number: int | None


@dataclass
class BackgroundKnown(Message):
    """The terminal has said whether its background is light."""

    light: bool


@dataclass
class TrialOpened(Message):
    """The person wants the trial's own screen."""

    number: int


@dataclass
class BrushChanged(Message):
    """The brushed ranges of the parallel coordinates are others now (axis name → range)."""

    brushes: Mapping[str, Brush]


@dataclass
class StudySaved(Message):
    """The editor has written a study file that is right; ``launch``: its trials are wanted now."""

    path: Path
    launch: bool
