"""``hpo-tui check`` and ``hpo-tui init``: study files."""

import sqlite3
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpo_tui.store.folder import HOME, StudyFolder, find_study, working_folder
from hpo_tui.tui.cli.errors import Refusal, refusing
from hpo_tui.tui.cli.numbers import Number
from hpo_tui.tui.cli.setting_words import name_option, refuse_name, settings_option
from hpo_tui.tui.cli.studies import (
    complete_file,
    complete_study,
    find,
    no_study_file,
    reading,
    refuse_empty,
    refuse_folder,
    spec_of,
)
from hpo_tui.tui.cli.text import note, say
from hpo_tui.tui.words.figures import number
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from hpo_tui.engine.spec import StudySpec
    from hpo_tui.engine.spec.edit import EditPlan


@click.command("check")
@click.argument("given", default="study.toml", metavar="[FILE]", shell_complete=complete_study)
@name_option
@settings_option
@click.option("--notify", is_flag=True, help="Also run its notify command, to test it.")
def check(given: str, name: str | None, settings: tuple[str, ...], notify: bool) -> int:
    """List everything that is wrong with a study file: line, key, what is allowed.

    For a correct file, also point out what is probably a mistake. For a study (its name or its own
    file), also say what an edit by hand would change, or why the edit is not allowed. --name and
    --set check it as run would start it with them.
    """
    from hpo_tui.engine.define.preview import advise
    from hpo_tui.engine.learning import learn_fault, misfits
    from hpo_tui.engine.spec import SpecError
    from hpo_tui.engine.spec.startable import command_fault, template_fault
    from hpo_tui.engine.spec.text.amend import EditError
    from hpo_tui.engine.spec.text.settings import load_as

    refuse_empty(given)
    refuse_name(name)
    file = _study_file(Path(given))
    if (name is not None or settings) and _is_own_file(file):
        raise Refusal(f"{plain(given)} is already a study; --name and --set are for a study file")
    try:
        spec = load_as(file, name, settings)
        plan, untold = _edit_of(file, spec)
        problems = plan.refused if plan is not None else ()
    except EditError as error:
        raise Refusal(f"--set: {plain(str(error))}") from None
    except SpecError as error:
        problems = error.problems
    for problem in problems:
        # With its folders: a study's own file has the name of the one that it was made from.
        say(plain(f"{file}{problem.show(file).removeprefix(file.name)}"))
    if problems:
        return 1
    folder = StudyFolder(file.absolute().parent)
    # Another run of the same file (`run --name`) has a name of its own.
    spec = replace(spec, name=folder.name if _is_own_file(file) else name or spec.name)
    say(f"{plain(str(file))} is correct: {plain(spec.name)}")
    _describe(spec)
    for change in plan.changes if plan is not None else ():
        say(f"  edited by hand, applied by hpo-tui run: {plain(change.text)}")
    workplace = folder.workplace if folder.path.parent.name == HOME else folder.path
    faults = (
        command_fault(spec, workplace),
        template_fault(spec, workplace, folder.path),
        learn_fault(spec, workplace, _learned(folder, spec)),
    )
    remarks = [*misfits(spec, workplace), *advise(spec)]
    for sentence in filter(None, (untold, *faults, *remarks)):
        say(f"  ! {plain(sentence)}")
    return _try_notify(spec, folder, workplace) if notify else 0


def _describe(spec: "StudySpec") -> None:
    """Print what a study file that is right says."""
    from hpo_tui.engine.define.preview import unguarded
    from hpo_tui.engine.spec.reading.ending import show_stop_when

    goals = ", ".join(plain(o.metric) for o in spec.objectives) or "none"
    tasks = ", ".join(f"{plain(t.name)} at {number(t.cost)}" for t in spec.tasks_by_cost)
    say(f"  parameters  {len(spec.free)} searched, {len(spec.space) - len(spec.free)} fixed")
    say(f"  objectives  {goals}")
    say(f"  tasks       {tasks}")
    if spec.stop_when:
        say(f"  ends        when the budget is spent, or {show_stop_when(spec.stop_when)}")
    if said := unguarded(spec):
        say(f"  advice      {said}")


def _try_notify(spec: "StudySpec", folder: StudyFolder, workplace: Path) -> int:
    """Run the command by which people are told, with the event ``test``."""
    from hpo_tui.engine.notify import environment, tell

    if not spec.notify:
        raise Refusal("the file has no notify command; add one under [study]")
    fault = tell(spec, workplace, environment(spec, folder.path, "test", "sent by a check", ""))
    if fault:
        raise Refusal(f"the notify command failed: {plain(fault)}")
    say("  the notify command was run with the event test")
    return 0


