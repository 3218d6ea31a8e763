"""``hpo-tui show`` and ``hpo-tui log``: one trial, as its screen tells of it, and its output."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hpo_tui.engine.spec.names import plural
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Event, Trial
from hpo_tui.tui.cli.errors import NoSuchStudy, Refusal
from hpo_tui.tui.cli.numbers import Whole
from hpo_tui.tui.cli.studies import complete_study, find, picture_of, proposals, reading
from hpo_tui.tui.cli.text import say, unicode_ok
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.plain import plain, to_ascii

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from hpo_tui.store.read import StudyReader
    from hpo_tui.tui.words.trial_sheet import Sheet


def complete_trial_words(
    ctx: click.Context, _: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Complete the study; after it comes a number."""
    return [] if ctx.params.get("words") else proposals(incomplete)


trial_words = click.argument(
    "words", nargs=-1, required=True, metavar="[STUDY] TRIAL", shell_complete=complete_trial_words
)
trials_words = click.argument(
    "words", nargs=-1, required=True, metavar="[STUDY] TRIAL…", shell_complete=complete_trial_words
)
study_option = click.option(
    "-s", "--study", metavar="STUDY", help="Which study.", shell_complete=complete_study
)


def chosen(words: Sequence[str], study: str | None) -> tuple[StudyFolder, int]:
    """Return the study and the trial that are meant: the last word is always the trial.

    Raises Refusal, or UsageError for what cannot be meant.
    """
    *before, last = words
    if len(before) > (study is None):
        raise click.UsageError("give a study (if there are several) and a trial, nothing more")
    named = before[0] if before else study
    if not _is_number(last):
        what = f"{last!r} is not the number of a trial"
        where = "the trial comes after the study" if not before else "the trial comes last"
        raise click.UsageError(f"{what}: {where}, as in `sparse 7`")
    return find(named), int(last)


def chosen_several(words: Sequence[str], study: str | None) -> tuple[StudyFolder, list[int]]:
    """Return the study and the trials that are meant: all words but a first that names a study.

    Raises Refusal, or UsageError for what cannot be meant.
    """
    first, *rest = words
    named = study is None and (not _is_number(first) or (bool(rest) and _is_study(first)))
    numbers = rest if named else words
    if len(numbers) < 2 or not all(map(_is_number, numbers)):
        folder, number = chosen(words, study)
        return folder, [number]
    return find(first if named else study), list(dict.fromkeys(map(int, numbers)))


def chosen_with(words: Sequence[str], study: str | None) -> tuple[StudyFolder, int, Sequence[str]]:
    """Return the study and the trial that are meant, and the words behind the trial.

    A first word that is a number is always the trial: `tag 7 8` gives trial 7 the tag 8. Raises
    Refusal, or UsageError for what cannot be meant.
    """
    named, (number, *rest) = study, words
    if study is None and rest and not _is_number(number):
        named, number, *rest = words
    if not _is_number(number):
        where = "the trial comes after the study, as in `sparse 7`"
        raise click.UsageError(f"{number!r} is not the number of a trial: {where}")
    return find(named), int(number), rest


def study_before(words: Sequence[str], study: str | None, what: str) -> tuple[str | None, str]:
    """Return what names the study, and the last word; a word before it may be the study.

    ``what``: what the last word is, for the UsageError about words that cannot be meant.
    """
    *before, last = words
    if len(before) > (study is None):
        raise click.UsageError(f"give a study (if there are several) and {what}, nothing more")
    return (before[0] if before else study), last


def study_first(words: Sequence[str], study: str | None) -> tuple[StudyFolder, Sequence[str]]:
    """Return the study that is meant, and the ``KEY=VALUE`` words: a first word may name it.

    Raises Refusal.
    """
    first, *rest = words
    named = study is None and bool(rest) and "=" not in first
    return (find(first), rest) if named else (find(study), words)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and int(word) > 0


def _is_study(word: str) -> bool:
    try:
        find(word)
    except NoSuchStudy:
        return False
    return True


def record_of(folder: StudyFolder, reader: "StudyReader", number: int) -> Trial:
    """Return a trial. Raises Refusal where there is none of that number."""
    trial = reader.trial(number)
    if trial is None:
        count = plural(sum(reader.counts().values()), "trial")
        raise Refusal(f"{plain(folder.name)} has no trial {number}; it has {count}")
    return trial


