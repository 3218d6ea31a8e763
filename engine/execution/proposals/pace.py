"""Whether the optimizer keeps up with the trials when it makes one suggestion at a time."""

import math
from collections import deque
from dataclasses import dataclass
from statistics import fmean, median

_LAST = 50
"""Of how many suggestions, and of how many trials, the mean is taken."""
_ENOUGH = 10
"""Looks at the space, and trials, from which on it is known how long one takes."""
MANY = 200
"""Results from which on suggestions may share a look: what they do not know is little by then."""
_MOST = 16
"""Suggestions that may share a look, and that are prepared ahead, at the most."""
_SPARE = 0.8
"""Part of the time between two trials that a suggestion may take, so that some are prepared."""
_CHEAP = 0.2
"""What sharing a look costs of a look, as long as none was shared."""


@dataclass(frozen=True, slots=True)
class Haste:
    """How many suggestions share a look at the space, and how many are prepared ahead."""

    several: int = 1
    ahead: int = 0


class Pace:
    """How long suggestions and trials took lately, in seconds."""

    def __init__(self) -> None:
        self._made = deque[float](maxlen=_LAST)
        self._looks = deque[float](maxlen=_LAST)
        self._shared = deque[float](maxlen=_LAST)
        self._ran = deque[float](maxlen=_LAST)

    def made(self, seconds: float, *, looked: bool = True) -> None:
        """Take note of a suggestion; ``looked``: it came of a look at the space of its own."""
        self._made.append(seconds)
        (self._looks if looked else self._shared).append(seconds)

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

    def haste(self, workers: int, results: int) -> Haste:
        """Return how much haste there is with ``workers`` trials at once.

        None as long as a look takes no longer than there is between the ends of two trials. The
        median decides: fits after a start take seconds, and are no reason.
        """
        if results < MANY or min(len(self._looks), len(self._ran)) < _ENOUGH:
            return Haste()
        look, between = median(self._looks), median(self._ran) / workers
        if look <= between:
            return Haste()
        more = median(self._shared) if self._shared else _CHEAP * look
        spare = _SPARE * between - more
        several = math.ceil((look - more) / spare) if spare > 0 else _MOST
        return Haste(min(max(several, 2), _MOST), min(math.ceil(look / between), _MOST))
