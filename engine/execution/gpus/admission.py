"""Whether a trial may start on a GPU, as far as can be told without its lock; else why not."""

from collections.abc import Callable, Iterable

from hpo_tui.engine.execution.gpus.packing import Packing
from hpo_tui.engine.execution.gpus.state import GpuState
from hpo_tui.engine.execution.lease import Need

RESERVED = 60.0
"""Seconds that a GPU is kept empty for a trial that needs it alone and has not asked again."""
FREED = 10.0
"""Seconds after the end of our last trial on a GPU in which its memory may still be being freed."""
ALIKE = 0.9
"""Share of the largest GPUs' memory from which on another counts as one of them."""


class Admission:
    """Says yes, or why not. A trial that needs GPUs to itself is not starved by smaller ones."""

    def __init__(
        self, packing: Packing, clock: Callable[[], float], *, beside_others: bool = False
    ) -> None:
        self.packing, self._clock = packing, clock
        self.beside_others = beside_others
        """Whether GPUs are used that others use, too: with the memory that is free there."""

    def size(self, states: Iterable[GpuState], need: Need) -> float:
        """Return the memory (bytes) that a GPU must have for ``need``, where they differ in it.

        What ran out of memory is tried again on the largest ones, and what is known to need more
        than the small ones have does not go there. Only GPUs that can be had count: if no other
        is large enough, a small one will do.
        """
        sizes = sorted(map(self._memory, filter(self._open, states)), reverse=True)
        if len(sizes) < need.gpus:
            return 0.0
        largest = ALIKE * sizes[need.gpus - 1]
        if need.alone:
            return largest
        typical = need.memory if need.memory is not None else self.packing.typical(need.task)
        return min(largest, typical or 0.0)

    def refusal(self, state: GpuState, need: Need, size: float = 0.0) -> str:
        """Return why ``need`` cannot start on a GPU, for people; empty if it can.

        ``size``: what :meth:`size` says. Whether another study holds the GPU's lock is not looked
        at here.
        """
        label = state.gpu.label
        if not state.usable:
            return state.quarantine or f"{label} is lent"
        if state.reading is None:
            return f"{label} has not answered yet"
        if not self.beside_others and state.unseen and self._clock() - state.freed < FREED:
            return f"{label} is full (memory of our trials is being freed)"
        if not self._open(state):
            study = state.neighbour  # said as its lock says it, which it holds in between
            return (
                f"{label}: the study {study} has it"
                if study
                else f"{label} is in use by {state.others}"
            )
        if self._kept_from(state, need.trial):
            return f"{label} is kept for trial {state.reserved_for}"
        if self._memory(state) < size:
            return f"{label} is too small for this one of our trials"
        # Several GPUs at once are only shared where the study file says how many may.
        fits = not state.leases if need.gpus > 1 and not self.packing.per_gpu else True
        if fits and self.packing.admits(
            state.room(), need.task, memory=need.memory, alone=need.alone
        ):
            return ""
        return f"{label} is full ({len(state.leases)} of our trials)"

    def reserve(self, states: Iterable[GpuState], need: Need) -> None:
        """Let GPUs run empty for a trial that found no room and needs them to itself."""
        if not need.alone and need.gpus == 1:
            return
        states = list(states)
        size = self.size(states, need)
        open_ = [
            s
            for s in states
            if self._open(s) and self._memory(s) >= size and not self._kept_from(s, need.trial)
        ]
        open_.sort(key=lambda s: (s.reserved_for != need.trial, len(s.leases)))
        for state in open_[: need.gpus]:
            state.reserved_for, state.reserved_at = need.trial, self._clock()

    def shunned(self, state: GpuState) -> bool:
        """Whether a GPU is left alone only because programs use it that are no studies."""
        return (
            state.usable
            and not self.beside_others
            and _has_room(state)
            and bool(state.others)
            and not state.neighbour
        )

    def _open(self, state: GpuState) -> bool:
        """Whether a GPU is this study's to use, as far as others' use of it goes."""
        beside = self.beside_others and _has_room(state)
        return state.usable and (beside or not state.others)

    def _memory(self, state: GpuState) -> int:
        """Return the bytes that a trial can have on a GPU, once no other of ours is there."""
        return state.gpu.memory - (state.room().foreign if self.beside_others else 0)

    def _kept_from(self, state: GpuState, trial: int) -> bool:
        """Whether a GPU is kept for another trial that has asked for it within RESERVED seconds."""
        if state.reserved_for is None or state.reserved_for == trial:
            return False
        return self._clock() - state.reserved_at < RESERVED


def _has_room(state: GpuState) -> bool:
    """Whether a process can start beside others on a GPU: in an exclusive mode none can."""
    return not (state.gpu.most and state.foreign)
