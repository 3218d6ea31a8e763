"""The distributions of W&B's sweeps as ranges of a study.

A study's values are possible in the sweep, too, but for one case, which is said: multiples of a
quantum over several orders of magnitude. What W&B draws without an end is cut at three standard
deviations.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.define.documents import number
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import Parameter, ParameterKind
from hpo_tui.engine.spec.names import plain
from hpo_tui.engine.spec.parts import Prior

_WIDTH = 3.0
"""Standard deviations on both sides of the mean that are searched."""
_ROUNDING = 1e-9
"""By how much a quotient may miss a half: 0.15 / 0.1 is less than 1.5."""
_FAR = 100
"""The greatest multiple over the least from which on the scale matters more than the quantum."""


def fault(name: str, said: str) -> ValueError:
    """Return the error of a parameter, in a sentence that begins with where it stands."""
    return ValueError(f"parameters.{plain(name)} {said}")


def ranged(name: str, kind: str, entry: Mapping[str, Any]) -> tuple[Parameter, str]:
    """Return a parameter of one of the distributions, and what of it was lost.

    Raises ValueError for an entry that does not describe one.
    """
    return DISTRIBUTIONS[kind](_Range(name, kind, entry))


def keys_of(kind: str) -> tuple[str, ...]:
    """Return the keys that describe one of the distributions."""
    ends = ("mu", "sigma") if "normal" in kind else ("a", "b") if "beta" in kind else ("min", "max")
    return (*ends, "q") if kind.startswith("q_") else ends


@dataclass(frozen=True, slots=True)
class _Range:
    """An entry that describes a range or a distribution of numbers."""

    name: str
    kind: str
    entry: Mapping[str, Any]

    def number(self, key: str, usual: float | None = None) -> float | int:
        """Return a number of the entry. Raises ValueError where it has none."""
        found = number(self.entry.get(key, usual))
        if found is None or not math.isfinite(found):
            raise fault(self.name, f"needs a number for {key} ({self.kind})")
        return found

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value. Raises ValueError where they are in no order."""
        low, high = self.number("min"), self.number("max")
        if low > high:
            raise fault(self.name, f"has min {brief(low)} above max {brief(high)}")
        return low, high

    @property
    def log_ends(self) -> tuple[float, float]:
        """The same of a distribution over logarithms, in the parameter's own unit."""
        low, high = self.ends
        if self.kind.endswith("_values"):
            if low <= 0:
                raise fault(self.name, f"needs a min above 0 ({self.kind})")
            return low, high
        inverse = self.kind.startswith("inv_")
        low, high = (-high, -low) if inverse else (low, high)
        if high > 700 or low < -700:
            raise fault(self.name, f"has exponents of e for {self.kind}; min and max are too far")
        return _exp(low), _exp(high)

    @property
    def bell(self) -> tuple[float, float]:
        """Mean and standard deviation."""
        mean, sd = self.number("mu", 0), self.number("sigma", 1)
        if sd <= 0:
            raise fault(self.name, "needs a sigma above 0")
        return mean, sd

    @property
    def quantum(self) -> float | int:
        """What values are multiples of."""
        q = self.number("q", 1)
        if q <= 0:
            raise fault(self.name, "needs a q above 0")
        return q

    def between(
        self, low: float, high: float, prior: Prior | None = None, **said: Any
    ) -> Parameter:
        """Return a parameter over a range, fixed where that is a single value."""
        whole = said.pop("whole", False)
        kind, form = (ParameterKind.INT, int) if whole else (ParameterKind.FLOAT, float)
        if low == high:
            return Parameter(self.name, ParameterKind.FIXED, value=form(low))
        return Parameter(self.name, kind, form(low), form(high), prior=prior, **said)

    def multiples(self, low: float, high: float) -> tuple[int, int]:
        """Return how often the quantum is in the least and the greatest value that is drawn.

        W&B draws a number first, and rounds it: at a half there is nothing beyond an end.
        """
        if low == high:
            return (round(low / self.quantum),) * 2
        half = 0.5 + _ROUNDING
        return math.floor(low / self.quantum + half), math.ceil(high / self.quantum - half)

    def stepped(self, low: float, high: float, prior: Prior | None = None) -> Parameter:
        """Return a parameter over the multiples of the quantum."""
        q, (least, most) = self.quantum, self.multiples(low, high)
        low, high = (float(f"{n * q:.12g}") for n in (least, max(least, most)))
        return self.between(low, high, prior, step=q, whole=isinstance(q, int))


