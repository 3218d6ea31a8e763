"""A trial as the flat and as the nested record that leave the program."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from hpo_tui.store.models import Report, Trial
from hpo_tui.store.tags import joined

FIXED = (
    "trial", "state", "task", "cost", "resumed_from", "started", "ended", "exit_code", "why",
)  # fmt: skip
"""What every study's trials have, nested and flat."""

MARKS = ("task_cost", "starred", "tags", "note")
"""What comes after it: the task's cost in the study file, and what people have marked."""

CODE = ("commit", "changes")
"""The commit that the trial's code was, and where in the study's folder its changes are."""

FLAT = (*FIXED, *MARKS, *CODE)
"""The columns of a flat record that every study has."""


def finite(value: Any) -> Any:
    """Return ``value``, or None for a NaN or an infinity, which JSON does not know."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def record(
    trial: Trial, task_costs: Mapping[str, float], code: tuple[str, str] | None = None
) -> dict[str, Any]:
    """Return the nested record of a trial.

    ``cost`` is what the trial was charged, so that the costs of all trials add up to what the
    study spent; ``why`` how it ended; times are Unix seconds; values that are not finite are None.
    ``task_costs``: task → its cost in the study file, for ``task_cost``: of what a promotion was
    charged nobody could tell which task is the full one. ``code``: what stands in ``CODE``, None
    where it is not known.
    """
    return {
        "trial": trial.number,
        "state": str(trial.state),
        "task": trial.task,
        "cost": trial.charged,
        "resumed_from": trial.resumed_from,
        "params": {k: finite(v) for k, v in trial.params.items()},
        "metrics": {k: finite(v) for k, v in trial.metrics.items()},
        "started": trial.started,
        "ended": trial.ended,
        "exit_code": trial.exit_code,
        "why": trial.reason,
        "task_cost": task_costs.get(trial.task),
        "starred": trial.starred,
        "tags": list(trial.tags),
        "note": trial.note,
        **dict(zip(CODE, code or (None, None), strict=True)),
    }


def report_record(report: Report) -> dict[str, Any]:
    """Return the record of one report; ``step`` is None for a final result."""
    metrics = {k: finite(v) for k, v in report.metrics.items()}
    return {"trial": report.trial, "step": report.step, "metrics": metrics}


def flat(
    trial: Trial,
    params: Iterable[str],
    metrics: Iterable[str],
    task_costs: Mapping[str, float],
    code: tuple[str, str] | None = None,
) -> dict[str, Any]:
    """Return the flat record: a parameter is ``params.<name>``, a metric ``metrics.<name>``.

    All else is as in the nested one; tags stand in one text, by commas.
    """
    nested = record(trial, task_costs, code)
    return {
        **{k: nested[k] for k in FLAT},
        "tags": joined(trial.tags),
        **{f"params.{n}": nested["params"].get(n) for n in params},
        **{f"metrics.{n}": nested["metrics"].get(n) for n in metrics},
    }
