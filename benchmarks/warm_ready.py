"""Waiting for a warm parent. The runner never does: until then it starts trials cold."""

import time

from hpo_tui.engine.execution.warm import WarmServer


def ready(server: WarmServer, seconds: float) -> bool:
    """Wait until the imports are done or have failed; return whether they are done in time."""
    deadline = time.monotonic() + seconds
    while not (server.ready() or server.problem) and time.monotonic() < deadline:
        time.sleep(0.005)
    return server.ready()
