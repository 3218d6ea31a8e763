"""The earlier studies that a study learns from: whether they exist, and what is kept of them.

When a study first reads an earlier one, it keeps the results with its own history, under
:data:`KEPT`. From then on the earlier study is not needed: it can go on, move or be deleted.
"""

import math
import os
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.names import did_you_mean, listing, plural, show
from hpo_tui.engine.spec.parts import ParameterKind
from hpo_tui.store.database_errors import explained
from hpo_tui.store.folder import ARCHIVE, StudyFolder, find_home, find_study, list_studies

if TYPE_CHECKING:
    from hpo_tui.store.read import StudyReader

KEPT = "earlier"
"""The key of what is kept, in the study's database: results by the name in the study file."""
SAYS = "learned"
"""The key of how well the earlier studies' guesses hold."""


def kept(reader: "StudyReader") -> Mapping[str, Any]:
    """Return what a study keeps of earlier ones, by the name that its file calls them."""
    found = reader.get(KEPT)
    return found if isinstance(found, dict) else {}


def kept_names(reader: "StudyReader") -> tuple[str, ...]:
    """Return the names of :func:`kept` alone: of large studies what is kept takes a while to read.

    What goes by these names need not be there any more.
    """
    return reader.members(KEPT)


@dataclass(frozen=True, slots=True)
class Holds:
    """How far an earlier study's guess at one metric holds, as the optimizer last told.

    ``correlation``: Spearman's between guess and result over ``pairs`` configurations, NaN where
    unknown, with its 95 % interval; ``results``: of the earlier study that count here.
    """

    study: str
    metric: str
    results: int
    correlation: float
    low: float
    high: float
    pairs: int
    advice: str


def holds(reader: "StudyReader", names: Collection[str]) -> tuple[Holds, ...]:
    """Return what is known of the guesses of the earlier studies ``names``, study by study."""
    found = reader.get(SAYS) if names else ()
    # Others were taken out of the study file since the optimizer last told.
    return tuple(_holds(e) for e in found or () if e["study"] in names)


def _holds(entry: Mapping[str, Any]) -> Holds:
    rank = entry["rank_correlation"]
    return Holds(
        entry["study"], entry["metric"], entry["results"], math.nan if rank is None else rank,
        entry["low"], entry["high"], entry["pairs"], entry["verdict"],
    )  # fmt: skip


def sources(keep: Mapping[str, Any]) -> str:
    """Return in a sentence which earlier studies a study learns from, given what is kept."""
    each = [f"{name} ({plural(len(e['findings']), 'result')})" for name, e in keep.items()]
    return f"learns from {', '.join(each)}" if each else "no longer learns from an earlier study"


def learn_fault(spec: StudySpec, workplace: Path, known: Collection[str] = ()) -> str | None:
    """Return why a study cannot learn from an earlier one that it names, None if it can.

    ``workplace``: where trials run, beside the ``.hpo`` of the studies; ``known``: those read.
    """
    fault = absent_fault(spec, workplace, known)
    if fault:
        return fault
    new = {n: find_study(n, workplace) for n in spec.learn_from if n not in known}
    faults = (unreadable(name, folder) for name, folder in new.items() if folder is not None)
    return next((fault for fault in faults if fault), None)


def absent_fault(spec: StudySpec, workplace: Path, known: Collection[str]) -> str | None:
    """Return the same as far as no study's file needs to be opened, which can take a while."""
    found: dict[Path, str] = {}
    for name in spec.learn_from:
        try:
            folder = find_study(name, workplace)
        except OSError as error:
            if name in known:
                continue
            return f"learn_from: cannot look for the study {show(name)}: {error.strerror}"
        if folder is not None:
            other = found.setdefault(folder.path.resolve(), name)
            if other != name and not {name, other} <= set(known):
                return f"learn_from: {name!r} and {other!r} are the same study: leave one out"
        if name in known:
            continue
        if folder is None or not folder.db.is_file():
            return f"learn_from: {_missing(spec, name, folder, workplace)}"
        if _is(spec, folder):
            return f"learn_from: {name!r} is this study itself, whose results it has anyway"
    return None


