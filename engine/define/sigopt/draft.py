"""From an experiment of SigOpt's to a study that runs its script, unchanged, as its trials."""

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hpo_tui.engine.define.adapted import Taken, start_of, with_budget
from hpo_tui.engine.define.compose import as_name, study_name
from hpo_tui.engine.define.draft import Draft, checked
from hpo_tui.engine.define.first_run import timed
from hpo_tui.engine.define.script import Script, adapted, script_of
from hpo_tui.engine.define.sigopt.command import FILES, OURS, Asked, words_for
from hpo_tui.engine.define.sigopt.file import (
    Experiment,
    experiment_of,
    is_experiment,
    read_experiment,
)
from hpo_tui.engine.define.sigopt.goals import goals_of, tasks_of
from hpo_tui.engine.define.sigopt.remarks import advice_of, of_budget, remarks_of
from hpo_tui.engine.define.sigopt.run import Seen, look
from hpo_tui.engine.define.sigopt.source import Said, said_in
from hpo_tui.engine.define.sigopt.space import relations_of, space_of
from hpo_tui.engine.define.sigopt.tracked import tracked_draft
from hpo_tui.engine.define.sources.texts import is_file, local_sources
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.spec import Budget, Resources, StudySpec, Task
from hpo_tui.engine.spec.names import plain
from hpo_tui.engine.spec.placeholders import braced

FIRST = Task("first look", 1.0)
"""What a script runs at whose tasks are not known yet; by that name it has none."""
PER_PARAMETER = 10
"""Runs for each parameter that SigOpt expects where an experiment names no budget."""


@dataclass(slots=True)
class Made:
    """What an experiment comes to. ``lengths``: where the tasks' fidelity comes from."""

    experiment: Experiment
    spec: StudySpec
    said: Said
    taken: list[Taken]
    lengths: str
    unrelated: list[str] = field(default_factory=list)


def experiment_draft(asked: Asked, folder: Path, timeout: float | None) -> Draft:
    """Return a study for the file of an experiment and the command that it is run with.

    ``timeout``: seconds that the first run may take; None: the script is not run. Raises
    ValueError, in a sentence, for a file that is none, or where no command is known.
    """
    experiment = read_experiment(folder / asked.experiment)
    words = words_for(asked, folder, experiment.run)
    script = script_of(words, folder)
    said = said_in(local_sources(script, folder) if script else [])
    made = make(experiment, words, folder, said)
    tried, seen, told = _looked(made.spec, folder, timeout)
    return drafted(made, tried, seen, told)


def sigopt_draft(script: Script, timeout: float | None) -> Draft | None:
    """Return a study for a script that uses SigOpt; None where it only logs to it.

    Its space is that of the experiment that it creates, or else of the file beside it that
    SigOpt's own command reads, or else a guess from what it gives its parameters.
    """
    said, folder = said_in(script.texts), script.folder
    if said.creates and (stated := _stated(script, said, timeout)) is not None:
        return stated
    if not said.reads:
        return None
    beside = next((n for n in FILES if is_file(folder / n) and is_experiment(folder / n)), None)
    if beside is not None:
        return experiment_draft(Asked(beside, "", tuple(script.words)), folder, timeout)
    return tracked_draft(script, timeout)


def _stated(script: Script, said: Said, timeout: float | None) -> Draft | None:
    """Return a study for a script that creates its experiment itself.

    Where code computes the experiment, it is what a first run hands over; None without one.
    """
    tried: Tried | None = None
    seen, told = Seen(), list[str]()
    called, words, folder = plain(script.path.name), script.words, script.folder
    if said.experiment is not None:
        made = make(experiment_of(said.experiment, called), words, folder, said)
        tried, seen, told = _looked(made.spec, folder, timeout)
    else:
        first = StudySpec("study", _command(words, folder), Budget(1), (), (), (FIRST,))
        if timeout is None:
            return None
        tried, seen, told = _looked(first, folder, timeout, known=False)
        if seen.experiment is None:
            return None
    if seen.experiment is not None:  # what the code makes of it goes before what it looks like
        made = make(experiment_of(seen.experiment, called), words, folder, said)
        if tried is not None:
            tried = dataclasses.replace(tried, task=made.spec.tasks_by_cost[0])
            found = {n: v for n, v in seen.logged.items() if n in made.spec.kept_metrics}
            tried = dataclasses.replace(tried, metrics={**found, **tried.metrics})
    return drafted(made, tried, seen, told)


def make(experiment: Experiment, words: Sequence[str], folder: Path, said: Said) -> Made:
    """Return the study of an experiment. Raises ValueError, a sentence, where it makes none."""
    try:
        taken = space_of(experiment)
    except ValueError as error:
        raise ValueError(f"{experiment.called}: {error}") from None
    space = tuple(t.parameter for t in taken)
    relations, unrelated = relations_of(experiment, [p.name for p in space])
    objectives, constraints, kept = goals_of(experiment)
    if not objectives and not constraints:
        raise ValueError(
            f"{experiment.called}: metrics names nothing to optimize: add metrics: [{{name:"
            " accuracy, objective: maximize}]"
        )
    tasks, lengths = tasks_of(experiment, said)
    amount = experiment.budget or float(PER_PARAMETER * len(space))
    spec = StudySpec(
        name=as_name(experiment.name) or study_name(words, folder, script_of(words, folder)),
        command=_command(words, folder),
        budget=Budget(amount),
        space=space,
        objectives=tuple(objectives),
        outcome_constraints=tuple(constraints),
        record=tuple(kept),
        tasks=tasks,
        constraints=tuple(relations),
        resources=Resources(slots=min(experiment.bandwidth, os.cpu_count() or 1)),
    )
    return Made(experiment, checked(spec, experiment.called), said, taken, lengths, unrelated)


def _command(words: Sequence[str], folder: Path) -> tuple[str, ...]:
    return tuple(map(braced, adapted(words, folder, OURS)))


def _looked(
    spec: StudySpec, folder: Path, timeout: float | None, *, known: bool = True
) -> tuple[Tried | None, Seen, list[str]]:
    """Run the script once, if it may be; return what that has shown, and what is to be said."""
    if timeout is None:
        return None, Seen(), []
    tried, seen, told = look(spec, folder, timeout, known=known)
    if not tried.metrics and seen.logged.keys() == {"value"}:  # a script that names no metric
        tried = dataclasses.replace(
            tried, metrics=dict.fromkeys(spec.metric_names[:1], seen.logged["value"])
        )
    return tried, seen, told


def drafted(made: Made, tried: Tried | None, seen: Seen, told: Sequence[str]) -> Draft:
    """Return the draft of a study, with what a first run has shown of it."""
    space = {p.name: p for p in made.spec.space}
    start = tuple(filter(None, (start_of(params, space) for params in seen.start)))
    spec = dataclasses.replace(made.spec, start=start)
    notes = remarks_of(made.experiment, spec, made.taken, made.lengths, tried)
    if tried is not None and tried.code == 0:
        spec = timed(spec, tried, notes)
    with_budget(notes, of_budget(made.experiment, spec))
    advice = [*told, *made.unrelated]
    advice += advice_of(made.experiment, spec, made.taken, made.lengths, tried)
    return Draft.of(spec, notes, made.experiment.called, advice=tuple(advice), tried=tried)
