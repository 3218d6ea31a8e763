"""The file that the editor writes: which may be one, what to ask before, where its study goes."""

import tomllib
from pathlib import Path

from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import HOME
from hpo_tui.tui.words.plain import plain

_SECTIONS = ("study", "space", "objective", "task")
"""Sections of which a study file has at least one; other files of TOML have none of them."""


def why_no_study_file(path: Path) -> str:
    """Return why ``path`` must not be edited as a study file, empty when it may be.

    A file that is no valid TOML may be a study file halfway; one that is TOML of something else
    is not.
    """
    name = plain(path.name)
    if path.suffix != ".toml":
        stem = plain(path.stem) or "study"
        return f"{name} cannot be a study file: its name must end in .toml, such as {stem}.toml."
    if not path.exists():
        return ""
    if not path.is_file():
        return f"{plain(str(path))} exists and is not a file: give another name."
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        return f"{plain(in_words(error, path))}."
    except UnicodeDecodeError as error:
        return f"{plain(str(path))} cannot be read: {plain(str(error))}"
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError):
        return ""
    if data and not any(section in data for section in _SECTIONS):
        found = ", ".join(plain(key) for key in list(data)[:4])
        return (
            f"{name} is a TOML file of something else (it has {found}): a study file has [study],"
            " [space.NAME] and [[objective]]. Give another name."
        )
    return ""


def home_of(path: Path, home: Path | None) -> Path:
    """Return the ``.hpo`` folder in which a study of the file ``path`` is made.

    ``home``: the one that the app has open, None where there is none yet.
    """
    return home or path.parent.resolve() / HOME


def on_disk(path: Path) -> str | None:
    """Return what the file holds, None when there is none or it cannot be read."""
    try:
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None


def doubts(path: Path, known: str | None, problems: tuple[str, ...]) -> str:
    """Return what somebody should know before ``path`` is written, empty when nothing.

    ``known``: what the file held when the editor last read or wrote it, None when it was not there.
    ``problems``: what is wrong with the text.
    """
    lines = []
    if path.exists() and on_disk(path) != known:
        lines.append(
            f"{plain(path.name)} has changed since it was opened here; that change would be lost."
        )
    if problems:
        more = f" (1 of {len(problems)})" if len(problems) > 1 else ""
        lines.append(f"The study cannot be run like this: {plain(problems[0])}{more}")
    return "\n".join(lines)
