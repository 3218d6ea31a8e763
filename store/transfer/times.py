"""Times that another program has written, as Unix seconds in an order that there can be."""

from datetime import datetime


def in_order(start: float | None, end: float | None) -> tuple[float | None, float | None]:
    """Return when a trial began and ended; one that would have ended before it began began None.

    A local time without a zone is read as the first of the two that it may be in the hour that
    comes twice in autumn, which the end of a trial need not be.
    """
    if start is None or end is None or end >= start:
        return start, end
    second = datetime.fromtimestamp(end).replace(fold=1).timestamp()
    return (start, second) if second >= start else (None, end)
