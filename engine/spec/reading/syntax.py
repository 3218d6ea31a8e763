"""Saying in plain words why a text is not TOML."""

import re

from hpo_tui.engine.spec.names import plain

_WHERE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_LONGEST = 60
_BARE_WORD = re.compile(r"[^\W\d][\w./-]*")


def explain(text: str, message: str) -> tuple[int, str]:
    """Return the line and a sentence for a message of :mod:`tomllib`."""
    found = _WHERE.search(message)
    reason = plain(_WHERE.sub("", message)) or "this is not valid TOML"
    lines = text.split("\n")
    if found is None or found.group(1) is None:
        last = max(1, len(text.rstrip().split("\n")))
        return (
            last,
            f"the file ends too early: {_lower(reason)}; is a quote or a bracket not closed?",
        )
    line, column = int(found.group(1)), int(found.group(2))
    row = lines[line - 1] if line <= len(lines) else ""
    if column > len(row.rstrip("\r")) and reason.startswith("Illegal character"):
        return line, f"a quote is not closed on this line: {_shown(row)}"
    return (
        line,
        f"{_lower(reason)} at column {column}: {_shown(row)}{_hint(row, reason)}",
    )


def _shown(row: str) -> str:
    """Return a line as it stands in the file, without its indent, cut where it is long."""
    text = plain(row.strip())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _hint(row: str, reason: str) -> str:
    key, equals, value = row.partition("=")
    value = value.split("#")[0].strip().rstrip(",")
    if "overwrite" in reason or "twice" in reason:
        return " (the same key or table stands further up; keep one)"
    if not equals:
        return "" if row.strip().startswith("[") else " (a line is key = value, or a [section])"
    meant = _meant(value)
    if meant:
        return f" ({meant})"
    if _BARE_WORD.fullmatch(value) and value not in ("true", "false", "inf", "nan"):
        return f' (text needs quotes: {plain(key.strip())} = "{plain(value)}")'
    return ""


def _meant(value: str) -> str:
    """Return what to write for a value that another language would take."""
    if not value:
        return "the value is missing"
    if value in ("True", "False"):
        return f"write {value.lower()}"
    if value in ("None", "null", "none", "nil"):
        return "leave the key out"
    if re.fullmatch(r"[+-]?\.\d+.*", value):
        return f"write {value.replace('.', '0.', 1)}"
    if re.fullmatch(r"[+-]?\d+\.", value):
        return f"write {value}0"
    return "a list is written [1, 2, 3]" if value.startswith(("(", "range")) else ""


def _lower(reason: str) -> str:
    return reason[:1].lower() + reason[1:]
