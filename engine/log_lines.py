"""How the lines of a study's logs begin, whichever of its processes writes them."""

import logging
import time


class _Zoned(logging.Formatter):
    """Local times with their distance from UTC.

    The next run may be started in another zone, and one hour comes twice in autumn.
    """

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's word
        """Return when a record was made."""
        zone = time.strftime("%z", time.localtime(record.created))
        return f"{super().formatTime(record, datefmt)} {zone}"


def begin() -> None:
    """Have this process log to its standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Zoned("%(asctime)s %(name)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
