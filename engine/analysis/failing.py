"""Where a study's failures lie: the half-space that holds most of them. Pure numpy.

Of one parameter, or the product of two sizes (as what a batch of a wide network takes of memory),
the split that tells failed from other trials best is looked for: by the log-likelihood ratio of two
failure rates against one (G-test: Sokal & Rohlf, Biometry, 1981). Only what is plain is said: most
failures lie on one side, most trials there failed, and many splits tried would not find it by
chance. Shapes: n trials that have ended by themselves.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from hpo_tui.engine.arrays import Array, Index, Mask
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.engine.spec.names import plain
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState, Value

FEWEST = 3
"""Failures below which nothing is said of where they lie."""
_MOST_OF = 0.8
"""Share of all failures that a place has to hold."""
_RATE = 0.6
"""Share of the trials there that have to have failed."""
_MOST_SIZES = 8
"""Parameters of which products are looked at: with a hundred thousand trials each takes a while."""
_CLEAR = 9.0
"""G below which a split is taken for chance: p = 0.003 for one that is looked at alone."""
_BETTER = 3.0
"""By how much G of a product has to be greater: two parameters fit anything better than one."""

Counts = int | Index
"""Numbers of trials, of one split or of many."""


@dataclass(frozen=True, slots=True)
class Failing:
    """Where failures lie. ``where``: an expression that filters of trials understand.

    ``failed`` of the ``there`` trials in it failed, and ``others`` of the ``elsewhere`` ones.
    ``instead``: the relation that keeps a study out of there; for a choice of a parameter empty,
    and ``choice`` says which. ``clear``: G of the split.
    """

    where: str
    instead: str
    failed: int
    there: int
    others: int
    elsewhere: int
    clear: float
    choice: tuple[str, Value] | None = None

    @property
    def sentence(self) -> str:
        """The same in a sentence."""
        every = "all" if self.failed == self.there else f"{self.failed} of"
        rest = f"{self.others or 'none'} of {self.elsewhere} elsewhere"
        return f"{every} {self.there} trials with {self.where} failed, {rest}"


def failing(frame: Frame, spec: StudySpec) -> Failing | None:
    """Return where the failures of a study lie, None where there are few or no place is plain."""
    ended = frame.in_state(TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAILED)
    failed = frame.in_state(TrialState.FAILED)[ended]
    if failed.sum() < FEWEST or failed.all():
        return None
    held = frame.only(ended)
    single = _clearest(f for p in spec.free for f in _of_one(p, held, failed))
    if single is not None and not single.others and single.failed == single.there:
        return single  # nothing is left for a second parameter to tell
    sizes = combinations(_sizes(spec)[:_MOST_SIZES], 2)
    pair = _clearest(f for p, q in sizes for f in _of_two(p, q, held, failed))
    if single is None or (pair is not None and pair.clear > single.clear + _BETTER):
        return pair if pair is not None and pair.clear > _CLEAR + _BETTER else single
    return single


def _clearest(found: Iterable[Failing]) -> Failing | None:
    return max(found, key=lambda f: f.clear, default=None)


def _of_one(parameter: Parameter, frame: Frame, failed: Mask) -> Iterator[Failing]:
    name, values = _name(parameter), frame.params.get(parameter.name)
    if values is None:
        return
    choices = frame.choices.get(parameter.name)
    if choices is not None or not (parameter.numeric or parameter.kind is ParameterKind.ORDINAL):
        for code in np.unique(values[np.isfinite(values)]).tolist():
            choice = choices[int(code)] if choices is not None else code
            said = f'"{plain(choice)}"' if isinstance(choice, str) else brief(float(choice))
            found = _split(failed, values == code, np.isfinite(values))
            for told in _told(found, f"{name} == {said}", ""):
                own = next((c for c in parameter.choices if c == choice), None)
                yield told if own is None else replace(told, choice=(parameter.name, own))
        return
    yield from _of_numbers(name, values, failed)


def _of_numbers(name: str, values: Array, failed: Mask) -> Iterator[Failing]:
    """Yield the splits of numbers (n,) by size, with the value on the failing side in it."""
    known = np.isfinite(values)
    ends, at = np.unique(values[known], return_inverse=True)
    every = np.bincount(at, minlength=len(ends))
    bad = np.bincount(at, failed[known], len(ends)).astype(np.intp)
    if len(ends) < 2:
        return
    n, k = int(every.sum()), int(bad.sum())
    size, first = np.cumsum(every)[:-1], np.cumsum(bad)[:-1]
    clear = _g(first, size) + _g(k - first, n - size)
    for upper in (False, True):
        # Only where failures are the more frequent: the other side has a split of its own.
        rates = first / size - (k - first) / (n - size)
        place = int(np.argmax(np.where((rates < 0) == upper, clear, -np.inf)))
        low, high = float(ends[place]), float(ends[place + 1])
        here = int(first[place]), int(size[place])
        beyond = k - here[0], n - here[1]
        if upper:
            end = _end(high, low)
            yield from _told((*beyond, *here), f"{name} >= {end}", f"{name} < {end}")
        else:
            end = _end(low, high)
            yield from _told((*here, *beyond), f"{name} <= {end}", f"{name} > {end}")


def _end(inside: float, outside: float) -> str:
    """Return a number between the two, or the first itself, in as few digits as go."""
    if inside.is_integer() and abs(inside) < 1e6:
        return str(int(inside))
    for digits in range(3, 8):
        text = brief(inside, digits)
        if min(inside, outside) < float(text) < max(inside, outside) or float(text) == inside:
            return text
    return repr(inside)


def _of_two(one: Parameter, two: Parameter, frame: Frame, failed: Mask) -> Iterator[Failing]:
    a, b = frame.params.get(one.name), frame.params.get(two.name)
    if a is None or b is None or np.nanmin(a, initial=1) <= 0 or np.nanmin(b, initial=1) <= 0:
        return
    # Of two sizes only what is large fails.
    for found in _of_numbers(f"{_name(one)} * {_name(two)}", a * b, failed):
        if ">=" in found.where:
            yield found


def _sizes(spec: StudySpec) -> list[Parameter]:
    """Return the parameters that may be sizes: whole numbers, and ordinals of numbers."""
    ordinal = ParameterKind.ORDINAL
    return [
        p
        for p in spec.free
        if p.kind is ParameterKind.INT
        or (p.kind is ordinal and all(isinstance(c, int | float) for c in p.choices))
    ]


def _split(failed: Mask, there: Mask, known: Mask) -> tuple[int, int, int, int]:
    elsewhere = known & ~there
    return (
        int(failed[there].sum()), int(there.sum()),
        int(failed[elsewhere].sum()), int(elsewhere.sum()),
    )  # fmt: skip


def _told(counts: tuple[int, int, int, int], where: str, instead: str) -> Iterator[Failing]:
    failed, there, others, elsewhere = counts
    if not there or not elsewhere or failed < _MOST_OF * (failed + others):
        return
    if failed < _RATE * there or failed < FEWEST:
        return
    both = _g(failed + others, there + elsewhere)
    clear = float(_g(failed, there) + _g(others, elsewhere) - both)
    if clear >= _CLEAR:
        yield Failing(where, instead, failed, there, others, elsewhere, clear)


def _g(failed: Counts, of: Counts) -> Array:
    """Return twice the log-likelihood of ``failed`` of ``of`` at their own rate, (s,) or a number.

    ``s``: splits.
    """
    bad, every = np.asarray(failed, dtype=np.float64), np.asarray(of, dtype=np.float64)
    with np.errstate(all="ignore"):
        parts = [np.where(k > 0, k * np.log(k / every), 0.0) for k in (bad, every - bad)]
    return np.asarray(2 * (parts[0] + parts[1]), dtype=np.float64)


def _name(parameter: Parameter) -> str:
    name = plain(parameter.name)
    return name if name.isidentifier() else f"`{name}`"
