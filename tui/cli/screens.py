"""``hpo-tui [PATH]`` and ``hpo-tui watch``: into the app."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hpo_tui.store.folder import HOME, StudyFolder, by_its_links, find_home, working_folder
from hpo_tui.tui.cli.errors import ArchivedStudy, NoSuchStudy, Refusal, refusing
from hpo_tui.tui.cli.studies import (
    complete_study,
    find,
    only,
    refuse_empty,
    refuse_folder,
    study_argument,
    study_of_file,
)
from hpo_tui.tui.words.plain import plain


def screen_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that every way into the app has."""
    for option in (
        click.option("--readonly", is_flag=True, help="Look, but change nothing."),
        click.option(
            "--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only."
        ),
        click.option("--once", is_flag=True, help="Print the study as text and exit."),
    ):
        command = option(command)
    return command


def can_draw() -> bool:
    """Whether screens can be drawn: on a terminal, unless it says that it only prints lines."""
    there = sys.stdin.isatty() and sys.stdout.isatty()
    return there and os.environ.get("TERM") != "dumb"


def show(folder: StudyFolder | None, home: Path | None, *, readonly: bool, ascii_only: bool,
         once: bool, file: Path | None = None) -> int:  # fmt: skip
    """Open the app on one study, on all of ``home``, or on a study file in the editor.

    ``once``: print the study instead. Raises Refusal without a terminal to draw screens on.
    """
    from hpo_tui.tui.cli.text import unicode_ok
    from hpo_tui.tui.glyphs import locale_is_ascii
    from hpo_tui.tui.opening import open_app, print_once
    from hpo_tui.tui.watching.unreadable import UnreadableError

    if folder is not None:
        folder = StudyFolder(by_its_links(folder.path))
    poor = ascii_only or locale_is_ascii() or not unicode_ok()
    if once and folder is not None:
        with refusing(UnreadableError):
            print_once(folder, ascii_only=poor)
        return 0
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Refusal(
            "the app needs a terminal, but stdin or stdout is none; try --once, or hpo-tui status"
        )
    if not can_draw():
        raise Refusal(
            "the app cannot draw on this terminal (TERM=dumb); try --once, or hpo-tui status, or if"
            " it is another terminal: TERM=xterm hpo-tui"
        )
    return open_app(folder, home, ascii_only=poor, readonly=readonly, file=file)


@click.command("open")
@click.argument("path", required=False, metavar="[PATH]", shell_complete=complete_study)
@screen_options
def open_path(path: str | None, readonly: bool, ascii_only: bool, once: bool) -> int:
    """Open the app on PATH: a folder, a study file, or the name of a study.

    A study file that has never been run is opened in the editor. Without PATH, the app shows all
    studies of the nearest .hpo folder, here or above.
    """
    file = None if once else _unmade(working_folder() / path) if path else None
    if file is not None:
        home = find_home(file.parent)
        return show(None, home, readonly=readonly, ascii_only=ascii_only, once=False, file=file)
    folder, home = _opened(path, working_folder())
    if once and folder is None:
        folder = only(home if home is not None else Path.cwd())
    return show(folder, home, readonly=readonly, ascii_only=ascii_only, once=once)


def _unmade(path: Path) -> Path | None:
    """Return ``path`` if it is a study file, and not that of a study. Raises Refusal."""
    from hpo_tui.tui.editor.target import why_no_study_file

    if path.suffix != ".toml" or not path.is_file():
        return None
    if StudyFolder(path.parent).db.is_file() or study_of_file(path) is not None:
        return None
    if fault := why_no_study_file(path):
        raise Refusal(fault)
    return path


def _opened(text: str | None, here: Path) -> tuple[StudyFolder | None, Path | None]:
    """Return (the study, None), or (None, the ``.hpo`` folder whose studies are listed)."""
    if text is None:
        return None, find_home(here)
    refuse_empty(text)
    path = here / text
    if path.is_dir() and not StudyFolder(path).db.is_file():
        study = study_of_file(path)
        home = find_home(path)
        holds = home is not None and path.resolve() in (home.parent.resolve(), home.resolve())
        if study is None and not holds:
            refuse_folder(Path(text))
            raise Refusal(
                f"{plain(text)} contains no studies: it has no {HOME} folder and no study.toml"
            )
        return (study, None) if study is not None else (None, home)
    try:
        return find(text, here), None
    except ArchivedStudy:
        raise
    except NoSuchStudy as refusal:
        raise NoSuchStudy(f"{refusal}{_command_meant(text)}") from None


def _command_meant(text: str) -> str:
    """Name the command that a word without one looks like."""
    from hpo_tui.engine.spec.names import nearest
    from hpo_tui.tui.cli import root

    command = nearest(text, root.COMMANDS)
    return f" (or the command: hpo-tui {command}?)" if command else ""


@click.command("watch")
@study_argument
@screen_options
def watch(study: str | None, readonly: bool, ascii_only: bool, once: bool) -> int:
    """Open the dashboard of STUDY."""
    return show(find(study), None, readonly=readonly, ascii_only=ascii_only, once=once)
