"""Asking a study's runner for something, and having a study go on."""

import time
from collections.abc import Mapping
from typing import Any

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.cli.errors import Refusal, refusing
from hpo_tui.tui.cli.studies import reading, spec_of
from hpo_tui.tui.cli.text import note
from hpo_tui.tui.cli.trial import record_of
from hpo_tui.tui.words.plain import plain

_POLL_SECONDS = 0.1
_TOLD = {"edited": "edited by hand since the last run: ", "strange": ""}
"""Events of a runner that has just begun which are told, and what they are told with."""


def ask(folder: StudyFolder, action: str, args: Mapping[str, Any] | None = None) -> None:
    """Send a command and print the runner's answer. Raises Refusal when it says no.

    So it does for a study that cannot be read, but for what is done to its folder alone.
    """
    from hpo_tui.engine.answers import WISHES
    from hpo_tui.engine.launch import LaunchError, send

    if action != "archive":
        with reading(folder) as reader:
            if action in WISHES:
                spec_of(reader)
            if args and "trial" in args:
                record_of(folder, reader, args["trial"])
    with refusing(LaunchError):
        answer = send(folder, action, dict(args or {}))
    text = plain(answer.answer)
    if answer.answered is None:
        pid = folder.runner_pid()
        when = "it is busy, or cannot write, and will do so as soon as it can"
        if folder.is_suspended(pid):
            when = f"it is suspended and will do so once it goes on: kill -CONT {pid}"
        note(f"the runner was asked to {action}; {when}")
        return
    if not answer.ok:
        raise Refusal(text or f"the runner refused to {action} without a reason")
    note(text or "done")


def start(folder: StudyFolder) -> None:
    """Start a runner for the study, and say what it takes over. Raises Refusal if that fails."""
    from hpo_tui.engine.launch import LaunchError, start_runner

    with reading(folder) as reader:
        spec_of(reader)
    before = _told(folder)
    with refusing(LaunchError):
        start_runner(folder)
    for number, text in _told(folder).items():
        if before.get(number) != text:
            note(text)


def _told(folder: StudyFolder) -> dict[int, str]:
    """Return id → text of the last events that are told: no clock says which of them are new."""
    with reading(folder) as reader:
        events = reader.events(limit=20)
    return {e.id: _TOLD[e.kind] + plain(e.text) for e in events if e.kind in _TOLD}


def ensure_runner(folder: StudyFolder) -> bool:
    """Have a runner work on the study; return whether it had to be started.

    One that ends the trials of a stopped study starts nothing more, and is waited for.
    """
    told = _tell_renamed(folder)
    while _is_leaving(folder):
        if not told and _ends_trials(folder):
            note(f"{plain(folder.name)} was stopped; it continues when its trials have ended")
            told = True
        time.sleep(_POLL_SECONDS)
    if folder.runner_pid() is not None:
        return False
    try:
        start(folder)
    except Refusal:
        if folder.runner_pid() is None:
            raise
        return False  # somebody else has started one at this very moment
    return True


def _tell_renamed(folder: StudyFolder) -> bool:
    """Say that a study that was renamed while it ran continues later; return whether it was."""
    from hpo_tui.engine.launch.refusals import left_behind

    why = left_behind(folder, folder.runner_pid())
    if why:
        note(f"{plain(why)}; it continues after that")
    return bool(why)


def go_on(folder: StudyFolder) -> bool:
    """Have the study run, as its file is now; return whether a runner had to be started."""
    started = ensure_runner(folder)
    if not started and _has_to_be_told(folder):
        ask(folder, "resume")
    return started


def _has_to_be_told(folder: StudyFolder) -> bool:
    """Whether a study that has a runner is paused, or its file was edited by hand since."""
    from hpo_tui.engine.spec.text.files import edited_by_hand
    from hpo_tui.store.models import StudyState

    with reading(folder) as reader:
        study = reader.study()
    paused = study.state is StudyState.PAUSED
    return paused or edited_by_hand(folder.file, study.text) is not None


def is_finished(folder: StudyFolder) -> bool:
    """Whether a study is finished, nobody has given it more, and nothing queued can be paid."""
    from hpo_tui.engine.launch.lacking import lack
    from hpo_tui.engine.spec.text.files import edited_by_hand
    from hpo_tui.store.models import StudyState

    with reading(folder) as reader:
        study = reader.study()
        if study.state is not StudyState.FINISHED or folder.runner_pid() is not None:
            return False
        return edited_by_hand(folder.file, study.text) is None and lack(reader) != 0


def check_unfinished(folder: StudyFolder) -> None:
    """Raise Refusal where a study is finished and nobody has given it more since."""
    from hpo_tui.engine.launch.refusals import how_to_start

    if is_finished(folder):
        raise Refusal(f"{plain(folder.name)} cannot continue: {plain(how_to_start(folder))}")


def _is_leaving(folder: StudyFolder) -> bool:
    """Whether the study's runner is about to go, or has come and not set the study going yet."""
    from hpo_tui.store.models import StudyState

    pid = folder.runner_pid()
    if pid is None:
        return False
    if folder.sought_at(pid) is not None:
        return True
    with reading(folder) as reader:
        return reader.study().state in (StudyState.STOPPED, StudyState.FINISHED)


def _ends_trials(folder: StudyFolder) -> bool:
    """Whether a study that stands stopped has trials that are still to end."""
    from hpo_tui.store.models import StudyState, TrialState

    with reading(folder) as reader:
        stopped = reader.study().state is StudyState.STOPPED
        return stopped and reader.counts().get(TrialState.RUNNING, 0) > 0
