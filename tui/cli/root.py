"""The table of commands, and how a line of arguments finds its command."""

import os
import sqlite3
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import click

from hpo_tui import __version__
from hpo_tui.tui.cli.errors import ArchivedStudy, NoSuchStudy, Refusal, explain
from hpo_tui.tui.cli.text import note
from hpo_tui.tui.crashes import report_crash
from hpo_tui.tui.words.plain import plain

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Run": {
        "demo": ("demo", "run the demo study: a sparse network on handwritten digits"),
        "init": ("define", "write a study file (any script; Optuna, Ray Tune, W&B, SigOpt, Hydra)"),
        "check": ("define", "check a study file and list its errors"),
        "run": ("run", "run a study, or continue one"),
    },
    "Look": {
        "open": ("screens", "open the app on a folder, a study file or a study"),
        "watch": ("screens", "open the dashboard of a study"),
        "status": ("status", "show the progress of a study"),
        "best": ("best", "print the best trials, of one study or several"),
        "review": ("reviewing", "say what came of a study and what to do next"),
        "show": ("trial", "print everything about one trial"),
        "log": ("trial", "print the output of a trial"),
    },
    "Steer": {
        "pause": ("steer", "start no new trials"),
        "resume": ("steer", "continue a study after a pause, a stop, a crash or a restart"),
        "stop": ("steer", "end a study before its budget is spent"),
        "kill": ("steer", "stop trials"),
        "retry": ("steer", "run failed or killed trials again"),
        "promote": ("steer", "run a configuration at a more expensive task"),
        "confirm": ("steer", "run a trial again with other seeds"),
        "enqueue": ("steer", "run a configuration of your own next"),
        "extend": ("steer", "increase the budget of a study"),
        "edit": ("edit", "change the space, goals or resources of a study"),
        "lend": ("steer", "free a GPU for somebody else for a while"),
        "star": ("marking", "mark a trial with a star"),
        "tag": ("marking", "set the tags of a trial"),
        "note": ("marking", "write a note about a trial"),
    },
    "Data": {
        "export": ("exporting", "write trials as CSV, JSON, Parquet or an Optuna study"),
        "import": ("importing", "make a study from an Optuna storage, a CSV or a JSON file"),
        "analyse": ("manage", "compute slices and maps of a study that no runner works on"),
        "tidy": ("manage", "remove the checkpoints of all but the best and starred trials"),
        "archive": ("manage", "hide a study from all lists"),
        "delete": ("manage", "delete a study with its results for good"),
    },
    "Machine": {
        "doctor": ("doctor", "check GPU, driver, terminal, disk and login session"),
        "completion": ("completion", "print the Tab completion script for bash, zsh or fish"),
    },
}
"""Section → command → (module of this package, one line of help)."""

MEANT = {
    "compare": "best A B compares studies",
    "clean": "tidy removes checkpoints, delete a study",
    "create": "init makes a study file for a script",
    "dashboard": "watch opens the dashboard of a study",
    "list": "status lists the studies here",
    "logs": "log prints the output of a trial",
    "ls": "status lists the studies here",
    "new": "init makes a study file for a script",
    "plot": "export --csv writes what a figure needs, and I in the app saves a picture",
    "remove": "delete removes a study for good, archive hides it",
    "rerun": "best --command prints the line that runs the best trial again",
    "results": "best prints the best trials, export all",
    "rm": "delete removes a study for good, archive hides it",
    "start": "run starts a study",
    "trials": "export writes all trials, best prints the best",
}
"""Words that other programs have for a command → what it is here."""

COMMANDS = {name: entry for section in SECTIONS.values() for name, entry in section.items()}
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 96}


