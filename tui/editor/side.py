"""What stands beside the form: verdict, preview of trials, one tried trial, effects of an edit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.text import Text

from hpo_tui.engine.spec import Problem, SpecError, StudySpec
from hpo_tui.engine.spec.names import KeyPath, plural
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.editor.form import Checked
from hpo_tui.tui.words.plain import plain, plain_lines

Change = Callable[[str], tuple[str, KeyPath]]
"""From a study's text to the changed one and the row to stand on."""


def title(checked: Checked, known: str = "") -> str:
    """Return the study's name as far as it can be read; ``known``: the one that it had before."""
    if checked.data is None and known:
        return known
    study = (checked.data or {}).get("study")
    name = study.get("name") if isinstance(study, dict) else None
    return name if isinstance(name, str) and name else "a new study"


def warning(checked: Checked, cwd: Path, own: Path, learned: Sequence[str] = ()) -> str:
    """Return what would keep a study that is right from starting in ``cwd``, empty if nothing.

    ``own`` is the folder of its file.
    ``learned``: earlier studies that it has learned from, which need not be there any more.
    """
    from hpo_tui.engine.learning import absent_fault
    from hpo_tui.engine.spec.startable import command_fault, template_fault

    spec = checked.spec
    if spec is None:
        return ""
    fault = command_fault(spec, cwd) or template_fault(spec, cwd, own)
    return fault or absent_fault(spec, cwd, learned) or ""


def advice(checked: Checked, cwd: Path) -> tuple[str, ...]:
    """Return what is allowed in a study that is right and probably not meant; for a thread."""
    from hpo_tui.engine.define.preview import advise
    from hpo_tui.engine.learning import misfits

    if checked.spec is None:
        return ()
    amiss = misfits(checked.spec, cwd)
    return (*amiss, *advise(replace(checked.spec, source=cwd / "study.toml")))


def verdict(checked: Checked, warning: str = "") -> str:
    """Return in a few words whether the study can be started; ``warning``: what hinders it."""
    if checked.data is None:
        return "! not valid TOML"
    if checked.problems:
        return f"! {plural(len(checked.problems), 'thing')} to fix"
    spec = checked.spec
    assert spec is not None
    counts = (len(spec.free), len(spec.objectives), len(spec.tasks))
    parts = zip(counts, ("parameter", "objective", "task"), strict=True)
    found = ", ".join(plural(n, word) for n, word in parts)
    return f"! cannot start yet, see below   {found}" if warning else f"ready: {found}"


def said(problem: Problem) -> str:
    """Return a problem as one line: where, what, what is allowed."""
    where = f"line {problem.line}: " if problem.line else ""
    return f"{where}{problem.key}: {problem.message}" if problem.key else where + problem.message


def problem_at(checked: Checked, path: KeyPath, key: str = "") -> str:
    """Return the first problem at ``path`` or inside it, empty when there is none.

    Those of ``key`` in it go before those of its other keys.
    """
    here = [p for p in checked.problems if p.path[: len(path)] == path or not p.path]
    first = [p for p in here if p.path[len(path) : len(path) + 1] == (key,)]
    return said((first or here)[0]) if here else ""


def problem_line(checked: Checked, path: KeyPath) -> str:
    """Return the problem at ``path``, else the first of all with how many there are."""
    here = problem_at(checked, path) if path else ""
    if here or not checked.problems:
        return here
    count = len(checked.problems)
    more = f"   (1 of {count})" if count > 1 else ""
    return said(checked.problems[0]) + more


def advice_line(found: tuple[str, ...], *, typed: bool = False) -> str:
    """Return the first piece of advice, and where the others stand; ``typed``: keys are text."""
    if not found:
        return ""
    key = "" if typed else ": v shows all"
    more = f"   (1 of {len(found)}{key})" if len(found) > 1 else ""
    return f"Probably a mistake: {found[0]}{more}"


def preview_text(checked: Checked) -> Text:
    """Return ten configurations, a command line, and what the budget buys; for a thread."""
    from hpo_tui.engine.define.preview import preview

    if checked.spec is None:
        return Text("\n".join(plain(said(p)) for p in checked.problems))
    return Text(plain_lines(preview(checked.spec).text()))


