"""Obeying what people ask for through the commands table: each wish is done and answered."""

import logging
from collections.abc import Callable

from hpo_tui.engine.answers import Refused
from hpo_tui.engine.execution.breaker import Breaker
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.granting import refuse
from hpo_tui.engine.runner.study_commands import StudyCommands
from hpo_tui.engine.runner.trial_commands import TrialCommands
from hpo_tui.engine.runner.wishes import Wishes
from hpo_tui.store.models import Command
from hpo_tui.store.refusals import in_words

log = logging.getLogger("runner.commands")

Action = Callable[[Command], str | None]
"""Carries a command out; None: it is answered later."""


class Commands:
    """Takes commands, has them carried out, and answers; ``wishes`` once the optimizer has."""

    def __init__(self, desk: Desk, breaker: Breaker) -> None:
        self.desk = desk
        self.study, self.wishes = StudyCommands(desk, breaker), Wishes(desk)
        self._groups = (self.study, TrialCommands(desk), self.wishes)

    def obey(self) -> bool:
        """Carry out what has been asked since the last time; return whether anything was."""
        commands = self.desk.writer.take_commands()
        for command in commands:
            log.info("command %d: %s %s", command.id, command.action, dict(command.args))
            try:
                self._do(command)
            except Refused as error:
                refuse(self.desk, command, str(error))
        return bool(commands)

    def _do(self, command: Command) -> None:
        """Do it and answer in one transaction: else a crash between them would have it done twice.

        Raises :class:`Refused`.
        """
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
