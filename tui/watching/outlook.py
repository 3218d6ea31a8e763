"""What a study has spent, when that will be all, and what ends it. Pure: no widget, no file."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from hpo_tui.engine.last_sign import last_sign
from hpo_tui.engine.spec import BudgetUnit, StudySpec
from hpo_tui.engine.stop_when import goals_mark
from hpo_tui.store.models import LOST, DeviceSample, Study, StudyState, TrialState

if TYPE_CHECKING:
    from hpo_tui.store.frame import Frame

_SHOWN = 0.5
"""Seconds up to which what is foretold would be shown as 0 s left."""
GOALS_MET = "goals met"
"""Why a study closes before its budget, whose end is then nothing to wait for."""


def known_until(
    frame: "Frame", samples: Iterable[DeviceSample], now: float, *, runs: bool
) -> float:
    """Return until when a study is known to have gone on: where no runner ``runs``, its last sign.

    Since then a machine may have been off, or nothing has run.
    """
    if runs:
        return now
    from numpy import fmax

    newest = [float(fmax.reduce(t, initial=-math.inf)) for t in (frame.started, frame.ended)]
    return last_sign(samples, newest, now)


def spent_of(spec: StudySpec, study: Study, frame: "Frame", until: float) -> tuple[float, float]:
    """Return (spent, of that lost) in the budget's unit; wall time is lost to nobody.

    ``until``: as :func:`known_until` tells.
    """
    from hpo_tui.engine.analysis import charges
    from hpo_tui.engine.analysis.gpu_time import gpu_hours

    unit = spec.budget.unit
    if unit is BudgetUnit.WALL:
        start = study.started
        return (0.0 if start is None else max(0.0, (study.ended or until) - start), 0.0)
    if unit is BudgetUnit.TRIALS:
        waiting = frame.in_state(TrialState.WAITING)
        return float(len(frame) - waiting.sum()), float(frame.in_state(*LOST).sum())
    if unit is BudgetUnit.GPU_HOURS:
        return gpu_hours(frame, spec.resources.gpus_per_trial, until)
    return float(charges.charged(frame).sum()), float(charges.lost(frame).sum())


def eta_of(
    spec: StudySpec,
    study: Study,
    frame: "Frame",
    spent: float,
    now: float,
    *,
    told: tuple[float | None, float] | None,
) -> float | None:
    """Return the seconds to the end of the budget, None while nobody knows, or where it is spent.

    ``told``: what the optimizer has foretold from the trials' durations, and when. Without it the
    pace so far, in which the hours count when nothing ran; trials without a result have none.
    """
    if study.started is None or study.ended is not None or study.state is not StudyState.RUNNING:
        return None
    left = spec.budget.amount - spent
    if spec.budget.unit is BudgetUnit.WALL:
        return left if left > 0 else None
    if spec.budget.unit is BudgetUnit.GPU_HOURS:
        from hpo_tui.engine.analysis.gpu_time import busy_devices

        at_once = busy_devices(frame, spec.resources.gpus_per_trial)
        return left * 3600 / at_once if at_once and left > 0 else None
    if told is not None and told[0] is not None:
        until = told[0] + told[1] - now
        return until if until > _SHOWN else None
    gone = now - study.started
    results = int(frame.in_state(TrialState.COMPLETE, TrialState.PRUNED).sum())
    if spent <= 0 or gone <= 0 or left <= 0 or results < 2:
        return None
    return left * gone / spent


def why_closing(spec: StudySpec, study: Study, frame: "Frame", spent: float, past: object) -> str:
    """Return why a study that runs starts nothing new any more; empty where it does.

    ``past``: the goals that it was asked to go on past, as the store keeps them.
    """
    from hpo_tui.engine.analysis.front import tally

    if study.state is not StudyState.RUNNING:
        return ""
    if spec.stop_when and past != goals_mark(spec) and tally(frame, spec)[0] >= spec.stop_when:
        return GOALS_MET
    by_count = spec.budget.unit is BudgetUnit.TRIALS
    return "budget spent" if (len(frame) if by_count else spent) >= spec.budget.amount else ""
