"""``hpo-tui edit``: keys of a study changed from the command line."""

import click

from hpo_tui.tui.cli.errors import Refusal
from hpo_tui.tui.cli.going_on import ask
from hpo_tui.tui.cli.studies import find, reading, spec_of
from hpo_tui.tui.cli.text import note
from hpo_tui.tui.cli.trial import study_option
from hpo_tui.tui.words.plain import plain


@click.command("edit")
@click.argument("settings", nargs=-1, required=True, metavar="KEY=VALUE…")
@study_option
def edit(settings: tuple[str, ...], study: str | None) -> None:
    """Change keys of a study, such as slots=4 or space.lr.high=0.3, also while it runs.

    Keys are those of the study file; those of [study] and [resources] need no section. The change
    is checked as a whole before it is made, and concerns the trials that start from then on.
    """
    from hpo_tui.engine.spec import SpecError
    from hpo_tui.engine.spec.text.amend import EditError
    from hpo_tui.engine.spec.text.settings import with_settings

    folder = find(study)
    with reading(folder) as reader:
        spec = spec_of(reader.study())
    try:
        text = with_settings(spec, settings).text
    except EditError as error:
        raise Refusal(plain(str(error))) from None
    except SpecError as error:
        for problem in error.problems:
            note(plain(f"{problem.key}: {problem.message}" if problem.key else problem.message))
        raise Refusal(f"{plain(folder.name)} is not changed") from None
    ask(folder, "edit", {"text": text, "base": spec.text})
