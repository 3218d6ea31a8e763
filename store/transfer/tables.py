"""What tables of trials have in common, however their cells are written."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any

from hpo_tui.store.models import Trial, TrialState, Value
from hpo_tui.store.transfer.arrivals import Dimension
from hpo_tui.store.transfer.rows import FLAT

_PARAMS = ("params.", "params_", "param.", "param_")
_METRICS = ("metrics.", "metrics_", "metric.", "metric_")
_UNITS = (1.0, 1e3, 1e6, 1e9)
_LIMITS = (0.0, 1.0)
_END_OF_TIMES = 1e11
"""A time in seconds is below this until the year 5138; one in thousandths has been since 1973."""
_OTHERS = frozenset({*FLAT, "number", "datetime_start", "datetime_complete", "duration", ""})


def columns_of(
    head: Sequence[str], directions: Mapping[str, str], chosen: Collection[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return column → name of the parameters and of the metrics.

    Where a metric has the name of what an export says of a trial, ``metrics.task`` is the metric.
    ``chosen``: the parameters, by column or name, where somebody has said which they are. Raises
    ValueError for one that is not there.
    """

    def stripped(prefixes: Sequence[str]) -> dict[str, str]:
        found = {}
        for column in head:
            prefix = next((p for p in prefixes if column.startswith(p)), "")
            if prefix and column[len(prefix) :]:
                found[column] = column[len(prefix) :]
        return found

    params, metrics = stripped(_PARAMS), stripped(_METRICS)
    told = _OTHERS & set(metrics.values())  # such a column without prefix is about the trial itself
    metrics |= {c: c for c in head if c in directions and c not in told}
    if chosen:
        every = {c: c for c in head} | params
        missing = [n for n in chosen if n not in every and n not in every.values()]
        if missing:
            raise ValueError(f"there is no column {missing[0]}; there are {', '.join(head)}")
        params = {c: n for c, n in every.items() if c in chosen or n in chosen}
    elif not params:
        params = {c: c for c in head if c not in metrics and c not in _OTHERS}
    return params, metrics


def check_columns(
    path: Path,
    head: Sequence[str],
    params: Mapping[str, str],
    metrics: Mapping[str, str],
    directions: Mapping[str, str],
) -> None:
    """Raise ValueError, saying what is wrong, where no study can be made of these columns.

    Two columns of one name, as ``params.lr`` and ``params_lr`` are, are refused.
    """
    for what, columns in (("parameter", params), ("metric", metrics)):
        for name in columns.values():
            of = [column for column, called in columns.items() if called == name]
            if len(of) > 1:
                raise ValueError(f"{path} has two columns of the {what} {name}: {' and '.join(of)}")
    missing = [m for m in directions if m not in metrics.values()]
    if missing:
        raise ValueError(f"{path} has no column {missing[0]}; it has {', '.join(head) or 'none'}")
    if not params:
        raise ValueError(f"{path} has no columns of parameters (params.<name>)")


def check_results(path: Path, trials: Sequence[Trial], directions: Mapping[str, str]) -> None:
    """Refuse a table in which no row has a number for an objective."""
    for metric in directions:
        if trials and not any(metric in t.metrics for t in trials):
            raise ValueError(f"{path} has no number in {metric}: there is nothing to compare")


def check_values(path: Path, params: Collection[str], empty: Sequence[str]) -> None:
    """Refuse a table all of whose columns of parameters are ``empty``."""
    if len(empty) == len(params):
        raise ValueError(f"{path} has no value of a parameter: {', '.join(empty)} are empty")


def configured(path: Path, trials: Sequence[Trial], what: str) -> list[Trial]:
    """Return the trials with equal parameters as trials of one configuration, the first's.

    Refuses two with the same number; ``what``: what each of them stands in.
    """
    if len({t.number for t in trials}) < len(trials):
        raise ValueError(f"{path} has two {what} with the same trial number")
    known: dict[Any, int] = {}
    return [
        replace(t, configuration=known.setdefault(tuple(sorted(t.params.items())), t.number))
        for t in trials
    ]


