"""How large trials are on a GPU: what memory each needs, and so how many fit.

By configuration where the peaks so far tell that, else by task, as packing knows it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hpo_tui.engine.execution.gpus.memory import MemoryModel
from hpo_tui.engine.execution.gpus.packing import Packing
from hpo_tui.engine.execution.gpus.state import GpuState
from hpo_tui.engine.execution.lease import Need
from hpo_tui.engine.spec.parts import Parameter, Value


class Sizes:
    """Learns from the peak of each trial that ended well. ``space``: the study's parameters.

    Where the study file fixes how many trials share a GPU, nothing of it is asked.
    """

    def __init__(self, packing: Packing, space: Sequence[Parameter]) -> None:
        self._packing, self._memory = packing, MemoryModel(space)

    def add(self, task: str, params: Mapping[str, Value], peak: int) -> None:
        """Take in a trial's peak (bytes)."""
        self._memory.add(task, params, peak)

    def sized(self, need: Need) -> Need:
        """Return ``need`` with the memory that its configuration is expected to take, if known."""
        if need.memory is not None or self._packing.per_gpu or not need.params:
            return need
        return replace(need, memory=self._wider(self._memory.expected(need.task, need.params)))

    def places(self, states: Iterable[GpuState], task: str) -> int:
        """Return how many trials of a task fit on GPUs, as far as is known by then."""
        fixed = self._packing.per_gpu
        memory = None if fixed else self._wider(self._memory.typical())
        return sum(self._packing.capacity(s.room(), task, memory=memory) for s in states)

    def _wider(self, memory: int | None) -> int | None:
        """Return bytes with the margin that out-of-memories have taught."""
        return None if memory is None else int(memory * (1 + self._packing.margin))
