"""Opening a study for running: the store, the devices, the optimizer."""

import contextlib
import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Iterable, Sequence

from hpo_tui.engine import stop_when
from hpo_tui.engine.execution.base import Executor
from hpo_tui.engine.execution.devices import DeviceError, DevicePool
from hpo_tui.engine.execution.gpus.leases import LeaseError
from hpo_tui.engine.execution.local import LocalExecutor
from hpo_tui.engine.execution.owners import others_run
from hpo_tui.engine.execution.processes import Process, uptime
from hpo_tui.engine.execution.proposals.client import Proposals
from hpo_tui.engine.execution.protocol import start_fault
from hpo_tui.engine.execution.warm import WarmStarts
from hpo_tui.engine.executor_choice import chosen
from hpo_tui.engine.last_sign import last_sign
from hpo_tui.engine.launch.refusals import OF_A_RUN
from hpo_tui.engine.learning import kept_names, learn_fault
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.lending import LENT
from hpo_tui.engine.runner.lock import Unopenable
from hpo_tui.engine.spec import SpecError, StudySpec
from hpo_tui.engine.spec.edit import plan_edit
from hpo_tui.engine.spec.text.files import edited_by_hand, finish_replacing
from hpo_tui.store.connect import closed_on_error
from hpo_tui.store.database_errors import explained
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import DeviceSample, Study, StudyState, Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

log = logging.getLogger("runner.opening")

_PROGRAM = "program"
"""Under which key the store keeps which program on the PATH the trials run."""

_EARLIER = (
    "the run that this was asked of has ended, and a new one has begun since: it goes on."
    " Ask again if you still want it."
)

_OVERTAKEN = "the study was stopped while this run was still beginning: it does not go on"


def open_desk(
    folder: StudyFolder, optimizer: str, *, only_to_end: bool = False, since: float | None = None
) -> Desk:
    """Open everything that a runner needs, under the lock. Raises :class:`Unopenable`.

    ``only_to_end``: no trial is to be started, so the command need not be one that can be.
    ``since``: when the lock was taken (Unix time), from when on a stop is meant for this run.
    """
    try:
        if not folder.db.exists():  # it was deleted since: a writer would make an empty one
            raise Unopenable(f"there is no study in {folder.path}")
        writer = StudyWriter(folder.db)
    except (sqlite3.Error, OSError) as error:
        raise Unopenable(f"cannot open {folder.db}: {explained(error, folder.db)}") from error
    try:
        with closed_on_error(writer.conn):
            refused = writer.refuse_commands(OF_A_RUN, _EARLIER, since or time.time())
            if refused:
                log.info("%d wishes to stop or pause an earlier run are refused", refused)
            return _open_desk(folder, writer, optimizer, only_to_end=only_to_end)
    except sqlite3.Error as error:
        raise Unopenable(f"{folder.db} cannot be written: {explained(error, folder.db)}") from error


def _open_desk(
    folder: StudyFolder, writer: StudyWriter, optimizer: str, *, only_to_end: bool
) -> Desk:
    """Return the desk of a study that may run. Raises :class:`Unopenable`, in a sentence."""
    try:
        with StudyReader(folder.db) as reader:
            study = reader.study()
            trials = {t.number: t for t in reader.trials()}
            started = clock_of(study, trials.values(), reader.devices())
            lent = reader.get(LENT) or []
            learned, past_goals = kept_names(reader), reader.get(stop_when.KEY)
    except (sqlite3.Error, LookupError, OSError) as error:
        raise Unopenable(f"cannot open {folder.db}: {explained(error, folder.db)}") from error
    spec = taken_over(folder, study, list(trials.values()), writer)
    fault = start_fault(folder, spec) or learn_fault(spec, folder.workplace, learned)
    if fault and not only_to_end:
        raise Unopenable(fault)
    if study.state is StudyState.STOPPED and (study.ended or 0.0) > _begun() and not only_to_end:
        raise Unopenable(_OVERTAKEN)
    executor = open_executor(folder, spec, trials.values())
    for device in lent:
        with contextlib.suppress(ValueError):  # it is not there any more, so nothing starts on it
            executor.lend(device, True)
    proposals = Proposals({
        "optimizer": optimizer, "db": str(folder.db), "text": spec.text,
        "source": str(folder.file), "seed": study.seed,
        "workers": max(1, executor.capacity()),
    })  # fmt: skip
    writer.declare((p.name for p in spec.space), spec.kept_metrics)
    desk = Desk(folder, spec, writer, executor, proposals, trials)
    desk.started, desk.past_goals = started, past_goals
    desk.state = study.state
    _tell_of_opening(desk)
    return desk


