"""Values of a W&B sweep as those of a study, which are texts, numbers, true and false.

Lists, tables, nothing (null), and true and false beside others become texts that YAML reads as what
they were, and that are what W&B would put on a command line, where both can be had.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hpo_tui.engine.define.options import typed
from hpo_tui.engine.spec import Value
from hpo_tui.engine.spec.command import fill_template
from hpo_tui.engine.spec.names import show
from hpo_tui.engine.spec.values import scalar_fault

_SMALL = re.compile(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+")
"""A number that YAML takes for a text: 1e-5."""


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
        if fault := scalar_fault(choice):
            return Written(fault=fault)
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
