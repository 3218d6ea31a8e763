"""``hpo-tui status``: how far a study is."""

from collections.abc import Sequence

import click

from hpo_tui.store.folder import StudyFolder, find_home, list_studies, working_folder
from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.cli.studies import find, picture_of, study_argument
from hpo_tui.tui.cli.text import note, say
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.plain import plain, plain_lines
from hpo_tui.tui.words.progress import running_lines
from hpo_tui.tui.words.standing import misnamed_lines, silent_lines, suspended_lines
from hpo_tui.tui.words.status_lines import archived_lines, queued_lines, waits_lines

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
    from hpo_tui.tui.cli.best_trials import show_best
    from hpo_tui.tui.cli.summary import reason_of, show_costs, state_of
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
        say(plain_lines(reason_of(picture), "  "))
    for lines in (archived_lines, silent_lines, misnamed_lines, waits_lines, queued_lines):
        for line in lines(picture):
            say(f"  {line}")
    state, word = state_of(picture), plain(folders[0].word)
    if state in _GOES_ON:
        say(f"  {_GOES_ON[state]} {word}")
    for line in suspended_lines(picture):
        say(f"  {line}")
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
