"""Whether the optimizer keeps up with the trials, which it asks for one by one."""

from collections import deque
from statistics import fmean

_LAST = 50
"""Of how many suggestions, and of how many trials, the mean is taken."""


class Pace:
    """How long suggestions and trials took lately, in seconds."""

    def __init__(self) -> None:
        self._made = deque[float](maxlen=_LAST)
        self._ran = deque[float](maxlen=_LAST)

    def made(self, seconds: float) -> None:
        """Take note of a suggestion."""
        self._made.append(seconds)

    def ran(self, seconds: float | None) -> None:
        """Take note of a trial; None where it is not known how long it took."""
        if seconds is not None and seconds > 0:
            self._ran.append(seconds)

    def stretch(self, workers: int) -> float:
        """Return how many times as long it takes as with ``workers`` trials at once all the time.

        More than once where trials end faster than what follows them is suggested.
        """
        if not (self._made and self._ran):
            return 1.0
        return max(1.0, workers * fmean(self._made) / fmean(self._ran))