def name_taken(spec: StudySpec, home: Path) -> str:
    """Return why no study of ``spec`` can be made under ``home``, empty when one can.

    One that was made from the same file is no hindrance: it goes on. Nor is one that never ran.
    """
    from hpo_tui.engine.launch import slug
    from hpo_tui.engine.launch.origin import Origin, Unreadable, origin

    folder = StudyFolder(home / slug(spec.name))
    if not folder.db.is_file():
        return ""
    try:
        if origin(folder, spec) is not Origin.OTHER:
            return ""
    except Unreadable as error:
        return plain(str(error))
    free = free_name(spec.name, home)
    return (
        f"There is another study {plain(folder.name)} already. Give this one another name, such as"
        f" {plain(free)}; or open that study and edit it (e)."
    )


def free_name(name: str, home: Path | None) -> str:
    """Return ``name``, or with the first number from 2 on that no study under ``home`` has."""
    from hpo_tui.engine.launch import slug

    found, count = name, 1
    while home is not None and (home / slug(found)).exists():
        count += 1
        found = f"{name}-{count}"
    return found


def try_text(checked: Checked, cwd: Path, over: Callable[[], bool]) -> Text:
    """Run one trial at the cheapest task in a temporary folder and tell of it; for a thread.

    It ends once it is ``over``: nobody waits for it any more.
    """
    from hpo_tui.engine.define.try_one import try_one

    if checked.spec is None:
        return Text(verdict(checked))
    return Text(plain_lines(try_one(checked.spec, cwd, over=over).text()))


def write(path: Path, text: str) -> str:
    """Write a study file in one piece; return what went wrong, empty when nothing did."""
    from hpo_tui.engine.spec.text.files import write_atomic

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, text)
    except OSError as error:
        return f"{in_words(error, path)}. The text is still here."
    return ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an edit of a study that has run would do: what it changes, or what refuses it."""

    changes: tuple[str, ...]
    refused: tuple[Problem, ...] = ()
    stored: str = ""
    """The study's text as it is now."""
    fault: str = ""
    """Why nothing of this is known, empty where it is."""


def plan(folder: StudyFolder, checked: Checked) -> Plan:
    """Compare the edited study with the stored one and its trials; for a thread."""
    from hpo_tui.engine.spec.edit import plan_edit
    from hpo_tui.store.read import StudyReader
    from hpo_tui.tui.watching.unreadable import FAULTS, why_unreadable

    try:
        with StudyReader(folder.db) as reader:
            stored, trials = reader.study().text, reader.trials()
    except FAULTS as error:
        return Plan((), fault=why_unreadable(folder, error))
    try:
        old = StudySpec.from_text(stored)
    except SpecError as error:
        return Plan((), (Problem("", f"the stored study cannot be understood: {error}"),))
    assert checked.spec is not None
    found = plan_edit(old, checked.spec, trials)
    lines = [c.text for c in found.changes]
    if lines and found.outside:
        lines.append(f"{found.outside} of {len(trials)} trials fall outside the new space.")
    return Plan(tuple(lines), found.refused, stored)


def by_hand(folder: StudyFolder, text: str) -> str | None:
    """Return what the study's file says if somebody has edited it by hand, else None.

    ``text``: what is taken for the study's own text; if it is not (any more), None too.
    """
    from hpo_tui.engine.spec.text.files import edited_by_hand
    from hpo_tui.store.read import StudyReader
    from hpo_tui.tui.watching.unreadable import FAULTS

    try:
        with StudyReader(folder.db) as reader:
            stored = reader.study().text
        found = edited_by_hand(folder.file, stored) if stored == text else None
        if found is not None:
            found.encode()  # what is no UTF-8 cannot be shown
    except FAULTS:  # UnicodeEncodeError is a ValueError
        return None
    return found


def send_edit(folder: StudyFolder, text: str, base: str, file: str | None = None) -> str:
    """Give the edited text to the study; return what went wrong, empty when nothing did.

    ``base``: the study's text as it was looked at before: in place of another it is not put.
    ``file``: what its file said then, if it was edited by hand.
    """
    from hpo_tui.engine.launch import LaunchError, send
    from hpo_tui.tui.study_deeds import answer_of

    try:
        answer = send(folder, "edit", {"text": text, "base": base, "file": file})
        said = answer_of(answer, folder)
    except LaunchError as error:
        return str(error)
    except OSError as error:
        return in_words(error, folder.path)
    return "" if answer.ok else said
