"""Until when a study is known to have gone on: time without a runner is spent by nobody. Pure."""

import math
from collections.abc import Iterable

from hpo_tui.store.models import DeviceSample


def last_sign(
    samples: Iterable[DeviceSample], trials: Iterable[float | None], default: float
) -> float:
    """Return when a runner last left a trace (Unix seconds); ``default``: if it left none.

    ``samples``: the newest of every device, which come every few seconds, but not from a cluster.
    ``trials``: when trials were started and ended, nothing or NaN where they were not.
    """
    told = [*(s.time for s in samples), *(t for t in trials if t is not None)]
    return max((t for t in told if math.isfinite(t)), default=default)
