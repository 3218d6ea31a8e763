"""``hpo-tui run``: a study file becomes a study, its runner is started, and it is followed."""

import os
import shlex
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hpo_tui.store.folder import HOME, StudyFolder, find_study, working_folder
from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.cli.screens import can_draw, show
from hpo_tui.tui.cli.setting_words import name_option, refuse_name, settings_option
from hpo_tui.tui.cli.studies import find, refuse_empty, refuse_folder, study_argument
from hpo_tui.tui.cli.text import note, say
from hpo_tui.tui.words.plain import plain, plain_lines

if TYPE_CHECKING:
    from hpo_tui.engine.spec import StudySpec

headless_option = click.option(
    "--headless", is_flag=True, help="No screen: progress on stderr, the best trials on stdout."
)


@click.command("run")
@study_argument
@name_option
@settings_option
@headless_option
@click.option(
    "--wait/--no-wait",
    default=True,
    show_default=True,
    help="Without a screen: follow the study to its end, or return at once.",
)
@click.option(
    "--executor", type=click.Choice(["local", "ray"]), help="This machine, or a Ray cluster."
)
@click.option(
    "--address", metavar="ADDRESS", help="Address of the Ray cluster; default: this node's."
)
@click.option("--readonly", is_flag=True, help="In the app: look, but change nothing.")
@click.option(
    "--ascii", "ascii_only", is_flag=True, help="In the app: draw with ASCII characters only."
)
def run(*, study: str | None, name: str | None, settings: tuple[str, ...], headless: bool,
        wait: bool, executor: str | None, address: str | None, readonly: bool,
        ascii_only: bool) -> int:  # fmt: skip
    """Run STUDY (a study file, or a study to continue) in the background.

    A study file becomes the study .hpo/NAME beside it. The run does not depend on the app, the
    terminal or the connection. Without a terminal, its progress is printed on stderr. Without
    STUDY, the study.toml here is run, or else the only study.
    """
    if study is None:
        refuse_folder(Path("study.toml"))
        study = "study.toml" if Path("study.toml").is_file() else str(find(None).path)
    folder = prepare(study, name, settings)
    if executor is not None or address is not None:
        place(folder, executor or "ray", address or "auto")
    return launch(folder, headless=headless, wait=wait, readonly=readonly, ascii_only=ascii_only)


def place(folder: StudyFolder, kind: str, address: str) -> None:
    """Have the study's trials placed by another executor, from its next runner on."""
    from hpo_tui.engine.executor_choice import Choice, choose

    if folder.runner_pid() is not None:
        raise Refusal(
            f"{plain(folder.name)} is running; stop it before you choose another executor"
        )
    if kind == "ray" and find_spec("ray") is None:
        raise Refusal(
            "placing trials by Ray needs the package ray: pip install 'hpo-tui[ray]', or leave out"
            " --executor and --address"
        )
    choose(folder, Choice(kind, address))


def prepare(text: str, name: str | None, settings: Sequence[str] = ()) -> StudyFolder:
    """Return the study's folder, made from its file where there is none yet.

    ``settings``: ``KEY=VALUE``, put into what the file says.
    """
    refuse_empty(text)
    here = working_folder()
    existing = find_study(text, here)
    if existing is not None and existing.db.is_file():
        if name is not None:
            raise Refusal(f"{plain(text)} is already a study; --name is only for a study file")
        if settings:
            raise Refusal(
                f"{plain(text)} is already a study; --set is only for a study file. To change it:"
                f" hpo-tui edit {plain(shlex.join([existing.word, *settings]))}"
            )
        return existing
    path = here / text if existing is None else existing.path
    file = Path(os.path.realpath(path / "study.toml" if path.is_dir() else path))
    if file.suffix != ".toml" or not file.is_file():
        return find(text, here)
    home = file.parent / HOME
    if file.parent.parent.name == HOME and file.name == "study.toml":
        # A study's own file alone, by hand or because its making was cut off.
        home, name = file.parent.parent, name or file.parent.name
    from hpo_tui.engine.launch import LaunchError, create_study
    from hpo_tui.engine.spec import SpecError
    from hpo_tui.engine.spec.names import plural
    from hpo_tui.engine.spec.text.amend import EditError
    from hpo_tui.engine.spec.text.settings import load_as

    refuse_name(name)
    try:
        spec = load_as(file, name, settings)
        folder = create_study(spec, home, name)
        _tell_edits(folder, spec)
        return folder
    except EditError as error:
        raise Refusal(f"--set: {plain(str(error))}") from None
    except SpecError as error:
        for problem in error.problems:
            note(plain(problem.show(file)))
        found = plural(len(error.problems), "problem")
        so = " with these settings" if settings else ""
        raise Refusal(f"{plain(text)} cannot be run{so}: {found}") from None
    except LaunchError as error:
        raise Refusal(plain(str(error))) from None


