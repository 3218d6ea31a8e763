"""Trials on a Ray cluster: the same protocol and the same shim, on whatever node has room.

A detached actor holds each trial's resources and its shim, so that trials outlive the runner as
they do on one machine. The study's folder must be reachable under the same path from every node:
reports, logs, checkpoints and the record of the end are files in it. hpo-tui is installed on them.
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_tui.engine.at_once import Patient
from hpo_tui.engine.execution.base import Executor, Exit, Launch, Running, Slot
from hpo_tui.engine.execution.local import GoneRun
from hpo_tui.engine.execution.traces import lost, read_exit
from hpo_tui.engine.spec import Resources

NAMESPACE = "hpo-tui"
_START_SECONDS = 60.0
"""How long a node may take to start a trial's shim before the trial counts as not started."""
_ROUNDED = 1e-4
"""Ray counts resources in ten-thousandths."""
_CHECK_SECONDS = 5.0
"""Between two questions whether a trial's actor still lives; its end is seen in its files."""
_PATIENCE = 0.5
"""Seconds for which the runner waits for Ray, which may hang: it has other things to do."""


class RayError(Exception):
    """The cluster cannot be used; the sentence says why."""


class ShimActor:
    """What runs on the node: starts one trial's shim and passes signals on to it."""

    def __init__(self) -> None:
        self.popen: subprocess.Popen[bytes] | None = None

    def start(
        self, argv: list[str], environment: dict[str, str], cwd: str, log: str
    ) -> tuple[int, str]:
        """Start the shim by this node's interpreter; return its PID and the device's label."""
        import ray

        gpus = os.environ.get("CUDA_VISIBLE_DEVICES", "")
        given = {**os.environ, **environment}
        with Path(log).open("ab") as file:
            self.popen = subprocess.Popen(
                [sys.executable, *argv], env=given, cwd=cwd, stdin=subprocess.DEVNULL,
                stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        node = ray.util.get_node_ip_address()
        return self.popen.pid, f"{node} gpu {gpus}" if gpus else node

    def ended(self) -> bool:
        """Whether the shim has ended."""
        return self.popen is None or self.popen.poll() is not None

    def signal(self, number: int) -> None:
        """Send the shim a signal; one that somebody has stopped is woken to hear it."""
        if self.popen is not None and self.popen.poll() is None:
            self.popen.send_signal(number)
            self.popen.send_signal(signal.SIGCONT)


class RaySlot:
    """Room for one trial, counted here; Ray itself keeps the resources."""

    def __init__(self, held: set[int], number: int) -> None:
        self.device = "ray"
        self._held, self.number = held, number

    def release(self) -> None:
        """Give it back."""
        self._held.discard(self.number)


class RayRun(Running):
    """A trial's shim on a node of the cluster."""

    def __init__(self, launch: Launch, actor: Any, slot: RaySlot, pid: int, device: str) -> None:
        self.launch, self.number, self.slot = launch, launch.number, slot
        self.pid, self.device = pid, device
        self.started = 0.0  # seconds since another machine's boot mean nothing here
        self._actor = actor
        self._asked = time.monotonic()
        self._question = Patient(self._ended, _PATIENCE)

    def poll(self) -> Exit | None:
        """Return how it ended: as the shim recorded, or that its node is gone."""
        found = read_exit(self.launch, oom=False)
        if found is not None:
            return found
        if time.monotonic() - self._asked < _CHECK_SECONDS:
            return None
        self._asked = time.monotonic()
        if self._question.ask() is not True:  # not ended, or nobody knows at present
            return None
        return read_exit(self.launch, oom=False) or lost(self.launch)

    def _ended(self) -> bool:
        """Whether the shim has ended, or its actor is not there any more; for a thread."""
        import ray

        try:
            return bool(ray.get(self._actor.ended.remote(), timeout=_CHECK_SECONDS))
        except ray.exceptions.GetTimeoutError:
            return False
        except ray.exceptions.RayError:
            return True

    def stop(self) -> None:
        """Ask it to end: the shim passes SIGTERM on and keeps the grace period."""
        self._actor.signal.remote(signal.SIGTERM)

    def kill(self) -> None:
        """Have the shim kill everything at once."""
        self._actor.signal.remote(signal.SIGUSR1)

    def release(self) -> None:
        """End the actor, which gives its resources back to the cluster."""
        Patient(self._end, _PATIENCE).ask()
        self.slot.release()

    def _end(self) -> None:
        import ray

        with contextlib.suppress(ray.exceptions.RayError):
            ray.kill(self._actor)


def _shares() -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Return what the cluster has, and what of it is free; for a thread."""
    import ray

    return ray.cluster_resources(), ray.available_resources()


class RayExecutor(Executor):
    """Places trials by Ray. ``address``: that of the cluster, ``auto`` for the one of this node.

    A trial takes ``gpus_per_trial`` GPUs (a share of one where several go on a GPU), or ``threads``
    CPUs where the study uses no GPU. Raises :class:`RayError` if there is no cluster to join.
    """

    def __init__(self, address: str, resources: Resources, study: str) -> None:
        try:
            import ray
        except ImportError:
            raise RayError("running on Ray needs it: pip install 'hpo-tui[ray]'") from None
        try:
            ray.init(
                address=address, namespace=NAMESPACE, log_to_driver=False, logging_level="ERROR"
            )
        except Exception as error:
            # Ray raises its own kinds, and the ones of the libraries beneath it.
            raise RayError(f"no Ray cluster answers at {address}: {error}") from error
        self._ray, self._resources = ray, resources
        self._mark = hashlib.sha256(study.encode()).hexdigest()[:12]
        self._held: set[int] = set()
        self._shares = Patient(_shares, _PATIENCE)
        self._all: Mapping[str, float] = {}
        """What the cluster had when it answered last."""
        self._silent = ""
        """Why it is not known what is free, empty where it is."""

    def _ask(self) -> Mapping[str, float]:
        """Return what nobody takes at present; nothing where Ray does not answer."""
        found = self._shares.ask()
        if isinstance(found, tuple):
            self._silent, (self._all, free) = "", found
            return free
        self._silent = "the Ray cluster does not answer"
        if found is not None:
            self._silent += f": {found}"
        return {}

    def _cluster(self, kind: str) -> float:
        """Return how much of it the cluster has, or had when it answered last."""
        if not self._all:
            self._ask()
        return float(self._all.get(kind, 0.0))

    def _share(self) -> tuple[str, float]:
        """Return what one trial takes of the cluster, GPUs or CPUs, and how much of it."""
        if self._resources.gpus != "none" and self._cluster("GPU") > 0:
            return "GPU", self._resources.gpus_per_trial / max(1, self._resources.trials_per_gpu)
        return "CPU", float(self._resources.threads or 1)

    def capacity(self) -> int:
        """Return how many trials the whole cluster takes at once, or did when it last answered."""
        kind, need = self._share()
        return int(self._cluster(kind) / need + _ROUNDED)

    def waiting_for(self) -> str:
        """Return why there is no room for a trial; empty if there is.

        A trial that Ray has no share for at present would have to be waited for.
        """
        free = self._ask()
        if self._silent:
            return self._silent
        (kind, need), places = self._share(), self.capacity()
        whole, left = self._cluster(kind), float(free.get(kind, 0.0))
        if not places:
            return (
                f"the Ray cluster has no place for a trial: one takes {need:g} {kind}s,"
                f" and the cluster has {whole:g}"
            )
        if len(self._held) >= places:
            return "every place of the Ray cluster is taken"
        if left + _ROUNDED < need:
            there = f"{left:g} of its {whole:g} {kind}s"
            return f"others use the Ray cluster: {there} are free, and a trial takes {need:g}"
        return ""

    def reserve(
        self, number: int, task: str, *, devices: int = 1, alone: bool = False
    ) -> Slot | None:
        """Keep a place; None when as many trials run as the cluster takes, or others use it."""
        del task, devices, alone  # Ray gives every trial its own share, whatever its task
        if self.waiting_for():
            return None
        self._held.add(number)
        return RaySlot(self._held, number)

    def _name(self, launch: Launch) -> str:
        return f"{self._mark}-{launch.number}-{launch.attempt}"

    def start(self, launch: Launch, slot: Slot) -> Running:
        """Start a trial's shim on a node. Raises OSError if that fails; the place is free then."""
        assert isinstance(slot, RaySlot)
        actor = None
        try:
            kind, need = self._share()
            for old in (launch.folder.exit, launch.folder.process):
                old.unlink(missing_ok=True)
            actor = self._ray.remote(ShimActor).options(
                name=self._name(launch), lifetime="detached", namespace=NAMESPACE,
                max_restarts=0, num_gpus=need if kind == "GPU" else 0.0,
                num_cpus=need if kind == "CPU" else 0.0,
            ).remote()  # fmt: skip
            asked = actor.start.remote(
                launch.supervised, dict(launch.environment), launch.cwd, str(launch.folder.log)
            )
            pid, device = self._ray.get(asked, timeout=_START_SECONDS)
        except (self._ray.exceptions.RayError, ValueError) as error:
            if actor is not None:
                self._ray.kill(actor)
            slot.release()
            raise OSError(f"Ray did not start trial {launch.number}: {error}") from error
        except OSError:
            slot.release()
            raise
        return RayRun(launch, actor, slot, pid, device)

    def adopt(self, launch: Launch, device: str) -> Running:
        """Return an attempt that an earlier runner started: its actor has gone on without it."""
        try:
            actor = self._ray.get_actor(self._name(launch), namespace=NAMESPACE)
        except ValueError:
            return GoneRun(launch)
        self._held.add(launch.number)
        return RayRun(launch, actor, RaySlot(self._held, launch.number), 0, device)

    def lend(self, device: str, on: bool) -> str:
        """Refuse: the cluster's own tools give nodes away."""
        what = "drain its node" if on else "undrain its node"
        raise ValueError(f"{device} belongs to a Ray cluster: {what} there, not here")

    def adapt(self, resources: Resources) -> str:
        """Ask Ray for what edited resources say from the next trial on; nothing waits."""
        self._resources = resources
        return ""

    def close(self) -> None:
        """Leave the cluster; the trials' actors are detached and go on."""
        self._ray.shutdown()