@click.command("show")
@trial_words
@study_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(words: tuple[str, ...], study: str | None, as_json: bool) -> None:
    """Print everything about TRIAL: metrics, goals, parameters, cost, why it was run, files.

    The last word is the trial's number; a word before it names the study, as in `sparse 7`.
    """
    from hpo_tui.store.transfer.write_text import json_line
    from hpo_tui.tui.words.rank_at_step import rank_text
    from hpo_tui.tui.words.trial_sheet import files_of, sheet

    folder, number = chosen(words, study)
    picture = picture_of(folder)
    with reading(folder) as reader:
        trial = record_of(folder, reader, number)
        events = reader.events_of(number)
        row = picture.frame.index(number)
        places = "" if row is None else rank_text(picture, row, reader)
    if row is None:  # begun between the two readings
        picture = picture_of(folder)
        row = picture.frame.index(number)
    assert row is not None
    if as_json:
        say(json_line(trial_record(picture, row, trial, events)))
        return
    files = files_of(folder, number)
    for line in sheet_lines(sheet(picture, row, trial, events, files, places=places)):
        _say(line)


_NAMES = 12
"""Cells of the names in front of values, at least."""


def _say(text: str) -> None:
    say(text if unicode_ok() else to_ascii(text))


def sheet_lines(said: "Sheet") -> list[str]:
    """Return what a trial's screen says as lines, each value whole."""
    from hpo_tui.tui.words.entries import readable
    from hpo_tui.tui.words.fmt import width_of
    from hpo_tui.tui.words.plain import fit

    held = [e for e in said.entries if e.values]
    names = max([width_of(e.label) for e in held] + [_NAMES])
    several = [e.values for e in held if len(e.values) > 1]
    wide = max([width_of(v[0][0]) for v in several] + [width_of(said.columns[0])])
    lines = [said.title, ""]
    if len(said.columns) > 1:
        lines.append(f"  {'':<{names}}  {fit(said.columns[0], wide)}  {said.columns[1]}")
    for entry in said.entries:
        if not entry.values:
            lines.append(entry.name)
            continue
        whole = [plain(line) for line in readable(entry.text or entry.values[0][0]).splitlines()]
        texts = [fit(whole[0], wide) if len(entry.values) > 1 else (whole or [""])[0]]
        texts += [text for text, _ in entry.values[1:]]
        lines.append(f"  {fit(entry.label, names)}  {'  '.join(texts)}".rstrip())
        lines += [f"  {'':<{names}}  {line}" for line in whole[1:]]
    return lines


def trial_record(
    picture: Snapshot, row: int, trial: Trial, events: Sequence[Event]
) -> dict[str, Any]:
    """Return what ``show --json`` prints: the record of an export, and what else is known."""
    from hpo_tui.engine.code_versions import version_at
    from hpo_tui.store.transfer.rows import finite, record
    from hpo_tui.tui.words.goals import goals_of, is_goal, reached
    from hpo_tui.tui.words.trial_sheet import began, files_of, promoted_to

    spec, frame = picture.spec, picture.frame
    goals = [g for g in goals_of(spec) if is_goal(g)]
    nan = float("nan")
    ran = version_at(picture.code, began(trial, events))
    code = None if ran is None else (ran.commit, ran.place())
    return {
        **record(trial, {t.name: t.cost for t in spec.tasks}, code),
        "goals": {g.metric: reached(trial.metrics.get(g.metric, nan), g) for g in goals},
        "meets": spec.meets(trial.metrics),
        "configuration": trial.configuration,
        "promoted_to": [int(frame.number[r]) for r in promoted_to(picture, row)],
        "repeat": trial.repeat,
        "attempt": trial.attempt,
        "planned": trial.cost,
        "wasted": trial.wasted,
        "duration": trial.duration,
        "device": trial.device,
        "peak_memory": trial.peak_memory,
        "step": trial.step,
        "code": None if ran is None else {k: v for k, v in ran.record().items() if k != "since"},
        "chosen": {k: finite(v) for k, v in trial.why.items()},
        "events": [{"time": e.time, "kind": e.kind, "text": e.text} for e in events],
        "files": files_of(picture.folder, trial.number),
    }


@click.command("log")
@trial_words
@study_option
@click.option("-f", "--follow", is_flag=True, help="Continue while the trial runs.")
@click.option(
    "-n",
    "--lines",
    type=Whole(0),
    metavar="LINES",
    help="Print only the last LINES lines.",
)
def log(words: tuple[str, ...], study: str | None, follow: bool, lines: int | None) -> None:
    """Print the output of TRIAL, including errors.

    The last word is the trial's number; a word before it names the study, as in `sparse 7`. On a
    terminal colours and control characters are left out, and of a progress bar all but its last
    state; into a pipe or a file the output goes as it is.
    """
    from hpo_tui.tui.cli.trial_log import print_log

    folder, number = chosen(words, study)
    with reading(folder) as reader:
        record_of(folder, reader, number)
        print_log(folder, reader, number, follow=follow, lines=lines)
