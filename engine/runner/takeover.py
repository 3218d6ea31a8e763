"""What a runner begins with: the trials and requests that an earlier one has left."""

from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.strays import set_aside
from hpo_tui.engine.runner.study_commands import STOPPED
from hpo_tui.engine.runner.watching import adopt
from hpo_tui.store.models import StudyState, TrialState


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
            desk.update(
                trial.number, state=TrialState.WAITING, ended=None, reason="",
                wasted=desk.redone(trial),
            )  # fmt: skip
            desk.queue.add(trial.number)
