"""Frozen messages between the watcher, the widgets and the screens."""

from collections.abc import Mapping
from pathlib import Path

from textual.message import Message

from hpo_tui.tui.snapshot import Brush, Snapshot


class SnapshotReady(Message):
    """The watcher has read the study anew."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot

    def can_replace(self, message: Message) -> bool:
        """Let a newer picture take the place of a queued older one."""
        return isinstance(message, SnapshotReady)


class TrialSelected(Message):
    """The person has moved to a trial; every pane follows."""

    def __init__(self, number: int | None) -> None:
        super().__init__()
        self.number = number


class TrialOpened(Message):
    """The person wants the trial's own screen."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class BrushChanged(Message):
    """The brushed ranges of the parallel coordinates are others now (axis name → range)."""

    def __init__(self, brushes: Mapping[str, Brush]) -> None:
        super().__init__()
        self.brushes = brushes


class StudySaved(Message):
    """The editor has written a study file that is right; ``launch``: its trials are wanted now."""

    def __init__(self, path: Path, *, launch: bool) -> None:
        super().__init__()
        self.path = path
        self.launch = launch
