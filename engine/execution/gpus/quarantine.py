"""GPUs on which trials fail through no fault of their own: they get no new ones."""

from collections.abc import Iterable

from hpo_tui.engine.execution.gpus.state import GpuState

BAD = 3
"""Failures in a row on one GPU, while others do well, that quarantine it."""


class Quarantine:
    """Judges GPUs by how the trials on them end.

    Where none does well the fault is rather in the script, and that is for the runner to notice.
    """

    def __init__(self) -> None:
        self._did_well: set[str] = set()
        """UUIDs of GPUs on which a trial has ended well."""

    def ended_well(self, states: Iterable[GpuState]) -> None:
        """Take note of a trial on these that ended well."""
        for state in states:
            state.failures = 0
            self._did_well.add(state.gpu.uuid)

    def failed(self, states: Iterable[GpuState]) -> None:
        """Take note of a trial on these that failed through no fault of its parameters."""
        for state in states:
            state.failures += 1
            if state.failures >= BAD and self._did_well - {state.gpu.uuid}:
                state.quarantine = f"{state.failures} trials in a row failed on {state.gpu.label}"
