"""Parameters whose best values lie at an end of their range, which may be too narrow. Pure numpy.

Only what is plain is said: all of the best trials lie there, and trials there are better than
elsewhere by more than chance (rank sums: Mann & Whitney 1947). Where the whole range is as good,
where the best lie is chance too. A search settles somewhere in every parameter, and its late trials
are better for the sake of others: so the parameter's own part in an additive model of the results
has to say the same, and to be best at the end.
"""

from dataclasses import dataclass

import numpy as np

from hpo_tui.engine.analysis.additive import Additive, fitted
from hpo_tui.engine.analysis.front import best_rows, losses, near_misses, results
from hpo_tui.engine.arrays import Array, Index
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.engine.spec.names import plain
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import Value

MARGIN = 0.03
"""Share of a range that counts as its end."""
BEST = 5
"""Best trials that are looked at, with one objective; with several it is the whole front."""
FEWEST_BEST = 4
"""Best trials below which nothing is said."""
CLEAR = 2.5
"""Standard deviations by which results at the end are better: fewer happen by chance."""
FEWEST_VALUES = 3
"""Values of a whole number or choices below which every value is an end."""
_NEXT = 1e-9
"""Share of a range by which a value is outside, and not only by how it was rounded."""
MOST = 4000
"""Results that the model is of, evenly spread over the study, where there are more."""


@dataclass(frozen=True, slots=True)
class Edge:
    """``count`` best trials lie at the ``upper`` or lower end of a parameter, which is ``end``.

    ``beyond``: all of them outside, as the range was narrowed since.
    """

    parameter: str
    upper: bool
    end: Value
    count: int
    beyond: bool = False

    @property
    def advice(self) -> str:
        """The same in a sentence."""
        end = brief(self.end) if isinstance(self.end, float) else plain(str(self.end))
        where = f"{'beyond' if self.beyond else 'at'} the {'upper' if self.upper else 'lower'} end"
        best = f"the {self.count} best trials lie {where} ({end})"
        return f"{plain(self.parameter)}: {best}: widen the range?"


def edges(frame: Frame, spec: StudySpec) -> tuple[Edge, ...]:
    """Return the parameters whose range may be too narrow, in the order of the space.

    The best are full-task trials as everywhere; where none meets the goals, the nearest ones.
    """
    every = results(frame, spec)[0]
    best = best_rows(frame, spec)
    if not len(best):
        best = near_misses(frame, spec, BEST)
    if len(spec.objectives) == 1:
        best = best[:BEST]
    if len(best) < FEWEST_BEST or not spec.objectives:
        return ()
    several = losses(frame, spec)[every]
    loss = np.full(len(frame), np.nan)
    loss[every] = _ranks(several).mean(axis=1)
    found = [e for p in spec.free if (e := _edge(p, frame, best, loss)) is not None]
    if not found:
        return ()  # the model takes a while
    rows = every[np.isfinite(several).all(axis=1)]
    if len(rows) > MOST:
        rows = rows[np.linspace(0, len(rows) - 1, MOST).astype(np.intp)]
    model = fitted(frame, spec.free, rows, losses(frame, spec)[rows])
    return tuple(e for e in found if model is not None and _own(e, model, frame, spec, rows))


def _own(edge: Edge, model: Additive, frame: Frame, spec: StudySpec, rows: Index) -> bool:
    """Whether it is the parameter's own doing that results are better at its end."""
    places = _places(spec.parameter(edge.parameter), frame)
    assert places is not None
    there = places[rows] >= 1 - MARGIN if edge.upper else places[rows] <= MARGIN
    elsewhere = np.isfinite(places[rows]) & ~there
    if not there.any() or not elsewhere.any():
        return False
    clear, lowest = model.lower(edge.parameter, there, elsewhere)
    return lowest and clear >= CLEAR


def _edge(parameter: Parameter, frame: Frame, best: Index, loss: Array) -> Edge | None:
    places = _places(parameter, frame)
    if places is None:
        return None
    known = np.isfinite(places) & np.isfinite(loss)
    for upper in (False, True):
        there = places >= 1 - MARGIN if upper else places <= MARGIN
        if _natural(parameter, upper) or not there[best].all():
            continue  # also where it is not active in one of them
        if _clearness(loss[known & there], loss[known & ~there]) >= CLEAR:
            out = places[best] > 1 + _NEXT if upper else places[best] < -_NEXT
            return Edge(parameter.name, upper, _end(parameter, upper), len(best), bool(out.all()))
    return None


def _clearness(here: Array, elsewhere: Array) -> float:
    """Return by how many standard deviations of chance the losses ``here`` are the lesser ones."""
    n, m = len(here), len(elsewhere)
    if not n or not m:
        return 0.0
    ranks = _ranks(np.r_[here, elsewhere][:, None])[:, 0]
    expected, spread = n * (n + m + 1) / 2, np.sqrt(n * m * (n + m + 1) / 12)
    return float((expected - ranks[:n].sum()) / spread)


def _ranks(values: Array) -> Array:
    """Return the ranks in each column of values (n, m), from 1; equal ones share theirs."""
    ranks = np.empty(values.shape)
    for column in range(values.shape[1]):
        at, counts = np.unique(values[:, column], return_inverse=True, return_counts=True)[1:]
        ranks[:, column] = (np.cumsum(counts) - (counts - 1) / 2)[at]
    return ranks


def _places(parameter: Parameter, frame: Frame) -> Array | None:
    """Return where each trial's value (n,) lies in its range, 0 to 1; None if it has no ends."""
    values = frame.params.get(parameter.name)
    if values is None:
        return None
    if parameter.kind is ParameterKind.ORDINAL:
        return _places_of_choices(parameter, frame, values)
    if not parameter.numeric or parameter.high <= parameter.low:
        return None
    if parameter.kind is ParameterKind.INT:
        count = (parameter.high - parameter.low) / (parameter.step or 1) + 1
        if count < FEWEST_VALUES:
            return None
    low, high = parameter.low, parameter.high
    if parameter.log and low > 0:
        values = np.log(np.where(values > 0, values, np.nan))
        low, high = float(np.log(low)), float(np.log(high))
    return np.asarray((values - low) / (high - low), dtype=np.float64)


def _places_of_choices(parameter: Parameter, frame: Frame, values: Array) -> Array | None:
    count = len(parameter.choices)
    if count < FEWEST_VALUES:
        return None
    stored = frame.choices.get(parameter.name)
    places = np.full(len(values), np.nan)
    for place, choice in enumerate(parameter.choices):
        if stored is not None:
            code = float(stored.index(choice)) if choice in stored else np.nan
        else:
            code = np.nan if isinstance(choice, str) else float(choice)
        places[values == code] = place / (count - 1)
    return places


def _natural(parameter: Parameter, upper: bool) -> bool:
    """Whether a range probably cannot be widened there: at 0, at 1 of a share, at 1 of a count."""
    if parameter.kind is ParameterKind.ORDINAL:
        return False
    if upper:
        share = parameter.kind is ParameterKind.FLOAT and not parameter.log and parameter.low >= 0
        return share and parameter.high == 1
    return parameter.low == 0 or (parameter.kind is ParameterKind.INT and parameter.low == 1)


def _end(parameter: Parameter, upper: bool) -> Value:
    if parameter.kind is ParameterKind.ORDINAL:
        return parameter.choices[-1 if upper else 0]
    end = parameter.high if upper else parameter.low
    return int(end) if parameter.kind is ParameterKind.INT else float(end)
