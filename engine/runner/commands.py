"""Obeying what people ask for through the commands table: each wish is done and answered."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.execution.proposals_client import Reply
from hpo_tui.engine.runner.desk import Desk, Stop
from hpo_tui.engine.runner.edits import apply_edit
from hpo_tui.engine.runner.ending import tell_optimizer
from hpo_tui.engine.runner.promoting import promotion
from hpo_tui.engine.runner.starting import record
from hpo_tui.engine.spec.extend import extended
from hpo_tui.engine.spec.files import unsaved, write_atomic
from hpo_tui.engine.spec.names import numbered, plain, plural, show
from hpo_tui.engine.spec.space import partial_faults
from hpo_tui.store.models import Command, StudyState, Trial, TrialState

log = logging.getLogger("runner.commands")


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """The wish cannot be granted; the sentence says why."""


class Commands:
    """Takes commands, carries them out, and answers. Some are answered once the optimizer has."""

    STOPPED = "the study was stopped"
    """Why trials that a ``stop`` ended were killed; the next run takes them up again."""

    def __init__(self, desk: Desk, breaker: Breaker) -> None:
        self.desk, self.breaker = desk, breaker
        self.pending: dict[int, Command] = {}
        """Wish that the optimizer is working on → the command behind it."""

    def obey(self) -> bool:
        """Carry out what has been asked since the last time; return whether anything was."""
        commands = self.desk.writer.take_commands()
        for command in commands:
            log.info("command %d: %s %s", command.id, command.action, dict(command.args))
            try:
                self._do(command)
            except Refused as error:
                self.desk.writer.answer_command(command.id, False, str(error))
        return bool(commands)

    def _do(self, command: Command) -> None:
        """Do it and answer in one transaction: else a crash between them would have it done twice.

        Raises :class:`Refused`.
        """
        action: Callable[[Command], str | None] | None = getattr(self, f"do_{command.action}", None)
        if action is None:
            raise Refused(f"there is no action {command.action!r}")
        try:
            with self.desk.transaction():
                answer = action(command)
                if answer is not None:
                    self.desk.writer.answer_command(command.id, True, answer)
        except (KeyError, TypeError, ValueError) as error:
            log.exception("command %d", command.id)
            text = str(error.args[0]) if error.args else type(error).__name__
            raise Refused(f"{command.action}: {text}") from error
        except OSError as error:
            log.exception("command %d", command.id)
            text = f"{self.desk.folder.file} cannot be written: {error.strerror}"
            raise Refused(f"{command.action}: {text}") from error

    def _trial(self, args: Mapping[str, Any]) -> Trial:
        number = int(args["trial"])
        if number not in self.desk.trials:
            raise Refused(f"there is no trial {number}")
        return self.desk.trials[number]

    def _check_goes_on(self, hint: str = "") -> None:
        """Refuse what a study that is being stopped will not do any more."""
        if self.desk.state is StudyState.STOPPED:
            raise Refused(f"the study is being stopped{hint}")

    def _next(self, numbers: Sequence[int]) -> str:
        """Say that trials are next, and what they wait for where the study is paused."""
        said = f"{numbered(numbers)} {'is' if len(numbers) == 1 else 'are'} next"
        paused = self.desk.state is StudyState.PAUSED
        return f"{said}, once the study is resumed" if paused else said

    # the study

    def do_pause(self, command: Command) -> str:
        """Start nothing more; what runs goes on."""
        del command
        if self.desk.state is StudyState.PAUSED:
            return "the study is paused already"
        self._check_goes_on()
        self.desk.pause("paused", "paused by you")
        count = len(self.desk.live)
        go_on = f"{plural(count, 'running trial')} {'goes' if count == 1 else 'go'} on"
        return f"paused: {go_on}, nothing new starts" if count else "paused: nothing new starts"

    def do_resume(self, command: Command) -> str:
        """Go on after a pause."""
        del command
        if self.desk.state is StudyState.RUNNING:
            return "the study runs already"
        self._check_goes_on(": run it again when its trials have ended")
        self.breaker.succeeded()
        if self.desk.proposals.given_up:
            self.desk.proposals.revive()
        self.desk.set_state(StudyState.RUNNING)
        self.desk.event("resumed", "resumed")
        return "resumed"

    def do_stop(self, command: Command) -> str:
        """End the study: trials get their grace period, or none (``kill``)."""
        return self.stop(at_once=bool(command.args.get("kill", False)))

    def stop(self, *, at_once: bool) -> str:
        """End the study; return what becomes of its trials."""
        desk = self.desk
        desk.set_state(StudyState.STOPPED, "stopped by you")
        desk.event("stopped", "the study is stopped")
        for live in desk.live.values():
            desk.end(live, Stop("study", self.STOPPED), at_once=at_once)
        for trial in desk.waiting_trials():
            ended = TrialState.KILLED
            desk.update(trial.number, state=ended, reason=self.STOPPED)
            tell_optimizer(desk, desk.trials[trial.number], "killed")
        desk.queue.clear()
        if not desk.live:
            return "stopped"
        how = "at once" if at_once else f"within {desk.spec.resources.grace:g} s"
        count = len(desk.live)
        return f"stopped: {plural(count, 'running trial')} {'ends' if count == 1 else 'end'} {how}"

    def do_extend(self, command: Command) -> str:
        """Raise (or lower) the budget by ``amount``, in its unit."""
        desk = self.desk
        self._check_file()
        spec = extended(desk.spec, float(command.args["amount"]))
        desk.writer.update_study(text=spec.text)
        write_atomic(desk.folder.file, spec.text)
        desk.spec = spec
        desk.meter.spec = spec
        desk.proposals.init["text"] = spec.text
        desk.proposals.stale = True  # how much there is to spend shapes the start of a study too
        desk.event("edited", f"the budget is {spec.budget.amount:g} now")
        return f"the budget is {spec.budget.amount:g} now"

    def do_edit(self, command: Command) -> str:
        """Take over an edited study file."""
        self._check_file()
        text, refusal = apply_edit(self.desk, str(command.args["text"]))
        if refusal:
            raise Refused(refusal)
        self.breaker.limit = self.desk.spec.resources.failures
        return text

    def _check_file(self) -> None:
        """Refuse to write over what somebody has written into the study's file."""
        refusal = unsaved(self.desk.folder.file, self.desk.spec.text)
        if refusal:
            raise Refused(refusal)

    def do_lend(self, command: Command) -> str:
        """Give a device away (its trials leave at their next checkpoint), or take it back."""
        desk, device, on = self.desk, str(command.args["device"]), bool(command.args["on"])
        answer = desk.executor.lend(device, on)
        desk.writer.put("lent", list(desk.executor.lent()))
        for number in desk.executor.trials_on(device):
            live = desk.live.get(number)
            if live is not None:
                live.drain = time.time() if on else None
        desk.event("lent", answer)
        return answer

    # trials

    def do_kill(self, command: Command) -> str:
        """End a trial; it is not started again."""
        trial = self._trial(command.args)
        live = self.desk.live.get(trial.number)
        if live is not None:
            self.desk.end(live, Stop("kill", "killed by you"))
            return f"trial {trial.number} is being ended"
        if trial.state is not TrialState.WAITING:
            raise Refused(f"trial {trial.number} has ended already ({trial.state})")
        self.desk.update(trial.number, state=TrialState.KILLED, reason="killed by you")
        self.desk.event("killed", f"trial {trial.number} will not be started", trial.number)
        tell_optimizer(self.desk, self.desk.trials[trial.number], "killed")
        return f"trial {trial.number} will not be started"

    def do_retry(self, command: Command) -> str:
        """Start a failed, killed or stopped trial again, from its checkpoint if it has one."""
        trial = self._trial(command.args)
        if not trial.state.ended:
            raise Refused(f"trial {trial.number} is {trial.state}: only an ended trial is retried")
        if trial.state is TrialState.COMPLETE:
            raise Refused(f"trial {trial.number} is complete: enqueue its configuration instead")
        self._check_goes_on()
        self.desk.update(
            trial.number, state=TrialState.WAITING, reason="", ended=None, teaches=False,
            wasted=self.desk.redone(trial),
        )  # fmt: skip
        self.desk.enqueue(trial.number, first=True)
        self.desk.proposals.stale = True  # it has learned the trial's end, which does not hold
        self.desk.event("retried", f"trial {trial.number} is started again", trial.number)
        return self._next([trial.number])

    def do_star(self, command: Command) -> str:
        """Mark a trial, or unmark it."""
        trial, on = self._trial(command.args), bool(command.args["on"])
        self.desk.update(trial.number, starred=on)
        return f"trial {trial.number} is {'starred' if on else 'not starred any more'}"

    def do_tag(self, command: Command) -> str:
        """Set a trial's tags."""
        trial = self._trial(command.args)
        tags = tuple(dict.fromkeys(str(t) for t in command.args["tags"]))
        self.desk.update(trial.number, tags=tags)
        return f"trial {trial.number} is tagged {', '.join(tags) or 'with nothing'}"

    def do_note(self, command: Command) -> str:
        """Set a trial's note."""
        trial = self._trial(command.args)
        self.desk.update(trial.number, note=str(command.args["text"]))
        return f"the note of trial {trial.number} is kept"

    # what the optimizer has to make suggestions for

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
        trial, task = self._trial(command.args), command.args.get("task")
        self._check_task(task)
        if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
            raise Refused(f"trial {trial.number} is {trial.state}: there is nothing to promote")
        task, refusal = promotion(self.desk.spec, self.desk.trials.values(), trial, task)
        if refusal:
            raise Refused(refusal)
        self._wish(
            command, "enqueue", params=dict(trial.params), task=task, promote=trial.number,
            why="promoted by you",
        )  # fmt: skip

    def do_confirm(self, command: Command) -> None:
        """Run a trial's configuration again with other seeds."""
        trial, repeats = self._trial(command.args), int(command.args.get("repeats", 1))
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
        self._check_goes_on()
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
            said = self._next(numbers) + self._remark(command, trials)
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
