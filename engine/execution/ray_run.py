"""A trial on a Ray cluster as the runner sees it: about to begin, running, ended."""

import contextlib
import time
from collections.abc import Callable
from threading import Event
from typing import Any

from hpo_tui.engine.at_once import Asked, Patient
from hpo_tui.engine.execution.base import Exit, Launch, Running
from hpo_tui.engine.execution.leftovers import lost, read_exit

START_SECONDS = 60.0
"""How long a node may take to start a trial's shim before the trial counts as not started."""
CHECK_SECONDS = 5.0
"""Between two questions whether a trial's actor still lives; its end is seen in its files."""
PATIENCE = 0.5
"""Seconds for which the runner waits for Ray, which may hang: it has other things to do."""


class RaySlot:
    """Room for one trial, counted here; Ray itself keeps the resources."""

    def __init__(self, held: set[int], number: int) -> None:
        self.device = "ray"
        self._held, self.number = held, number

    def release(self) -> None:
        """Give it back."""
        self._held.discard(self.number)


Begun = tuple[Any, int, str]
"""What has begun a trial: its actor, the shim's PID, and the device's label."""


class RayRun(Running):
    """A trial's shim on a node of the cluster, or one that ``beginning`` is about to start there.

    ``tell``: takes a sentence for the person. ``given_up``: what begins it need not any more.
    """

    def __init__(
        self, launch: Launch, slot: RaySlot, tell: Callable[[str], None], *,
        begun: Begun | None = None, beginning: Asked[Begun] | None = None,
        given_up: Event | None = None,
    ) -> None:  # fmt: skip
        self.launch, self.number, self.slot = launch, launch.number, slot
        self._actor: Any = None if begun is None else begun[0]
        self.pid, self.device = (0, slot.device) if begun is None else begun[1:]
        self.started = 0.0  # seconds since another machine's boot mean nothing here
        self._beginning, self._tell = beginning, tell
        self._given_up = given_up or Event()
        self._deadline = time.monotonic() + 2 * START_SECONDS
        self._wanted: int | None = None
        """The signal that it gets once it has begun."""
        self.failed: Exception | None = None
        """Why it could not be started."""
        self._asked = time.monotonic()
        self._question = Patient(self._ended, PATIENCE)

    def begun(self, patience: float = 0.0) -> bool:
        """Take in what came of its start, if that is known; whether it has begun."""
        if self._beginning is not None:
            answer = self._beginning.wait(patience)
            if self._beginning.busy and time.monotonic() >= self._deadline:
                self._given_up.set()
                answer = TimeoutError("the cluster does not answer")
            elif self._beginning.busy:
                return False
            self._beginning = None
            if isinstance(answer, tuple):
                self._actor, self.pid, self.device = answer
                if self._wanted is not None:
                    self._actor.signal.remote(self._wanted)
            else:
                self.failed = answer or TimeoutError("the cluster does not answer")
        return self._actor is not None

    def poll(self) -> Exit | None:
        """Return how it ended: as the shim recorded, that it never began, or its node is gone."""
        found = read_exit(self.launch, oom=False, gone=False)
        if found is not None:
            return found
        pending = self._beginning is not None
        begun = self.begun()
        if pending and (begun or self.failed is not None):
            why = f"runs on {self.device}" if begun else f"was not started by Ray: {self.failed}"
            self._tell(f"trial {self.number} {why}")
        if not begun:
            return lost(self.launch, begun=False) if self.failed is not None else None
        if time.monotonic() - self._asked < CHECK_SECONDS:
            return None
        self._asked = time.monotonic()
        if self._question.ask() is not True:  # not ended, or nobody knows at present
            return None
        return read_exit(self.launch, oom=False) or lost(self.launch)

    def _ended(self) -> bool:
        """Whether the shim has ended, or its actor is not there any more; for a thread."""
        import ray

        try:
            return bool(ray.get(self._actor.ended.remote(), timeout=CHECK_SECONDS))
        except ray.exceptions.GetTimeoutError:
            return False
        except ray.exceptions.RayError:
            return True

    def _signal(self, number: int) -> None:
        """Pass a signal on, at once or as soon as there is somebody to pass it to."""
        self._wanted = number
        if self.begun():
            self._actor.signal.remote(number)

    def release(self) -> None:
        """End the actor, which gives its resources back to the cluster."""
        if self._actor is not None:
            Patient(self._end, PATIENCE).ask()
        self.slot.release()

    def _end(self) -> None:
        import ray

        with contextlib.suppress(ray.exceptions.RayError):
            ray.kill(self._actor)
