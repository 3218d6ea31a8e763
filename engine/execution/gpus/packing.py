"""How many trials share a GPU: learned from measured memory and from durations. Pure logic.

Three things limit a GPU: a fixed number from the study file, memory (every trial there at its
expected peak plus a margin must fit), and speed (trials that slow each other down by more than they
gain are not put together). An out-of-memory lowers the limit by one and widens the margin; a run of
successes raises it again (additive increase, back-off on loss, as in congestion control).
"""

import statistics
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

HEADROOM = 256 << 20
"""Bytes left free beside all margins: allocators and the driver round up."""
MARGIN = 0.10
"""Share by which a finished trial's peak is exceeded at most, as far as can be expected."""
WIDER = 1.5
"""By which the margin is widened with an out-of-memory, and narrowed again as the limit rises."""
LIVE_MARGIN = 0.25
"""The same for the peak of a trial that still runs: an evaluation may ask for more."""
SETTLED = 60.0
"""Seconds without a new peak after which a running trial's peak is believed."""
MOST = 8
"""Trials on one GPU at most when the number is learned."""
GAIN = 1.05
"""A further trial must raise the throughput of the GPU by this factor to be worth it."""
SAMPLES = 3
"""Durations needed at a level before it is judged."""
RAISE_AFTER = 8
"""Successes in a row after which what an out-of-memory taught is taken back by one step."""
FORGET_AFTER = 60
"""Ended trials after which a level that was judged too slow is tried again."""


@dataclass(frozen=True, slots=True)
class Resident:
    """A trial on a GPU: what is known of its memory there (bytes), and whether it wants it alone.

    ``expected``: what it was admitted with, None when that was unknown. ``peak``: measured so far.
    """

    trial: int
    task: str = ""
    expected: int | None = None
    peak: int = 0
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """A GPU as packing sees it. Bytes; ``foreign`` is used by processes that are not trials."""

    total: int
    foreign: int = 0
    residents: tuple[Resident, ...] = ()
    most: int = MOST
    """What the device itself allows: 1 in exclusive-process mode."""


