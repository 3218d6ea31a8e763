"""From the parameters of a W&B sweep to those of a study.

Nested parameters have dotted names, as in W&B's pages.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.define.optuna.values import of_choices
from hpo_tui.engine.define.wandb.file import number
from hpo_tui.engine.define.wandb.ranges import DISTRIBUTIONS, fault, keys_of, ranged
from hpo_tui.engine.define.wandb.values import Written, written
from hpo_tui.engine.spec import Parameter, ParameterKind
from hpo_tui.engine.spec.names import did_you_mean, listing, name_fault, plain, show

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Swept:
    """A parameter, where it stands in the sweep, how its value is written.

    ``remark``: what of it is not quite as in the sweep, or not as it may be meant.
    """

    path: Path
    parameter: Parameter
    written: Written
    remark: str = ""

    @property
    def name(self) -> str:
        """What the study calls it."""
        return self.parameter.name


def swept(parameters: Mapping[str, Any], *, filed: bool) -> list[Swept]:
    """Return the parameters of a sweep, nested ones by dotted names. Raises ValueError.

    ``filed``: whether values are read from a file, and not only from the command line.
    """
    return [_swept(path, entry, filed=filed) for path, entry in _entries(parameters, ())]


def _entries(parameters: Mapping[str, Any], above: Path) -> Iterator[tuple[Path, Any]]:
    for key, entry in parameters.items():
        path = (*above, str(key))
        inner = entry.get("parameters") if isinstance(entry, Mapping) else None
        if isinstance(inner, Mapping):
            yield from _entries(inner, path)
        else:
            yield path, entry


def _swept(path: Path, entry: Any, *, filed: bool) -> Swept:
    name = ".".join(path)
    wrong = name_fault(name) or ("a name cannot hold { or }" if set(name) & set("{}") else None)
    if wrong:
        raise ValueError(f"parameters.{plain(name)}: {wrong}")
    if not isinstance(entry, Mapping):
        raise fault(name, f"{_NEEDS}; found {show(entry)}")
    kind = _distribution(name, entry)
    _check_keys(name, kind, entry)
    if kind in _LISTED:
        return _listed(path, kind, entry, filed=filed)
    parameter, remark = ranged(name, kind, entry)
    fixed = parameter.kind is ParameterKind.FIXED
    said = written([parameter.value] if fixed else [], filed=filed)
    return Swept(path, parameter, said, remark)


def _distribution(name: str, entry: Mapping[str, Any]) -> str:
    """Return the distribution of a parameter, by W&B's rules where it names none."""
    named = entry.get("distribution")
    if named is not None:
        kind = str(named)
        if kind not in DISTRIBUTIONS and kind not in _LISTED:
            near = did_you_mean(kind, [*DISTRIBUTIONS, *_LISTED])
            raise fault(name, f"has the distribution {show(kind)}, which W&B does not have{near}")
        return kind
    if "value" in entry:
        return "constant"
    if "values" in entry:
        return "categorical_w_probabilities" if "probabilities" in entry else "categorical"
    if "min" in entry and "max" in entry:
        ends = number(entry["min"]), number(entry["max"])
        return "int_uniform" if all(isinstance(e, int) for e in ends) else "uniform"
    nested = bool(entry) and all(isinstance(inner, Mapping) for inner in entry.values())
    hint = f". What is nested stands below parameters: {plain(name)}: {{parameters: …}}"
    raise fault(name, f"{_NEEDS}, or a distribution{hint if nested else ''}")


_NEEDS = "needs value, values, or min and max"
_LISTED = {
    "constant": ("value",),
    "categorical": ("values",),
    "categorical_w_probabilities": ("values", "probabilities"),
}
"""The distributions that name their values, and the keys of each."""


def _check_keys(name: str, kind: str, entry: Mapping[str, Any]) -> None:
    """Raise ValueError for a key that the distribution does not have, as W&B does."""
    allowed = ("distribution", *(_LISTED.get(kind) or keys_of(kind)))
    for key in entry:
        if key not in allowed:
            near = did_you_mean(str(key), allowed)
            keys = listing(allowed)
            raise fault(name, f"has {plain(str(key))}; {kind} can have {keys}{near}")


def _listed(path: Path, kind: str, entry: Mapping[str, Any], *, filed: bool) -> Swept:
    """Return a parameter that names its values; numbers in order are ordinal."""
    name = ".".join(path)
    key = _LISTED[kind][0]
    if key not in entry:
        raise fault(name, f"needs {key}")
    values = [entry[key]] if kind == "constant" else entry[key]
    if not isinstance(values, list | tuple) or not values:
        raise fault(name, f"needs a list of values, found {show(values)}")
    said = written(list(values), filed=filed)
    if said.fault:
        raise fault(name, said.fault)
    lost = "all values are equally likely at first" if kind.endswith("probabilities") else ""
    return Swept(path, of_choices(name, said.choices), said, said.lost or lost)
