"""``hpo-tui review``: what came of a study and what to do next, in words."""

import click

from hpo_tui.tui.cli.errors import refusing
from hpo_tui.tui.cli.studies import find, picture_of, study_argument
from hpo_tui.tui.cli.text import say


@click.command("review")
@study_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def review(study: str | None, *, as_json: bool) -> None:
    """Say what came of STUDY, what is to be known of it, and what to do next.

    How it went, the best trial beside the one it began with, when it last gained something, where
    its failures lie, whether its full task is too short, which parameters do not matter; and the
    command for each thing that can be done.
    """
    from dataclasses import asdict

    from hpo_tui.store.transfer.write_text import json_line
    from hpo_tui.tui.cli.summary import progress_line, reason_of
    from hpo_tui.tui.watching.reviewing import read_review
    from hpo_tui.tui.watching.unreadable import FAULTS
    from hpo_tui.tui.words.plain import plain, plain_lines

    picture = picture_of(find(study))
    with refusing(*FAULTS):
        found = read_review(picture)
    if as_json:
        say(json_line({"study": picture.study.name, **asdict(found)}))
        return
    say(f"{plain(picture.folder.name)}: {progress_line(picture)}")
    if picture.study.reason:
        say(plain_lines(reason_of(picture), "  "))
    say()
    for line in found.lines():
        say(line)
