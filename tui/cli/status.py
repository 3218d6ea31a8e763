"""``hpo-tui status`` and ``hpo-tui best``: how far a study is, and what came out of it."""

import os
import sys
from collections.abc import Sequence

import click

from hpo_tui.store.folder import StudyFolder, find_home, list_studies, working_folder
from hpo_tui.store.models import Trial
from hpo_tui.tui.cli.errors import Refusal, refusing
from hpo_tui.tui.cli.numbers import Whole
from hpo_tui.tui.cli.studies import find, study_argument
from hpo_tui.tui.cli.text import note, say
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.plain import plain, plain_lines
from hpo_tui.tui.words.progress import running_lines
from hpo_tui.tui.words.standing import (
    misnamed_lines,
    queued_lines,
    silent_lines,
    waits_lines,
)


def picture_of(folder: StudyFolder) -> Snapshot:
    """Return the study as it is. Raises Refusal with the reason why it cannot be read."""
    from hpo_tui.tui.watching.unreadable import UnreadableError
    from hpo_tui.tui.watching.watcher import read_once

    with refusing(UnreadableError):
        return read_once(folder)


_MOST_RUNNING = 4
"""Running trials of each study that are told of in the list of all."""
_GOES_ON = {
    "new": "it has not been started; to start it: hpo-tui run",
    "paused": "to continue it: hpo-tui resume",
    "stopped": "to continue it: hpo-tui resume",
    "interrupted": "it has no runner; to continue it: hpo-tui resume",
}


@click.command("status")
@study_argument
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object (without STUDY: a list)."
)
def status(study: str | None, as_json: bool) -> int:
    """Show the progress of STUDY (default: all here): budget, trials, tasks, best trials."""
    from hpo_tui.tui.cli.summary import show_best, show_costs, state_of
    from hpo_tui.tui.words.review_remarks import where_it_fails

    home = find_home(working_folder())
    folders = [find(study)] if study is not None else list_studies(home) if home else []
    if study is None and not folders:
        folders = [find(None)]  # refuses with what to do
    if as_json:
        return _say_json(folders, several=study is None)
    if study is None and len(folders) > 1:
        told = [_say_in_short(folder) for folder in folders]
        return 0 if all(told) else 1
    picture = picture_of(folders[0])
    say(_one_line(folders[0], picture))
    if picture.study.reason:
        say(plain_lines(picture.study.reason, "  "))
    for lines in (silent_lines, misnamed_lines, waits_lines, queued_lines):
        for line in lines(picture):
            say(f"  {line}")
    state, word = state_of(picture), plain(folders[0].word)
    if state in _GOES_ON:
        say(f"  {_GOES_ON[state]} {word}")
    if picture.suspended:
        say(f"  its runner stands still; to have it go on: kill -CONT {picture.runner_pid}")
    running = running_lines(picture)
    if running:
        say()
        for line in running:
            say(line)
    say()
    show_costs(picture)
    say()
    show_best(picture, most=5)
    for remark in where_it_fails(picture):
        say(f"{remark.text}" + (f": {remark.do}" if remark.do else ""))
    return 0


def _say_json(folders: Sequence[StudyFolder], *, several: bool) -> int:
    """Print a study's record, or the list of all that can be read; return the exit status."""
    from hpo_tui.store.transfer.write_text import json_line
    from hpo_tui.tui.cli.summary import status_record

    if not several:
        say(json_line(status_record(picture_of(folders[0]))))
        return 0
    records = []
    for folder in folders:
        try:
            records.append(json_line(status_record(picture_of(folder))))
        except Refusal as refusal:
            note(f"hpo-tui: {plain(folder.name)} is left out: {refusal}")
    say(f"[{', '.join(records)}]")
    return 0 if len(records) == len(folders) else 1


def _say_in_short(folder: StudyFolder) -> bool:
    """Print a study in one line, with why it is paused and its best, and the trials that run.

    Return whether it could be read; else the line says why not.
    """
    try:
        picture = picture_of(folder)
    except Refusal as refusal:
        say(f"{plain(folder.name)}: {refusal}")
        return False
    from hpo_tui.tui.words.two_studies import Best

    parts = [_one_line(folder, picture, why=True), Best(picture).in_short()]
    say(" · ".join(filter(None, parts)))
    for line in running_lines(picture, _MOST_RUNNING):
        say(f"  {line}")
    return True


def _one_line(folder: StudyFolder, picture: Snapshot, *, why: bool = False) -> str:
    """Return a study in one line; ``why``: also why it is paused, in few words."""
    from hpo_tui.tui.cli.summary import progress_line

    return f"{plain(folder.name)}: {progress_line(picture, why=why)}"


