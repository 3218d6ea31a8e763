"""``hpo-tui check`` and ``hpo-tui init``: study files."""

from pathlib import Path

import click

from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.cli.text import note, number, say
from hpo_tui.tui.plain import plain


@click.command("check")
@click.argument("file", default="study.toml", metavar="[FILE]", type=click.Path(path_type=Path))
def check(file: Path) -> int:
    """Say everything that is wrong with a study file: line, key, what is allowed."""
    from hpo_tui.engine.spec import SpecError, StudySpec

    try:
        spec = StudySpec.load(file)
    except SpecError as error:
        for problem in error.problems:
            say(plain(problem.show(file)))
        return 1
    goals = ", ".join(plain(o.metric) for o in spec.objectives) or "none"
    tasks = ", ".join(f"{plain(t.name)} at {number(t.cost)}" for t in spec.tasks_by_cost)
    say(f"{plain(str(file))} is good: {plain(spec.name)}")
    say(f"  parameters  {len(spec.free)} searched, {len(spec.space) - len(spec.free)} fixed")
    say(f"  objectives  {goals}")
    say(f"  tasks       {tasks}")
    return 0


@click.command("init", context_settings={"ignore_unknown_options": True})
@click.argument("script", type=click.Path(path_type=Path), metavar="SCRIPT")
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="[-- COMMAND…]")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("study.toml"),
    metavar="FILE",
    show_default=True,
    help="The study file to write.",
)
def init(script: Path, command: tuple[str, ...], output: Path) -> int:
    """Write a study file for SCRIPT from its command-line options.

    COMMAND: how the script is started, where that is not `python SCRIPT`.
    """
    from hpo_tui.engine import define

    if output.exists():
        raise Refusal(f"{plain(str(output))} is there already: say another with -o, or remove it")
    note(str(define))
    return 0


COMMANDS = {"check": check, "init": init}
