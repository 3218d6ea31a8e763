"""Every line with hpo-tui in the documentation is one that the command line takes."""

import re
import shlex
from pathlib import Path

import click
import pytest

from hpo_tui.tui.cli.root import COMMANDS, root, with_command

ROOT = Path(__file__).parents[2]
PAGES = [
    "README.md",
    *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md"))),
    *(str(p.relative_to(ROOT)) for p in sorted((ROOT / "examples").glob("**/README.md"))),
]
_FENCE = re.compile(r"```(\w*)\n(.*?)```", re.DOTALL)
_CODE = re.compile(r"`([^`]*hpo-tui [^`]*)`")
_END = re.compile(r"\s(?:#|\||>|;|&|&&)(?=\s|$)|[`;]|\s#.*$")
_SHOWN = re.compile(r"[|…]|\b(?:COMMAND|PATH)\b")
"""What stands in a line that shows how lines look, and is none itself."""


def lines(page: str) -> set[str]:
    """Return what stands after ``hpo-tui`` in the page's code, up to the end of the command."""
    text = (ROOT / page).read_text("utf-8")
    code = [body for kind, body in _FENCE.findall(text) if kind in ("", "bash")]
    code = [line for block in code for line in block.splitlines()]
    code += [" ".join(piece.split()) for piece in _CODE.findall(_FENCE.sub("", text))]
    return {
        _END.split(rest)[0]
        for line in code
        for rest in re.split(r"(?:^|[\s/(`'\"])hpo-tui ", line)[1:]
    }


def words_of(line: str) -> list[str]:
    """Return the line's words, up to a quote or bracket that was opened before the command."""
    for quote in "\"'":
        if line.count(quote) % 2:
            line = line.rpartition(quote)[0]
    return shlex.split(line.rstrip(")"))


@pytest.mark.parametrize("page", PAGES)
def test_lines_can_be_typed(page: str) -> None:
    for line in sorted(lines(page)):
        words = words_of(line)
        if not words or words[0] not in COMMANDS or _SHOWN.search(line):
            continue
        name, *rest = with_command(words)
        command = root.get_command(click.Context(root), name)
        assert command is not None
        context = click.Context(command, info_name=name)
        try:
            command.make_parser(context).parse_args(rest)
        except click.UsageError as error:
            pytest.fail(f"{page}: hpo-tui {line}: {error.format_message()}")


def test_there_are_lines() -> None:
    assert len({line for page in PAGES for line in lines(page)}) > 60
