"""GPU time: for how long devices were occupied, however many trials shared them. No files.

A GPU that two trials share for an hour has worked one hour. So GPU time is the union, over each
GPU, of the times that trials ran there; a trial on several GPUs counts on each. What runs on a CPU
slot, or where it is not known which GPU it was, counts by itself.

An attempt's time is known only while its runner lives. Of a trial read back from the store the
attempts are taken for one piece, of their length together, that ended when the trial did.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from hpo_tui.store.models import Trial

Span = tuple[float, float]


def gpus_of(device: str) -> tuple[str, ...]:
    """Return the GPUs of a trial's device by UUID or label; none for a CPU slot or another label.

    What runs on a Ray cluster has its GPUs to itself.
    """
    return tuple(device.split(",")) if device.startswith(("GPU", "MIG-")) else ()


@dataclass(frozen=True, slots=True)
class GpuTime:
    """Seconds that devices were occupied, and what they would be had no trial shared one."""

    seconds: float
    unshared: float

    @property
    def sharing(self) -> float:
        """Trials on an occupied device, on average."""
        return self.unshared / self.seconds if self.seconds > 0 else 1.0


class Occupancy:
    """Adds up GPU time as trials end: a step for each, not for all that there were."""

    def __init__(self, trials: Iterable[Trial] = ()) -> None:
        self._spans: dict[str, list[Span]] = {}
        """GPU → when it was occupied, in order and apart from one another."""
        self._occupied = self._unshared = self._alone = 0.0
        for trial in trials:
            self.learn(trial)

    def learn(self, trial: Trial, before: Trial | None = None) -> None:
        """Take in what a trial has run; ``before``: as it was when its last attempt began."""
        seconds = trial.duration or 0.0
        end = trial.ended
        if before is not None:
            seconds -= before.duration or 0.0
            end = time.time() if end is None else end
        elif end is None and trial.started is not None:
            end = trial.started + seconds
        if seconds <= 0:
            return
        gpus = gpus_of(trial.device) if end is not None else ()
        if end is None or not gpus:
            self._alone += seconds
            return
        for gpu in gpus:
            self._unshared += seconds
            self._occupied += _added(self._spans.setdefault(gpu, []), (end - seconds, end))

    def move(self, since: float, seconds: float) -> None:
        """Date what has ended ``since`` then anew: the clock that it was dated by was set."""
        for gpu, spans in self._spans.items():
            moved = [(a + seconds, b + seconds) if b >= since else (a, b) for a, b in spans]
            self._spans[gpu] = []
            for span in sorted(moved):  # what has been counted stays counted
                _added(self._spans[gpu], span)

    def total(
        self,
        devices: int,
        under_way: Iterable[tuple[str, float]] = (),
        now: float | None = None,
    ) -> GpuTime:
        """Return the time till now.

        ``devices``: GPUs of a trial, for those that count by themselves; ``under_way``: the device
        of each running attempt and the seconds that it has run; ``now``: Unix time.
        """
        now = time.time() if now is None else now
        occupied, unshared, alone = self._occupied, self._unshared, self._alone
        longest: dict[str, float] = {}
        for device, elapsed in under_way:
            gpus = gpus_of(device)
            alone += 0.0 if gpus else elapsed
            unshared += elapsed * len(gpus)
            for gpu in gpus:
                longest[gpu] = max(elapsed, longest.get(gpu, 0.0))
        for gpu, elapsed in longest.items():
            occupied += _uncovered(self._spans.get(gpu, []), (now - elapsed, now))
        return GpuTime(occupied + alone * devices, unshared + alone * devices)


def _added(spans: list[Span], new: Span) -> float:
    """Put a span among the others; return the seconds that were not covered before."""
    start, end = new
    first = last = bisect_left(spans, start, key=lambda span: span[1])
    covered, low, high = 0.0, start, end
    while last < len(spans) and spans[last][0] <= end:
        covered += min(end, spans[last][1]) - max(start, spans[last][0])
        low, high = min(low, spans[last][0]), max(high, spans[last][1])
        last += 1
    spans[first:last] = [(low, high)]
    return end - start - covered


def _uncovered(spans: list[Span], new: Span) -> float:
    """Return the seconds of a span that no other covers."""
    start, end = new
    covered = 0.0
    for low, high in reversed(spans):
        if high <= start:
            break
        covered += max(0.0, min(end, high) - max(start, low))
    return max(0.0, end - start - covered)