def _tell_of_opening(desk: Desk) -> None:
    """Note what is to be known of the file, of the program that trials run and of the devices."""
    aside = desk.writer.aside
    if aside is not None:
        desk.event(
            "strange",
            f"study.db was put in the place of another: the log of that one is {aside.name}"
            " now. What was written after the copy was made is not in the study",
        )
    _note_program(desk)
    for text in desk.executor.notes():
        desk.event("strange", text)


def _begun() -> float:
    """Return when this process began (Unix time): on a busy machine it loads for a minute."""
    this = Process.of(os.getpid())
    age = uptime() - this.started if this is not None else 0.0
    return time.time() - age


def clock_of(study: Study, trials: Iterable[Trial], samples: Iterable[DeviceSample]) -> float:
    """Return when the study's clock began (Unix time), without the time when no runner was there.

    Of a runner that was killed it is known by what it has left. Where the machine's clock was set
    back since, the study's goes back with it.
    """
    now = time.time()
    if study.started is None:
        return now
    signs = (when for t in trials for when in (t.started, t.ended))
    last = study.ended or last_sign(samples, signs, study.started)
    return study.started + now - max(last, study.started)


def taken_over(
    folder: StudyFolder, study: Study, trials: Sequence[Trial], writer: StudyWriter
) -> StudySpec:
    """Return the study's definition, with what was edited by hand in its file since.

    Raises :class:`Unopenable` when the file, or the edit, cannot be used.
    """
    try:
        spec = StudySpec.from_text(study.text, folder.file)
    except SpecError as error:
        raise Unopenable(f"the study's text has errors:\n{error}") from error
    finish_replacing(folder.file, study.text)
    text = edited_by_hand(folder.file, study.text)
    if text is None:
        return spec
    try:
        new = StudySpec.from_text(text, folder.file)
    except SpecError as error:
        raise Unopenable(f"{folder.file} has errors:\n{error}") from error
    plan = plan_edit(spec, new, trials)
    if not plan.allowed:
        why = "; ".join(p.show(folder.file) for p in plan.refused)
        raise Unopenable(f"what was edited by hand in {folder.path} cannot be applied: {why}")
    with writer.transaction():
        writer.declare((p.name for p in new.space), new.kept_metrics)
        writer.update_study(text=text)
        if plan.changes:
            writer.add_event("edited", "; ".join(c.text for c in plan.changes))
    return new


def open_executor(folder: StudyFolder, spec: StudySpec, past: Iterable[Trial]) -> Executor:
    """Return what places the study's trials, knowing what memory ``past`` ones took.

    Raises :class:`Unopenable`.
    """
    choice = chosen(folder)
    if choice.kind == "ray":
        from hpo_tui.engine.execution.ray import RayError, RayExecutor

        try:
            return RayExecutor(choice.address, spec.resources, str(folder.path.resolve()))
        except RayError as error:
            raise Unopenable(str(error)) from error
    past = list(past)
    try:
        if why := others_run(folder, [t.number for t in past if t.state is TrialState.RUNNING]):
            raise Unopenable(why)
        pool = DevicePool(spec.resources, str(folder.path.resolve()), space=spec.space)
    except (DeviceError, LeaseError) as error:
        raise Unopenable(str(error)) from error
    except OSError as error:
        raise Unopenable(in_words(error)) from error
    for trial in past:
        if trial.peak_memory and not trial.device.startswith("cpu"):
            pool.seed(trial.task, trial.params, trial.peak_memory)
    return LocalExecutor(pool, warm_starts(folder, spec, pool))


def warm_starts(folder: StudyFolder, spec: StudySpec, pool: DevicePool) -> WarmStarts | None:
    """Return what starts trials warm, None where the study names no imports for it."""
    if not spec.warm:
        return None
    environment = pool.thread_environment() | dict(spec.env)
    log = folder.path / "warm.log"
    return WarmStarts(spec.warm, spec.command, folder.workplace, environment, log)


def _note_program(desk: Desk) -> None:
    """Keep which program on the PATH the trials run, and say so where it is not the one before.

    Another shell's PATH may find another one.
    """
    name = desk.spec.command[0]
    found = None if "/" in name or "{" in name else shutil.which(name)
    if found is None:
        return
    before = desk.kept(_PROGRAM)
    if before == [name, found]:
        return
    with desk.transaction():
        if before and before[0] == name and desk.trials:
            text = f"{name} is {found} now: the trials so far ran with {before[1]}"
            desk.event("strange", text)
        desk.writer.put(_PROGRAM, [name, found])
