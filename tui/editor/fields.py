"""What can be filled in for each part of a study file; the hints come from the file's schema."""

from dataclasses import dataclass
from typing import Literal

from hpo_tui.engine.spec.schema import KEYS
from hpo_tui.tui.editor.defaults import DEFAULTS

Kind = Literal["text", "words", "number", "flag", "choice", "list", "mapping", "any"]


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a section. ``kind`` says how typed text becomes a value.

    ``words``: text, or a list in brackets; ``any``: a number, truth value or list in TOML, else
    text. ``default``: what applies where it is not set, empty where it has to be.
    """

    key: str
    kind: Kind
    hint: str
    choices: tuple[str, ...] = ()
    example: str = ""
    default: str = ""

    @property
    def unset(self) -> str:
        """What the form shows in the place of a value that is not set."""
        return f"default: {self.default}" if self.default else ""


_EXAMPLES = {
    "choices": "sgd, adam, 3",
    "when": "optimizer = sgd, adam; layers = 2",
    "prior": "mean = -3; sd = 0.5",
    "constraints": "warmup < epochs, depth * width <= 4096",
    "warm": "torch, numpy",
    "learn_from": "last-week, ../other/.hpo/sweep",
    "record": "val_loss, train_loss",
}
"""How what is more than one word is typed in the form, where it differs from the file."""


def _fields(section: str, kinds: dict[str, Kind | tuple[str, ...]]) -> tuple[Field, ...]:
    fields = []
    for key, hint in KEYS[section].items():
        kind, default = kinds.get(key, "any"), DEFAULTS.get(section, {}).get(key, "")
        if isinstance(kind, tuple):
            fields.append(Field(key, "choice", hint, kind, default=default))
        else:
            example = _EXAMPLES.get(key, "")
            fields.append(Field(key, kind, hint, example=example, default=default))
    return tuple(fields)


_SUMMARY = ("last", "min", "max")

FIELDS: dict[str, tuple[Field, ...]] = {
    "study": _fields(
        "study",
        {
            "name": "text", "command": "words", "resume": "flag", "seed": "number",
            "repeats": "number", "cost": ("declared", "measured"), "noisy": "flag",
            "stop_when": "text", "notify": "words", "warm": "list", "learn_from": "list",
            "record": "list", "constraints": "list",
        },
    ),
    "space": _fields(
        "space.*",
        {
            "type": ("float", "int", "categorical", "ordinal", "fixed"), "low": "number",
            "high": "number", "log": "flag", "step": "number", "choices": "list",
            "when": "mapping", "prior": "mapping",
        },
    ),
    "objective": _fields(
        "objective[]",
        {
            "metric": "text", "direction": ("maximize", "minimize"), "threshold": "number",
            "log": "flag", "summary": _SUMMARY,
        },
    ),
    "constraint": _fields(
        "constraint[]",
        {"metric": "text", "min": "number", "max": "number", "summary": _SUMMARY},
    ),
    "task": (
        *_fields("task[]", {"name": "text", "cost": "number"}),
        Field("fidelity", "mapping", "what the task fixes, such as epochs = 15"),
    ),
    "resources": _fields(
        "resources",
        {
            "gpus_per_trial": "number", "busy_gpus": ("wait", "use"), "slots": "number",
            "threads": "number", "nice": "number", "failures": "number",
        },
    ),
    "stopping": _fields(
        "stopping", {"enabled": "flag", "min_step": "number", "patience": "number"}
    ),
}  # fmt: skip

FIELDS["env"] = ()
_ENV_VALUE = "its text for every trial; {lr} is replaced by the value of lr"


def env_fields(variable: str | None) -> tuple[Field, ...]:
    """Return what is filled in for an environment variable; None: for one more."""
    if variable is not None:
        return (Field(variable, "text", _ENV_VALUE),)
    return (Field("name", "text", "the variable's name"), Field("value", "text", _ENV_VALUE))


PARAMETER_NAME = Field(
    "name", "text", "the parameter's name; the command takes its value by {name}"
)
"""A parameter's name is the heading of its table, and no key in it."""

_RANGE = frozenset({"low", "high", "log", "step", "prior"})
TYPE_KEYS: dict[str, frozenset[str]] = {
    "float": _RANGE,
    "int": _RANGE,
    "categorical": frozenset({"choices"}),
    "ordinal": frozenset({"choices"}),
    "fixed": frozenset({"value"}),
}
"""A parameter's type → the keys that only some types have, and this one has."""

LISTS = frozenset({"objective", "constraint", "task"})
"""Sections that are arrays of tables: their items are numbered."""

ITEMS = LISTS | {"space"}
"""Sections whose rows can be added, duplicated, moved and removed."""

HEADINGS: dict[str, str] = {
    "study": "study",
    "space": "space",
    "objective": "objectives",
    "constraint": "metric limits",
    "task": "tasks",
    "env": "environment",
    "resources": "resources",
    "stopping": "early stopping",
}
"""Section → heading, in the order of the form."""


def field(section: str, key: str) -> Field:
    """Return the field ``key`` of ``section``; KeyError if there is none."""
    for found in FIELDS[section]:
        if found.key == key:
            return found
    raise KeyError(key)
