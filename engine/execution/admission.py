"""Whether a trial may start on a GPU, as far as can be told without its lock; else why not."""

from collections.abc import Callable, Iterable

from hpo_tui.engine.execution.gpu_state import GpuState
from hpo_tui.engine.execution.lease import Need
from hpo_tui.engine.execution.nvml import describe_process
from hpo_tui.engine.execution.packing import Packing

RESERVED = 60.0
"""Seconds that a GPU is kept empty for a trial that needs it alone and has not asked again."""
_NAMED = 3
"""Foreign processes that are named at most."""


class Admission:
    """Says yes, or why not. A trial that needs GPUs to itself is not starved by smaller ones."""

    def __init__(self, packing: Packing, clock: Callable[[], float]) -> None:
        self.packing, self._clock = packing, clock

    def refusal(self, state: GpuState, need: Need) -> str:
        """Return why ``need`` cannot start on a GPU, for people; empty if it can.

        Whether another study holds the GPU's lock is not looked at here.
        """
        label = state.gpu.label
        if not state.usable:
            return state.quarantine or f"{label} is lent"
        if state.foreign:
            named = list(state.foreign.items())[:_NAMED]
            return f"{label} is in use by {', '.join(describe_process(p, b) for p, b in named)}"
        if self._kept_from(state, need.trial):
            return f"{label} is kept for trial {state.reserved_for}"
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
        open_ = [s for s in states if s.usable and not s.foreign]
        open_.sort(key=lambda s: (s.reserved_for != need.trial, len(s.leases)))
        for state in open_[: need.gpus]:
            if not self._kept_from(state, need.trial):
                state.reserved_for, state.reserved_at = need.trial, self._clock()

    def _kept_from(self, state: GpuState, trial: int) -> bool:
        """Whether a GPU is kept for another trial that has asked for it within RESERVED seconds."""
        if state.reserved_for is None or state.reserved_for == trial:
            return False
        return self._clock() - state.reserved_at < RESERVED
