"""What a training script can be told on its command line."""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict

from hpo_tui.engine.spec import Value

_DEFAULT = re.compile(r"[(\[]defaults?:?\s*([\w.+-]+)\s*[)\]]", re.IGNORECASE)
_ANY_WORD = 'argparse takes any word for true with type=bool, "False" too: false is sent as none'
Style = Literal[
    "flag",
    "equals",
    "positional",
    "pair",
    "constant",
    "environment",
    "config",
    "params",
    "fidelity",
]
"""How a value reaches the script: ``--lr 0.1``, ``lr=0.1``, by its place, ``LR 0.1`` in pairs at
the end, a constant in the source, an environment variable, a key of a configuration file, what it
asks ``trial.params`` or ``trial.fidelity`` for."""


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be set. ``name`` is what the study calls it, ``flag`` what is typed.

    ``off`` is the flag that turns a boolean off (``--no-amp``), if there is one. ``switch``: the
    flag takes no value. ``when``: the values of others that make this one exist.
    """

    name: str
    flag: str
    kind: Literal["float", "int", "bool", "text"]
    default: Value | None = None
    choices: tuple[Value, ...] = ()
    low: float | None = None
    high: float | None = None
    help: str = ""
    style: Style = "flag"
    switch: bool = False
    off: str = ""
    when: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    required: bool = False
    aliases: tuple[str, ...] = ()
    """Other flags of the same, as ``-b`` is of ``--batch-size``."""
    word: int = -1
    """Which word of the command it is, where its place tells, and it has one."""
    elsewhere: tuple[Value, ...] = ()
    """Other values that it has by default, as in the other files of a group of Hydra's."""
    any_word: bool = False
    """Whether any word turns it on, ``False`` too, and only an empty one off: argparse's bool."""

    @classmethod
    def of(cls, name: str, value: Value, style: Style) -> "Option":
        """Return an option that has a value by default, and so is of its kind."""
        return cls(name, name, kind_of(value), value, style=style)

    def in_words(self) -> "Option":
        """Return a boolean as a switch between two of Python's words: ``--ema=True``."""
        on, off = f"{self.flag}=True", f"{self.flag}=False"
        return dataclasses.replace(self, flag=on, off=off, switch=True, style="flag")

    @property
    def shown(self) -> str:
        """The flag as people are told of it, without a value that a switch has."""
        return self.flag.removesuffix("=True")

    @property
    def told(self) -> str:
        """Its default as people are told of it: true and false as in a study file."""
        return str(self.default).lower() if isinstance(self.default, bool) else f"{self.default}"


@dataclass(frozen=True, slots=True)
class Found:
    """The options of a command. ``how`` says for people where they come from.

    ``commands``: sub-commands, one of which must be named first. ``advice``: what the user has to
    do by hand, each a sentence.
    """

    options: tuple[Option, ...] = ()
    how: str = ""
    commands: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    template: tuple[str, str] | None = None
    """A configuration file to fill in: its name, and its text with placeholders."""
    words: tuple[str, ...] | None = None
    """The command's words where they have to change, for a template."""
    raw: Mapping[str, str] = field(default_factory=dict)
    """What stood in the file in the place of each placeholder."""
    also: tuple[str, ...] = ()
    """Words that the command gets besides, with the study's own placeholders."""
    pairs: str = ""
    """The flag that pairs of keys and values follow, at the end of the command."""
    resumes: bool = False
    """Whether the script asks for the checkpoint to go on from by itself."""
    broken: str = ""
    """The last words of the script where it does not even come to read its options."""


class Raw(TypedDict, total=False):
    """An option as the probe writes it, and all that read a source: in argparse's words.

    ``off``: flags that turn it off. ``action``: the name of argparse's class for its kind, or
    ``flag``. ``default`` and ``choices`` may hold what is no value.
    """

    flags: list[str]
    off: list[str]
    dest: str
    default: Any
    type: str | None
    choices: Sequence[Any] | None
    low: float | None
    high: float | None
    nargs: str | int | None
    required: bool
    help: str
    metavar: str
    action: str


class Dump(TypedDict, total=False):
    """A parser as the probe writes it: its options, and the sub-commands it has."""

    options: Sequence[Raw]
    commands: Sequence[str]


def from_dump(entries: Sequence[Dump]) -> tuple[tuple[Option, ...], tuple[str, ...]]:
    """Return options and sub-commands from what the probe wrote; the last parser counts most."""
    options: dict[str, Option] = {}
    commands: tuple[str, ...] = ()
    for entry in entries:
        commands = tuple(entry.get("commands", ()))
        for raw in entry.get("options", ()):
            option = _option(raw)
            if option is None:
                continue
            on = options.get(raw.get("dest", ""))
            if on is not None and on.switch and raw.get("action") == "_StoreFalseAction":
                # ``--no-ema`` with the same target turns off what ``--ema`` turns on.
                off = on.off or option.flag
                options[on.name] = dataclasses.replace(on, off=off, default=_state(raw, on))
            else:
                options[option.name] = option
    return tuple(options.values()), commands


