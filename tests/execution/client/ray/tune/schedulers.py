"""Ray Tune's schedulers, of which only what they are given matters."""

from typing import Any


class ASHAScheduler:
    def __init__(  # noqa: PLR0917 - as in Ray
        self, time_attr: str = "training_iteration", metric: Any = None, mode: Any = None,
        max_t: int = 100, grace_period: int = 1, reduction_factor: float = 4,
    ) -> None: ...  # fmt: skip
