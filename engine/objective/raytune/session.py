"""The trial as Ray Tune would know it: its steps, what is reported, its checkpoint, its end."""

import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hpo_tui.engine import trial as client
from hpo_tui.engine.objective.raytune.kept import Kept, copied, keep, kept_in
from hpo_tui.engine.objective.recorded import record
from hpo_tui.engine.objective.study_goals import metric_names
from hpo_tui.engine.objective.turn import Turn

STEPS = "training_iteration"
"""The fidelity value after how many steps a trial ends; Ray's word for them."""
ONLY = "_metric"
"""What Ray calls a number that a trainable returns without a name."""
_RAYS = (
    "trial_id", "date", "timestamp", "pid", "hostname", "node_ip", "config", "done", STEPS,
    "time_this_iter_s", "time_total_s", "time_since_restore", "iterations_since_restore",
    "timesteps_since_restore", "should_checkpoint", "experiment_id", "experiment_tag",
)  # fmt: skip
"""What Ray adds to each result, which is reported only where the study asks for it."""


class Session:
    """The trial. ``iteration``: its steps so far, also those before a checkpoint.

    ``stop``: the script's own conditions to end a trial, metrics with the value at which it ends,
    or a function of the trial's name and a result. ``folder``: where the script's own files of the
    trial stand.
    """

    def __init__(self) -> None:
        self.turn = Turn()
        self.folder = Path(os.environ.get("HPO_TRIAL_DIR") or ".").absolute() / "files"
        self.iteration = 0
        self.stop: Any = None
        self.last: dict[str, float] = {}
        self.kept: Kept | None = kept_in(client.resume)
        self._began = self._before = time.monotonic()
        self._asked = metric_names()

    @property
    def name(self) -> str:
        """The trial's name."""
        return f"trial_{client.number:05d}"

    @property
    def seconds(self) -> float:
        """How long the training has taken, also before a checkpoint."""
        return time.monotonic() - self._began

    @property
    def limit(self) -> float:
        """The steps of the trial's task; endless where it does not say."""
        return float(client.fidelity.get(STEPS, math.inf))

    def begin(self) -> None:
        """Begin the training, from the checkpoint if there is one.

        One that has made all its steps, and was killed before it could end, ends now.
        """
        client.should_stop()  # from now on, SIGTERM lets it save
        self._began = self._before = time.monotonic()
        if self.kept is not None:
            self.iteration = self.kept.iteration
            self._began -= self.kept.seconds
            if self.iteration >= self.limit:
                client.report(self.iteration, **self.kept.metrics)
                self.end()

    def tell(self, result: Mapping[str, Any]) -> bool:
        """Report the next step; return whether the trial ends with it."""
        if self.turn.code is not None:  # the script has caught what ended it
            raise SystemExit(self.turn.code)
        now = time.monotonic()
        self.iteration += 1
        auto = {
            STEPS: self.iteration, "time_total_s": self.seconds,
            "time_this_iter_s": now - self._before, "time_since_restore": self.seconds,
        }  # fmt: skip
        self._before = now
        whole = {**auto, **numbers_of(result)}
        whole[STEPS] = self.iteration
        self.last = {n: v for n, v in whole.items() if n not in _RAYS or n in self._asked}
        self.last.pop("step", None)  # would be the step of the report
        record(steps=self.iteration, logged=self.last, at=self.seconds)
        client.report(self.iteration, **self.last)
        over = bool(result.get("done")) or self._is_over({**result, **whole})
        return client.should_stop() or over

    def report(self, metrics: Any = None, *, checkpoint: Any = None, **more: Any) -> None:
        """Stand for ``tune.report``, which early versions gave each metric by its name."""
        said = metrics if isinstance(metrics, Mapping) else {}
        said = {ONLY: metrics} if metrics is not None and not said else said
        over = self.tell({**said, **more})
        if checkpoint is not None:
            self.keep(lambda folder: _filled(checkpoint, folder))
        if over:
            self.end()

    def keep(self, fill: Callable[[Path], str]) -> None:
        """Keep a checkpoint of the last step; ``fill``: see :func:`kept.keep`."""
        record(saves=True)
        made = Kept(Path(), self.iteration, self.seconds, self.last)
        self.kept = keep(client.checkpoint, made, fill)

    def _is_over(self, result: Mapping[str, Any]) -> bool:
        """Whether the task, or else the script itself, has a trial end with this result."""
        if self.iteration >= self.limit:
            return True
        if callable(self.stop):
            return bool(self.stop(self.name, dict(result)))
        known = math.isfinite(self.limit)  # the task says how long a trial is
        return any(
            result.get(name, -math.inf) >= value
            for name, value in (self.stop or {}).items()
            if not (known and name == STEPS)
        )

    def end(self) -> None:
        """End the script: the trial is over. Raises SystemExit."""
        with self.turn.ends():
            raise SystemExit(0)


def _filled(checkpoint: Any, folder: Path) -> str:
    """Write a checkpoint of Ray's to a folder."""
    with checkpoint.as_directory() as held:
        return copied(held, folder)


def numbers_of(result: Mapping[str, Any], above: str = "") -> dict[str, float]:
    """Return the numbers of a result, those of tables in it as ``table/name``, as Ray has them."""
    found: dict[str, float] = {}
    for key, value in result.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            found |= numbers_of(value, f"{name}/") if name != "config" else {}
            continue
        number = value
        if hasattr(value, "item") and not isinstance(value, int | float):
            try:
                number = value.item()
            except (TypeError, ValueError, RuntimeError):
                continue  # of several elements
        if isinstance(number, int | float) and not isinstance(number, bool):
            found[name] = number
    return found