def _state(raw: Raw, on: Option) -> bool:
    """Return what two switches of one target are without either: of both the parser's default."""
    default = raw.get("default")
    return default if isinstance(default, bool) else on.default is True


def _option(raw: Raw) -> Option | None:
    """Return an option with a single value, or None for lists."""
    flags, off, action = raw.get("flags", []), raw.get("off", []), raw.get("action", "")
    if action == "BooleanOptionalAction":
        off = [f for f in flags if f.startswith("--no-")]
        flags = [f for f in flags if f not in off]
    if not flags:
        return _positional(raw)
    if raw.get("nargs") not in (None, 0, "?"):
        return None
    flag = max(flags, key=lambda f: (f.startswith("--"), len(f)))
    name = flag.lstrip("-").replace("-", "_")
    default = raw.get("default")
    default = default if isinstance(default, bool | int | float | str) else _said(raw)
    switch = action in ("_StoreTrueAction", "_StoreFalseAction", "BooleanOptionalAction", "flag")
    if switch or re.search("bool", str(raw.get("type"))):
        both: tuple[Value, ...] = () if switch else (True, False)
        state = False if action == "_StoreFalseAction" else bool(default)
        first = "".join(off[:1])
        any_word = action == "_StoreAction" and raw.get("type") == "bool"
        about = "; ".join(filter(None, [_help(raw), _ANY_WORD if any_word else ""]))
        return Option(
            name, flag, "bool", state, both, help=about, switch=switch, off=first, any_word=any_word
        )
    choices = tuple(c for c in raw.get("choices") or () if isinstance(c, bool | int | float | str))
    if action in ("_StoreConstAction", "_CountAction", "_AppendAction"):
        return None
    return Option(
        name,
        flag,
        _kind(_declared(raw), default, choices),
        default,
        choices,
        number(raw.get("low")),
        number(raw.get("high")),
        _help(raw),
        required=raw.get("required", False),
        aliases=tuple(f for f in flags if f != flag),
    )


def _positional(raw: Raw) -> Option | None:
    """Return what is given by its place alone, as ``data`` of ``train.py data``."""
    name, nargs = raw.get("dest", ""), raw.get("nargs")
    if not name or nargs not in (None, "?", "+", 1) or not raw.get("required", True):
        return None
    kind = _kind(str(raw.get("type")), None, ())
    needed = nargs != "?"
    return Option(name, name, kind, help=_help(raw), style="positional", required=needed)


def _said(raw: Raw) -> Value | None:
    """Return the number that a help text gives as the default of an option that keeps none.

    What is laid over another way of reading settings, as pydantic's, knows no defaults itself.
    """
    said = _DEFAULT.search(raw.get("help", ""))
    value = typed(said[1].rstrip(".,")) if said else None
    return None if isinstance(value, str) else value


def _declared(raw: Raw) -> str:
    """Return the type of an option, by what stands for its value where none is declared."""
    declared, shown = str(raw.get("type")), raw.get("metavar", "")
    return shown if declared == "None" and shown in ("int", "float") else declared


def _kind(
    declared: str, default: object, choices: Sequence[Value]
) -> Literal["float", "int", "text"]:
    if declared in ("int", "integer", "integer range"):
        return "int"
    if declared in ("float", "float range") or isinstance(default, float):
        return "float"
    if isinstance(default, int) and declared in ("None", "type", "lambda", "<lambda>"):
        return "int"
    if choices and all(isinstance(c, int) and not isinstance(c, bool) for c in choices):
        return "int"
    return "text"


def number(value: object) -> float | None:
    """Return a number as a float, None for what is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _help(raw: Raw) -> str:
    text = " ".join(raw.get("help", "").replace("%(default)s", "").split())
    return re.sub(r"\s*[(\[]defaults?\b[^)\]]*[)\]]", "", text, flags=re.IGNORECASE)[:120]


def bare_name(name: str) -> str:
    """Return the last part of a name in lower case: ``batch_size`` of ``data.batchSize``."""
    last = re.sub(r"([a-z])([A-Z])", r"\1_\2", name.rsplit(".", 1)[-1]).lower()
    return re.sub(r"[^a-z0-9]+", "_", last).strip("_")


def typed(text: str) -> Value:
    """Return the value that a word on a command line or in a configuration file stands for."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def kind_of(value: Value) -> Literal["float", "int", "bool", "text"]:
    """Return the kind of option that has this value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    return "float" if isinstance(value, float) else "text"