class Root(click.Group):
    """Imports a command's module only when the command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands' names, in the order of the help."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the module that holds ``cmd_name`` and return the command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"hpo_tui.tui.cli.{COMMANDS[cmd_name][0]}")
        found = (c for c in vars(module).values() if isinstance(c, click.Command))
        command = next(c for c in found if c.name == cmd_name)
        command.context_settings = {**SETTINGS, **command.context_settings}
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[str]]":
        """Return the commands that begin so, from the table; else a PATH may be meant."""
        from click.shell_completion import CompletionItem

        from hpo_tui.tui.cli.studies import proposals

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        found = [n for n in COMMANDS if n.startswith(incomplete)]
        if found:
            return [CompletionItem(n, help=COMMANDS[n][1]) for n in found]
        return proposals(incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """Write the sections of the help from the table, importing nothing."""
        for section, entries in SECTIONS.items():
            with formatter.section(section):
                formatter.write_dl([(name, text) for name, (_, text) in entries.items()])


@click.group(
    cls=Root,
    context_settings=SETTINGS,
    subcommand_metavar="[PATH] | COMMAND [ARGS]…",
    epilog="Studies are stored in .hpo/ beside your code. Name a study by its folder, its file or"
    " its name, or leave STUDY out if only one can be meant. Exit status: 0 done, 1 refused or"
    " failed (with an explanation), 2 wrong usage, 130 interrupted.",
)
@click.version_option(__version__, prog_name="hpo-tui", message="%(prog)s %(version)s")
def root() -> None:
    """Define, launch, watch and review hyperparameter optimizations in the terminal.

    Without a command, the app is opened on PATH: a folder, a study file or the name of a study.
    """


def with_command(arguments: list[str]) -> list[str]:
    """Return ``arguments`` with the command first: ``open`` where none is named.

    ``[--ascii, watch, x]`` becomes ``[watch, --ascii, x]``; ``[some/path]`` ``[open, some/path]``.
    """
    if any(a in ("-h", "--help", "--version") for a in arguments[:1]):
        return arguments
    for at, word in enumerate(arguments):
        if not word.startswith("-"):
            if word in COMMANDS:
                return [word, *arguments[:at], *arguments[at + 1 :]]
            break
    return ["open", *arguments]


def _as_help(argv: list[str]) -> list[str]:
    """Return ``help run`` as ``run --help``, where no file or study of the name ``help`` is meant.

    What follows and is no command is looked for in the list of those that there are.
    """
    if argv[:1] != ["help"] or os.path.lexists("help"):
        return argv
    from hpo_tui.tui.cli.studies import find

    try:
        find("help")
    except NoSuchStudy:
        return [*(word for word in argv[1:2] if word in COMMANDS), "--help"]
    except Refusal:  # there is one, which cannot be opened: why is said
        pass
    return argv


def run(argv: list[str]) -> int:
    """Run the command line and return the exit status; whatever happens ends in a sentence."""
    if (said := _meant(argv)) and not {"-h", "--help"}.isdisjoint(argv):
        note(f"hpo-tui: there is no command {argv[0]!r}; hpo-tui {said}")
        return 2
    try:
        # Not root.main(): that turns a closed pipe into status 1.
        with root.make_context("hpo-tui", with_command(_as_help(argv))) as context:
            status = root.invoke(context)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except Refusal as refusal:
        unknown = isinstance(refusal, NoSuchStudy) and not isinstance(refusal, ArchivedStudy)
        said = _meant(argv) if unknown else ""
        note(f"hpo-tui: {refusal}" + (f"; or is a command meant? hpo-tui {said}" if said else ""))
    except click.ClickException as error:
        mistyped = _mistyped(argv)
        if mistyped:
            note(f"hpo-tui: {mistyped}")
        else:
            _show_usage(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        note("hpo-tui: interrupted")
        return 130
    except BrokenPipeError:
        # The reader has gone (`… | head`). The interpreter's own flush at exit must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001 - the last line: no traceback reaches the user
        from hpo_tui.tui.watching.unreadable import UnreadableError

        expected = isinstance(error, (OSError, sqlite3.Error, UnreadableError))
        sentence = plain(explain(error)) if expected else report_crash(error, argv)
        note(f"hpo-tui: {sentence}")
    return 1


def _mistyped(argv: list[str]) -> str:
    """Return that there is no such command, where several words follow none: no PATH is meant."""
    from hpo_tui.engine.spec.names import nearest

    words = [a for a in argv if not a.startswith("-")]
    if len(words) < 2 or words[0] in COMMANDS:
        return ""
    if said := _meant(argv):
        return f"there is no command {plain(words[0])!r}; hpo-tui {said}"
    guess = nearest(words[0], COMMANDS)
    hint = f"; did you mean {guess!r}?" if guess else "."
    return f"there is no command {plain(words[0])!r}{hint} hpo-tui --help lists them"


def _meant(argv: list[str]) -> str:
    """Return what is meant by a first word that is a command of other programs, else nothing."""
    # Unlike pathlib, it says of what cannot be looked at that it is not there.
    return MEANT.get(argv[0], "") if argv and not os.path.lexists(argv[0]) else ""


def _show_usage(error: click.ClickException) -> None:
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None:
        note(context.get_usage())
    for line in error.format_message().splitlines():
        note(f"hpo-tui: {plain(line)}")
    if context is not None:
        note(f"hpo-tui: see {context.command_path} --help")
