"""From a file, a text or a mapping to the table that a study is read from.

Whatever is wrong before a key could be read is a :class:`SpecError` of one problem: a file that is
none, a text that is not TOML (in plain words, why), data that is no mapping.
"""

import re
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_tui.engine.spec.errors import Problem, SpecError
from hpo_tui.engine.spec.names import plain, plain_data, show
from hpo_tui.engine.spec.reading.locate import locate
from hpo_tui.engine.spec.reading.table import Problems, Table

_LARGEST = 4 * 2**20
"""A study file is a page; anything beyond this is some other file, named by mistake."""

FOLDER = "is a folder, and a study file is meant: rename the folder, or name a file"
"""What is said of one that is called like a study file."""
_WHERE = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")
_LONGEST = 60
_BARE_WORD = re.compile(r"[^\W\d][\w./-]*")


def read_file(path: Path) -> tuple[str, Path]:
    """Return the text of a study file and the file that it is in. Raises :class:`SpecError`."""
    try:
        raw = _content(path := _file_at(path))
    except (OSError, ValueError) as error:
        if isinstance(error, SpecError):
            raise
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise refusal(f"cannot read {plain(str(path))}: {reason}", path) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise refusal(
            f"is not UTF-8 text (byte {error.start + 1} of the file): save it as UTF-8", path, line
        ) from None
    return text, path


def _file_at(path: Path) -> Path:
    """Return the study file that a path means. Raises SpecError for a folder in its place."""
    file = path / "study.toml" if path.is_dir() else path
    there = path if path.suffix == ".toml" and not file.exists() else file
    if there.is_dir():
        raise refusal(FOLDER, there)
    return file


def _content(path: Path) -> bytes:
    """Return what a file holds. Raises OSError, and SpecError for what no study can be read from.

    Another program's pipe or a device may never end. One of this command's own (``<(…)``, or
    ``/dev/stdin``), which has no place in a folder, is read.
    """
    mode = path.stat().st_mode
    own_pipe = stat.S_ISFIFO(mode) and not path.resolve().exists()
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or own_pipe):
        raise refusal("is no regular file: name a text file", path)
    with path.open("rb") as file:
        raw = file.read(_LARGEST + 1)
    if len(raw) > _LARGEST:
        raise refusal(
            f"{plain(path.name)} has more than 4 MiB, too much for a study file: name another file",
            path,
        )
    return raw


def text_table(text: str, source: Path | None) -> Table:
    """Return the root table of a TOML text. Raises :class:`SpecError`."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        raise refusal("is not UTF-8 text: save it as UTF-8", source, line) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, message = explain(text, str(error))
        raise refusal(message, source, line) from None
    except (ValueError, RecursionError, OverflowError, AttributeError, TypeError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else plain(str(error))
        raise refusal(f"this is not valid TOML: {why}", source) from None
    return Table(data, (), "", Problems(locate(text)))


def mapping_table(data: Mapping[str, Any]) -> Table:
    """Return the root table of a mapping as TOML would parse to. Raises :class:`SpecError`."""
    if not isinstance(data, Mapping):
        raise refusal(f"a study must be a mapping of sections, found {show(data)}", None)
    return Table(plain_data(data), (), "", Problems({}))


def refusal(message: str, source: Path | None, line: int | None = None) -> SpecError:
    """Return the error of a study that cannot be read at all."""
    return SpecError([Problem("", message, line)], source)


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
    if value.lower() in ("yes", "no", "on", "off"):
        told = "true" if value.lower() in ("yes", "on") else "false"
        return f'write {told}; a text needs quotes: "{value}"'
    if value in ("None", "null", "none", "nil"):
        return "leave the key out"
    if re.fullmatch(r"[+-]?\.\d+.*", value):
        return f"write {value.replace('.', '0.', 1)}"
    if re.fullmatch(r"[+-]?\d+\.", value):
        return f"write {value}0"
    return "a list is written [1, 2, 3]" if value.startswith(("(", "range")) else ""


def _lower(reason: str) -> str:
    return reason[:1].lower() + reason[1:]
