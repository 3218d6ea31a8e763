"""Trials that people ask for: the optimizer makes the suggestions, the runner waits for them."""

from collections.abc import Sequence
from typing import Any

from hpo_tui.engine.answers import Refused
from hpo_tui.engine.execution.proposals.client import News, Reply
from hpo_tui.engine.optimizer.api import Suggestion
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.granting import are_next, check_goes_on, refuse
from hpo_tui.engine.runner.starting import record
from hpo_tui.engine.spec.names import numbered, plain, show
from hpo_tui.engine.wish_checks import check_enqueue, same_promotion, to_confirm, to_promote
from hpo_tui.store.models import LOST, Command, Trial


class Wishes:
    """Each ``do_`` method hands a wish on, or raises Refused; :meth:`granted` answers it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def do_enqueue(self, command: Command) -> None:
        """Run a configuration that the user gives."""
        check_enqueue(self.desk.spec, command.args)
        params, task = dict(command.args["params"]), command.args.get("task")
        self._wish(command, "enqueue", params=params, task=task, promote=None, why="asked by you")

    def do_promote(self, command: Command) -> None:
        """Carry a trial's configuration on to a dearer task."""
        spec, trials, asked = self.desk.spec, self.desk.trials, self.desk.queue.pending.values()
        trial, task = to_promote(spec, trials, command.args)
        if same_promotion(spec, trials, command.args, asked):
            raise Refused(
                f"somebody has asked a moment ago for trial {trial.number} to be promoted to"
                f" {plain(task)}: it is asked for once"
            )
        self._wish(
            command, "enqueue", params=dict(trial.params), task=task, promote=trial.number,
            why="promoted by you",
        )  # fmt: skip

    def do_confirm(self, command: Command) -> None:
        """Run a trial's configuration again with other seeds."""
        trial, repeats = to_confirm(self.desk.trials, command.args)
        self._wish(command, "confirm", number=trial.number, repeats=repeats)

    def _wish(self, command: Command, op: str, **values: Any) -> None:
        check_goes_on(self.desk)
        self.desk.queue.pending[self.desk.proposals.wish(op, **values)] = command

    def granted(self, reply: Reply) -> None:
        """Write down the trials that the optimizer has made of a wish, and answer it."""
        desk = self.desk
        command = desk.queue.pending.get(reply.id)
        if command is None:
            return
        numbers: list[int] = []
        with desk.transaction():
            if reply.kind is News.REFUSED:
                refuse(desk, command, str(reply.data["text"]))
            else:
                numbers = self._write_down(command, reply.suggestions)
        del desk.queue.pending[reply.id]  # not before: what could not be written is heard again
        for number in numbers:
            desk.queue.add(number, asked=command.id)

    def _write_down(self, command: Command, suggestions: Sequence[Suggestion]) -> list[int]:
        """Record what a wish has become, and answer it; return the numbers of the trials."""
        desk = self.desk
        trials = [record(desk, s) for s in suggestions]
        numbers = [t.number for t in trials]
        remark = self._remark(command, trials)
        # Nobody reads the answer to what was queued before this run.
        told = remark if command.id in desk.queued else ""
        desk.event("enqueued", f"asked for by you: {numbered(numbers)}{told}", numbers[0])
        answer = are_next(desk, numbers, command) + remark
        desk.writer.answer_command(command.id, True, answer)
        return numbers

    def _remark(self, command: Command, trials: Sequence[Trial]) -> str:
        """Say what a configuration was completed with, or what of a wish the budget is short of."""
        wanted = int(command.args.get("repeats", 1))
        if len(trials) < wanted:
            return f": the budget pays for {len(trials)} of {wanted}"
        if command.action != "enqueue":
            return ""
        searched = {p.name for p in self.desk.spec.free} - command.args["params"].keys()
        added = [f"{plain(n)} = {show(v)}" for n, v in trials[0].params.items() if n in searched]
        if added:
            return f", with {', '.join(added)}"
        same = self._same(trials[0])
        if same is None:
            return ""
        return f": it is trial {same} once more, with the same seed (confirm takes other seeds)"

    def _same(self, trial: Trial) -> int | None:
        """Return the trial that this one repeats to the seed, None where it is new."""
        return next(
            (
                t.number
                for t in self.desk.trials.values()
                if (t.task, t.repeat, t.params) == (trial.task, trial.repeat, trial.params)
                and t.number != trial.number
                and t.state not in LOST
            ),
            None,
        )
