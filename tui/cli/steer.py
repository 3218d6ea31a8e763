"""The commands that ask a study's runner for something: pause, kill, promote and their kin."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from hpo_tui.engine.spec.text.typed import parameter_value
from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.cli.asking_runner import ask, check_unfinished, ensure_runner
from hpo_tui.tui.cli.errors import NoSuchStudy, Refusal, refusing
from hpo_tui.tui.cli.numbers import Whole
from hpo_tui.tui.cli.setting_words import refuse_no_setting
from hpo_tui.tui.cli.studies import find, reading, spec_of, study_argument, study_names
from hpo_tui.tui.cli.text import note
from hpo_tui.tui.cli.trial import (
    chosen,
    chosen_several,
    study_before,
    study_first,
    study_option,
    trial_words,
    trials_words,
)
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_NEGATIVE = re.compile(r"-\.?\d")


@click.command("pause")
@study_argument
def pause(study: str | None) -> None:
    """Start no new trials of STUDY; running trials are finished."""
    ask(find(study), "pause")


@click.command("resume")
@study_argument
def resume(study: str | None) -> None:
    """Continue STUDY after a pause, a stop, a crash or a restart of the machine."""
    folder = find(study)
    check_unfinished(folder)
    if ensure_runner(folder):
        note(f"{plain(folder.name)} continues: hpo-tui watch {plain(folder.word)}")
    else:
        ask(folder, "resume")


@click.command("stop")
@study_argument
@click.option("--kill", is_flag=True, help="Kill the running trials at once.")
def stop(study: str | None, kill: bool) -> None:
    """End STUDY before its budget is spent: running trials get SIGTERM and a grace period.

    The next run continues them from their checkpoints. To let them finish, use `hpo-tui pause`.
    If nothing runs, what is queued for the next run is taken back.
    """
    ask(find(study), "stop", {"kill": kill})


def _each(trials: Sequence[int], ask_of: Callable[[int], None]) -> None:
    """Ask for each trial; of several one that is refused does not keep the others from it."""
    refused = 0
    for trial in trials:
        try:
            ask_of(trial)
        except Refusal as refusal:
            if len(trials) == 1:
                raise
            note(f"hpo-tui: {refusal}")
            refused += 1
    if refused:
        raise Refusal(f"{refused} of {len(trials)} trials were refused")


@click.command("kill")
@trials_words
@study_option
def kill_trial(words: tuple[str, ...], study: str | None) -> None:
    """Stop TRIAL, or several: SIGTERM to its process group, a grace period, then SIGKILL.

    What it has reported is kept, but is no result; `hpo-tui retry` runs it again. Without a runner
    it takes back what is queued of TRIAL for the next run.
    """
    folder, trials = chosen_several(words, study)
    _each(trials, lambda trial: ask(folder, "kill", {"trial": trial}))


@click.command("retry")
@trials_words
@study_option
def retry(words: tuple[str, ...], study: str | None) -> None:
    """Run TRIAL again, or several, after they failed or were killed."""
    folder, trials = chosen_several(words, study)
    _each(trials, lambda trial: ask(folder, "retry", {"trial": trial}))
    _say_how_to_start(folder)


@click.command("promote")
@trial_words
@click.option("--task", metavar="TASK", help="At which task; default: the next more expensive one.")
@study_option
def promote(words: tuple[str, ...], task: str | None, study: str | None) -> None:
    """Run TRIAL's configuration at a more expensive task, from its checkpoint if it has one."""
    folder, trial = chosen(words, study)
    _wish(folder, "promote", {"trial": trial, "task": task})


@click.command("confirm")
@trial_words
@click.option(
    "-n",
    "--repeats",
    type=Whole(1, 100),
    default=3,
    show_default=True,
    metavar="N",
    help="How many times.",
)
@study_option
def confirm(words: tuple[str, ...], repeats: int, study: str | None) -> None:
    """Run TRIAL's configuration again with other seeds, to measure the noise of its results."""
    folder, trial = chosen(words, study)
    _wish(folder, "confirm", {"trial": trial, "repeats": repeats})


def _complete_first(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem[str]]":
    """Complete a study before what a command is given."""
    named = ctx.params.get("study") or ctx.params.get(param.name or "")
    return [] if named else study_names(incomplete)


