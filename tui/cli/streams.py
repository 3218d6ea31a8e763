"""Standard streams that whoever started the program has closed (``>&-``, some daemons)."""

import os
import sys


def open_closed_streams() -> None:
    """Have the null device stand in for each: else a study's file might take its number."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))