def span(numbers: Sequence[float], *, whole: bool) -> Dimension:
    """Return the range of these numbers, its ends in as few digits as say where about they lie.

    Values that span orders of magnitude were most likely searched on a log scale, unless they lie
    more evenly on a linear one: of many between 0 and 1 one is near 0 by chance.
    """
    low, high = min(numbers), max(numbers)
    log = low > 0 and high / low >= 100
    if log:
        linear = [(v - low) / (high - low) for v in numbers]
        orders = [math.log(v) - math.log(low) for v in numbers]
        orders = [at / max(orders) for at in orders]
        log = _unevenness(orders) <= _unevenness(linear)
    if not whole:
        low, high = _rounded(low, high, log=log)
    return Dimension("int" if whole else "float", low, high, log)


def _rounded(low: float, high: float, *, log: bool) -> tuple[float, float]:
    """Return the ends of a range outwards to a ten-thousandth of it, so that all stays inside.

    On a log scale of themselves. What would become 0 or 1 by that stays as it is: a rate or a share
    may have to be less.
    """
    if low == high or math.isinf(high - low):
        return low, high
    size = None if log else high - low
    down, up = _outwards(low, size, ROUND_FLOOR), _outwards(high, size, ROUND_CEILING)
    if down in _LIMITS or math.isinf(down):
        down = low
    if up in _LIMITS or math.isinf(up):
        up = high
    return down, up


def _outwards(value: float, size: float | None, way: str) -> float:
    """Return a value rounded to four digits of ``size``, of itself without one."""
    exact = Decimal(repr(value))
    places = (exact if size is None else Decimal(repr(size))).adjusted() - 4
    return float(exact.quantize(Decimal(1).scaleb(places), way)) if exact else value


def _unevenness(places: Sequence[float]) -> float:
    """Return how far places between 0 and 1 are from evenly spread (Kolmogorov and Smirnov's)."""
    count = len(places)
    return max(
        max(abs(at - i / count), abs(at - (i + 1) / count)) for i, at in enumerate(sorted(places))
    )


def ended_as(text: str, *, whole: bool) -> TrialState:
    """Return how a trial ended that the table says ``text`` of, and has all results of or not."""
    try:
        state = TrialState({"fail": "failed"}.get(text.lower(), text.lower()))
    except ValueError:
        return TrialState.COMPLETE if whole else TrialState.FAILED
    return state if state.ended else TrialState.KILLED


def moment(text: str) -> float | None:
    """Return the Unix seconds of a time as ISO 8601 writes it, None where it is none.

    Without a zone it is local time.
    """
    try:
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def in_order(start: float | None, end: float | None) -> tuple[float | None, float | None]:
    """Return when a trial began and ended; one that would have ended before it began began None.

    A local time without a zone is read as the first of the two that it may be in the hour that
    comes twice in autumn, which the end of a trial need not be.
    """
    if start is None or end is None or end >= start:
        return start, end
    second = datetime.fromtimestamp(end).replace(fold=1).timestamp()
    return (start, second) if second >= start else (None, end)


def _in_seconds(time: float | None) -> float | None:
    """Return a time of a table in Unix seconds: pandas writes nanoseconds, JavaScript thousandths.

    None where it is no time that a trial could have run at.
    """
    if time is None or time < 0:
        return None
    return next((time / unit for unit in _UNITS if time / unit < _END_OF_TIMES), None)


def arrived(
    number: int,
    task: str,
    state: str,
    params: Mapping[str, Value],
    metrics: Mapping[str, float | None],
    *,
    cost: float | None,
    start: float | None,
    end: float | None,
    **rest: Any,
) -> Trial:
    """Return the trial that a row tells of; empty texts and None where it does not say.

    ``cost`` in full-task units, times as Unix counts them, in whatever unit. ``rest``: further
    fields of the trial.
    """
    start, end = in_order(_in_seconds(start), _in_seconds(end))
    results = {name: value for name, value in metrics.items() if value is not None}
    ended = ended_as(state, whole=len(results) == len(metrics))
    charged = cost if cost is not None else 1.0 if ended is TrialState.COMPLETE else 0.0
    return Trial(
        number=number,
        configuration=number,
        task=task or "full",
        state=ended,
        cost=charged,
        charged=charged,
        params=params,
        metrics=results,
        created=start or 0.0,
        started=start,
        ended=end,
        duration=end - start if start is not None and end is not None else None,
        **rest,
    )
