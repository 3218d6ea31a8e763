"""Obeying what people ask for through the commands table: each wish is done and answered."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from hpo_tui.engine.answers import Refused, marked
from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.ending import tell_optimizer
from hpo_tui.engine.runner.granting import are_next, check_goes_on, refuse
from hpo_tui.engine.runner.live import Stop
from hpo_tui.engine.runner.study_commands import StudyCommands
from hpo_tui.engine.runner.wishes import Wishes
from hpo_tui.engine.wish_checks import to_retry, trial_of
from hpo_tui.store.file_errors import in_words
from hpo_tui.store.models import Command, TrialState
from hpo_tui.store.read import StudyReader

log = logging.getLogger("runner.commands")

_NOT_WRITTEN = "the study's file could not be written at that moment: ask again"

Action = Callable[[Command], str | None]
"""Carries a command out; None: it is answered later."""


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
        self.desk.run_again(trial)
        answer = are_next(self.desk, [trial.number], command)
        self.desk.queue.add(trial.number, asked=command.id)
        self.desk.proposals.stale = True  # it has learned the trial's end, which does not hold
        self.desk.event("retried", f"trial {trial.number} is started again", trial.number)
        return answer

    def _mark(self, command: Command) -> str:
        number = trial_of(self.desk.trials, command.args).number
        changed, answer = marked(command.action, number, command.args)
        self.desk.update(number, **changed)
        return answer

    do_star = do_tag = do_note = _mark


class Commands:
    """Takes commands, has them carried out, and answers; ``wishes`` once the optimizer has."""

    def __init__(self, desk: Desk, breaker: Breaker) -> None:
        self.desk = desk
        self.study, self.wishes = StudyCommands(desk, breaker), Wishes(desk)
        self._taken = deque[Command]()
        """What has been taken and is not answered yet, the oldest first."""
        self._failed = 0
        """The command of them whose doing could not be written down."""
        self._groups = (self.study, TrialCommands(desk), self.wishes)

    def obey(self) -> bool:
        """Carry out what has been asked since the last time; return whether anything was.

        Raises ``sqlite3.Error`` where something cannot be written; the rest is done at the next
        call, since what is taken is not taken again.
        """
        self._taken.extend(self.desk.writer.take_commands())
        asked = bool(self._taken)
        while self._taken:
            command = self._taken[0]
            log.info("command %d: %s %s", command.id, command.action, dict(command.args))
            try:
                self._do(command)
            except Refused as error:
                refuse(self.desk, command, str(error))
            self._taken.popleft()
        return asked

    def heed_stop(self) -> None:
        """Have the trials of a study end that somebody stops, while nothing can be written.

        The stop is carried out and answered once writing works: a trial would run for hours more.
        """
        asked = list[Command]()
        with suppress(sqlite3.Error), StudyReader(self.desk.folder.db) as reader:
            asked = reader.open_commands(["stop"])
        for command in asked:
            for live in self.desk.live.values():
                if live.stop is None or live.stop.goes_on or command.args.get("kill"):
                    self.study.end(live, at_once=bool(command.args.get("kill")))

    def _do(self, command: Command) -> None:
        """Do it and answer in one transaction: else a crash between them would have it done twice.

        Raises :class:`Refused`; at the second try too, because a part of it may have been done.
        """
        if command.id == self._failed:
            raise Refused(_NOT_WRITTEN)
        action = self._action(command.action)
        try:
            with self.desk.transaction():
                answer = action(command)
                if answer is not None:
                    self.desk.writer.answer_command(command.id, True, answer)
        except (KeyError, TypeError, ValueError) as error:
            log.exception("command %d", command.id)
            text = str(error.args[0]) if error.args else type(error).__name__
            raise Refused(f"{command.action}: {text}") from error
        except sqlite3.Error:
            self._failed = command.id
            raise
        except OSError as error:
            log.exception("command %d", command.id)
            text = in_words(error, self.desk.folder.file)
            raise Refused(f"{command.action}: {text}") from error

    def _action(self, name: str) -> Action:
        for group in self._groups:
            action: Action | None = getattr(group, f"do_{name}", None)
            if action is not None:
                return action
        raise Refused(f"there is no action {name!r}")
