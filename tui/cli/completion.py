"""``hpo-tui completion``: what Tab offers in bash, zsh and fish."""

import os
from contextlib import suppress
from pathlib import Path

import click

from hpo_tui.tui.cli.errors import Refusal

VARIABLE = "_HPO_TUI_COMPLETE"
"""Set by a shell that completes a line (``bash_complete``) or asks for the script."""

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", required=False, type=click.Choice(SHELLS), metavar="[bash|zsh|fish]")
def completion(shell: str | None) -> int:
    """Print the script that lets Tab complete commands, options, study names and KEY=VALUE.

    For bash, put this line into ~/.bashrc (for zsh, write zsh in it and put it into ~/.zshrc):

        eval "$(hpo-tui completion bash)"

    For fish:

        hpo-tui completion fish > ~/.config/fish/completions/hpo-tui.fish

    Without a name, the shell is taken from $SHELL.
    """
    shell = shell or Path(os.environ.get("SHELL", "")).name
    if shell not in SHELLS:
        raise Refusal("the shell is not known; say hpo-tui completion bash, zsh or fish")
    return answer(f"{shell}_source")


def answer(instruction: str) -> int:
    """Answer a shell, and return the exit status: 1 if there is nothing to say.

    ``instruction`` is what :data:`VARIABLE` holds. A line that makes no sense (yet) is completed
    with nothing, and nothing is said about it in the middle of somebody's typing.
    """
    from click.shell_completion import shell_complete

    from hpo_tui.tui.cli import shells
    from hpo_tui.tui.cli.root import root

    shells.register()
    with suppress(click.ClickException, OSError):
        return shell_complete(root, {}, "hpo-tui", VARIABLE, instruction)
    return 1