def _study_file(given: Path) -> Path:
    """Return the file to check: itself, a study's own, or the one in a folder. Raises Refusal."""
    file = given
    if not given.exists():
        file = find(str(given)).file
    elif given.is_dir():
        refuse_folder(given)
        study = find_study(str(given), working_folder())
        file = study.file if study else given / "study.toml"
    if not file.exists():
        raise Refusal(no_study_file(file.absolute(), str(file)))
    return file


def _learned(folder: StudyFolder, spec: "StudySpec") -> Collection[str]:
    """Return the earlier studies that a study has read: they need not be there any more.

    ``folder``: the study's own, or that of the file which it was made from.
    """
    from hpo_tui.engine.launch import slug
    from hpo_tui.engine.learning import kept_names
    from hpo_tui.store.read import StudyReader

    if not folder.db.is_file():
        folder = StudyFolder(folder.path / HOME / slug(spec.name))
    if folder.db.is_file():
        with suppress(OSError, sqlite3.Error, LookupError), StudyReader(folder.db) as reader:
            return kept_names(reader)
    return ()


def _is_own_file(file: Path) -> bool:
    """Whether a study file is that of a study that is there."""
    folder = StudyFolder(file.absolute().parent)
    return folder.db.is_file() and file.name == folder.file.name


def _edit_of(file: Path, spec: "StudySpec") -> "tuple[EditPlan | None, str]":
    """Return what the file would change in its study, and else why this cannot be told.

    Neither for one that is no study's own.
    """
    from hpo_tui.engine.spec.edit import plan_edit

    if not _is_own_file(file):
        return None, ""
    try:
        with reading(StudyFolder(file.absolute().parent)) as reader:
            return plan_edit(spec_of(reader), spec, reader.trials()), ""
    except Refusal as refusal:
        return None, f"what was edited by hand cannot be told: {refusal}"


@click.command("init", context_settings={"ignore_unknown_options": True})
@click.argument(
    "words", nargs=-1, required=True, type=click.UNPROCESSED,
    metavar="SCRIPT | SWEEP.yaml | -- COMMAND…", shell_complete=complete_file,
)  # fmt: skip
@click.option(
    "--run/--no-run",
    default=True,
    show_default=True,
    help="Run the script once, as briefly as it can, to see its output and how long it takes.",
)
@click.option(
    "--timeout",
    type=Number(1),
    default=180.0,
    show_default=True,
    metavar="SECONDS",
    help="How long this run may take.",
)
@click.option("--force", is_flag=True, help="Overwrite an existing study.toml, and its template.")
def init(words: tuple[str, ...], run: bool, timeout: float, force: bool) -> int:
    """Write study.toml for a SCRIPT, the file of a W&B sweep or SigOpt experiment, or a COMMAND.

    It is based on the script's options and output. A script with an Optuna objective or
    with Ray Tune, a W&B sweep, a SigOpt experiment and a Hydra sweep keep their own space.

    The script is not changed. Read the file before you run it: other ranges, and goals, are
    guesses.
    """
    from hpo_tui.engine.define.start import init as propose
    from hpo_tui.engine.define.start import words_of

    here = Path.cwd()
    if (here / "study.toml").exists() and not force:
        raise Refusal("study.toml exists already; use --force to overwrite it")
    given = words[0] if len(words) == 1 else words
    with refusing(ValueError):
        words_of(given, here)  # refuses what is no command, before it is said to be tried
        if run:
            note("Running the command once, as briefly as it can (Ctrl-C ends this)")
        draft = propose(given, here, run=run, timeout=timeout)
    try:
        paths = draft.save(here, overwrite=force)
    except FileExistsError as error:  # a template that goes with the study file
        name = plain(Path(error.filename).name)
        raise Refusal(f"{name} exists already; use --force to overwrite it") from None
    spec = draft.spec
    say(f"{', '.join(plain(p.name) for p in paths)} written: {plain(spec.name)}")
    how = plain(draft.how) or "an example; replace it"
    say(f"  parameters  {_names(p.name for p in spec.free)} ({how})")
    say(f"  objectives  {_names(o.metric for o in spec.objectives)}")
    say(f"  tasks       {_names(t.name for t in spec.tasks_by_cost)}")
    for sentence in draft.advice:
        for number_of, line in enumerate(sentence.splitlines()):
            say(f"{'  ! ' if not number_of else '    '}{plain(line)}")
    first = "Deal with what is marked ! and read the file" if draft.advice else "Read the file"
    say(f"{first}, then: hpo-tui run study.toml")
    return 0


def _names(names: Iterable[str]) -> str:
    return ", ".join(plain(n) for n in names) or "none yet"
