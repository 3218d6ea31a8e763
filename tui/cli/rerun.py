"""The shell line that runs a trial's configuration again: as it ran, longer, or with a change."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.spec.names import did_you_mean, show
from hpo_tui.engine.spec.parts import Value
from hpo_tui.engine.spec.startable import no_command
from hpo_tui.store.models import Trial
from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.tables.trial_data import rerun_line
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.plain import plain


def command_of(
    trial: Trial, picture: Snapshot, settings: Sequence[str] = (), *, go_on: bool = False
) -> str:
    """Return the shell line that runs a trial's configuration again, from where it is typed.

    ``settings``: ``NAME=VALUE``, other values of parameters, of the task, or another seed.
    ``go_on``: from the trial's checkpoint. Raises Refusal where the command has no place for it, or
    the study has no command.
    """
    if lacking := no_command(picture.spec):
        raise Refusal(plain(lacking))
    changed = dict(_changed(picture, trial.number, text) for text in settings)
    if go_on:
        changed["resume"] = _checkpoint(picture, trial.number)
    line = rerun_line(
        picture, trial.number, trial.params, trial.task, trial.repeat, changed=changed
    )
    workplace = picture.folder.workplace
    here = workplace.resolve() == Path.cwd()
    return line if here else f"cd {shlex.quote(str(workplace))} && {line}"


def _changed(picture: Snapshot, number: int, setting: str) -> tuple[str, Value]:
    from hpo_tui.engine.spec.text.typed import parameter_value

    name, _, text = (part.strip() for part in setting.partition("="))
    known = _used(picture) & {
        "seed", *(p.name for p in picture.spec.space), *picture.spec.full_task.fidelity
    }  # fmt: skip
    if name not in known:
        names = ", ".join(map(plain, sorted(known)))
        has = f"it has {names}" if names else _where_values_are(picture, number)
        raise Refusal(f"the command has no {show(name)}{did_you_mean(name, known) or f': {has}'}")
    return name, parameter_value(text)


def _where_values_are(picture: Snapshot, number: int) -> str:
    """Say which file of the trial the script reads, where the command itself names no value."""
    files, template = picture.folder.trial(number), picture.spec.template
    file = files.path / template[1] if template else files.params
    if not file.exists():
        return "it has nothing that can be set"
    return f"the script reads its values from {plain(str(file))}; change them in a copy of that"


def _checkpoint(picture: Snapshot, number: int) -> str:
    if "resume" not in _used(picture):
        why = "the study's command has no {resume}, so nothing tells the script where to go on"
        raise Refusal(why)
    folder = picture.folder.trial(number).checkpoint
    if not folder.is_dir() or not any(folder.iterdir()):
        raise Refusal(f"trial {number} has no checkpoint to continue from: {plain(str(folder))}")
    return str(folder.absolute())


def _used(picture: Snapshot) -> set[str]:
    """Return the names that the study's command and its variables have a place for."""
    from hpo_tui.engine.spec.placeholders import used

    return used([*picture.spec.command, *picture.spec.env.values()])
