"""Shifts the times stored for a running study when somebody sets the machine's clock."""

import math
import time
from typing import Any

from hpo_tui.engine.execution import processes
from hpo_tui.engine.kept_keys import ETA
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live
from hpo_tui.store.models import Trial
from hpo_tui.store.read import StudyReader

_JUMP = 5.0
"""Seconds by which the machine's clock and its uptime may drift apart before it was set anew."""
_DATED = ("created", "started", "ended")


class Clock:
    """Keeps all times of a study on one clock: time that never passed is neither spent nor shown.

    Otherwise, after a jump back of an hour, trials would end before they began, an hour of GPU time
    would count as that of earlier trials, and the next runner would learn them in another order.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._began = time.time()
        """What was dated later was dated by the clock as it goes now."""
        self._booted = self._began - processes.uptime()

    def keep(self) -> None:
        """Move along what this runner has dated, if the clock was set since the last look."""
        desk, shift = self.desk, time.time() - processes.uptime() - self._booted
        if abs(shift) < _JUMP:
            return
        with desk.transaction():
            desk.writer.update_study(started=desk.started + shift)
            for trial in list(desk.trials.values()):
                if trial.number in desk.live or (trial.ended or trial.created) >= self._began:
                    desk.update(trial.number, **_moved(trial, shift))
            desk.writer.move_events(shift, self._began, desk.live)
            self._move_forecast(shift)
            desk.event("strange", f"the machine's clock was set by {shift:+.0f} s")
        desk.occupancy.move(self._began, shift)
        desk.started += shift
        self._began += shift
        self._booted += shift

    def settle(self) -> None:
        """Date adopted trials anew, if the clock was set while no runner was there."""
        for live in list(self.desk.live.values()):
            trial = self.desk.trials[live.number]
            # A later attempt tells nothing of when the first one began, which dates the trial.
            if trial.attempt != 1 or trial.started is None:
                continue
            began = _began(live, trial.started)
            shift = 0.0 if began is None else began - trial.started
            if abs(shift) >= _JUMP:
                with self.desk.transaction():
                    self.desk.update(live.number, **_moved(trial, shift))
                    self.desk.writer.move_events(shift, math.inf, [live.number])

    def _move_forecast(self, shift: float) -> None:
        with StudyReader(self.desk.folder.db) as reader:
            told = reader.dated(ETA)
        if told is not None and told[0] is not None:
            passed = time.time() - (told[1] + shift)
            self.desk.writer.put(ETA, told[0] - passed)


def _began(live: Live, dated: float) -> float | None:
    """Return when a trial that was adopted began, by the clock as it goes now; None: nobody knows.

    Of one that runs the machine's uptime tells, which nobody sets. One that has ended was dated by
    another clock if it seems to have ended before it began: ``dated``.
    """
    end = live.ended
    if end is None:
        started = live.process.started
        return time.time() - (processes.uptime() - started) if started > 0 else None
    return end.ended - end.duration if end.ended < dated - _JUMP else None


def _moved(trial: Trial, shift: float) -> dict[str, Any]:
    times = {name: getattr(trial, name) for name in _DATED}
    return {name: when + shift for name, when in times.items() if when is not None}
