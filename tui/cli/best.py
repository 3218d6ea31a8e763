"""``hpo-tui best``: what came out of a study, or out of several."""

import os
import sys
from collections.abc import Sequence

import click

from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import joined
from hpo_tui.store.folder import TrialFolder
from hpo_tui.store.models import Trial
from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.cli.numbers import Whole
from hpo_tui.tui.cli.setting_words import refuse_no_setting
from hpo_tui.tui.cli.studies import complete_study, find, picture_of
from hpo_tui.tui.cli.text import say
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.plain import plain

_MOST_NAMED = 5
"""Files of a trial that are named."""


@click.command("best")
@click.argument("studies", nargs=-1, metavar="[STUDY]…", shell_complete=complete_study)
@click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON list with one object per trial."
)
@click.option(
    "-n",
    "--number",
    "most",
    default=10,
    show_default=True,
    metavar="N",
    type=Whole(1),
    help="At most N trials (default with --json: all; one with --command, --checkpoint, and of"
    " each of several studies).",
)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print a Markdown table.")
@click.option("--latex", "as_latex", is_flag=True, help="Print a LaTeX table (booktabs).")
@click.option("--near", is_flag=True, help='Also print near misses, in JSON with "meets": false.')
@click.option(
    "--command",
    "as_command",
    is_flag=True,
    help="Print the shell command that runs the best one again.",
)
@click.option(
    "--checkpoint",
    "as_checkpoint",
    is_flag=True,
    help="Print the folder with the checkpoint of the best one.",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="With --command: another value, such as epochs=200 or seed=7. Can be repeated.",
)
@click.option(
    "--continue", "go_on", is_flag=True, help="With --command: continue from the checkpoint."
)
@click.pass_context
def best(
    ctx: click.Context,
    studies: tuple[str, ...],
    *,
    as_json: bool,
    most: int,
    near: bool,
    as_command: bool,
    as_checkpoint: bool,
    as_markdown: bool,
    as_latex: bool,
    settings: tuple[str, ...],
    go_on: bool,
) -> None:
    """Print the best trials of STUDY, best first, or compare the best of several studies.

    These are the full-task trials that meet every threshold and constraint; with several
    objectives, the Pareto front of them. If no trial does, the nearest misses are shown. A
    configuration that was repeated counts once, with the mean of its results.
    """
    from hpo_tui.tui.cli.best_of_several import say_several
    from hpo_tui.tui.cli.best_trials import show_best
    from hpo_tui.tui.tables.best import best_trials

    if as_json + as_markdown + as_latex + as_command + as_checkpoint > 1:
        forms = "--json, --markdown, --latex, --command and --checkpoint"
        raise click.UsageError(f"choose one of {forms}")
    if (settings or go_on) and not as_command:
        raise click.UsageError("--set and --continue change what --command prints: add it")
    refuse_no_setting(settings, "NAME=VALUE, such as seed=7", option="--set", empty=False)
    written = "markdown" if as_markdown else "latex" if as_latex else ""
    given = ctx.get_parameter_source("most") is click.core.ParameterSource.COMMANDLINE
    if len(studies) > 1:
        if as_command or as_checkpoint:
            what = "--command" if as_command else "--checkpoint"
            raise click.UsageError(f"{what} is for one study: name one of {', '.join(studies)}")
        pictures = [picture_of(find(name)) for name in dict.fromkeys(studies)]
        form = "json" if as_json else written
        say_several(pictures, form, most if given else 1, near=near)
        return
    picture = picture_of(find(studies[0] if studies else None))
    if as_json:
        _say_best_json(picture, best_trials(picture, most if given else None, near=near))
    elif as_command or as_checkpoint:
        trials = best_trials(picture, most if given else 1, near=near)
        _refuse_none(picture, trials)
        if as_command:
            _say_commands(picture, trials, settings, go_on=go_on)
        else:
            _say_checkpoints(picture, trials)
    elif written:
        _say_written(picture, best_trials(picture, most, near=near), written)
    else:
        show_best(picture, most, near=near)


def _refuse_none(picture: Snapshot, trials: Sequence[Trial]) -> None:
    """Refuse to print nothing in the place of the best trial."""
    if not trials:
        none = "no full-task trial meets all goals (--near takes the nearest)"
        raise Refusal(f"{plain(picture.folder.name)} has no best trial: {none}")


def _say_best_json(picture: Snapshot, trials: Sequence[Trial]) -> None:
    from hpo_tui.store.transfer.write_text import json_line
    from hpo_tui.tui.cli.best_of_several import best_records

    say("[" + ",\n ".join(map(json_line, best_records(picture, trials))) + "]")


def _say_commands(
    picture: Snapshot, trials: Sequence[Trial], settings: Sequence[str], *, go_on: bool
) -> None:
    from hpo_tui.tui.cli.rerun import command_of

    for line in [command_of(t, picture, settings, go_on=go_on) for t in trials]:
        _hand_over(line)


def _say_checkpoints(picture: Snapshot, trials: Sequence[Trial]) -> None:
    """Print the folders with the checkpoints of trials. Raises Refusal where one left none."""
    places = [picture.folder.trial(t.number) for t in trials]
    for trial, files in zip(trials, places, strict=True):
        if not files.checkpoint.is_dir() or not any(files.checkpoint.iterdir()):
            instead = _instead(files, picture.spec)
            raise Refusal(f"trial {trial.number} left no checkpoint: {instead}")
    for files in places:
        _hand_over(str(files.checkpoint.absolute()))


def _instead(files: TrialFolder, spec: StudySpec) -> str:
    """Say what a trial without a checkpoint has left in its folder, else how it leaves one."""
    filled_in = spec.template[1:] if spec.template else ()
    own = {files.params, files.reports, files.log, files.checkpoint, files.process, files.exit}
    own |= {files.path / name for name in filled_in}
    others = sorted(plain(p.name) for p in set(files.path.glob("[!.]*")) - own)
    if not others:
        return "its script saves nothing to {checkpoint}, or the folder that HPO_CHECKPOINT names"
    left = f"it left {joined(others, _MOST_NAMED)} in {plain(str(files.path.absolute()))}"
    return left + _to_type(spec)


def _to_type(spec: StudySpec) -> str:
    """Return what a command that names the trial's folder has to name for a checkpoint in it."""
    from hpo_tui.engine.spec.placeholders import used

    told = used([*spec.command, *spec.env.values()])
    if "trial_dir" not in told or "checkpoint" in told:
        return ""
    return "; --checkpoint prints what the command has the script save to {checkpoint}"


def _say_written(picture: Snapshot, trials: list[Trial], written: str) -> None:
    from hpo_tui.tui.cli.best_of_several import say_as
    from hpo_tui.tui.tables.best import best_table
    from hpo_tui.tui.tables.trial_order import result_counts, result_spreads

    _refuse_none(picture, trials)
    head, rows, _ = best_table(
        trials, picture.spec, result_counts(picture), result_spreads(picture)
    )
    say_as(written, head, rows)


def _hand_over(line: str) -> None:
    """Write a shell line: to the letter for a shell, whatever bytes a path in it has."""
    if sys.stdout.isatty():
        say(plain(line))
        return
    sys.stdout.flush()
    os.write(sys.stdout.fileno(), os.fsencode(line) + b"\n")
