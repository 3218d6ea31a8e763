"""Commands that need no runner: done at once, under the lock that a runner would hold."""

import fcntl
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from hpo_tui.engine import stop_when
from hpo_tui.engine.answers import MORE_TO_SPEND, SPENT, marked
from hpo_tui.engine.launch.orphans import in_the_way
from hpo_tui.engine.learning import kept_names, learn_fault
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.text.files import finish_replacing, overtaken, replacing, unsaved
from hpo_tui.store.folder import ARCHIVE, StudyFolder
from hpo_tui.store.locks import is_held, why_unlockable
from hpo_tui.store.models import Command, StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

_ACTIONS = ("star", "tag", "note", "extend", "edit", "archive")


def works_without_runner(action: str) -> bool:
    """Whether :func:`apply` can do ``action``."""
    return action in _ACTIONS


def apply(folder: StudyFolder, action: str, args: Mapping[str, Any]) -> Command:
    """Do what a command asks for and return it answered. Raises ValueError when it cannot be."""
    asked = time.time()
    with locked(folder):
        if action == "archive":
            if refusal := in_the_way(folder):  # not before: a runner may have come and gone
                raise ValueError(refusal)
            return answered(asked, action, args, _archive(folder))
        if not folder.db.is_file():  # a writer would make an empty one
            raise ValueError(f"the study has never been run: {folder.db} is not there")
        with closing(StudyWriter(folder.db)) as writer:
            do = _mark if action in ("star", "tag", "note") else _edit
            return answered(asked, action, args, do(folder, writer, action, args))


def answered(asked: float, action: str, args: Mapping[str, Any], answer: str) -> Command:
    """Return a command that was done here, ``asked`` at that time (Unix seconds)."""
    return Command(
        id=0,
        asked=asked,
        action=action,
        args=dict(args),
        taken=asked,
        answered=time.time(),
        ok=True,
        answer=answer,
    )


@contextmanager
def locked(folder: StudyFolder) -> Iterator[None]:
    """Keep runners out for a moment, and others that do the same: these wait for their turn.

    Raises ValueError when a runner has the study.
    """
    with ExitStack() as held:
        try:
            held.enter_context(folder.changing())
        except (FileNotFoundError, NotADirectoryError):
            gone = f"the study is gone: {folder.path} is not there any more"
            raise ValueError(gone) from None
        held.enter_context(without_runners(folder))
        yield


@contextmanager
def without_runners(folder: StudyFolder) -> Iterator[None]:
    """Share the runner's lock, as those do who ask for it: to them no runner lives.

    Raises ValueError when a runner has the study.
    """
    fd = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        _share(folder, fd)
        yield
    finally:
        os.close(fd)


def _share(folder: StudyFolder, fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        if not is_held(error):
            raise ValueError(why_unlockable(folder.lock, error)) from error
        raise ValueError("a runner has started at this moment: try again") from error


def _mark(folder: StudyFolder, writer: StudyWriter, action: str, args: Mapping[str, Any]) -> str:
    """Give a trial a star, tags or a note."""
    number = int(args["trial"])
    with StudyReader(folder.db) as reader:
        if reader.trial(number) is None:
            raise ValueError(f"there is no trial {number}")
    changed, answer = marked(action, number, args)
    writer.update_trial(number, **changed)
    return answer


def _edit(folder: StudyFolder, writer: StudyWriter, action: str, args: Mapping[str, Any]) -> str:
    """Give the study a larger budget, or another text."""
    with StudyReader(folder.db) as reader:
        study = reader.study()
        trials = reader.trials()
        learned, past = kept_names(reader), reader.get(stop_when.KEY)
    finish_replacing(folder.file, study.text)
    refusal = unsaved(folder.file, study.text, args.get("file"))
    if refusal:
        raise ValueError(refusal)
    spec = StudySpec.from_text(study.text, folder.file)
    if action == "extend":
        from hpo_tui.engine.spec.text.extend import extended
        from hpo_tui.engine.spec.units import show_budget

        new = extended(spec, float(args["amount"]))
        answer = f"the budget is {show_budget(new.budget)} now"
        if stop_when.reached(spec, trials, past):
            past = stop_when.goals_mark(new)
            answer += stop_when.GOES_ON
    else:
        from hpo_tui.engine.spec.edit import plan_edit

        refusal = overtaken(study.text, str(args["text"]), args.get("base"))
        if refusal:
            raise ValueError(refusal)
        new = StudySpec.from_text(str(args["text"]), folder.file)
        plan = plan_edit(spec, new, trials)
        if not plan.allowed:
            raise ValueError("; ".join(p.show() for p in plan.refused))
        fault = learn_fault(new, folder.workplace, learned)
        if fault:
            raise ValueError(fault)
        answer = "; ".join(c.text for c in plan.changes) or "nothing that matters has changed"
    # An edit after which there is still no budget, of a goal perhaps, gives it nothing to do.
    larger = new.budget.unit is not spec.budget.unit or new.budget.amount > spec.budget.amount
    more = larger or not (study.reason or SPENT).startswith(SPENT)
    state = StudyState.PAUSED if study.state is StudyState.FINISHED and more else study.state
    reason = MORE_TO_SPEND if state is not study.state else study.reason
    with replacing(folder.file, new.text), writer.transaction():
        writer.declare((p.name for p in new.space), new.kept_metrics)
        writer.update_study(text=new.text, state=str(state), reason=reason)
        if past is not None:
            writer.put(stop_when.KEY, past)
        writer.add_event("edited", answer)
    return answer


def _archive(folder: StudyFolder) -> str:
    """Move the study's folder to the archive beside it, under a number where its name is taken."""
    if folder.path.parent.name == ARCHIVE:
        raise ValueError(f"{folder.name} is archived already: it lies in {folder.path.parent}")
    target = folder.path.parent / ARCHIVE / folder.name
    target.parent.mkdir(exist_ok=True)
    count = 1
    while target.exists():
        count += 1
        target = target.with_name(f"{folder.name}-{count}")
    if folder.path.is_symlink():  # from the archive, a relative one would point elsewhere
        target.symlink_to(folder.path.resolve())
        folder.path.unlink()
    else:
        shutil.move(folder.path, target)
    return f"{folder.name} lies in {target} now"