def unreadable(name: str, folder: StudyFolder) -> str | None:
    """Return why an earlier study that is there cannot be read, None if it can."""
    from hpo_tui.store.read import StudyReader

    try:
        with StudyReader(folder.db) as reader:
            StudySpec.from_text(reader.study().text, folder.file)
    except (sqlite3.Error, OSError, LookupError, SpecError) as error:
        return fault_of(name, folder, error)
    return None


def fault_of(name: str, folder: StudyFolder, error: Exception) -> str:
    """Return why an earlier study cannot be read, given what went wrong."""
    if isinstance(error, LookupError):
        return f"learn_from: the study {name!r} has never been run: {folder.db} holds nothing yet"
    if isinstance(error, SpecError):
        return f"learn_from: the study {name!r} has errors: {error}"
    return f"learn_from: cannot read {folder.db}: {_why(error)}"


def misfits(spec: StudySpec, workplace: Path) -> list[str]:
    """Return of which earlier studies no result can count here, and why; unreadable ones aside.

    It is their files that are looked at, not what is kept of them.
    """
    from hpo_tui.store.read import StudyReader

    said = []
    for name in spec.learn_from:
        try:
            folder = find_study(name, workplace)
            if folder is None or not folder.db.is_file():
                continue
            with StudyReader(folder.db) as reader:
                earlier = StudySpec.from_text(reader.study().text, folder.file)
        except (sqlite3.Error, OSError, LookupError, SpecError):
            continue
        said.append(misfit(spec, name, earlier))
    return [text for text in said if text]


def misfit(spec: StudySpec, name: str, earlier: StudySpec) -> str:
    """Return why no result of an earlier study of this definition can count; empty if some can."""
    why = _misfit(spec, earlier)
    return f"learn_from: no result of {show(name)} counts here: {why}" if why else ""


def _misfit(spec: StudySpec, earlier: StudySpec) -> str:
    """Return which fixed parameter no earlier trial can have had at its value; empty if none."""
    there = {p.name: p for p in earlier.space}
    for here in spec.space:
        was = there.get(here.name)
        if here.kind is ParameterKind.FIXED and was is not None:
            can = (was.value,) if was.kind is ParameterKind.FIXED else was.choices
            if can and here.value not in can:
                return (
                    f"{show(here.name)} is {show(here.value)} here and {listing(can)} there. If"
                    " they are to count all the same, write the value into the command instead of"
                    f" [space.{here.name}]"
                )
    return ""


def _why(error: Exception) -> str:
    """Return what is wrong with a file, asking what only the person knows where SQLite is brief."""
    said = explained(error)
    return said if said != str(error) else f"{said}. Is it a study of hpo-tui, and may you read it?"


def _is(spec: StudySpec, folder: StudyFolder) -> bool:
    """Whether ``folder`` is the study's own."""
    return spec.source is not None and folder.path.resolve() == spec.source.parent.resolve()


def _missing(spec: StudySpec, name: str, folder: StudyFolder | None, workplace: Path) -> str:
    """Return that there is no study of this name, and which there are."""
    if folder is not None:
        return f"the study {name!r} has never been run: {folder.db} is not there"
    home = find_home(workplace)
    named = home is not None and "/" not in name
    away = find_study(str(home / ARCHIVE / name), workplace) if home and named else None
    if away is not None:
        path = os.path.relpath(away.path, workplace.resolve())
        return f"the study {name!r} is archived: write {path!r} to learn from it"
    studies = list_studies(home) if home is not None else []
    there = [f.name for f in studies if f.db.is_file() and not _is(spec, f)]
    known = f"; there are {listing(there)}" if there else ""
    hint = did_you_mean(name, there)
    return (
        f"there is no study {name!r} beside {workplace}{hint or known}"
        " (write a name under .hpo, or the path of a study's folder)"
    )
