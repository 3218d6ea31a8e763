"""Lines of a study's logs can be told apart by time, in whichever zone the runs were started."""

import logging
from collections.abc import Callable

from hpo_tui.engine import log_lines

FIRST, SECOND = 1_793_512_798.5, 1_793_512_802.25
"""A minute before two in New York, and just after: one again."""


def test_a_line_says_how_far_its_time_is_from_utc(in_zone: Callable[[str], None]) -> None:
    root = logging.getLogger()
    kept, root.handlers = root.handlers, []
    level = root.level
    try:
        log_lines.begin()
        [handler] = root.handlers
    finally:
        root.handlers = kept
        root.setLevel(level)

    def line(when: float) -> str:
        record = logging.LogRecord("runner", logging.INFO, "", 1, "begins", None, None)
        record.created, record.msecs = when, when % 1 * 1000
        return handler.format(record)

    in_zone("America/New_York")
    assert line(FIRST) == "2026-11-01 01:59:58,500 -0400 runner INFO begins"
    assert line(SECOND) == "2026-11-01 01:00:02,250 -0500 runner INFO begins"
    in_zone("Asia/Kolkata")
    assert line(SECOND) == "2026-11-01 11:30:02,250 +0530 runner INFO begins"
