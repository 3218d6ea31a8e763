"""The trial protocol: what a trial is given in files and environment before it starts."""

import contextlib
from pathlib import Path

from hpo_tui.engine.execution.base import Launch
from hpo_tui.engine.execution.failures import raised
from hpo_tui.engine.execution.leftovers import STRANGE, read_record
from hpo_tui.engine.execution.metrics.source_files import set_aside
from hpo_tui.engine.spec import StudySpec, Value
from hpo_tui.engine.spec.command import (
    command_line,
    placeholder_values,
    template_file,
    trial_seed,
    trial_variables,
    write_params,
    write_template,
)
from hpo_tui.engine.spec.space import coerce
from hpo_tui.engine.spec.startable import command_fault, template_fault
from hpo_tui.store.folder import StudyFolder, TrialFolder
from hpo_tui.store.models import Trial

__all__ = [
    "has_files", "last_words", "launch_of", "log_start", "prepare", "resume_folder", "start_fault",
    "tail",
]  # fmt: skip

_MOST_RAISED = 3
"""Errors that are told beside the last lines of a log; the first was there before the others."""


def resume_folder(folder: StudyFolder, trial: Trial) -> Path | None:
    """Return the checkpoint that an attempt carries on: its own, else that of the trial before."""
    own = folder.trial(trial.number).checkpoint
    if has_files(own):
        return own
    if trial.resumed_from is not None:
        before = folder.trial(trial.resumed_from).checkpoint
        if has_files(before):
            return before
    return None


def has_files(path: Path) -> bool:
    """Whether a folder has anything in it."""
    try:
        return next(path.iterdir(), None) is not None
    except OSError:
        return False


def prepare(folder: StudyFolder, spec: StudySpec, trial: Trial, *, alone: bool = False) -> Launch:
    """Write the files of a trial's attempt and return how to start it.

    Raises OSError when the folder cannot be written, KeyError when its task is no longer there.
    """
    launch = launch_of(folder, spec, trial, alone=alone)
    files = launch.folder
    if trial.attempt > 1 and not has_files(files.checkpoint):
        for source in spec.metrics:
            set_aside(files.path, source, trial.attempt - 1)
    files.checkpoint.mkdir(parents=True, exist_ok=True)
    write_params(
        files, coerce(spec, trial.params), spec.task(trial.task), trial=trial.number,
        seed=trial_seed(spec, trial.repeat), attempt=trial.attempt,
    )  # fmt: skip
    files.reports.touch()
    if spec.template is not None:
        values = _values(spec, trial, files, resume_folder(folder, trial))
        template = template_file(spec.template[0], folder.path, folder.workplace)
        write_template(spec, values, template, files)
    return launch


def launch_of(folder: StudyFolder, spec: StudySpec, trial: Trial, *, alone: bool = False) -> Launch:
    """Return how an attempt is (or was) started, writing nothing."""
    files = TrialFolder(folder.trial(trial.number).path.absolute())
    resume = resume_folder(folder, trial)
    known = _values(spec, trial, files, resume)
    given = trial_variables(
        spec, known, folder.path.absolute(), files,
        resume=resume.absolute() if resume else None, seed=trial_seed(spec, trial.repeat),
    )  # fmt: skip
    given["PYTHONUNBUFFERED"] = "1"
    if spec.resources.nice:
        given["HPO_NICE"] = str(spec.resources.nice)
    return Launch(
        number=trial.number,
        attempt=trial.attempt,
        argv=tuple(command_line(spec, known)),
        environment=given,
        cwd=str(folder.workplace),
        folder=files,
        timeout=spec.resources.timeout,
        grace=spec.resources.grace,
        alone=alone,
        task=trial.task,
        devices=spec.resources.gpus_per_trial,
    )


def _values(
    spec: StudySpec, trial: Trial, files: TrialFolder, resume: Path | None
) -> dict[str, Value]:
    return placeholder_values(
        spec, trial.params, spec.task(trial.task), files.path, resume=resume,
        seed=trial_seed(spec, trial.repeat), trial=trial.number,
    )  # fmt: skip


def start_fault(folder: StudyFolder, spec: StudySpec) -> str | None:
    """Return why no trial of a study can be started at all, None if one can be tried."""
    fault = template_fault(spec, folder.workplace, folder.path)
    return fault or command_fault(spec, folder.workplace)


def log_start(launch: Launch) -> int:
    """Return where in the trial's log this attempt begins (an earlier one wrote what is before)."""
    try:
        data = read_record(launch.folder.process) or {}
        return int(data["log"]) if data["attempt"] == launch.attempt else 0
    except (OSError, *STRANGE):
        return 0


def tail(path: Path, begin: int) -> str:
    """Return the last 64 KiB of a text file from byte ``begin`` on, else ``""``."""
    with contextlib.suppress(OSError):  # among them that of a folder that is closed to us
        if not path.is_file():  # to open a pipe would wait for who writes to it
            return ""
        with path.open("rb") as file:
            end = file.seek(0, 2)
            file.seek(max(min(begin, end), end - 65536, 0))
            return file.read().decode("utf-8", "replace")
    return ""


def last_words(text: str, count: int = 5) -> list[str]:
    """Return the last lines of a log that say anything, each cut at 300 characters.

    The marks below a line of a traceback say nothing by themselves. What was raised goes before
    them where they do not hold it: a launcher such as torchrun ends with a table of its own.
    """
    lines = [line.strip() for line in text.replace("\r", "\n").split("\n")]
    last = [line[:300] for line in lines if line.strip("^~")][-count:]
    why = [line.strip()[:300] for line in dict.fromkeys(raised(text))]
    return [*[w for w in why if not any(w in line for line in last)][:_MOST_RAISED], *last]
