"""Which study is meant: by folder, file or name, or the only one that can be; and reading it."""

import errno
import os
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpo_tui.store.below import studies_below
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import (
    ARCHIVE,
    HOME,
    StudyFolder,
    find_home,
    find_study,
    list_studies,
    working_folder,
)
from hpo_tui.tui.cli.errors import ArchivedStudy, NoSuchStudy, Refusal, refusing
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from hpo_tui.engine.spec import StudySpec
    from hpo_tui.store.read import StudyReader
    from hpo_tui.tui.watching.snapshot import Snapshot

_FIRST = "Start with: hpo-tui demo, or hpo-tui init train.py"


def proposals(incomplete: str) -> "list[CompletionItem[str]]":
    """Return what Tab offers where a study is meant: names and study files here, else any file."""
    from click.shell_completion import CompletionItem

    here = working_folder()
    names = [f.name for f in _studies(here)] + sorted(p.name for p in here.glob("*.toml"))
    found = [CompletionItem(n) for n in names if n.startswith(incomplete)]
    return found or [CompletionItem(incomplete, type="file")]


def study_names(incomplete: str) -> "list[CompletionItem[str]]":
    """Return the names of the studies here that begin so."""
    from click.shell_completion import CompletionItem

    names = (f.name for f in _studies(working_folder()))
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_study(
    _: click.Context, __: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Complete an argument that names a study."""
    return proposals(incomplete)


def complete_file(
    _: click.Context, __: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Complete an argument that names a file, or something else besides."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


study_argument = click.argument(
    "study", required=False, metavar="[STUDY]", shell_complete=complete_study
)


def find(text: str | None, cwd: Path | None = None) -> StudyFolder:
    """Return the study that ``text`` names, or the only one there is. Raises Refusal."""
    here = cwd or working_folder()
    if text is None:
        return only(here)
    refuse_empty(text)
    folder = find_study(text, here) or _called(text, here) or study_of_file(here / text)
    if folder is not None:
        return folder
    if (here / text).is_file():
        if Path(text).suffix != ".toml":
            raise Refusal(f"{plain(text)} is not a study file; {_how_to_make_one(text)}")
        how = f"hpo-tui run {plain(shlex.quote(text))}"
        raise Refusal(f"{plain(text)} has not been run yet: {how}")
    refuse_folder(Path(text) if cwd is None else here / text)
    studies = _studies(here)
    found = next((f for f in studies if f.name == text), None)
    if found is not None:  # it was made since it was looked for
        return found
    if (archived := _archived(text, here)) is not None:
        where = f"it lies in {plain(str(archived.path))} now"
        how = f"hpo-tui status {plain(archived.word)}"
        raise ArchivedStudy(f"{plain(text)} is archived: {where}. That path names it: {how}")
    known = [f.name for f in studies]
    if "://" in text:
        raise NoSuchStudy(f"{plain(text)} is not a study; {_how_to_make_one(text)}")
    if Path(text).suffix == ".toml":
        raise NoSuchStudy(no_study_file(here / text, text))
    raise NoSuchStudy(f"there is no study {plain(text)!r}{_listing(text, known)}")


def _how_to_make_one(text: str) -> str:
    """Return what makes a study of a file, or of a database's URL, that is none."""
    kind = Path(text).suffix.lower()
    made_of, command = "for a training script", "init"
    if "://" in text or kind in (".db", ".sqlite", ".sqlite3", ".log"):
        made_of, command = "from an Optuna storage", "import"
    elif kind in (".csv", ".tsv", ".jsonl", ".ndjson"):
        made_of, command = "from a table of trials", "import"
    elif kind in (".yaml", ".yml", ".json"):
        named = Path(text).stem.lower().startswith("experiment")
        made_of = "for a SigOpt experiment" if named else "for a W&B sweep"
    return f"to make one {made_of}: hpo-tui {command} {plain(shlex.quote(text))}"


def no_study_file(path: Path, called: str) -> str:
    """Return that a study file is not there, and which one is that may be meant."""
    from hpo_tui.engine.spec.names import nearest

    if path.is_symlink():
        return _leads_nowhere(path, called)
    near = nearest(path.stem, [p.stem for p in path.parent.glob("*.toml")])
    hint = "hpo-tui init train.py writes one for a script"
    if near is not None:
        hint = f"did you mean {plain(str(Path(called).with_stem(near)))!r}?"
    return f"there is no study file {plain(called)!r}; {hint}"


def _leads_nowhere(path: Path, called: str) -> str:
    """Return what is wrong with a link at whose end there is no file."""
    try:
        path.stat()
    except OSError as error:
        if error.errno != errno.ENOENT:
            return plain(in_words(error))
    end = plain(os.path.realpath(path))
    return f"{plain(called)!r} is a link to {end}, which is not there: is its disk mounted?"


def refuse_folder(path: Path) -> None:
    """Refuse a folder that has the name of a study file, or holds one that has."""
    for place in (path, path / "study.toml"):
        if place.suffix == ".toml" and place.is_dir() and not (place / "study.toml").is_file():
            from hpo_tui.engine.spec.reading.load import FOLDER

            raise Refusal(f"{plain(str(place))} {FOLDER}")


def refuse_empty(text: str) -> None:
    """Refuse the name that a script's unset variable gives: it would mean the folder here."""
    if not text.strip():
        raise Refusal("the name of the study is empty; is a variable not set?")


def _called(text: str, here: Path) -> StudyFolder | None:
    """Return the study of the name ``text``, which its folder cannot have as it is."""
    from hpo_tui.store.read import StudyReader

    for folder in _studies(here):
        with suppress(OSError, sqlite3.Error, LookupError), StudyReader(folder.db) as reader:
            if reader.study().name == text:
                return folder
    return None


def study_of_file(path: Path) -> StudyFolder | None:
    """Return the study that was made from the study file ``path`` (or the one in that folder)."""
    file = path / "study.toml" if path.is_dir() else path
    if file.suffix != ".toml" or not file.is_file():
        return None
    from hpo_tui.engine.launch import slug
    from hpo_tui.engine.spec import SpecError, StudySpec

    try:
        name = slug(StudySpec.load(file).name)
    except SpecError:
        return None
    folder = StudyFolder(file.resolve().parent / HOME / name)
    return folder if folder.db.is_file() else None


def only(here: Path) -> StudyFolder:
    """Return the study that runs, or the only one under the nearest ``.hpo``. Raises Refusal."""
    studies = _studies(here)
    if not studies:
        raise Refusal(
            f"there are no studies here: neither {plain(str(here))} nor a folder above it has a"
            f" {HOME} folder with one. {_where_archived(here) or _where_below(here) or _FIRST}"
        )
    running = [f for f in studies if f.runner_pid() is not None]
    for few in (running, studies):
        if len(few) == 1:
            return few[0]
    names = ", ".join(plain(f.name) for f in studies)
    raise Refusal(f"there are several studies here; name one of {names}")


def _where_archived(here: Path) -> str:
    """Return which studies of the nearest ``.hpo`` are archived, and where; empty where none is."""
    home = find_home(here)
    archived = list_studies(home / ARCHIVE) if home is not None else []
    if not archived:
        return ""
    names = ", ".join(plain(f.name) for f in archived[:3]) + (", …" if len(archived) > 3 else "")
    how = f"hpo-tui status {plain(archived[0].word)}"
    return f"Archived ones lie in {plain(str(archived[0].path.parent))}: {names}. To see one: {how}"


def _where_below(here: Path) -> str:
    """Return in which of the first folders right below there are studies; empty where in none."""
    found = list(studies_below(here))
    if not found:
        return ""
    names = ", ".join(map(plain, found[:3])) + (", …" if len(found) > 3 else "")
    return f"There are some below it, in {names}: cd {plain(shlex.quote(found[0]))}"


def _archived(text: str, here: Path) -> StudyFolder | None:
    """Return the archived study whose folder is called ``text``."""
    home = find_home(here)
    if home is None or "/" in text:
        return None
    folder = StudyFolder(home / ARCHIVE / text)
    return folder if folder.exists else None


def _studies(here: Path) -> list[StudyFolder]:
    home = find_home(here)
    return list_studies(home) if home else []


def _listing(text: str, known: list[str]) -> str:
    if not known:
        return f": neither this folder nor one above it has a {HOME} folder with studies"
    from hpo_tui.engine.spec.names import nearest

    guess = nearest(text, known)
    meant = f"; did you mean {plain(guess)!r}?" if guess else ""
    return f" here{meant or '.'} There are: {', '.join(plain(n) for n in known)}"


@contextmanager
def reading(folder: StudyFolder) -> "Iterator[StudyReader]":
    """Open a study's file for reading. Raises Refusal with the reason why it cannot be read."""
    from hpo_tui.store.read import StudyReader
    from hpo_tui.tui.watching.unreadable import FAULTS, why_unreadable

    with ExitStack() as opened:
        try:
            reader = opened.enter_context(StudyReader(folder.db))
            reader.study()
        except FAULTS as error:
            raise Refusal(plain(why_unreadable(folder, error))) from None
        yield reader


def find_readable(text: str | None) -> StudyFolder:
    """Return the study that is meant, as :func:`find`. Raises Refusal too if it cannot be read."""
    folder = find(text)
    with reading(folder) as reader:
        spec_of(reader)
    return folder


def picture_of(folder: StudyFolder) -> "Snapshot":
    """Return the study as it is. Raises Refusal with the reason why it cannot be read."""
    from hpo_tui.tui.watching.unreadable import UnreadableError
    from hpo_tui.tui.watching.watcher import read_once

    with refusing(UnreadableError):
        return read_once(folder)


def spec_of(reader: "StudyReader") -> "StudySpec":
    """Return a study as it is defined at present. Raises Refusal if its text is not valid."""
    from hpo_tui.engine.spec import SpecError, StudySpec
    from hpo_tui.tui.watching.unreadable import why_unreadable

    try:
        return StudySpec.from_text(reader.study().text)
    except SpecError as error:
        raise Refusal(plain(why_unreadable(StudyFolder(reader.path.parent), error))) from None
