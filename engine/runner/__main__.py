"""``python -P -m hpo_tui.engine.runner FOLDER``: run the study in FOLDER until it is done."""

import argparse
import contextlib
import logging
import os
import signal
import sys
from pathlib import Path

from hpo_tui.engine import log_lines
from hpo_tui.engine.execution.proposals.process import DEFAULT
from hpo_tui.engine.runner.lock import Lock, Unopenable
from hpo_tui.engine.runner.loop import Runner
from hpo_tui.engine.runner.notices import failed
from hpo_tui.engine.runner.opening import open_desk
from hpo_tui.store.folder import StudyFolder

log = logging.getLogger("runner")

REFUSED = 3
"""Exit status when the study cannot be run: the sentence says why."""
FAILED = 70
"""Exit status of a fault of the runner's own; the log has the traceback."""


def main(argv: list[str]) -> int:
    """Run a study; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m hpo_tui.engine.runner", description=__doc__)
    parser.add_argument("folder", type=Path, help="the study's folder")
    parser.add_argument("--ready", type=int, metavar="FD", help="where to say ok, or why not")
    parser.add_argument("--optimizer", default=DEFAULT, help="module:class that suggests")
    parser.add_argument("--stop", choices=("grace", "kill"), help="only end what runs")
    args = parser.parse_args(argv)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    log_lines.begin()
    logging.raiseExceptions = False  # a full disk must not end the runner by way of its log
    folder = StudyFolder(args.folder.absolute())
    try:
        lock = Lock(folder)
    except Unopenable as error:
        return refuse(args.ready, str(error))
    try:
        to_end = args.stop is not None
        desk = open_desk(folder, args.optimizer, only_to_end=to_end, since=lock.since)
    except Unopenable as error:
        lock.release()
        return refuse(args.ready, str(error))
    log.info("runner %d on %s", os.getpid(), folder.path)
    try:
        Runner(desk, lock).run(begun=lambda: say(args.ready, "ok"), stop=args.stop)
    except Unopenable as error:
        return refuse(args.ready, str(error))
    except Exception as error:
        log.exception("the runner failed; running trials go on, the next runner takes them over")
        failed(folder, error)
        return FAILED
    finally:
        lock.release()
    log.info("runner %d is done", os.getpid())
    return 0


def refuse(ready: int | None, sentence: str) -> int:
    """Say why the study is not run, to the launcher or to the person."""
    log.error("%s", sentence)
    say(ready, sentence)
    return REFUSED


def say(ready: int | None, text: str) -> None:
    """Write to the launcher's pipe, if there is one, and close it."""
    if ready is not None:
        with contextlib.suppress(OSError):
            os.write(ready, text.encode("utf-8", "surrogateescape"))
            os.close(ready)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
