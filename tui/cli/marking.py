"""What people note about a trial: ``hpo-tui star``, ``tag`` and ``note``."""

import sys

import click

from hpo_tui.tui.cli.asking_runner import ask
from hpo_tui.tui.cli.trial import (
    chosen,
    chosen_with,
    complete_trial_words,
    study_option,
    trial_words,
)


@click.command("star")
@trial_words
@click.option("--off", is_flag=True, help="Remove the star.")
@study_option
def star(words: tuple[str, ...], off: bool, study: str | None) -> None:
    """Mark TRIAL with a star."""
    folder, trial = chosen(words, study)
    ask(folder, "star", {"trial": trial, "on": not off})


@click.command("tag")
@click.argument(
    "words",
    nargs=-1,
    required=True,
    metavar="[STUDY] TRIAL [TAG]…",
    shell_complete=complete_trial_words,
)
@study_option
def tag(words: tuple[str, ...], study: str | None) -> None:
    """Replace the tags of TRIAL by these; without a TAG all are removed.

    A first word that is no number names the study, as in `sparse 7 keep`.
    """
    folder, trial, tags = chosen_with(words, study)
    ask(folder, "tag", {"trial": trial, "tags": list(tags)})


@click.command("note")
@click.argument(
    "words",
    nargs=-1,
    required=True,
    metavar="[STUDY] TRIAL [TEXT]",
    shell_complete=complete_trial_words,
)
@study_option
def write_note(words: tuple[str, ...], study: str | None) -> None:
    """Write TEXT (or what comes on stdin) as the note of TRIAL; "" removes the note.

    A first word that is no number names the study, as in `sparse 7 diverged`.
    """
    folder, trial, texts = chosen_with(words, study)
    if len(texts) > 1:
        raise click.UsageError("give the TEXT as one word, in quotes")
    text = texts[0] if texts else None
    if text is None:
        if sys.stdin.isatty():
            raise click.UsageError("give the TEXT, or pipe it in")
        text = sys.stdin.read().strip()
        if not text:
            raise click.UsageError('nothing came on stdin; to remove the note, give "" as TEXT')
    ask(folder, "note", {"trial": trial, "text": text})
