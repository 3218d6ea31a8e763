"""From a file, a text or a mapping to the table that a study is read from.

Whatever is wrong before a key could be read is a :class:`SpecError` of one problem: a file that is
none, a text that is not TOML, data that is no mapping.
"""

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpo_tui.engine.spec.errors import Problem, SpecError
from hpo_tui.engine.spec.names import plain, plain_data, show
from hpo_tui.engine.spec.reading.locate import locate
from hpo_tui.engine.spec.reading.syntax import explain
from hpo_tui.engine.spec.reading.table import Problems, Table

_LARGEST = 4 * 2**20
"""A study file is a page; anything beyond this is some other file, named by mistake."""

FOLDER = "is a folder, and a study file is meant: rename the folder, or name a file"
"""What is said of one that is called like a study file."""


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