@dataclass
class Packing:
    """Decides on, and learns from, every trial that shares a GPU.

    ``per_gpu``: trials on one GPU as the study file says; 0 learns the number.
    """

    per_gpu: int = 0
    margin: float = MARGIN
    limit: int = MOST
    """What out-of-memories have taught so far, across tasks."""
    _peaks: dict[str, deque[int]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=64))
    )
    _live: dict[int, tuple[str, int]] = field(default_factory=dict)
    _durations: dict[tuple[str, int], deque[float]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=32))
    )
    _calm: int = 0
    _cut: float = float("-inf")
    """When an out-of-memory last lowered the limit, by the caller's clock."""
    _slow: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Task → (the level judged too slow, trials ended since)."""

    def expected(self, task: str) -> int | None:
        """Return the bytes that a trial of ``task`` is expected to need, None when unknown.

        The largest recent peak with its margin: parameters such as a width move the peak about,
        and a trial that is killed by its neighbour costs more than a slot that stays empty.
        """
        peaks = self._peaks.get(task)
        if peaks:
            return int(max(peaks) * (1 + self.margin))
        live = [peak for name, peak in self._live.values() if name == task]
        return int(max(live) * (1 + LIVE_MARGIN)) if live else None

    def typical(self, task: str) -> float | None:
        """Return the bytes that half of the last trials of ``task`` needed; None when unknown."""
        peaks = self._peaks.get(task)
        return statistics.median(peaks) if peaks else None

    def level(self, task: str) -> int:
        """Return how many trials of ``task`` one GPU may hold, memory aside."""
        if self.per_gpu:
            return self.per_gpu
        slow = self._slow.get(task)
        return max(1, min(self.limit, slow[0] - 1 if slow else MOST))

    def admits(
        self, room: Room, task: str, *, memory: int | None = None, alone: bool = False
    ) -> bool:
        """Whether a trial of ``task`` may start beside the residents of ``room``.

        An empty GPU admits anything: a trial that may not fit is better tried than never run.
        ``memory``: the bytes that this configuration is expected to need, when the caller knows.
        """
        count = len(room.residents)
        if not count:
            return True
        if alone or any(r.alone for r in room.residents):
            return False
        tasks = {task, *(r.task for r in room.residents)}
        if count >= min(room.most, *(self.level(t) for t in tasks)):
            return False
        if self.per_gpu:
            return True
        need = memory if memory is not None else self.expected(task)
        taken = [self.reserved(r) for r in room.residents]
        if need is None or any(t is None for t in taken):
            return False
        return need + sum(t or 0 for t in taken) + HEADROOM <= room.total - room.foreign

    def reserved(self, resident: Resident) -> int | None:
        """Return the bytes kept for a resident, None while nothing is known about it."""
        known = resident.expected if resident.expected is not None else self.expected(resident.task)
        # One that has outgrown what was kept for it may grow on.
        return None if known is None else max(known, int(resident.peak * (1 + self.margin)))

    def capacity(self, room: Room, task: str = "", *, memory: int | None = None) -> int:
        """Return how many trials of ``task`` would fit at once on the emptied GPU, at least 1.

        ``memory``: the bytes that they are expected to need, when the caller knows.
        """
        most = min(room.most, self.level(task))
        if self.per_gpu:
            return max(1, most)
        need = memory if memory is not None else self.expected(task)
        if need is None:
            return 1
        return max(1, min(most, (room.total - room.foreign - HEADROOM) // max(1, need)))

    def watch(self, trial: int, task: str, peak: int, unchanged: float) -> None:
        """Take in the peak so far of a running trial, ``unchanged`` for that many seconds."""
        if peak > 0 and unchanged >= SETTLED:
            self._live[trial] = (task, peak)

    def forget(self, trial: int) -> None:
        """Drop what is known of a running trial: it ended."""
        self._live.pop(trial, None)

    def succeeded(self, task: str, peak: int | None, duration: float, level: float) -> None:
        """Learn from a trial that ended well after sharing its GPU with ``level - 1`` on average.

        ``duration`` in seconds; ``level`` is the mean number of trials there, itself included.
        """
        if peak:
            self._peaks[task].append(peak)
        if duration > 0:
            self._durations[task, max(1, round(level))].append(duration)
        self._calm += 1
        if self._calm >= RAISE_AFTER:
            self.limit, self._calm = min(MOST, self.limit + 1), 0
            self.margin = max(MARGIN, self.margin / WIDER)
        self._judge(task)

    def ran_out(self, level: int, began: float, now: float) -> None:
        """Learn from an out-of-memory with ``level`` trials on the GPU.

        Alone (1) it says nothing about sharing: that configuration is too large by itself. Nor does
        a trial that ``began`` before the limit was last lowered: one that asks for too much takes
        the others on its GPU along, and they are one event, as lost packets of one window are.
        """
        if level > 1 and began > self._cut:
            self.limit = max(1, min(self.limit, level) - 1)
            self.margin = min(1.0, self.margin * WIDER)
            self._calm, self._cut = 0, now

    def seed(self, task: str, peaks: Iterable[int]) -> None:
        """Take in peaks of trials that ended under an earlier runner."""
        self._peaks[task].extend(p for p in peaks if p > 0)

    def throughput(self, task: str) -> Mapping[int, float]:
        """Return trials per hour of one GPU by level, where enough durations are known."""
        return {
            level: 3600 * level / statistics.median(durations)
            for (name, level), durations in sorted(self._durations.items())
            if name == task and len(durations) >= SAMPLES
        }

    def _judge(self, task: str) -> None:
        """Cap the level of ``task`` at the last one that was worth its slowdown."""
        slow = self._slow.get(task)
        if slow:
            level, since = slow
            self._slow[task] = (level, since + 1)
            if since + 1 >= FORGET_AFTER:  # the mix of configurations has moved on: try again
                del self._slow[task]
                for key in [k for k in self._durations if k[0] == task and k[1] >= level]:
                    del self._durations[key]
            return
        best = 0.0
        for level, rate in self.throughput(task).items():
            if best and rate < best * GAIN:
                self._slow[task] = (level, 0)
                return
            best = max(best, rate)
