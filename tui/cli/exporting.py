"""``hpo-tui export``: trials and reports out of a study."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from hpo_tui.engine.code_versions import KEY, exported
from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.engine.spec.names import plural
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial
from hpo_tui.store.read import StudyReader
from hpo_tui.store.transfer.atomic_files import atomic_file
from hpo_tui.tui.cli.errors import Refusal, refusing
from hpo_tui.tui.cli.numbers import Whole
from hpo_tui.tui.cli.studies import find, picture_of, reading, spec_of, study_argument
from hpo_tui.tui.cli.text import note
from hpo_tui.tui.words.plain import plain

_ENDINGS = {".csv": "csv", ".json": "json", ".jsonl": "json", ".parquet": "parquet"}
"""What a file is to hold whose name ends so, where nothing else is said."""


@click.command("export")
@study_argument
@click.option("--csv", is_flag=True, help="One row per trial.")
@click.option("--json", is_flag=True, help="One JSON object per trial, each on its own line.")
@click.option("--reports", is_flag=True, help="One JSON object per report, each on its own line.")
@click.option("--parquet", is_flag=True, help="One row per trial; needs -o.")
@click.option("--optuna", metavar="URL", help="A new Optuna study: sqlite:///x.db or a file.")
@click.option(
    "--best",
    "most",
    metavar="N",
    type=Whole(1),
    help="Only the best N trials, best first, as the command best has them.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write to FILE instead of stdout (-); the ending .csv, .json, .jsonl or .parquet can stand"
    " for the option.",
)
def export(
    study: str | None, optuna: str | None, most: int | None, output: Path | None, **flags: bool
) -> None:
    """Write the trials of STUDY as CSV, JSON lines, Parquet or an Optuna study, or its reports."""
    forms = [form for form, said in flags.items() if said]
    if not forms and optuna is None and output is not None:
        forms = [form for ending, form in _ENDINGS.items() if output.suffix.lower() == ending]
    if len(forms) + (optuna is not None) != 1:
        raise click.UsageError("choose one of --csv, --json, --reports, --parquet and --optuna URL")
    form = "".join(forms)
    if output == Path("-"):
        output = None
    if form == "parquet" and output is None:
        raise click.UsageError("--parquet writes a file; name it with -o FILE")
    if most is not None and optuna is not None:
        raise click.UsageError("--optuna takes the whole study, without --best")
    folder = find(study)
    numbers = _best(folder, most) if most is not None else None
    with reading(folder) as reader:
        if optuna is not None:
            _to_optuna(reader, optuna)
        elif form == "parquet" and output is not None:
            _to_parquet(reader, output, _trials(reader, numbers))
        else:
            with _target(output) as to:
                _to_text(reader, form, to, numbers)


def _best(folder: StudyFolder, most: int) -> list[int]:
    """Return the numbers of the best trials, best first. Raises Refusal where there is none."""
    from hpo_tui.tui.tables.best import best_trials

    numbers = [t.number for t in best_trials(picture_of(folder), most, near=False)]
    if not numbers:
        why = "no full-task trial meets all goals (hpo-tui best shows the nearest)"
        raise Refusal(f"{plain(folder.name)} has no best trial to export: {why}")
    return numbers


def _trials(reader: StudyReader, numbers: Sequence[int] | None) -> Sequence[Trial]:
    """Return the trials ``numbers`` in that order, or all."""
    if numbers is None:
        return reader.trials()
    found = {t.number: t for t in reader.trials(numbers=list(numbers))}
    return [found[n] for n in numbers if n in found]


@contextmanager
def _target(output: Path | None) -> Iterator[TextIO]:
    """Give stdout, or a file that appears when it is whole."""
    if output is None:
        yield sys.stdout
        return
    with _whole(output) as part, part.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def _whole(output: Path) -> Iterator[Path]:
    """Give a name to write to; what is there at the end becomes the file.

    What is no file (a pipe, a device) is written as it is, and a link goes on pointing to where it
    points.
    """
    if output.exists() and not output.is_file():
        yield output
        return
    output = Path(os.path.realpath(output))
    try:
        with atomic_file(output) as part:
            yield part
    except OSError as error:
        # An error of a write names no file.
        if error.filename in (None, str(output), str(output.parent)):
            said = os.strerror(error.errno) if error.errno else error.strerror
            why = in_words(OSError(error.errno, said), error.filename or output)
            raise Refusal(f"nothing is written: {plain(why)}") from None
        raise


def _to_text(reader: StudyReader, form: str, to: TextIO, numbers: Sequence[int] | None) -> None:
    from hpo_tui.store.transfer import rows, write_text

    trials = _trials(reader, numbers)
    if form == "json":
        costs = _task_costs(reader)
        codes = _codes(reader)
        records = (rows.record(trial, costs, codes.get(trial.number)) for trial in trials)
        write_text.write_json(records, to)
    elif form == "reports":
        if numbers is not None:
            trials = _with_continued(reader, trials)
        reports = (r for trial in trials for r in reader.reports(trial.number))
        write_text.write_json(map(rows.report_record, reports), to)
    else:
        params, metrics = reader.columns("p").values(), reader.columns("m").values()
        write_text.write_trials_csv(
            trials, list(params), list(metrics), to, task_costs=_task_costs(reader),
            codes=_codes(reader), escape=to.isatty(),
        )  # fmt: skip


def _with_continued(reader: StudyReader, trials: Sequence[Trial]) -> list[Trial]:
    """Return trials, each behind those that it continues: the beginning of its curve is theirs."""
    every = {t.number: t for t in reader.trials()}
    found: dict[int, Trial] = {}
    for trial in trials:
        chain, at = [trial], trial.resumed_from
        while at is not None and at in every and every[at] not in chain:
            chain.append(every[at])
            at = every[at].resumed_from
        found.update({t.number: t for t in reversed(chain) if t.number not in found})
    return list(found.values())


def _task_costs(reader: StudyReader) -> dict[str, float]:
    return {task.name: task.cost for task in spec_of(reader).tasks}


def _codes(reader: StudyReader) -> dict[int, tuple[str, str]]:
    """Return trial → what is known of the code that it ran."""
    return exported(reader.get(KEY), reader.starts())


def _to_parquet(reader: StudyReader, output: Path, trials: Sequence[Trial]) -> None:
    from hpo_tui.store.transfer.write_parquet import write_trials_parquet

    params, metrics = reader.columns("p").values(), reader.columns("m").values()
    try:
        with _whole(output) as part:
            count = write_trials_parquet(
                trials, list(params), list(metrics), part, task_costs=_task_costs(reader),
                codes=_codes(reader),
            )  # fmt: skip
    except ImportError:
        raise Refusal("Parquet needs pyarrow: pip install 'hpo-tui[parquet]'") from None
    note(f"{plural(count, 'trial')} written to {plain(str(output))}")


def _to_optuna(reader: StudyReader, url: str) -> None:
    from hpo_tui.store.transfer.write_optuna import OptunaPlan, write_optuna

    study = reader.study()
    spec = spec_of(reader)
    trials = reader.trials()
    if not spec.objectives:
        raise Refusal("an Optuna study needs an objective, but this study has none")
    plan = OptunaPlan(
        full_task=spec.full_task.name,
        space=distributions(spec),
        directions={o.metric: "maximize" if o.sign < 0 else "minimize" for o in spec.objectives},
        limits=[(c.metric, c.min, c.max) for c in spec.outcome_constraints],
        curves={t.number: reader.reports(t.number) for t in trials},
    )
    with refusing(ValueError):
        count = write_optuna(url, study, trials, plan)
    left = len(trials) - count
    which = "1 that has not ended is" if left == 1 else f"{left} that have not ended are"
    rest = f" ({which} left out)" if left else ""
    written = f"{plural(count, 'trial')} written"
    note(f"{written} to the Optuna study {plain(study.name)} in {plain(url)}{rest}")


def distributions(spec: StudySpec) -> dict[str, str]:
    """Return each parameter as the JSON that Optuna has for its distributions."""
    return {p.name: json.dumps(_distribution(p)) for p in spec.space}


def _distribution(parameter: Parameter) -> dict[str, object]:
    if parameter.kind is ParameterKind.FIXED:
        return {"name": "CategoricalDistribution", "attributes": {"choices": [parameter.value]}}
    if not parameter.numeric:
        choices = list(parameter.choices)
        return {"name": "CategoricalDistribution", "attributes": {"choices": choices}}
    attributes: dict[str, object] = {"log": parameter.log}
    if parameter.kind is ParameterKind.INT:
        attributes |= {"low": int(parameter.low), "high": int(parameter.high)}
        attributes["step"] = 1 if parameter.log else int(parameter.step or 1)
        return {"name": "IntDistribution", "attributes": attributes}
    attributes |= {"low": parameter.low, "high": parameter.high}
    attributes["step"] = None if parameter.log else parameter.step
    return {"name": "FloatDistribution", "attributes": attributes}
