"""``hpo-tui import``: a study from Optuna's storage or a table, to be looked at here."""

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from hpo_tui.engine.spec.names import plural
from hpo_tui.store.database_errors import explained
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import HOME, find_home, working_folder
from hpo_tui.store.transfer.arrivals import Arrival
from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.cli.studies import complete_file
from hpo_tui.tui.cli.text import note
from hpo_tui.tui.words.plain import plain

_TABLES = (".csv", ".tsv", ".txt")
_JSON = (".json", ".jsonl", ".ndjson")
"""How the names of tables end; anything else is taken to be a storage of Optuna's."""


@click.command("import")
@click.argument("source", metavar="SOURCE", shell_complete=complete_file)
@click.option("--study", "which", metavar="NAME", help="Which study of the Optuna storage.")
@click.option("--name", metavar="NAME", help="Name of the study here; default: its own name.")
@click.option("--maximize", multiple=True, metavar="METRIC", help="For a table: an objective.")
@click.option("--minimize", multiple=True, metavar="METRIC", help="For a table: an objective.")
@click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME",
    help="For a table: a parameter; then no other column is one.",
)
@click.option(
    "--reports",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For a table: its learning curves, as export --reports writes them.",
)
def import_study(
    *, source: str, which: str | None, name: str | None, maximize: tuple[str, ...],
    minimize: tuple[str, ...], parameters: tuple[str, ...], reports: Path | None,
) -> None:  # fmt: skip
    """Make a study from SOURCE, so that you can look at it here.

    SOURCE is an Optuna storage (a URL such as sqlite:///x.db, an SQLite or a journal file) or a
    table with one row per trial: a CSV file, or JSON lines. For a table, name the metrics that are
    objectives.
    """
    from hpo_tui.engine.define.from_trials import renamed, study_text
    from hpo_tui.engine.spec import SpecError
    from hpo_tui.store.transfer.build import build_study
    from hpo_tui.store.transfer.conditions import with_conditions

    arrival = _read(source, which, name, dict(_directions(maximize, minimize)), parameters)
    if reports is not None:
        arrival = _with_reports(arrival, reports)
    called = name or folder_name(arrival.name)
    text, unexplained = arrival.text, dict[str, int]()
    try:
        if not text:
            space, unexplained = with_conditions(arrival.space, arrival.trials)
            text = study_text(replace(arrival, space=space), called)
        text = renamed(text, called)
    except SpecError as error:
        source = plain(arrival.source)
        raise Refusal(f"{source} cannot be a study here: {plain(str(error))}") from None
    home = find_home(working_folder()) or working_folder() / HOME
    with _made(home / called):
        folder = build_study(
            home, called, text, arrival.trials, arrival.reports,
            params=arrival.space, metrics=arrival.directions, source=arrival.source,
        )  # fmt: skip
    if arrival.empty:
        note(f"left out because no trial has a value: {', '.join(map(plain, arrival.empty))}")
    count = len(arrival.trials)
    for lacking, n in unexplained.items():
        note(
            f"{plural(n, 'trial')} without {plain(lacking)}, and no other parameter explains why:"
            f" {'it is' if n == 1 else 'they are'} shown, but the search cannot learn from"
            f" {'it' if n == 1 else 'them'}"
        )
    note(f"{plural(count, 'trial')} imported: hpo-tui watch {plain(folder.word)}")


@contextmanager
def _made(study: Path) -> Iterator[None]:
    """Have it refused in a sentence, with the place, where a study cannot be made."""
    try:
        yield
    except OSError as error:
        if isinstance(error, FileExistsError) and error.errno is None:
            raise Refusal(f"{plain(str(error))}; choose another name with --name") from None
        raise Refusal(f"nothing is imported: {plain(in_words(error, study))}") from None
    except sqlite3.Error as error:
        why = f"{study} cannot be written: {explained(error)}"
        raise Refusal(f"nothing is imported: {plain(why)}") from None


def _directions(maximize: tuple[str, ...], minimize: tuple[str, ...]) -> Mapping[str, str]:
    both = [m for m in maximize if m in minimize]
    if both:
        raise click.UsageError(f"{both[0]} cannot be both maximized and minimized")
    return dict.fromkeys(maximize, "maximize") | dict.fromkeys(minimize, "minimize")


def _guess(path: Path) -> str:
    """Return which file may be meant by one that is not there."""
    from hpo_tui.engine.spec.names import nearest

    alike = path.absolute().parent.glob(f"*{path.suffix}")
    near = nearest(path.stem, [p.stem for p in alike])
    return f"; did you mean {plain(str(path.with_stem(near)))!r}?" if near else ""


def _read(
    source: str,
    which: str | None,
    name: str | None,
    goals: dict[str, str],
    parameters: Sequence[str],
) -> Arrival:
    path = Path(source)
    if path.suffix.lower() in (*_TABLES, *_JSON) and not _is_journal(path):
        if not path.exists():
            raise Refusal(f"{plain(source)}: no such file{_guess(path)}")
        if not goals:
            raise click.UsageError(
                "name the metrics of the table that are objectives, such as --maximize accuracy"
            )
        from hpo_tui.store.transfer.read_csv import read_csv
        from hpo_tui.store.transfer.read_json import read_json

        read = read_json if path.suffix.lower() in _JSON else read_csv
        with _legible(source):
            return read(path, name or path.stem, goals, parameters)
    if goals or parameters:
        what = "--maximize, --minimize and --parameter are"
        raise click.UsageError(f"{what} for a table (CSV or JSON)")
    from hpo_tui.store.transfer.read_optuna import read_optuna

    with _legible(source):
        return read_optuna(source, which)


@contextmanager
def _legible(source: str) -> Iterator[None]:
    """Have what is wrong with the content of ``source`` refused in a sentence."""
    try:
        yield
    except UnicodeDecodeError:
        raise Refusal(f"{plain(source)} is not UTF-8 text") from None
    except ValueError as error:
        raise Refusal(plain(str(error))) from None


def _is_journal(path: Path) -> bool:
    """Whether a file is a journal of Optuna's, whose lines are JSON too."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return b'"op_code"' in file.readline(4096)


def _with_reports(arrival: Arrival, file: Path) -> Arrival:
    """Return the arrival with the learning curves of its trials."""
    from hpo_tui.store.transfer.read_json import read_reports

    if not arrival.source.startswith(("CSV, ", "JSON, ")):
        raise click.UsageError("--reports is for a table (CSV or JSON)")
    with _legible(str(file)):
        reports = read_reports(file, arrival.trials)
    last = {r.trial: r.step for r in reports if r.step is not None}
    trials = [replace(t, step=last.get(t.number)) for t in arrival.trials]
    return replace(arrival, trials=trials, reports=reports)


def folder_name(name: str) -> str:
    """Return ``name`` as a study and folder can be called."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:60] or "imported"
