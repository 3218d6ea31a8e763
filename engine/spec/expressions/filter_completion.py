"""What could come next in a filter that is being written: a name, a value, a word."""

import re
from collections.abc import Collection, Mapping

from hpo_tui.engine.spec.expressions.tokens import FUNCTIONS, KEYWORDS, WORD
from hpo_tui.engine.spec.parts import Value

__all__ = ["completions"]

_PARTIAL = re.compile(r"`[^`]*$|[^\W\d][\w./:@-]*$")
_ENDED = re.compile(r"(?<![\w.])(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*$|[\"'`)\]]\s*$")
"""A number, or what closes a text, a name or a bracket: a condition can end here."""
_BEGINS = re.compile(r"(^|\b(and|or|not)\s|[(!&|])\s*$", re.IGNORECASE)
"""Where a condition begins."""
_COMPARED = re.compile(r"(==|!=|<>|(?<![<>=!])=)\s*$")
_AMONG = re.compile(r"(\bnot\s+)?\bin\s*[\[(]([^\[\]()]*,)?\s*$")


def completions(
    text: str,
    cursor: int,
    names: Collection[str],
    choices: Mapping[str, Collection[Value]] | None,
) -> tuple[int, list[str]]:
    """Return where the word at ``cursor`` starts, and what it could be completed to.

    Beside ``==`` and within ``in [...]`` these are the name's ``choices``. Else names come first,
    then values that say enough alone (``failed``), functions and keywords; a name that would not be
    read as one word is given in backticks.
    """
    before = text[:cursor]
    quote = next((q for q in "\"'" if before.count(q) % 2), "")
    if quote:
        start = before.rfind(quote)
        values = _values(before[:start], names, choices or {})
        return start, _fitting([v for v in values if v[0] == '"'], before[start + 1 :], '"')
    backticked = before.count("`") % 2 == 1
    found = None if before.endswith("`") and not backticked else _PARTIAL.search(before)
    start = found.start() if found else cursor
    values = _values(before[:start], names, choices or {})
    alone = _alone(names, choices or {})
    if not found and not values and (ended := _after_the_end(before, names, alone)) is not None:
        return start, ended
    prefix = before[start:].lstrip("`")
    proposed = [] if backticked else _fitting(values, prefix, '"')
    bare = [written(n) for n in sorted(names) if "`" not in n]
    if prefix or not proposed:
        proposed += _fitting(bare, prefix, "`")
    if prefix and not backticked:
        low = prefix.lower()
        if not values and _BEGINS.search(before[:start]):
            proposed += [v for v in _fitting(alone, prefix, "") if v not in proposed]
        proposed += [f"{f}(" for f in FUNCTIONS if f.startswith(low) and f not in proposed]
        proposed += [k for k in KEYWORDS if k.startswith(low) and k != low]
    return start, proposed


def _fitting(words: list[str], prefix: str, marks: str) -> list[str]:
    """Return the words that begin with ``prefix``, then those that hold it; case is no matter."""
    low = prefix.lower()
    begin = [w for w in words if w.strip(marks).lower().startswith(low)]
    return begin + [w for w in words if low in w.lower() and w not in begin]


def _alone(names: Collection[str], choices: Mapping[str, Collection[Value]]) -> list[str]:
    """Return the values of one word that only one name can have: alone they say that it does."""
    texts = [v for options in choices.values() for v in options if isinstance(v, str)]
    return [v for v in texts if texts.count(v) == 1 and _bare(v) and v not in names]


def _after_the_end(before: str, names: Collection[str], alone: Collection[str]) -> list[str] | None:
    """Return what follows where a part has just ended, None where none has."""
    words = before.split()
    if _ENDED.search(before) or (before[-1:].isspace() and words and words[-1] in alone):
        open_list = before.rfind("[") > before.rfind("]")
        return ["and", "or"] if before[-1].isspace() and not open_list else []
    return [] if before[-1:].isspace() and _name_before(before, names) else None


def _values(
    head: str, names: Collection[str], choices: Mapping[str, Collection[Value]]
) -> list[str]:
    """Return, as they are written, the values of the name that ``head`` compares with."""
    compared = _COMPARED.search(head) or _AMONG.search(head)
    name = _name_before(head[: compared.start()], names) if compared else ""
    return [_written(v) for v in choices.get(name, ())]


def _name_before(head: str, names: Collection[str]) -> str:
    """Return the longest of ``names`` that ``head`` ends with, empty when it ends with none."""
    head = head.rstrip().removesuffix("`")
    for name in sorted(names, key=len, reverse=True):
        edge = head[: -len(name)][-1:]
        if head.endswith(name) and not (edge.isalnum() or edge == "_"):
            return name
    return ""


def _written(value: Value) -> str:
    if isinstance(value, str):
        inner = value.replace("\\", r"\\").replace('"', r"\"")
        return f'"{inner}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def condition(name: str, value: Value) -> str:
    """Return the filter of the trials in which a name has a value."""
    return f"{written(name)} == {_written(value)}"


def written(name: str) -> str:
    """Return a name as a filter has it: within backticks where it is no plain word."""
    return name if _bare(name) else f"`{name}`"


def _bare(name: str) -> bool:
    return WORD.fullmatch(name) is not None and name.lower() not in KEYWORDS
