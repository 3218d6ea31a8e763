"""A list over several lines changed entry by entry, so that what stays keeps its comments."""

import difflib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from hpo_tui.engine.spec.text.toml_text import toml_value

_COMMA = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*,")
_INDENT = re.compile(r"[ \t]*")

Span = tuple[int, int]
Edit = tuple[int, int, str]


def change_list(text: str, spans: Sequence[Span], old: Sequence[Any], new: Sequence[Any]) -> str:
    """Return the text with the list ``old``, whose entries stand at ``spans``, made ``new``.

    An entry that goes takes the comment on its line along. What comes has a line of its own below
    its neighbour. The caller checks what the text means then.
    """
    edits: list[Edit] = []
    kept = difflib.SequenceMatcher(None, [*map(repr, old)], [*map(repr, new)], autojunk=False)
    for _, a, b, c, d in kept.get_opcodes():
        both = min(b - a, d - c)
        edits += [
            (*spans[a + n], toml_value(new[c + n]))
            for n in range(both)
            if repr(old[a + n]) != repr(new[c + n])
        ]
        edits += [_without(text, spans[n]) for n in range(a + both, b)]
        edits += _with(text, spans, a + both, new[c + both : d])
    for start, end, value in sorted(edits, reverse=True):
        text = text[:start] + value + text[end:]
    return text


def _without(text: str, span: Span) -> Edit:
    start, end = span
    comma = _COMMA.match(text, end)
    behind = comma.end() if comma else end
    line_start, line_end = text.rfind("\n", 0, start) + 1, text.find("\n", behind)
    alone = not text[line_start:start].strip() and line_end >= 0
    rest = text[behind:line_end].strip() if alone else ""
    if alone and (not rest or rest.startswith("#")):
        return line_start, line_end + 1, ""
    return start, behind, ""


def _with(text: str, spans: Sequence[Span], at: int, values: Sequence[Any]) -> Iterator[Edit]:
    """Yield what puts ``values`` before the entry ``at``, or after the last one."""
    if not values:
        return
    start = spans[min(at, len(spans) - 1)][0]
    indent = _INDENT.match(text, text.rfind("\n", 0, start) + 1)
    between = f",\n{indent.group() if indent else ''}"
    said = between.join(map(toml_value, values))
    if at < len(spans):
        yield start, start, said + between
        return
    end = spans[-1][1]
    comma = _COMMA.match(text, end)
    if comma is None:
        yield end, end, ","
    line_end = text.find("\n", comma.end() if comma else end)
    yield line_end, line_end, between[1:] + said + ("," if comma else "")
