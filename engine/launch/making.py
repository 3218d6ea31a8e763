"""Making a study of a study file."""

import errno
import os
import re
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path

from hpo_tui.engine.launch.offline import without_runners
from hpo_tui.engine.launch.origin import Origin, keep, origin
from hpo_tui.engine.launch.refusals import LaunchError
from hpo_tui.engine.launch.removing import finish_removals
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import text_fault
from hpo_tui.engine.spec.text.files import write_atomic
from hpo_tui.store.connect import log_of
from hpo_tui.store.database_errors import explained
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.write import StudyWriter

_UNMADE = ".making"
"""A study's file until it is whole: its name is no longer than the one that it gets."""
_LONGEST_PATH = 504
"""Bytes of a path that SQLite opens: it takes 512, with room for the name of its log."""


def create_study(
    source: Path | str | StudySpec, home: Path, name: str | None = None
) -> StudyFolder:
    """Make the study of a file, of its text or of what was read from one under ``home`` (``.hpo``).

    One that is there already is returned as it is, if it has the same definition or was made from
    the same one (:func:`~hpo_tui.engine.launch.origin.origin` tells whether it was edited since);
    one that has never run takes the new definition. Raises :class:`SpecError` when the definition
    has errors, :class:`LaunchError` when it cannot be made.
    """
    spec = _read(source)
    called = name or spec.name
    folder = StudyFolder(home / slug(called))
    _check_name(called, folder)
    new = not folder.path.exists()
    try:
        with folder.making():
            finish_removals(home)
            if not folder.db.is_file():
                with _gone_if_it_fails(folder) if new else nullcontext():
                    _make(folder, spec, called, anew=False)
            elif _to_be_made_anew(folder, spec):
                with without_runners(folder):
                    if _to_be_made_anew(folder, spec):  # one may have come and gone
                        _make(folder, spec, called, anew=True)
    except ValueError as error:
        raise LaunchError(f"cannot make the study in {folder.path}: {error}") from error
    except OSError as error:
        why = in_words(error, folder.path)
        raise LaunchError(f"cannot make the study in {folder.path}: {why}") from error
    except sqlite3.Error as error:
        raise LaunchError(f"cannot make the study in {folder.path}: {explained(error)}") from error
    return folder


def _read(source: Path | str | StudySpec) -> StudySpec:
    """Return the definition that is meant. Raises :class:`SpecError`."""
    if isinstance(source, StudySpec):
        return source
    return StudySpec.load(source) if isinstance(source, Path) else StudySpec.from_text(source)


def _check_name(called: str, folder: StudyFolder) -> None:
    """Raise LaunchError if a study cannot have this name, or its folder a path that can be used."""
    fault = text_fault(called)
    if fault:
        raise LaunchError(
            f"the name {called!r} {fault}, or give the study another (run --name NAME)"
        )
    try:
        length = len(os.fsencode(os.path.realpath(folder.db)))
    except UnicodeEncodeError as error:
        raise LaunchError(
            f"the locale ({sys.getfilesystemencoding()}) cannot write the name {folder.name!r}: set"
            " LC_ALL=C.UTF-8, or give the study another name (run --name NAME)"
        ) from error
    if length > _LONGEST_PATH:
        raise LaunchError(
            f"the path of the study's file would have {length} bytes, and SQLite opens at most"
            f" {_LONGEST_PATH}: run it in a folder with a shorter path, or give the study a shorter"
            " name (run --name NAME)"
        )


@contextmanager
def _gone_if_it_fails(folder: StudyFolder) -> Iterator[None]:
    """Leave nothing of a study that cannot be made."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        with suppress(OSError):  # it holds other studies
            folder.path.parent.rmdir()
        raise


def _make(folder: StudyFolder, spec: StudySpec, called: str, *, anew: bool) -> None:
    """Write the study's files; ``anew``: over those of one that has never run."""
    folder.trials.mkdir(exist_ok=True)
    _bring_template(spec, folder)
    write_atomic(folder.file, spec.text)
    keep(folder, spec.text)
    place = folder.db if anew else _beside(folder.db)
    # In one transaction: who looks on finds all that the text speaks of, or no study.
    with closing(StudyWriter(place)) as writer, writer.transaction():
        writer.create_study(called, spec.text, spec.seed)
        if anew:
            writer.update_study(name=called, text=spec.text, seed=spec.seed)
            writer.forget_columns((p.name for p in spec.space), spec.kept_metrics)
        writer.declare((p.name for p in spec.space), spec.kept_metrics)
    if not anew:
        _put(place, folder.db)


def _beside(path: Path) -> Path:
    """Return where a study's file is made: to its own place it comes whole, for those who look."""
    place = path.with_name(_UNMADE)
    for old in (place, log_of(place)):  # of a making that was cut off
        old.unlink(missing_ok=True)
    return place


def _put(place: Path, path: Path) -> None:
    """Put a file that was made in its own place. Raises OSError."""
    if log_of(place).exists():  # there was no room to fold it in
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    for old in (log_of(path), Path(f"{path}-shm")):  # of one that was deleted without them
        old.unlink(missing_ok=True)
    place.replace(path)


def slug(name: str) -> str:
    """Return a study's name as the name of its folder."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.") or "study"


def _to_be_made_anew(folder: StudyFolder, spec: StudySpec) -> bool:
    """Whether a study that is there has never run and takes ``spec``; False: it is this one.

    Raises LaunchError if it is another one, or cannot be read.
    """
    found = origin(folder, spec)
    if found is not Origin.OTHER:
        return found in (Origin.UNSTARTED, Origin.NONE)
    file = spec.source.name if spec.source else "this definition"
    raise LaunchError(
        f"there is a study {folder.name} already, and {file} differs from what it was made from and"
        f" from what it is now. To change that study, write the change into {folder.file} or press"
        " e in the app; to run another study, give it another name (run --name NAME)"
    )


def _bring_template(spec: StudySpec, folder: StudyFolder) -> None:
    """Copy the template that lies beside the study file, so that the study stays what it was."""
    if spec.template is None or spec.source is None:
        return
    source = spec.source.parent / spec.template[0]
    if source.is_file():
        target = folder.path / spec.template[0]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
