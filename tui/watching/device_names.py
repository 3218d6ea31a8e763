"""The names that people use for devices: ``GPU0`` for the UUID that is in the store."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from hpo_tui.store.models import DeviceSample
from hpo_tui.tui.words.fmt import natural

if TYPE_CHECKING:
    from hpo_tui.store.frame import Frame

_LABEL = re.compile(r"GPU\d+(\.\d+)?")
_LONG, _KEPT = 16, 12
"""Of a UUID that nobody has a label for, as many characters are shown."""


def labels(samples: Iterable[DeviceSample]) -> dict[str, str]:
    """Return UUID → label, of the GPUs whose sample begins its name with one."""
    firsts = ((s.device, s.name.partition(" ")[0]) for s in samples)
    return {device: first for device, first in firsts if _LABEL.fullmatch(first)}


def called(device: str, names: Mapping[str, str]) -> str:
    """Return what people call a trial's device: several GPUs are joined by commas."""
    return ",".join(names.get(part, _short(part)) for part in device.split(","))


def _short(device: str) -> str:
    uuid = device.startswith(("GPU-", "MIG-")) and len(device) > _LONG
    return device[:_KEPT] if uuid else device


def named(samples: Iterable[DeviceSample]) -> tuple[DeviceSample, ...]:
    """Return samples in order, whose device is its label, and whose name is the model alone."""
    samples = tuple(samples)
    names = labels(samples)
    found = (
        replace(s, device=names[s.device], name=s.name.partition(" ")[2])
        if s.device in names
        else replace(s, device=_short(s.device))
        for s in samples
    )
    return tuple(sorted(found, key=lambda s: natural(s.device)))


class NamedFrames:
    """Frames whose ``device`` is what people call it; the same one for the same frame."""

    def __init__(self) -> None:
        self._last: tuple[Frame, dict[str, str], Frame] | None = None

    def of(self, frame: "Frame", names: dict[str, str]) -> "Frame":
        """Return ``frame`` with its devices' names, itself where that changes none."""
        if self._last is not None and self._last[0] is frame and self._last[1] == names:
            return self._last[2]
        devices = frame.device.tolist()
        said = {device: called(device, names) for device in set(devices)}
        found = frame
        if any(device != name for device, name in said.items()):
            import numpy as np

            column = np.array([said[device] for device in devices], dtype=object)
            found = replace(frame, device=column)
        self._last = frame, names, found
        return found
