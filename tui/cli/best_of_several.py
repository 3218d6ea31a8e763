"""The best trials of several studies, each study beside the others."""

from collections.abc import Sequence
from typing import Any

from hpo_tui.store.models import Trial
from hpo_tui.store.transfer.write_text import json_line
from hpo_tui.tui.cli.best_trials import best_record, show_table
from hpo_tui.tui.cli.text import say
from hpo_tui.tui.cli.written_tables import latex, markdown
from hpo_tui.tui.tables.best import best_trials
from hpo_tui.tui.tables.several_rows import LEAD, several_table
from hpo_tui.tui.tables.trial_order import result_counts, result_spreads
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.plain import plain


def best_records(picture: Snapshot, trials: Sequence[Trial]) -> list[dict[str, Any]]:
    """Return trials as ``best --json`` prints them."""
    several = result_counts(picture)
    spreads = result_spreads(picture) if several else {}
    return [
        best_record(t, picture.spec, several.get(t.number, 1), spreads.get(t.number))
        for t in trials
    ]


def say_several(pictures: Sequence[Snapshot], form: str, most: int, *, near: bool) -> None:
    """Print the best trials of several studies, ``most`` of each: as a table, or in ``form``.

    ``near``: in JSON also those that miss a goal. Tables have the nearest of a study that has none
    better, and mark it.
    """
    if form == "json":
        records = [
            {"study": picture.folder.name} | entry
            for picture in pictures
            for entry in best_records(picture, best_trials(picture, most, near=near))
        ]
        say("[" + ",\n ".join(map(json_line, records)) + "]")
        return
    head, rows = several_table(pictures, most, near=near)
    if form:
        say_as(form, head, rows)
        return
    names = " ".join(plain(picture.folder.word) for picture in pictures)
    show_table(head, rows, names, keep=len(LEAD) + 1, left=(0,))
    if any(cell.endswith("!") for row in rows for cell in row):
        say("! the goal is missed")


def say_as(form: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table as ``markdown`` or ``latex``."""
    rows = [[cell.rstrip() for cell in row] for row in rows]
    say("\n".join((markdown if form == "markdown" else latex)(head, rows)))
