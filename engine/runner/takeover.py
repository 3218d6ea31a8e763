"""What a runner begins with: what an earlier one has left, and folders of unknown trials."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from hpo_tui.engine.execution import processes
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.study_commands import STOPPED
from hpo_tui.engine.runner.watching import adopt
from hpo_tui.engine.spec.names import plural
from hpo_tui.store.folder import TrialFolder
from hpo_tui.store.models import StudyState, TrialState

_ASIDE = ".aside"
"""Ends the name of a trial's folder whose number another trial may get."""


def take_over(desk: Desk) -> None:
    """Set the study going, adopt what runs of it, and queue what is to run again."""
    with desk.transaction():
        desk.queued = desk.writer.retake_commands()
        stopped = desk.state is StudyState.STOPPED
        desk.set_state(StudyState.RUNNING)
        desk.writer.update_study(started=desk.started)
    set_aside(desk)
    for trial in list(desk.trials.values()):
        if trial.state is TrialState.RUNNING:
            lives = adopt(desk, trial)
            what = "is adopted" if lives else "ended while no runner was there"
            desk.event("adopted", f"trial {trial.number} {what}", trial.number)
        elif trial.state is TrialState.WAITING:
            # Never started, it was asked for: before all that is asked for from now on.
            desk.queue.add(trial.number, asked=None if trial.attempt else 0)
        elif stopped and trial.reason == STOPPED:
            desk.run_again(trial)
            desk.queue.add(trial.number)


def set_aside(desk: Desk) -> None:
    """Rename folders of trials that the study's file, put back from an older copy, does not know.

    What still runs in them is ended, and an event says so. Raises OSError.

    Their numbers are given out again: reports and checkpoints of another configuration would pass
    for those of the new trial, and what runs would go on writing among them.
    """
    numbers = sorted(_strays(desk))
    if not numbers:
        return
    folders = [desk.folder.trial(number).path.absolute() for number in numbers]
    ended = [folder for folder in folders if _end(folder)]
    kept = [folder.rename(_free(folder)) for folder in folders]
    where = kept[0].name if len(kept) == 1 else f"{kept[0].name} to {kept[-1].name}"
    were = "was" if len(ended) == 1 else "were"
    still = f" {plural(len(ended), 'trial')} still ran and {were} ended." if ended else ""
    desk.event(
        "strange",
        f"{_called(numbers)} ran here, but study.db knows nothing of that: was an older copy of it"
        " put back? The numbers are given out again; what is in the folders is kept in"
        f" trials/{where}.{still}",
    )


def _strays(desk: Desk) -> Iterator[int]:
    """Yield the numbers of the folders in which an attempt ran, of trials that have had none."""
    if not desk.folder.trials.is_dir():
        return
    for path in desk.folder.trials.iterdir():
        known = desk.trials.get(int(path.name)) if path.name.isdecimal() else None
        if not path.name.isdecimal() or (known is not None and known.attempt):
            continue
        files = TrialFolder(path)  # an attempt was begun where its shim has written who it is
        was_run = files.process.exists() or files.exit.exists()
        if was_run and path == desk.folder.trial(int(path.name)).path:
            yield int(path.name)


def _end(folder: Path) -> bool:
    """Kill what runs for a trial; return whether anything did."""
    lives = bool(processes.marked(folder))
    if lives:
        processes.end_all(lambda: processes.marked(folder))
    return lives


def _free(folder: Path) -> Path:
    """Return a name for a trial's folder that nothing has yet."""
    aside, count = folder.with_name(folder.name + _ASIDE), 1
    while aside.exists():
        count += 1
        aside = folder.with_name(f"{folder.name}{_ASIDE}{count}")
    return aside


def _called(numbers: Sequence[int]) -> str:
    """Return ``trial 4``, or ``6 trials (4 to 9)``."""
    if len(numbers) == 1:
        return f"trial {numbers[0]}"
    return f"{plural(len(numbers), 'trial')} ({numbers[0]} to {numbers[-1]})"
