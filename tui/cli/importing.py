"""``hpo-tui import``: a study from Optuna's storage or a table, to be looked at here."""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from hpo_tui.store.folder import HOME, find_home
from hpo_tui.store.transfer.arrivals import Arrival
from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.cli.text import note
from hpo_tui.tui.plain import plain


@click.command("import")
@click.argument("source", metavar="SOURCE")
@click.option("--study", "which", metavar="NAME", help="Which study of an Optuna storage.")
@click.option("--name", metavar="NAME", help="What to call it here; the same name if not said.")
@click.option("--maximize", multiple=True, metavar="METRIC", help="Of a CSV file: a metric.")
@click.option("--minimize", multiple=True, metavar="METRIC", help="Of a CSV file: a metric.")
def import_study(
    source: str, which: str | None, name: str | None, maximize: tuple[str, ...],
    minimize: tuple[str, ...],
) -> None:  # fmt: skip
    """Make a study from SOURCE, to be looked at here.

    SOURCE is an Optuna storage (a URL such as sqlite:///x.db, an SQLite or a journal file) or a CSV
    file with one row a trial; of a CSV file say which columns are metrics.
    """
    from hpo_tui.store.transfer.build import build_study

    arrival = _read(source, which, name, dict(_directions(maximize, minimize)))
    called = name or folder_name(arrival.name)
    text = arrival.text or study_text(arrival, called)
    text = _checked(text, arrival, called)
    home = find_home(Path.cwd()) or Path.cwd() / HOME
    try:
        folder = build_study(
            home, called, text, arrival.trials, arrival.reports,
            params=arrival.space, metrics=arrival.directions, source=arrival.source,
        )  # fmt: skip
    except FileExistsError as error:
        raise Refusal(f"{plain(str(error))}; say another with --name") from None
    count = len(arrival.trials)
    note(f"{count} trials imported: hpo-tui watch {plain(folder.name)}")


def _directions(maximize: tuple[str, ...], minimize: tuple[str, ...]) -> Mapping[str, str]:
    both = [m for m in maximize if m in minimize]
    if both:
        raise click.UsageError(f"{both[0]} cannot be maximized and minimized")
    return dict.fromkeys(maximize, "maximize") | dict.fromkeys(minimize, "minimize")


def _read(source: str, which: str | None, name: str | None, goals: dict[str, str]) -> Arrival:
    path = Path(source)
    try:
        if path.suffix.lower() == ".csv":
            if not goals:
                raise click.UsageError(
                    "of a CSV file say which columns are metrics: --maximize accuracy"
                )
            from hpo_tui.store.transfer.read_csv import read_csv

            return read_csv(path, name or path.stem, goals)
        if goals:
            raise click.UsageError("--maximize and --minimize belong to a CSV file")
        from hpo_tui.store.transfer.read_optuna import read_optuna

        return read_optuna(source, which)
    except UnicodeDecodeError:
        raise Refusal(f"{plain(source)} is not UTF-8 text") from None
    except ValueError as error:
        raise Refusal(plain(str(error))) from None


def folder_name(name: str) -> str:
    """Return ``name`` as a study and folder can be called."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-.")[:60] or "imported"


def study_text(arrival: Arrival, called: str) -> str:
    """Return a study file for trials that another program ran: complete, but for the command."""
    import tomlkit

    document = tomlkit.document()
    document.add(tomlkit.comment(f"From {plain(arrival.source)}."))
    document.add(tomlkit.comment("It is for looking at: write a command to run more trials."))
    study: dict[str, Any] = {
        "name": called,
        "command": ["false"],
        "budget": f"{max(1, len(arrival.trials))} trials",
    }
    document["study"] = study
    document["space"] = {n: d.table() for n, d in arrival.space.items()}
    document["objective"] = [
        {"metric": metric, "direction": direction}
        for metric, direction in arrival.directions.items()
    ]
    tasks = _tasks(arrival)
    if len(tasks) > 1:
        document["task"] = [{"name": n, "cost": c, "share": c} for n, c in tasks.items()]
    elif "full" not in tasks:
        document["task"] = [{"name": n, "cost": 1.0} for n in tasks]
    return tomlkit.dumps(document)


def _tasks(arrival: Arrival) -> dict[str, float]:
    """Return task → cost, from what its dearest trial cost; the dearest task is the full one."""
    costs: dict[str, float] = {}
    for trial in arrival.trials:
        costs[trial.task] = max(costs.get(trial.task, 0.0), trial.cost)
    if not costs:
        return {"full": 1.0}
    most = max(costs.values()) or 1.0
    if len(set(costs.values())) < len(costs) or min(costs.values()) <= 0:
        order = sorted(costs, key=lambda n: costs[n])
        return {n: (i + 1) / len(order) for i, n in enumerate(order)}
    return {n: round(c / most, 6) for n, c in costs.items() if math.isfinite(c)}


def _checked(text: str, arrival: Arrival, called: str) -> str:
    """Return ``text`` with the name put right. Raises Refusal if no study can be made of it."""
    from hpo_tui.engine.spec import SpecError, StudySpec

    try:
        spec = StudySpec.from_text(text)
        if spec.name != called:
            import tomlkit

            document: Any = tomlkit.parse(text)
            document["study"]["name"] = called
            text = tomlkit.dumps(document)
            StudySpec.from_text(text)
    except SpecError as error:
        source = plain(arrival.source)
        raise Refusal(f"{source} cannot be a study here: {plain(str(error))}") from None
    return text


COMMANDS = {"import": import_study}
