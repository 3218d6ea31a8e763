"""Reads earlier trials from the store, in the form in which the optimizer learns from them."""

import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hpo_tui.engine.execution.protocol import has_files
from hpo_tui.engine.learning import absent_fault, fault_of, misfit
from hpo_tui.engine.optimizer.api import PastTrial
from hpo_tui.engine.optimizer.earlier import Earlier
from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.store.folder import StudyFolder, find_study
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader

_WITH_REPORTS = 10_000
"""Of the last so many trials the curves are learned as well; older ones are too many to read."""


def past_trials(
    reader: StudyReader, spec: StudySpec, folder: StudyFolder | None = None
) -> list[PastTrial]:
    """Return all trials whose task the study still has, by number.

    ``folder``: where their checkpoints are looked for; without, every trial counts as having one.
    """
    tasks = {t.name for t in spec.tasks}
    trials = [t for t in reader.trials() if t.task in tasks]
    curves = _curves(reader, spec, [t.number for t in trials[-_WITH_REPORTS:]])
    past = [_past(t, curves.get(t.number, {})) for t in trials]
    if folder is None:
        return past
    return [replace(p, bare=bare(folder, spec, t)) for p, t in zip(past, trials, strict=True)]


def earlier_studies(
    spec: StudySpec, known: Mapping[str, Any]
) -> tuple[list[Earlier], dict[str, Any], list[str]]:
    """Return the earlier studies to learn from, what is to be kept of them by name, and misfits.

    Those ``known`` are taken as they were kept, the others are read from their folders; of these
    it is told where no result of theirs can count. Raises LookupError, saying why, where one is not
    there or cannot be read.
    """
    found: list[Earlier] = []
    misfits: list[str] = []
    keep: dict[str, Any] = {}
    for name in spec.learn_from:
        if name in known:
            earlier, keep[name] = Earlier.from_plain(known[name]), known[name]
        else:
            earlier, amiss = _read(spec, name)
            misfits += [amiss] if amiss else []
            keep[name] = earlier.plain()
        found.append(earlier)
    return found, keep, misfits


def _read(spec: StudySpec, name: str) -> tuple[Earlier, str]:
    """Return what an earlier study has found so far, by this name, and why none of it can count."""
    assert spec.source is not None
    workplace = StudyFolder(spec.source.parent).workplace
    folder = find_study(name, workplace)
    fault = absent_fault(replace(spec, learn_from=(name,)), workplace, ())
    if fault or folder is None:
        raise LookupError(fault or f"learn_from: there is no study {name!r}")
    try:
        with StudyReader(folder.db) as reader:
            try:
                other = StudySpec.from_text(reader.study().text, folder.file)
            except (LookupError, SpecError) as error:
                raise LookupError(fault_of(name, folder, error)) from error
            return Earlier.of(other, past_trials(reader, other), name), misfit(spec, name, other)
    except (sqlite3.Error, OSError) as error:
        raise LookupError(fault_of(name, folder, error)) from error


def bare(folder: StudyFolder, spec: StudySpec, trial: Trial) -> bool:
    """Whether a trial could be carried on to a dearer task but for want of its checkpoint."""
    if not spec.resume or trial.state is not TrialState.COMPLETE:
        return False
    return trial.task != spec.full_task.name and not has_files(
        folder.trial(trial.number).checkpoint
    )


def _curves(
    reader: StudyReader, spec: StudySpec, numbers: list[int]
) -> dict[int, dict[int, dict[str, float]]]:
    found: dict[int, dict[int, dict[str, float]]] = {}
    for metric in spec.metric_names:
        for number, (steps, values) in reader.curves(numbers, metric).items():
            mine = found.setdefault(number, {})
            for step, value in zip(steps.tolist(), values.tolist(), strict=True):
                mine.setdefault(int(step), {})[metric] = value
    return found


def _past(trial: Trial, curve: dict[int, dict[str, float]]) -> PastTrial:
    # One that waits to be run (again) is as good as running: its number and its cost are taken.
    under_way = not trial.state.ended
    return PastTrial(
        number=trial.number,
        configuration=trial.configuration,
        params=dict(trial.params),
        task=trial.task,
        state="running" if under_way else trial.state.value,
        metrics=dict(trial.metrics),
        charged=trial.wasted + trial.cost if under_way else trial.charged,
        resume_from=trial.resumed_from,
        duration=trial.duration,
        teaches=trial.teaches,
        repeat=trial.repeat,
        reports=tuple(sorted(curve.items())),
        ended=trial.ended,
    )