@click.command("enqueue")
@click.argument(
    "values",
    nargs=-1,
    required=True,
    metavar="[STUDY] NAME=VALUE…",
    shell_complete=_complete_first,
)
@click.option("--task", metavar="TASK", help="At which task; default: the cheapest one.")
@click.option("--back", is_flag=True, help="Take it back, if it is still queued for the next run.")
@study_option
def enqueue(values: Sequence[str], task: str | None, back: bool, study: str | None) -> None:
    """Run a configuration of your own next, such as lr=0.01 optimizer=sgd."""
    folder, values = study_first(values, study)
    refuse_no_setting(values, "NAME=VALUE, such as lr=0.01")
    texts: dict[str, str] = {}
    for name, _, text in (value.partition("=") for value in values):
        if name in texts:
            raise click.UsageError(f"{name!r} is given twice")
        texts[name] = text
    with reading(folder) as reader:
        space = {p.name: p for p in spec_of(reader).space}
    # The choice "1", where there is one, rather than the number.
    params = {
        name: text if name in space and text in space[name].choices else parameter_value(text)
        for name, text in texts.items()
    }
    if back:
        _take_back(folder, params, task)
        return
    _wish(folder, "enqueue", {"params": params, "task": task})


def _take_back(folder: StudyFolder, params: Mapping[str, Any], task: str | None) -> None:
    """Take back the wish for these values, the one that was asked for last."""
    from hpo_tui.engine.answers import wish_text
    from hpo_tui.engine.launch import LaunchError, unqueue

    with reading(folder) as reader:
        found = [c for c in reader.open_commands(["enqueue"]) if c.args.get("params") == params]
    found = [c for c in found if task in (None, c.args.get("task"))]
    if folder.runner_pid() is not None or not found:
        said = plain(wish_text("enqueue", {"params": params, "task": task}))
        raise Refusal(f"{said} is not queued for the next run: hpo-tui status lists what is")
    with refusing(LaunchError):
        note(plain(unqueue(folder, lambda c: c.id == found[-1].id)))


def _wish(folder: StudyFolder, action: str, args: dict[str, Any]) -> None:
    """Ask for trials; where they wait for the next run, say how to start it."""
    ask(folder, action, args)
    _say_how_to_start(folder)


def _say_how_to_start(folder: StudyFolder) -> None:
    from hpo_tui.engine.launch.refusals import how_to_start

    if folder.runner_pid() is None:
        note(plain(how_to_start(folder)))


class _WithAmount(click.Command):
    """A command whose argument may begin with a minus: that is refused as the number it is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take ``-5h`` for no options."""
        amounts = [word for word in args if _NEGATIVE.match(word)]
        if amounts and "--" not in args:
            args = [*(word for word in args if word not in amounts), "--", *amounts]
        return super().parse_args(ctx, args)


@click.command("extend", cls=_WithAmount)
@click.argument(
    "words", nargs=-1, required=True, metavar="[STUDY] AMOUNT", shell_complete=_complete_first
)
@study_option
def extend(words: tuple[str, ...], study: str | None) -> None:
    """Increase the budget of the study by AMOUNT, in its own unit: 10, 2h, "20 trials"."""
    from hpo_tui.engine.spec.text.extend import amount_more

    named, amount = study_before(words, study, 'an amount ("20 trials" in quotes)')
    try:
        folder = find(named)
    except NoSuchStudy:
        if named == words[0] and named[0].isdigit():
            said = f"an amount of several words is quoted: {' '.join(words)!r}"
            raise click.UsageError(said) from None
        raise
    with reading(folder) as reader:
        budget = spec_of(reader).budget
    try:
        more = amount_more(amount, budget)
    except ValueError as error:
        raise click.UsageError(plain(str(error))) from None
    ask(folder, "extend", {"amount": more})
    if folder.runner_pid() is None:
        note(f"the study is not running; to continue it: hpo-tui run {plain(folder.word)}")


@click.command("lend")
@click.argument(
    "words", nargs=-1, required=True, metavar="[STUDY] GPU", shell_complete=_complete_first
)
@click.option("--back", is_flag=True, help="Take it back.")
@study_option
def lend(words: tuple[str, ...], back: bool, study: str | None) -> None:
    """Free GPU (its index or UUID): its trials leave at their next checkpoint."""
    named, device = study_before(words, study, "a GPU")
    ask(find(named), "lend", {"device": device, "on": not back})