_Made = tuple[Parameter, str]


def _exp(value: float) -> float:
    """Return e to a power, in as many figures as people give of its logarithm."""
    return float(f"{math.exp(value):.6g}")


def _uniform(of: _Range) -> _Made:
    low, high = of.ends
    whole = of.kind == "int_uniform"
    if whole and (low != int(low) or high != int(high)):
        raise fault(of.name, "needs whole numbers for min and max (int_uniform)")
    return of.between(low, high, whole=whole), ""


def _log_uniform(of: _Range) -> _Made:
    low, high = of.log_ends
    made = of.between(low, high, log=True)
    # Ends that are no exponents are the mistake that everybody makes with it.
    if of.kind != "log_uniform" or not 0 < of.number("min") < of.number("max") <= 1:
        return made, ""
    shown = f"min and max are exponents of e: from {brief(low)} to {brief(high)}"
    return made, f"{shown}. If the values themselves are meant, it is log_uniform_values"


def _normal(of: _Range) -> _Made:
    mean, sd = of.bell
    low, high = (float(f"{mean + sign * _WIDTH * sd:.12g}") for sign in (-1, 1))
    prior, lost = Prior("normal", mean, sd), _cut(low, high)
    if of.kind == "normal":
        return of.between(low, high, prior), lost
    made = of.stepped(low, high)
    inside = made.kind is not ParameterKind.FIXED and made.low <= mean <= made.high
    return (of.stepped(low, high, prior) if inside else made), lost


def _log_normal(of: _Range) -> _Made:
    mean, sd = of.bell
    if abs(mean) + _WIDTH * sd > 700:
        raise fault(of.name, f"has a mu and a sigma of logarithms ({of.kind}) that are too far")
    low, high = _exp(mean - _WIDTH * sd), _exp(mean + _WIDTH * sd)
    decades = math.log(10)
    prior = Prior("normal", float(f"{mean / decades:.6g}"), float(f"{sd / decades:.6g}"))
    lost = _cut(low, high)
    if of.kind == "log_normal":
        return of.between(low, high, prior, log=True), lost
    made, more = _q_log(of, low, high, prior)
    return made, "; ".join(s for s in (lost, more) if s)


def _beta(of: _Range) -> _Made:
    a, b = of.number("a", 1), of.number("b", 1)
    if a <= 0 or b <= 0:
        raise fault(of.name, "needs an a and a b above 0")
    prior = Prior("beta", a, b)
    return (of.between(0, 1, prior) if of.kind == "beta" else of.stepped(0, 1, prior)), ""


def _q_log(of: _Range, low: float, high: float, prior: Prior | None = None) -> _Made:
    """Return multiples of a quantum on a logarithmic scale, as far as a study has them."""
    q, (least, most) = of.quantum, of.multiples(low, high)
    whole = isinstance(q, int)
    if least >= most or (most <= _FAR * max(least, 1) and q != 1):
        lost = f"multiples of {brief(q)}, and not on a logarithmic scale"
        return of.stepped(low, high), lost if least < most else ""
    none = "" if least else "0 is not searched"
    low, high = (float(f"{max(n, 1) * q:.12g}") for n in (least, most))
    if prior and not low <= 10**prior.a <= high:
        prior = None
    made = of.between(low, high, prior, log=True, whole=whole)
    if q == 1:
        return made, none
    lost = f"a logarithmic scale, and not multiples of {brief(q)}"
    return made, "; ".join(s for s in (lost, none) if s)


def _cut(low: float, high: float) -> str:
    return f"searched from {brief(low)} to {brief(high)}, {_WIDTH:g} standard deviations"


DISTRIBUTIONS: Mapping[str, Callable[[_Range], _Made]] = {
    "int_uniform": _uniform,
    "uniform": _uniform,
    "q_uniform": lambda of: (of.stepped(*of.ends), ""),
    "log_uniform": _log_uniform,
    "log_uniform_values": _log_uniform,
    "inv_log_uniform": _log_uniform,
    "inv_log_uniform_values": _log_uniform,
    "q_log_uniform": lambda of: _q_log(of, *of.log_ends),
    "q_log_uniform_values": lambda of: _q_log(of, *of.log_ends),
    "normal": _normal,
    "q_normal": _normal,
    "log_normal": _log_normal,
    "q_log_normal": _log_normal,
    "beta": _beta,
    "q_beta": _beta,
}
