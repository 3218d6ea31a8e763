"""Trials that are asked for where no runner is: they wait in the study's file for the next one."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from hpo_tui.engine.answers import WISHES, Refused, wish_text
from hpo_tui.engine.launch.offline import locked
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.wish_checks import Args, Trials, check_wish, same_promotion
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Command
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


def queue(folder: StudyFolder, action: str, args: Mapping[str, Any]) -> str:
    """Leave a wish to the next runner; return what is said of it.

    It is checked here as the runner will check it again: the study may be edited in between.
    Raises ValueError where it cannot be granted.
    """
    said = wish_text(action, args)
    with locked(folder):
        with StudyReader(folder.db) as reader:
            spec = StudySpec.from_text(reader.study().text, folder.file)
            trials = {t.number: t for t in reader.trials()}
            waiting = reader.open_commands(WISHES)
        try:
            check_wish(spec, trials, action, args)
        except Refused as error:
            raise ValueError(str(error)) from error
        same = _same(spec, trials, action, args, waiting)
        if same is not None:
            known = wish_text(action, same.args)
            as_what = "" if known == said else f", as {known}"
            raise ValueError(f"{said} is queued for the next run already{as_what}")
        # In one transaction: who is told nothing, because a kill came between, asks once more.
        with closing(StudyWriter(folder.db)) as writer, writer.transaction():
            writer.add_command(action, args)
            writer.add_event("queued", f"{said}, for the next run", args.get("trial"))
    return f"queued for the next run: {said}"


def _same(
    spec: StudySpec, trials: Trials, action: str, args: Args, waiting: Sequence[Command]
) -> Command | None:
    """Return the wish that waits already for what would be done twice, None where none does."""
    if action == "promote":
        return same_promotion(spec, trials, args, waiting)
    if action != "retry":  # several configurations or repeats may be wanted
        return None
    return next((c for c in waiting if c.action == action and c.args == args), None)


def take_back(folder: StudyFolder, chosen: Callable[[Command], bool] = lambda _: True) -> str:
    """Take back the wishes that wait for a runner, all or those ``chosen``; say which.

    Empty where there are none. Raises ValueError where a runner takes them at this moment.
    """
    with locked(folder):
        with StudyReader(folder.db) as reader:
            waiting = reader.open_commands(WISHES)
        gone = [c for c in waiting if chosen(c)]
        if not gone:
            return ""
        said = f"not queued any more: {'; '.join(wish_text(c.action, c.args) for c in gone)}"
        with closing(StudyWriter(folder.db)) as writer, writer.transaction():
            for command in gone:
                writer.answer_command(command.id, False, "taken back by you")
            about = {c.args.get("trial") for c in gone}
            writer.add_event("unqueued", said, about.pop() if len(about) == 1 else None)
    return said
