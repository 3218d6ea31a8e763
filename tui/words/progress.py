"""How far each running trial has come, and when it will end, in words. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.models import TrialState
from hpo_tui.tui.words import present
from hpo_tui.tui.words.goals import goals_of
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.running import attempt_started, durations

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Mask
    from hpo_tui.store.frame import Frame
    from hpo_tui.tui.watching.snapshot import Snapshot

_OWN_PACE = 0.05
"""Share of a trial from which on its own pace says more than that of the others."""
_LEAST_LEFT = 0.5
"""Seconds below which nothing is said to be left: it would read as 0 s."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running trial is: ``step`` of the ``end`` that trials of its task reach.

    ``left``: seconds until it ends. ``silence``: seconds for which it has reported nothing, where
    that is far longer than before: nobody knows then when it ends. None is what nobody knows.
    ``unheard``: it has reported nothing at all yet.
    """

    step: int | None = None
    end: int | None = None
    left: float | None = None
    silence: float | None = None
    unheard: bool = False

    @property
    def share(self) -> float | None:
        """The share (0 to 1) of its steps that lies behind it."""
        if self.step is None or self.end is None or not 0 <= self.step <= self.end:
            return None
        return self.step / self.end if self.end else None

    @property
    def percent(self) -> str:
        """The share in percent, rounded down: only what has ended is at 100. Empty if unknown."""
        return "" if self.share is None else f"{min(99, int(100 * self.share))}%"

    @property
    def so_far(self) -> str:
        """``step 340 of 600``, without the end where that is unknown; ``no report yet``.

        Empty where reports name no steps.
        """
        if self.step is None:
            return "no report yet" if self.unheard else ""
        return f"step {self.step}" + ("" if self.share is None else f" of {self.end}")

    @property
    def about(self) -> str:
        """``about 1h10``, the time that is left; empty where nobody knows."""
        return "" if self.left is None else f"about {present.took(self.left)}"

    @property
    def quiet(self) -> str:
        """``nothing new for 43m``; empty of a trial that reports as ever."""
        return "" if self.silence is None else f"nothing new for {present.took(self.silence)}"

    def short(self, *, left: bool) -> str:
        """Return the share in percent, with ``left`` also the time: ``57% (1h10 left)``."""
        time = self.quiet if self.left is None else f"{present.took(self.left)} left"
        return " ".join(filter(None, [self.percent, f"({time})" if left and time else ""]))

    def text(self) -> str:
        """Return ``step 340 of 600, about 1h10 left``, as much of it as is known."""
        left = f"{self.about} left" if self.about else ""
        return ", ".join(filter(None, [self.so_far, left, self.quiet]))


def progress_of(snapshot: "Snapshot") -> dict[int, Progress]:
    """Return row → how far it is, of the trials that run."""
    frame = snapshot.frame
    rows = frame.in_state(TrialState.RUNNING).nonzero()[0].tolist()
    since = attempt_started(snapshot) if rows else {}
    return {row: _progress(snapshot, row, since) for row in rows}


def _progress(snapshot: "Snapshot", row: int, since: Mapping[int, float]) -> Progress:
    frame = snapshot.frame
    step = float(frame.step[row])
    end = last_step(frame, snapshot.spec, frame.tasks[frame.task[row]])
    last = snapshot.quiet.get(int(frame.number[row]))
    known = snapshot.runner_pid is not None and last is None
    # What it is charged lags behind its steps, for a while where a runner has just taken it over.
    known = known and (math.isnan(step) or step != end)
    left = _left(snapshot, row, since) if known else None
    silence = None if last is None else max(0.0, snapshot.time - last)
    if math.isnan(step):
        heard = any(not math.isnan(values[row]) for values in frame.metrics.values())
        return Progress(None, end, left, silence, unheard=not heard)
    return Progress(int(step), end, left, silence)


def last_step(frame: "Frame", spec: StudySpec, task: str) -> int | None:
    """Return the step at which trials of a task end, as they have or as the study file says."""
    import numpy as np

    done = frame.in_state(TrialState.COMPLETE) & frame.at_task(task) & ~np.isnan(frame.step)
    if done.any():
        return round(float(np.median(frame.step[done])))
    fidelity = next((t.fidelity for t in spec.tasks if t.name == task), {})
    counts = [v for v in fidelity.values() if isinstance(v, int) and not isinstance(v, bool)]
    return counts[0] if len(counts) == 1 else None


def _left(snapshot: "Snapshot", row: int, since: Mapping[int, float]) -> float | None:
    """Return the seconds that a trial has to go: at its own pace once that shows, else at others'.

    The share that has been charged is that of its work: a promotion begins at none.
    """
    frame, number = snapshot.frame, int(snapshot.frame.number[row])
    cost, started = float(frame.cost[row]), float(frame.started[row])
    began = since.get(number, started)
    share = float(frame.charged[row] - frame.wasted[row]) / cost if cost > 0 else math.nan
    if number in snapshot.overdue or not 0.0 <= share < 1.0:
        return None
    first = not began > started + 1.0  # what is charged of a later attempt is not its own alone
    if first and share >= _OWN_PACE and not math.isnan(frame.step[row]):
        left = (snapshot.time - began) * (1.0 - share) / share
    else:
        left = cost * _pace(frame, row) * (1.0 - share)
    return left if left > _LEAST_LEFT else None


def _pace(frame: "Frame", row: int) -> float:
    """Return the seconds for a unit of price: of complete trials of its task, else of any; NaN."""
    import numpy as np

    done = frame.in_state(TrialState.COMPLETE) & (frame.cost > 0) & ~np.isnan(frame.duration)
    own: Mask = done & (frame.task == frame.task[row])
    known = own if own.any() else done
    return float(np.median(frame.duration[known] / frame.cost[known])) if known.any() else math.nan


MOST_LINES = 8
"""Running trials that have a line each; more are counted."""


def running_lines(snapshot: "Snapshot", most: int = MOST_LINES) -> list[str]:
    """Return a line for each running trial, of more than ``most`` the rest only counted."""
    found = progress_of(snapshot)
    lines = [running_line(snapshot, row, found) for row in list(found)[:most]]
    more = len(found) - most
    return lines if more <= 0 else [*lines, f"and {present.plural(more, 'trial')} more"]


def running_line(snapshot: "Snapshot", row: int, found: Mapping[int, Progress]) -> str:
    """Return how long a running trial has taken, how far it is, and what it has reported.

    ``#17 at 80k tokens: 1h53 so far, step 340 of 600, about 1h10 left; eval_loss 2.61``
    """
    frame = snapshot.frame
    late = "overdue" if int(frame.number[row]) in snapshot.overdue else ""
    so_far = f"{present.took(float(durations(snapshot)[row]))} so far"
    values = "".join(f"; {text}" for text in _reported(snapshot, row))
    said = ", ".join(filter(None, [so_far, found[row].text(), late]))
    task = plain(frame.tasks[frame.task[row]])
    return f"#{frame.number[row]} at {task}: {said}{values}"


def _reported(snapshot: "Snapshot", row: int) -> Sequence[str]:
    """Return the metrics that have goals as they are now: ``eval_loss 2.61``."""
    metrics = snapshot.frame.metrics
    names = [g.metric for g in goals_of(snapshot.spec) if g.metric in metrics]
    values = {name: float(metrics[name][row]) for name in names}
    return [f"{plain(n)} {present.number(v)}" for n, v in values.items() if not math.isnan(v)]


def record_of_running(snapshot: "Snapshot") -> list[dict[str, object]]:
    """Return the running trials as ``status --json`` prints them."""
    frame = snapshot.frame
    return [
        {
            "trial": int(frame.number[row]),
            "task": frame.tasks[frame.task[row]],
            "step": progress.step,
            "last_step": progress.end,
            "left": None if progress.left is None else round(progress.left, 1),
            "silent": None if progress.silence is None else round(progress.silence, 1),
            "overdue": int(frame.number[row]) in snapshot.overdue,
        }
        for row, progress in progress_of(snapshot).items()
    ]
