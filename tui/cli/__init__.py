"""The command line: ``hpo-tui``. A screen's libraries are imported only when a screen opens."""

import os
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``hpo-tui`` with ``argv`` (the process's own arguments by default); return its status.

    0: done. 1: refused or failed, with a sentence on stderr. 2: wrong usage. 130: interrupted.
    """
    _open_closed_streams()
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        from hpo_tui import __version__

        sys.stdout.write(f"hpo-tui {__version__}\n")
        return 0
    if argv is None and (instruction := os.environ.get("_HPO_TUI_COMPLETE")):
        from hpo_tui.tui.cli.completion import answer

        return answer(instruction)
    from hpo_tui.tui.cli.root import run

    return run(arguments)


def _open_closed_streams() -> None:
    """Open the null device in place of standard streams that were closed (``>&-``, some daemons).

    Otherwise a study's file might be opened under the number of such a stream.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
