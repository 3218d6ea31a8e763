"""From the parameters of a W&B sweep and their values to those of a study.

Nested parameters have dotted names, as in W&B's pages. A study's values are texts, numbers, true
and false. Lists, tables, nothing (null), and true and false beside others become texts that YAML
reads as what they were, and that W&B would put on a command line, where both can be had.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.define.documents import number
from hpo_tui.engine.define.options import typed
from hpo_tui.engine.define.optuna.values import of_choices
from hpo_tui.engine.define.wandb.ranges import DISTRIBUTIONS, fault, keys_of, ranged
from hpo_tui.engine.spec import Parameter, ParameterKind, Value
from hpo_tui.engine.spec.command import fill_template
from hpo_tui.engine.spec.names import did_you_mean, listing, parameter_fault, plain, show
from hpo_tui.engine.spec.values import scalar_fault

_SMALL = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
"""A number that YAML takes for a text: 1e-5."""
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """The values of a parameter, each once, and how a file has them.

    ``quoted``: they are texts, in quotes.
    """

    choices: tuple[Value, ...] = ()
    quoted: bool = False
    lost: str = ""
    fault: str = ""

    @property
    def switch(self) -> bool:
        """Whether they are true and false."""
        return len(self.choices) > 1 and all(isinstance(c, bool) for c in self.choices)


def written(values: Sequence[Any], *, filed: bool) -> Written:
    """Return the values of a parameter as a study has them; ``filed``: a file is to hold them."""
    if values and all(isinstance(v, str) and _SMALL.fullmatch(v) for v in values if not _num(v)):
        values = [typed(v) if isinstance(v, str) else v for v in values]
    quoted = bool(values) and all(isinstance(v, str) for v in values)
    mixed = not all(isinstance(v, bool) for v in values)
    choices: list[Value] = []
    lost = ""
    for value in values:
        choice = _choice(value, filed=filed, mixed=mixed)
        if wrong := scalar_fault(choice):
            return Written(fault=wrong)
        if filed and not quoted and not _same(value, choice):
            choice = "'" + str(value).replace("'", "''") + "'"
            if not isinstance(value, str) or not _same(value, choice):
                return Written(
                    fault=f"has the value {show(value)}, which no file can hold as it is"
                )
            lost = f"the text {show(value)} is written with quotes, so that it stays a text"
        choices += [choice] if choice not in choices else []
    return Written(tuple(choices), quoted, lost)


def _num(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _choice(value: Any, *, filed: bool, mixed: bool) -> Value:
    """Return a value of the study for one of the sweep."""
    if isinstance(value, bool) and mixed:  # among others, a study has true for 1
        return str(value).lower() if filed else str(value)
    if isinstance(value, str | bool | int | float):
        return value
    said = repr(value)
    if not filed or _read(said) == value:
        return said
    import yaml  # type: ignore[import-untyped]

    try:
        dumped = yaml.safe_dump(value, default_flow_style=True, width=1 << 20)
    except yaml.YAMLError:
        return str(value)
    return str(dumped).removesuffix("...\n").strip()


def _same(value: Any, choice: Value) -> bool:
    """Whether a value is read again from a file in which it stands without quotes."""
    line = fill_template("value: {x}", {"x": choice}, "x.yaml", ["x"])
    found = _read(line)
    read = found.get("value") if isinstance(found, dict) else None
    return bool(read == value) and isinstance(read, bool) is isinstance(value, bool)


def _read(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None


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
    if wrong := parameter_fault(name):
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
