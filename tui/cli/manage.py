"""What is done to studies at rest: ``hpo-tui analyse``, ``tidy``, ``archive`` and ``delete``."""

import sys

import click

from hpo_tui.engine.spec.names import joined, plural
from hpo_tui.store.folder import ARCHIVE, HOME, StudyFolder
from hpo_tui.tui.cli.asking_runner import ask
from hpo_tui.tui.cli.errors import Refusal, refusing
from hpo_tui.tui.cli.studies import complete_study, find, find_readable, study_argument
from hpo_tui.tui.cli.text import note
from hpo_tui.tui.words.fmt import size
from hpo_tui.tui.words.plain import plain

_MOST_NUMBERS = 20
"""Numbers of trials that are listed."""


def _at_rest(folder: StudyFolder) -> StudyFolder:
    """Return a study. Raises Refusal where a runner works on it."""
    if folder.runner_pid() is not None:
        from hpo_tui.engine.launch.refusals import runs

        raise Refusal(plain(runs(folder)))
    return folder


@click.command("analyse")
@study_argument
def analyse(study: str | None) -> None:
    """Work out slices and maps of STUDY from the results that it has, without a new trial.

    For a study that was imported, or run by an older version. A running one does it by itself.
    """
    from hpo_tui.engine import launch

    folder = find_readable(study)
    try:
        said = launch.analyse(folder)
    except launch.LaunchError as error:
        raise Refusal(f"{plain(folder.name)}: {plain(str(error))}") from None
    note(f"{plain(folder.name)}: {plain(said)}")


@click.command("tidy")
@click.argument("study", metavar="STUDY", shell_complete=complete_study)
@click.option("--yes", is_flag=True, help="Do not ask.")
def tidy(study: str, yes: bool) -> None:
    """Remove the checkpoints of STUDY, but for those of its best and its starred trials.

    Results and logs stay. It says first how many trials it concerns and what they take.
    """
    from hpo_tui.engine.launch import LaunchError, tidying

    folder = _at_rest(find_readable(study))
    name = plain(folder.name)
    with refusing(LaunchError):
        found = tidying.checkpoints(folder)
    if not found.others:
        note(f"{name}: no checkpoint but those of the best and the starred trials")
        return
    if not yes:
        note(f"{name}: {plural(len(found.others), 'checkpoint')}, {size(found.size)}")
        stay = joined([str(n) for n in found.kept], _MOST_NUMBERS) or "none"
        note(f"kept, as the best or starred, or as they have not ended: {stay}")
        if found.promotable:
            note(f"{found.promotable} of these trials could be promoted: then from the beginning")
        if not sys.stdin.isatty():
            raise Refusal("removing checkpoints cannot be undone; confirm it with --yes")
        if not click.confirm("Remove them for good?", err=True):
            raise Refusal("nothing was removed")
    with refusing(LaunchError):
        found = tidying.tidy(folder)
    note(f"{name}: {plural(len(found.others), 'checkpoint')} removed, {size(found.size)}")


@click.command("archive")
@click.argument("study", metavar="STUDY", shell_complete=complete_study)
def archive(study: str) -> None:
    """Move STUDY to .hpo/.archive, out of all lists. To undo this, move its folder back."""
    ask(_at_rest(find(study)), "archive")


@click.command("delete")
@click.argument("study", metavar="STUDY", shell_complete=complete_study)
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(study: str, yes: bool) -> None:
    """Delete STUDY with its results, logs and checkpoints, for good."""
    from hpo_tui.engine.launch import LaunchError
    from hpo_tui.engine.launch.removing import remove

    folder = _at_rest(find(study))
    if folder.path.parent.name not in (HOME, ARCHIVE):
        where = plain(str(folder.path))
        raise Refusal(f"{where} is not inside a {HOME} folder; if you are sure, delete it by hand")
    name = plain(folder.name)
    if not yes:
        if not sys.stdin.isatty():
            raise Refusal(f"deleting {name} cannot be undone; confirm it with --yes")
        total = sum(p.lstat().st_size for p in folder.path.rglob("*") if not p.is_dir())
        note(f"{plain(str(folder.path))}: {total / 2**20:.1f} MiB of results, logs and checkpoints")
        if click.prompt(f"Type {name} to delete it for good", err=True, default="") != name:
            raise Refusal("nothing was deleted")
    with refusing(LaunchError):
        remove(folder)
    note(f"{name} is deleted")
