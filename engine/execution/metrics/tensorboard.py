"""Metrics in TensorBoard event files.

Lightning and transformers count their steps in batches and write the epoch beside them: then that
is the step, as it is in what they print, and trials of another batch size can be compared.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution.metrics.event_files import Broken, record, scalars
from hpo_tui.engine.execution.metrics.files import LIMIT, merge
from hpo_tui.engine.execution.metrics.lines import Entry
from hpo_tui.engine.execution.metrics.names import Names

_EPOCH = "epoch"


class TensorboardSource:
    """Scalars of all event files at or below a path of the trial's folder.

    ``step``: the tag that counts steps, ``global_step`` for the files' own count; ``epoch`` where
    a file has it and nothing is said.
    """

    def __init__(self, folder: Path, path: str, names: Names, step: str | None) -> None:
        self.folder, self.root, self.names = folder, folder / path, names
        self.tag = step or _EPOCH
        self.offsets: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        """How far each file has been looked at: what is written of a step may not be all yet."""
        self._broken: set[str] = set()
        """Damaged files, of which nothing more can be read."""

    def poll(self) -> list[Entry]:
        """Return what is new."""
        return merge(self._new(final=False))

    def finish(self) -> list[Entry]:
        """Return all that is left."""
        found: list[Entry] = []
        before = None
        while before != self.offsets:
            before = dict(self.offsets)
            found += self._new(final=True)
        return merge(found)

    def skip(self) -> None:
        """Leave out what is there."""
        self.finish()

    def state(self) -> dict[str, Any]:
        """Return the places in all files, by path from the trial's folder."""
        return {"offsets": dict(self.offsets)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.offsets = {str(k): int(v) for k, v in (state.get("offsets") or {}).items()}

    def _files(self) -> list[Path]:
        if self.root.is_file():
            return [self.root]
        if any(c in str(self.root) for c in "*?["):
            place = Path(self.root.anchor)
            return sorted(place.glob(str(self.root.relative_to(place))))
        return sorted(self.root.rglob("*tfevents*")) if self.root.is_dir() else []

    def _new(self, *, final: bool) -> list[Entry]:
        found: list[Entry] = []
        try:
            files = self._files()
        except OSError:  # its folder is closed to us at present
            return found
        for path in files:
            try:
                found += self._read(path, final=final)
            except OSError:
                continue
        return found

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
        said = next((v for tag, v in found.items() if tag.rpartition("/")[2] == self.tag), None)
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
