"""``hpo-tui edit``: keys of a study changed from the command line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hpo_tui.tui.cli.asking_runner import ask
from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.cli.setting_words import complete_edit, refuse_no_setting
from hpo_tui.tui.cli.studies import reading, spec_of
from hpo_tui.tui.cli.text import note
from hpo_tui.tui.cli.trial import study_first, study_option
from hpo_tui.tui.words.plain import plain
from hpo_tui.tui.words.present import plural

if TYPE_CHECKING:
    from hpo_tui.engine.spec import Problem


@click.command("edit")
@click.argument(
    "settings",
    nargs=-1,
    required=True,
    metavar="[STUDY] KEY=VALUE…",
    shell_complete=complete_edit,
)
@study_option
def edit(settings: Sequence[str], study: str | None) -> None:
    """Change keys of a study, such as slots=4 or lr.high=0.3, also while it runs.

    Keys are those of the study file; those of [study], of [resources] and of a parameter need no
    section. A parameter itself is fixed: density=1. The change is checked as a whole before it is
    made, and concerns the trials that start from then on.
    """
    from hpo_tui.engine.spec import SpecError
    from hpo_tui.engine.spec.edit import plan_edit
    from hpo_tui.engine.spec.text.amend import EditError
    from hpo_tui.engine.spec.text.settings import with_settings

    folder, settings = study_first(settings, study)
    refuse_no_setting(settings, "KEY=VALUE, such as slots=4")
    with reading(folder) as reader:
        spec, trials = spec_of(reader), reader.trials()
    try:
        new = with_settings(spec, settings, has_run=bool(trials))
    except EditError as error:
        raise Refusal(plain(str(error))) from None
    except SpecError as error:
        raise _refusal(folder.name, error.problems) from None
    plan = plan_edit(spec, new, trials)
    if not plan.allowed:
        raise _refusal(folder.name, plan.refused)
    ask(folder, "edit", {"text": new.text, "base": spec.text})
    gone = len(spec.start) - len(new.start)
    if gone > 0:
        what = plural(gone, "configuration")
        note(
            f"{what} under [[start]] outside the new ranges {'is' if gone == 1 else 'are'} left out"
        )


def _refusal(name: str, problems: "Sequence[Problem]") -> Refusal:
    """Say what is wrong, by key: the lines are those of a text that nobody has seen."""
    for problem in problems:
        note(plain(f"{problem.key}: {problem.message}" if problem.key else problem.message))
    return Refusal(f"{plain(name)} is not changed")
