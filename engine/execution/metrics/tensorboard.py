"""Metrics in TensorBoard event files.

Lightning and transformers count their steps in batches and write the epoch beside them: then that
is the step, as it is in what they print, and trials of another batch size can be compared.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from hpo_tui.engine.execution.metrics.event_files import Broken, record, scalars
from hpo_tui.engine.execution.metrics.files import LIMIT, FilesSource, fitting, has_wildcards
from hpo_tui.engine.execution.metrics.lines import Entry
from hpo_tui.engine.execution.metrics.names import Names


def event_files(root: Path) -> list[Path]:
    """Return the event files at or below a path, which may have wildcards. Raises OSError."""
    if root.is_file():
        return [root]
    if has_wildcards(str(root)):
        return sorted(path for path in fitting(root) if path.is_file())
    return sorted(root.rglob("*tfevents*")) if root.is_dir() else []


class TensorboardSource(FilesSource):
    """Scalars of all event files; ``global_step`` counts by the files' own steps."""

    def __init__(self, folder: Path, path: str, names: Names, step: str | None) -> None:
        super().__init__(folder, path, names, step)
        self._ends: dict[str, int] = {}
        """How far each file has been looked at: what is written of a step may not be all yet."""
        self._broken: set[str] = set()
        """Damaged files, of which nothing more can be read."""

    def _files(self) -> list[Path]:
        return event_files(self.root)

    def _read(self, path: Path, *, final: bool) -> list[Entry]:
        """Read whole records; one that is still being written is left for the next poll.

        So is what was written last, of one step, until nothing has come behind it.
        """
        name = os.path.relpath(path, self.folder)
        if name in self._broken:
            return []
        start = end = self.offsets.get(name, 0)
        steps: list[tuple[int, int, dict[str, float]]] = []
        """Offset, step and scalars by tag of each step."""
        with path.open("rb") as file:
            file.seek(start)
            try:
                while end < start + LIMIT and (read := record(file)) is not None:
                    _join(steps, end, read[1])
                    end += read[0]
            except Broken:
                self._broken.add(name)
        settled = final or name in self._broken or self._ends.get(name) == end
        self._ends[name] = end
        self.offsets[name] = end
        if steps and not settled:
            self.offsets[name] = steps.pop()[0]
        return [e for _, step, found in steps if (e := self._entry(step, found))]

    def _entry(self, step: int, found: Mapping[str, float]) -> Entry | None:
        metrics = {n: v for tag, v in found.items() if (n := self.names.find(tag)) is not None}
        said = next((v for tag, v in found.items() if tag.rpartition("/")[2] == self.key), None)
        if said is not None and 0 <= said < 1 << 53:
            step = int(said)
        return (step, metrics) if metrics else None


def _join(steps: list[tuple[int, int, dict[str, float]]], at: int, data: bytes) -> None:
    """Take a record at an offset in, with those of the same step before it."""
    try:
        step, found = scalars(data)
    except ValueError:
        return
    if steps and steps[-1][1] == step:
        steps[-1][2].update(found)
    elif found:
        steps.append((at, step, found))
