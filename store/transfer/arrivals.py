"""Trials that come from elsewhere, before they are a study of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpo_tui.store.models import Report, Trial, Value


def choice(value: Any) -> Value:
    """Return a choice as a value of ours: what TOML cannot hold (None) becomes text."""
    return value if isinstance(value, bool | int | float | str) else str(value)


def value_names(named: Sequence[str] | None, count: int) -> list[str]:
    """Return what the values of an Optuna study are called; ``named``: its own names, if any."""
    if named:
        return list(named)
    return ["value"] if count == 1 else [f"value_{i}" for i in range(count)]


@dataclass(frozen=True, slots=True)
class Dimension:
    """A parameter as it was found. ``choices`` are empty for numbers.

    ``when``: parent → the values with which it is active, as in the study file.
    """

    kind: str
    """``float``, ``int`` or ``categorical``, as in the study file."""
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    step: float | None = None
    choices: tuple[Value, ...] = ()
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)

    def table(self) -> dict[str, Any]:
        """Return the study file's table of the parameter."""
        found = self._values()
        if self.when:
            found["when"] = {parent: list(values) for parent, values in self.when.items()}
        return found

    def _values(self) -> dict[str, Any]:
        if self.choices:
            if len(self.choices) == 1:
                return {"type": "fixed", "value": self.choices[0]}
            return {"type": "categorical", "choices": list(self.choices)}
        if self.low == self.high:
            value = int(self.low) if self.kind == "int" else self.low
            return {"type": "fixed", "value": value}
        cast = int if self.kind == "int" else float
        found: dict[str, Any] = {"type": self.kind, "low": cast(self.low), "high": cast(self.high)}
        if self.log:
            found["log"] = True
        if self.step and not (self.kind == "int" and self.step == 1) and not self.log:
            found["step"] = cast(self.step)
        return found


@dataclass(frozen=True, slots=True)
class Arrival:
    """A study from elsewhere. ``text``: its study file, where it was ours before.

    ``costs``: task → cost, where the source says what the study file said of it. ``empty``: columns
    of parameters that no trial has a value of.
    """

    name: str
    source: str
    space: Mapping[str, Dimension]
    directions: Mapping[str, str]
    """Metric → ``minimize`` or ``maximize``, the objectives in order."""
    trials: list[Trial]
    reports: list[Report] = field(default_factory=list)
    text: str | None = None
    costs: Mapping[str, float] = field(default_factory=dict)
    empty: tuple[str, ...] = ()