def _tell_edits(folder: StudyFolder, spec: "StudySpec") -> None:
    """Say so where the study was edited since it was made from the file of ``spec``."""
    from hpo_tui.engine.launch.origin import Origin, origin

    if origin(folder, spec) is Origin.EDITED:
        file = spec.source.name if spec.source else "its file"
        note(
            f"{plain(folder.name)} was edited after it was made from {plain(file)}; it"
            f" continues as {plain(str(folder.file))} says"
        )


def launch(folder: StudyFolder, *, headless: bool, wait: bool = True, readonly: bool = False,
           ascii_only: bool = False) -> int:  # fmt: skip
    """Have the study go on, in a new runner unless one lives; open the app or follow without it."""
    from hpo_tui.engine.notify import deliver_overdue
    from hpo_tui.tui.cli.asking_runner import go_on, is_finished

    finished = is_finished(folder)
    started = not finished and go_on(folder)
    if wait and not headless and can_draw():
        return show(folder, None, readonly=readonly, ascii_only=ascii_only, once=False)
    name, word = plain(folder.name), plain(folder.word)
    if finished:
        deliver_overdue(folder)
        note(f"{name} is finished; to continue it: hpo-tui extend AMOUNT -s {word}, then run it")
    elif wait:
        note(
            f"{name} runs in the background; Ctrl-C leaves it running (hpo-tui stop {word} ends it)"
        )
    else:
        note(f"{name} runs in the background: hpo-tui watch {word}, hpo-tui status {word}")
    return follow(folder, started=started) if wait else 0


def follow(folder: StudyFolder, *, started: bool = False) -> int:
    """Follow the study to its end and print what came out; 1 unless it finished its budget."""
    from hpo_tui.store.models import StudyState
    from hpo_tui.tui.cli.best_trials import show_best
    from hpo_tui.tui.cli.follow import Follower
    from hpo_tui.tui.cli.summary import progress_line, reason_of, show_costs

    name, word = plain(folder.name), plain(folder.word)
    try:
        picture = Follower(folder, started=started).follow()
    except KeyboardInterrupt:
        note(f"{name} keeps running: hpo-tui watch {word}, hpo-tui stop {word}")
        return 130
    say(f"{name}: {progress_line(picture)}")
    finished = picture.study.state is StudyState.FINISHED
    if finished and picture.study.reason:  # of any other end the last line tells why
        say(plain_lines(reason_of(picture), "  "))
    say()
    show_best(picture)
    say()
    show_costs(picture)
    say()
    say(f"Study: {plain(str(folder.path))}")
    say(f"In words: hpo-tui review {word}")
    if finished:
        return 0
    # Of several lines, which the follower has told: what they begin with.
    first, more, _ = reason_of(picture).partition("\n")
    reason = (
        plain(first.partition(", so nothing more is started")[0] if more else first)
        or f"its runner has ended; see {plain(str(folder.log))}"
    )
    raise Refusal(f"{name} did not finish: {reason}")
