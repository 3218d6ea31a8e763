"""The optimizer's own process: ``python -P -m hpo_tui.engine.execution.proposals.process``.

A suggestion can take seconds, which the runner does not have. Requests come in order over standard
input, replies leave over standard output (:mod:`hpo_tui.engine.execution.proposals.wire`); the
process learns all earlier trials from the study's store when it starts, so it can die at any time.
"""

import contextlib
import ctypes
import os
import signal
from collections import deque
from collections.abc import Iterable
from select import select

from hpo_tui.engine import log_lines
from hpo_tui.engine.execution.proposals.wire import Inbox, Message
from hpo_tui.engine.execution.proposals.worker import Worker

DEFAULT = "hpo_tui.engine.optimizer:Optimizer"
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until the runner closes the pipe."""
    die_with_parent()
    log_lines.begin()
    # What a library prints must not get between the messages.
    out = os.dup(1)
    os.dup2(2, 1)
    serve(Worker(out), Inbox(0))


def serve(worker: Worker, inbox: Inbox) -> None:
    """Do what the runner asks for until it closes the pipe."""
    todo: deque[Message] = deque()
    insights = worker.insights
    while True:
        patience = 0.0 if todo else insights.patience
        if select([inbox.fd], [], [], patience)[0]:
            inbox.read()
            if inbox.closed:
                return
            while (message := inbox.take()) is not None:
                todo.append(message)
        elif not todo:
            insights.idle(worker.optimizer)
        elif not void(message := todo.popleft(), todo):
            worker.handle(message)
            insights.catch_up(worker.optimizer)


def void(message: Message, later: Iterable[Message]) -> bool:
    """Whether a suggestion asked for is not wanted any more by what has come in since."""
    return message["op"] == "ask" and any(m["op"] in ("withdraw", "keep") for m in later)


def die_with_parent() -> None:
    """Have the kernel end this process with the runner, even in the middle of a long suggestion."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        main()
