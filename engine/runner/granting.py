"""What the runner checks before it grants a wish, and what it answers when it has."""

from collections.abc import Sequence

from hpo_tui.engine.answers import BEING_STOPPED, WISHES, Refused, wish_text
from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.spec.names import numbered
from hpo_tui.engine.spec.text.files import unsaved
from hpo_tui.store.models import Command, StudyState

_FEW = 3
"""Trials that are named; of more it is said how many."""


def check_goes_on(desk: Desk, why: str = BEING_STOPPED) -> None:
    """Refuse what a study that is being stopped will not do any more."""
    if desk.state is StudyState.STOPPED:
        raise Refused(why)


def check_file(desk: Desk, seen: str | None = None) -> None:
    """Refuse to write over what somebody has written into the study's file, but for ``seen``."""
    refusal = unsaved(desk.folder.file, desk.spec.text, seen)
    if refusal:
        raise Refused(refusal)


def are_next(desk: Desk, numbers: Sequence[int], command: Command) -> str:
    """Say that trials are next, after what was asked for before them, once the study is resumed."""
    said = f"{numbered(numbers)} {'is' if len(numbers) == 1 else 'are'} next"
    before = desk.queue.before(command.id)
    if before:
        few = len(before) <= _FEW
        said += f", after {numbered(before) if few else f'{len(before)} trials asked for before'}"
    paused = desk.state is StudyState.PAUSED
    return f"{said}, once the study is resumed" if paused else said


def refuse(desk: Desk, command: Command, why: str) -> None:
    """Refuse a command; if it was queued before this run, an event too, as nobody waits for it."""
    with desk.transaction():
        desk.writer.answer_command(command.id, False, why)
        if command.id in desk.queued and command.action in WISHES:
            said = f"{wish_text(command.action, command.args)}, queued for this run, cannot be done"
            desk.event("refused", f"{said}: {why}", command.args.get("trial"))