@click.command("best")
@study_argument
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
    help="At most N trials (default with --json: all, with --command: one).",
)
@click.option("--markdown", "written", flag_value="markdown", help="Print a Markdown table.")
@click.option("--latex", "written", flag_value="latex", help="Print a LaTeX table (booktabs).")
@click.option("--near", is_flag=True, help='Also print near misses, in JSON with "meets": false.')
@click.option(
    "--command",
    "as_command",
    is_flag=True,
    help="Print the shell command that runs the best one again.",
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
    study: str | None,
    *,
    as_json: bool,
    most: int,
    near: bool,
    as_command: bool,
    written: str | None,
    settings: tuple[str, ...],
    go_on: bool,
) -> None:
    """Print the best trials of STUDY, best first.

    These are the full-task trials that meet every threshold and constraint; with several
    objectives, the Pareto front of them. If no trial does, the nearest misses are shown. A
    configuration that was repeated counts once, with the mean of its results.
    """
    from hpo_tui.tui.cli.summary import show_best

    if as_json + as_command + (written is not None) > 1:
        raise click.UsageError("choose one of --json, --markdown, --latex and --command")
    if (settings or go_on) and not as_command:
        raise click.UsageError("--set and --continue change what --command prints: add it")
    picture = picture_of(find(study))
    if not (as_json or as_command or written):
        show_best(picture, most, near=near)
        return
    given = ctx.get_parameter_source("most") is click.core.ParameterSource.COMMANDLINE
    if written:
        _say_written(picture, _best(picture, most, near=near), written)
    elif as_command:
        trials = _best(picture, most if given else 1, near=near)
        _say_commands(picture, trials, settings, go_on=go_on)
    else:
        _say_best_json(picture, _best(picture, most if given else None, near=near))


def _best(picture: Snapshot, most: int | None, *, near: bool) -> list[Trial]:
    """Return the best trials, then where asked for the near misses; ``most`` of them at the most.

    Each has the mean over its repeats as its result.
    """
    from hpo_tui.engine.analysis.front import best_rows, near_misses
    from hpo_tui.tui.cli.summary import results_of

    frame, spec = picture.frame, picture.spec
    numbers: list[int] = frame.number[best_rows(frame, spec)].tolist()
    if near:
        numbers += frame.number[near_misses(frame, spec, len(frame))].tolist()
    return results_of(picture, numbers[:most])


def _refuse_none(picture: Snapshot, trials: Sequence[Trial]) -> None:
    """Refuse to print nothing in the place of the best trial."""
    if not trials:
        none = "no full-task trial meets all goals (--near takes the nearest)"
        raise Refusal(f"{plain(picture.folder.name)} has no best trial: {none}")


def _say_best_json(picture: Snapshot, trials: Sequence[Trial]) -> None:
    """Print trials as a JSON list."""
    from hpo_tui.store.transfer.write_text import json_line
    from hpo_tui.tui.cli.summary import best_record
    from hpo_tui.tui.tables.trial_order import result_counts, result_spreads

    several = result_counts(picture)
    spreads = result_spreads(picture) if several else {}
    records = (
        best_record(t, picture.spec, several.get(t.number, 1), spreads.get(t.number))
        for t in trials
    )
    say("[" + ",\n ".join(map(json_line, records)) + "]")


def _say_commands(
    picture: Snapshot, trials: Sequence[Trial], settings: Sequence[str], *, go_on: bool
) -> None:
    """Print the shell lines that run trials again."""
    from hpo_tui.tui.cli.rerun import command_of

    _refuse_none(picture, trials)
    for line in [command_of(t, picture, settings, go_on=go_on) for t in trials]:
        _hand_over(line)


def _say_written(picture: Snapshot, trials: list[Trial], written: str) -> None:
    """Print trials as a table for a page of notes or a paper."""
    from hpo_tui.tui.cli.summary import best_table
    from hpo_tui.tui.cli.written_tables import latex, markdown
    from hpo_tui.tui.tables.trial_order import result_counts, result_spreads

    _refuse_none(picture, trials)
    head, rows, _ = best_table(
        trials, picture.spec, result_counts(picture), result_spreads(picture)
    )
    rows = [[cell.rstrip() for cell in row] for row in rows]
    lines = (markdown if written == "markdown" else latex)(head, rows)
    say("\n".join(lines))


def _hand_over(line: str) -> None:
    """Write a shell line: to the letter for a shell, whatever bytes a path in it has."""
    if sys.stdout.isatty():
        say(plain(line))
        return
    sys.stdout.flush()
    os.write(sys.stdout.fileno(), os.fsencode(line) + b"\n")
