"""Trials that people ask for: the optimizer makes the suggestions, and is waited for."""

from collections.abc import Sequence
from typing import Any

from hpo_tui.engine.execution.proposals_client import Reply
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.granting import Refused, are_next, check_goes_on, trial_of
from hpo_tui.engine.runner.promoting import promotion
from hpo_tui.engine.runner.starting import record
from hpo_tui.engine.spec.names import numbered, plain, show
from hpo_tui.engine.spec.space import partial_faults
from hpo_tui.store.models import Command, Trial, TrialState


class Wishes:
    """Each ``do_`` method hands a wish on, or raises Refused; :meth:`granted` answers it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.pending: dict[int, Command] = {}
        """Wish that the optimizer is working on → the command behind it."""

    def do_enqueue(self, command: Command) -> None:
        """Run a configuration that the user gives."""
        params, task = dict(command.args["params"]), command.args.get("task")
        faults = partial_faults(self.desk.spec, params)
        if faults:
            raise Refused("; ".join(faults))
        self._check_task(task)
        self._wish(command, "enqueue", params=params, task=task, promote=None, why="asked by you")

    def do_promote(self, command: Command) -> None:
        """Carry a trial's configuration on to a dearer task."""
        trial, task = trial_of(self.desk, command.args), command.args.get("task")
        self._check_task(task)
        if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
            raise Refused(f"trial {trial.number} is {trial.state}: there is nothing to promote")
        task = promotion(self.desk.spec, self.desk.trials.values(), trial, task)
        self._wish(
            command, "enqueue", params=dict(trial.params), task=task, promote=trial.number,
            why="promoted by you",
        )  # fmt: skip

    def do_confirm(self, command: Command) -> None:
        """Run a trial's configuration again with other seeds."""
        trial, repeats = trial_of(self.desk, command.args), int(command.args.get("repeats", 1))
        if trial.state is not TrialState.COMPLETE:
            raise Refused(f"trial {trial.number} is {trial.state}: only a result can be confirmed")
        if not 1 <= repeats <= 100:
            raise Refused("repeats must be from 1 to 100")
        self._wish(command, "confirm", number=trial.number, repeats=repeats)

    def _check_task(self, task: object) -> None:
        names = [t.name for t in self.desk.spec.tasks]
        if task is not None and task not in names:
            raise Refused(f"there is no task {task!r}; there are {', '.join(names)}")

    def _wish(self, command: Command, op: str, **values: Any) -> None:
        check_goes_on(self.desk)
        self.pending[self.desk.proposals.wish(op, **values)] = command

    def granted(self, reply: Reply) -> None:
        """Write down the trials that the optimizer has made of a wish, and answer it."""
        command = self.pending.pop(reply.id, None)
        if command is None:
            return
        desk = self.desk
        with desk.transaction():
            if reply.kind == "refused":
                desk.writer.answer_command(command.id, False, str(reply.data["text"]))
                return
            trials = [record(desk, s) for s in reply.suggestions]
            numbers = [t.number for t in trials]
            desk.event("enqueued", f"asked for by you: {numbered(numbers)}", numbers[0])
            said = are_next(self.desk, numbers) + self._remark(command, trials)
            desk.writer.answer_command(command.id, True, said)
        for trial in reversed(trials):
            desk.enqueue(trial.number, first=True)

    def _remark(self, command: Command, trials: Sequence[Trial]) -> str:
        """Say what a configuration was completed with, or what of a wish the budget is short of."""
        wanted = int(command.args.get("repeats", 1))
        if len(trials) < wanted:
            return f": the budget pays for {len(trials)} of {wanted}"
        if command.action != "enqueue":
            return ""
        searched = {p.name for p in self.desk.spec.free} - command.args["params"].keys()
        added = [f"{plain(n)} = {show(v)}" for n, v in trials[0].params.items() if n in searched]
        return f", with {', '.join(added)}" if added else ""
