"""Metrics in the runs that Weights & Biases writes to disk, with its server or without.

What is logged beside an ``epoch`` is counted by it, as in TensorBoard's files. A value that a run
has in its summary alone (``run.summary["best"] = …``) is reported once, at its end.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_tui.engine.execution.metrics.files import LIMIT, FilesSource, fitting, has_wildcards, merge
from hpo_tui.engine.execution.metrics.lines import Entry
from hpo_tui.engine.execution.metrics.names import Names
from hpo_tui.engine.execution.metrics.wandb_files import HEAD, Logged, begins, records

_OWN = "_step"
_DEPTHS = ("*.wandb", "*/*.wandb", "*/*/*.wandb")
"""Where a run's file lies: in its folder, below ``wandb``, below the folder that W&B was told."""


def run_files(root: Path) -> list[Path]:
    """Return the files of runs at or below a path, which may have wildcards.

    The last written is the last one: where a script has several runs, what it logs last counts.
    W&B's link to the latest run leads to nothing new. Raises OSError.
    """
    if root.is_file():
        return [root]
    if has_wildcards(str(root)):
        own = [file for path in fitting(root) for file in run_files(path)]
    else:
        found = (p for pattern in _DEPTHS for p in root.glob(pattern))
        own = [p for p in found if not any(q.is_symlink() for q in (p, *_between(p, root)))]
    return sorted(own, key=lambda p: (p.stat().st_mtime_ns, p.name))


def _between(path: Path, root: Path) -> list[Path]:
    return [p for p in path.parents if root in p.parents]


class WandbSource(FilesSource):
    """What runs have logged; ``_step`` counts by W&B's own steps."""

    def __init__(self, folder: Path, path: str, names: Names, step: str | None) -> None:
        super().__init__(folder, path, names, step)
        self._seen: set[str] = set()
        """Metrics that were logged at a step."""
        self._summary: dict[str, float] = {}
        self._last: int | None = None
        """The last step that was reported."""

    def finish(self) -> list[Entry]:
        """Return all that is left, and what is in the summaries alone."""
        found = super().finish()
        left = {n: v for n, v in self._summary.items() if n not in self._seen}
        self._seen |= left.keys()
        return merge([*found, (self._last, left)] if left else found)

    def skip(self) -> None:
        """Leave out what is there."""
        self.finish()
        self._seen, self._summary, self._last = set(), {}, None

    def state(self) -> dict[str, Any]:
        """Return the places in all files, and what was seen."""
        summary = {n: repr(v) for n, v in self._summary.items()}
        seen = {"seen": sorted(self._seen), "summary": summary, "last": self._last}
        return super().state() | seen

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        super().restore(state)
        self._seen = set(state.get("seen") or ())
        self._summary = {str(n): float(v) for n, v in (state.get("summary") or {}).items()}
        self._last = state.get("last")

    def _files(self) -> list[Path]:
        return run_files(self.root)

    def _read(self, path: Path, *, final: bool) -> list[Entry]:  # noqa: ARG002 - a record is whole
        """Read whole records, of a bounded number of bytes; the rest is left for the next poll."""
        name = os.path.relpath(path, self.folder)
        at = self.offsets.get(name, 0)
        if at and path.stat().st_size <= at:
            return []
        found: list[Entry] = []
        with path.open("rb") as file:
            if not begins(file):
                return []
            for _, end, said in records(file, max(at, HEAD), LIMIT):
                self.offsets[name] = end
                if said is not None and (entry := self._take(said)) is not None:
                    found.append(entry)
        return found

    def _take(self, said: Logged) -> Entry | None:
        """Return what a record reports; of a summary, nothing before the end."""
        metrics = {n: v for key, v in said.values.items() if (n := self.names.find(key))}
        if said.step is None:
            self._summary |= metrics
            return None
        if not metrics:
            return None
        self._seen |= metrics.keys()
        self._last = self._step(said)
        return self._last, metrics

    def _step(self, said: Logged) -> int:
        """Return the step that was logged beside, W&B's own where none was."""
        own = said.values.get(_OWN, float(said.step or 0))
        beside = (v for k, v in said.values.items() if k.rpartition("/")[2] == self.key)
        step = said.values.get(self.key, next(beside, own))
        return int(step if 0 <= step < 1 << 53 else own)
