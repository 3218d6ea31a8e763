"""From an option to a parameter: a range by its name, its default and its choices."""

import dataclasses
from dataclasses import dataclass

from hpo_tui.engine.define.option_names import (
    APART,
    DATA,
    LEFT_ALONE,
    NEEDS_MORE,
    NEVER,
    OTHER_CHOICE,
    TUNED_CHOICE,
    TUNED_SWITCH,
)
from hpo_tui.engine.define.options import Option, bare_name
from hpo_tui.engine.define.ranges import ruled, unruled
from hpo_tui.engine.spec import Parameter, ParameterKind


@dataclass(frozen=True, slots=True)
class Proposal:
    """A parameter, and why it looks as it does.

    ``sure``: a rule for its name, not a mere guess. ``family``: one for options of one meaning.
    """

    parameter: Parameter
    note: str
    sure: bool = True
    family: str = ""


def propose(option: Option) -> Proposal | None:
    """Return a parameter to search for an option, or None where it should stay as it is.

    Its range is wide enough for the values that the option has in other configurations.
    """
    proposal = _proposed(option)
    for value in option.elsewhere:
        other = _proposed(dataclasses.replace(option, default=value, elsewhere=()))
        if proposal is None or other is None:
            continue
        one, two = proposal.parameter, other.parameter
        if one.numeric and (one.kind, one.log) == (two.kind, two.log):
            low, high = min(one.low, two.low), max(one.high, two.high)
            wide = dataclasses.replace(one, low=low, high=high)
            proposal = dataclasses.replace(proposal, parameter=wide)
    return proposal


def wants_choices(option: Option) -> bool:
    """Whether an option is worth a search that does not name its values: a text, not a path."""
    if option.kind != "text" or option.choices or option.style not in ("flag", "equals"):
        return False
    name, default = bare_name(option.name), str(option.default or "")
    known = TUNED_CHOICE.fullmatch(name) and not LEFT_ALONE.fullmatch(name)
    return bool(known) and not NEVER.fullmatch(name) and not set("/\\") & set(default)


def _proposed(option: Option) -> Proposal | None:
    name = bare_name(option.name)
    groups = option.name.lower().split(".")[:-1]
    if NEVER.fullmatch(name) or any(map(APART.fullmatch, groups)):
        return None
    if option.kind == "bool" or option.choices:
        return _listed(option, name)
    if option.kind == "text":
        return None
    if (rule := ruled(option)) is not None:
        family, parameter = rule
        return None if parameter is None else _from(option, parameter, "", family=family)
    given = LEFT_ALONE.fullmatch(name) or any(map(DATA.fullmatch, groups))
    return None if given else _unknown(option)


def _listed(option: Option, name: str) -> Proposal | None:
    """Propose for an option that names its values, or is true or false."""
    if LEFT_ALONE.fullmatch(name):
        return None
    # jsonargparse lists true, false and null.
    if option.kind == "bool" or {True, False} <= set(option.choices) <= {True, False, "null"}:
        parameter = Parameter(option.name, ParameterKind.CATEGORICAL, choices=(False, True))
        return _from(option, parameter, "") if TUNED_SWITCH.fullmatch(name) else None
    choices = tuple(c for c in option.choices if not NEEDS_MORE.fullmatch(str(c)))
    if not 2 <= len(choices) <= 20 or OTHER_CHOICE.fullmatch(name):
        return None
    ordered = option.kind in ("int", "float")
    kind = ParameterKind.ORDINAL if ordered else ParameterKind.CATEGORICAL
    sure = ordered or TUNED_CHOICE.fullmatch(name) is not None
    said = "its choices" if choices == option.choices else "its choices that need nothing more"
    said += "" if sure else ": check that they should be searched"
    return _from(option, Parameter(option.name, kind, choices=choices), said, sure=sure)


def _from(
    option: Option, parameter: Parameter, why: str, *, sure: bool = True, family: str = ""
) -> Proposal:
    default = "no default" if option.default is None else f"default {option.told}"
    parts = [f"{option.shown}, {default}", why, option.help]
    parameter = dataclasses.replace(parameter, when=option.when)
    return Proposal(parameter, "; ".join(p for p in parts if p), sure, family)


def _unknown(option: Option) -> Proposal | None:
    """Propose the limits that the script itself states, or a guess from the default alone."""
    if option.low is not None and option.high is not None and option.low < option.high:
        kind = ParameterKind.INT if option.kind == "int" else ParameterKind.FLOAT
        return _from(option, Parameter(option.name, kind, option.low, option.high), "its limits")
    parameter = unruled(option)
    if parameter is None:
        return None
    return _from(option, parameter, "a guess from the default alone: check it", sure=False)
