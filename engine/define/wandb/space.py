"""From the parameters of a W&B sweep to those of a study.

Nested parameters have dotted names, as in W&B's pages.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.define.optuna.values import of_choices
from hpo_tui.engine.define.wandb.file import number
from hpo_tui.engine.define.wandb.ranges import DISTRIBUTIONS, fault, ranged
from hpo_tui.engine.define.wandb.values import Written, written
from hpo_tui.engine.spec import Parameter, ParameterKind
from hpo_tui.engine.spec.names import did_you_mean, name_fault, plain, show

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Swept:
    """A parameter, where it stands in the sweep, how its value is written, and what was lost."""

    path: Path
    parameter: Parameter
    written: Written
    lost: str = ""

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
        raise fault(name, f"needs value, values, or min and max; found {show(entry)}")
    kind = _distribution(name, entry)
    if kind in _LISTED:
        return _listed(path, kind, entry, filed=filed)
    parameter, lost = ranged(name, kind, entry)
    fixed = parameter.kind is ParameterKind.FIXED
    said = written([parameter.value] if fixed else [], filed=filed)
    return Swept(path, parameter, said, lost)


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
    if "mu" in entry or "sigma" in entry:
        return "normal"
    raise fault(name, "needs value, values, or min and max")


_LISTED = ("constant", "categorical", "categorical_w_probabilities")


def _listed(path: Path, kind: str, entry: Mapping[str, Any], *, filed: bool) -> Swept:
    """Return a parameter that names its values; numbers in order are ordinal."""
    name = ".".join(path)
    key = "value" if kind == "constant" else "values"
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
