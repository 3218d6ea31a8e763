"""Commands to one trial: end it, start it again, mark it."""

from hpo_tui.engine.answers import Refused, marked
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.ending import tell_optimizer
from hpo_tui.engine.runner.granting import are_next, check_goes_on
from hpo_tui.engine.runner.live import Stop
from hpo_tui.engine.wish_checks import to_retry, trial_of
from hpo_tui.store.models import Command, TrialState


class TrialCommands:
    """Each ``do_`` method carries out a command and returns its answer, or raises Refused."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def do_kill(self, command: Command) -> str:
        """End a trial; it is not started again."""
        trial = trial_of(self.desk.trials, command.args)
        live = self.desk.live.get(trial.number)
        if live is not None:
            self.desk.end(live, Stop("kill", "killed by you"))
            return f"trial {trial.number} is being ended"
        if trial.state is not TrialState.WAITING:
            raise Refused(f"trial {trial.number} has ended already ({trial.state})")
        killed = self.desk.update(trial.number, state=TrialState.KILLED, reason="killed by you")
        answer = f"trial {trial.number} will not be started"
        self.desk.event("killed", answer, trial.number)
        tell_optimizer(self.desk, killed, "killed")
        return answer

    def do_retry(self, command: Command) -> str:
        """Start a failed, killed or stopped trial again, from its checkpoint if it has one."""
        trial = to_retry(self.desk.trials, command.args)
        check_goes_on(self.desk)
        self.desk.update(
            trial.number, state=TrialState.WAITING, reason="", ended=None, teaches=False,
            wasted=self.desk.redone(trial),
        )  # fmt: skip
        answer = are_next(self.desk, [trial.number], command)
        self.desk.queue.add(trial.number, asked=command.id)
        self.desk.proposals.stale = True  # it has learned the trial's end, which does not hold
        self.desk.event("retried", f"trial {trial.number} is started again", trial.number)
        return answer

    def _mark(self, command: Command) -> str:
        """Set a trial's star, its tags or its note."""
        number = trial_of(self.desk.trials, command.args).number
        changed, answer = marked(command.action, number, command.args)
        self.desk.update(number, **changed)
        return answer

    do_star = do_tag = do_note = _mark
