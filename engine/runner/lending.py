"""Lending a device: nothing more starts there, and its trials leave at their next checkpoint."""

import contextlib
from pathlib import Path

from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Look, Stop

LENT = "lent"
"""Under which key the store keeps which devices are lent, for the next runner."""


def lend(desk: Desk, device: str, on: bool) -> str:
    """Give a device away, or take it back; return the answer. Raises ValueError for none."""
    answer = desk.executor.lend(device, on)
    desk.writer.put(LENT, list(desk.executor.lent()))
    for number in desk.executor.trials_on(device):
        live = desk.live.get(number)
        if live is not None:
            live.drain = look(live.launch.folder.checkpoint) if on else None
    desk.event("lent", answer)
    return answer


def drain(desk: Desk) -> None:
    """Move trials off a lent device, once they have written a checkpoint since it was lent."""
    for live in desk.live.values():
        if live.drain is None or live.stop is not None:
            continue
        if look(live.launch.folder.checkpoint) != live.drain:
            where = desk.executor.called(live.process.device)
            desk.end(live, Stop("lend", f"left {where}, which is lent"))


def look(folder: Path) -> Look:
    """Return a value that differs once something under a folder has changed, whatever the clock."""
    found = set[tuple[str, int]]()
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            found.add((str(path), path.stat().st_mtime_ns))
    return frozenset(found)
