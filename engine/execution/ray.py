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
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Event

from hpo_tui.engine.at_once import Asked, Patient
from hpo_tui.engine.execution.base import Executor, Launch, Running, Slot
from hpo_tui.engine.execution.local import GoneRun
from hpo_tui.engine.execution.ray_run import PATIENCE, START_SECONDS, Begun, RayRun, RaySlot
from hpo_tui.engine.spec import Resources
from hpo_tui.engine.spec.parts import Value

NAMESPACE = "hpo-tui"
_ROUNDED = 1e-4
"""Ray counts resources in ten-thousandths."""


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
            raise RayError(
                "placing trials by Ray needs the package ray: pip install 'hpo-tui[ray]';"
                " to run here instead: hpo-tui run --executor local"
            ) from None
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
        self._shares = Patient(_shares, PATIENCE)
        self._all: Mapping[str, float] = {}
        """What the cluster had when it answered last."""
        self._told: list[str] = []
        """What came of starts that were not waited for."""
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
        self,
        number: int,
        task: str,
        *,
        devices: int = 1,
        alone: bool = False,
        params: Mapping[str, Value] | None = None,
    ) -> Slot | None:
        """Keep a place; None when as many trials run as the cluster takes, or others use it."""
        del task, devices, alone, params  # Ray gives every trial its own share, whatever its task
        if self.waiting_for():
            return None
        self._held.add(number)
        return RaySlot(self._held, number)

    def _name(self, launch: Launch) -> str:
        return f"{self._mark}-{launch.number}-{launch.attempt}"

    def start(self, launch: Launch, slot: Slot) -> Running:
        """Have a trial's shim started on a node, in a thread: a node may take long for it.

        Raises OSError if that fails at once; the place is free then.
        """
        assert isinstance(slot, RaySlot)
        try:
            kind, need = self._share()
            for old in (launch.folder.exit, launch.folder.exit_ready, launch.folder.process):
                old.unlink(missing_ok=True)
        except OSError:
            slot.release()
            raise
        given_up = Event()
        beginning = Asked(partial(self._begin, launch, kind, need, given_up))
        run = RayRun(launch, slot, self._told.append, beginning=beginning, given_up=given_up)
        run.begun(PATIENCE)
        if run.failed is not None:
            slot.release()
            text = f"Ray did not start trial {launch.number}: {run.failed}"
            raise OSError(text) from run.failed
        return run

    def _begin(self, launch: Launch, kind: str, need: float, given_up: Event) -> Begun:
        """Start a trial's shim on a node; for a thread. What nobody waits for any more is ended."""
        actor = self._ray.remote(ShimActor).options(
            name=self._name(launch), lifetime="detached", namespace=NAMESPACE,
            max_restarts=0, num_gpus=need if kind == "GPU" else 0.0,
            num_cpus=need if kind == "CPU" else 0.0,
        ).remote()  # fmt: skip
        try:
            asked = actor.start.remote(
                launch.supervised, dict(launch.environment), launch.cwd, str(launch.folder.log)
            )
            pid, device = self._ray.get(asked, timeout=START_SECONDS)
            if given_up.is_set():
                actor.signal.remote(signal.SIGUSR1)
                raise TimeoutError("nobody waits for it any more")
        except Exception:
            with contextlib.suppress(Exception):  # why it has failed tells more
                self._ray.kill(actor)
            raise
        return actor, pid, device

    def notes(self) -> list[str]:
        """Return what came of starts that were not waited for."""
        told = self._told[:]
        self._told.clear()
        return told

    def adopt(self, launch: Launch, device: str) -> Running:
        """Return an attempt that an earlier runner started: its actor has gone on without it."""
        try:
            actor = self._ray.get_actor(self._name(launch), namespace=NAMESPACE)
        except ValueError:
            return GoneRun(launch)
        self._held.add(launch.number)
        slot = RaySlot(self._held, launch.number)
        return RayRun(launch, slot, self._told.append, begun=(actor, 0, device))

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
