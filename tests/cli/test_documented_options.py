"""The page on the command line has each option where its command is described, and no other."""

import re
from pathlib import Path

import click
import pytest

from hpo_tui.tui.cli.root import COMMANDS, root

DOCS = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
CHAPTERS = re.split(r"^## ", DOCS, flags=re.MULTILINE)
_NAMED = re.compile(r"^\| `(-[^`|]+)` \||(?:^|[.)*] )`(-[^`]+)`(?=:| \(default)", re.MULTILINE)
"""Where an option is explained: a row of a table, or a sentence that begins with it."""


def described(name: str) -> tuple[str, str]:
    """Return a command's own part of the page, and what its chapter says of all its commands."""
    for chapter in CHAPTERS:
        opening, *parts = re.split(r"^### ", chapter, flags=re.MULTILINE)
        for part in parts:
            if re.search(rf"`hpo-tui {name}\b", part.partition("\n")[0]):
                return part, opening
    raise AssertionError(f"{name} has no part of its own")


def options(name: str) -> list[click.Option]:
    command = root.get_command(click.Context(root), name)
    assert command is not None
    return [p for p in command.params if isinstance(p, click.Option)]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_options_are_described_with_their_command(name: str) -> None:
    part, opening = described(name)
    flags = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", part))
    lent = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", opening))
    for other in re.findall(r"as for `(\w+)`", part):
        lent |= {flag for option in options(other) for flag in option.opts}
    for option in options(name):
        assert {*option.opts, *option.secondary_opts} <= flags | lent, option.name
        usual = option.default
        if isinstance(usual, int | float) and not isinstance(usual, bool) and usual:
            assert re.search(rf"default:? {usual:g}\b", part), option.name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_option_is_described_that_is_not_there(name: str) -> None:
    part, _ = described(name)
    known = {f for n in COMMANDS if f"`hpo-tui {n}" in part.partition("\n")[0]
             for o in options(n) for f in (*o.opts, *o.secondary_opts)}  # fmt: skip
    named = [a or b for a, b in _NAMED.findall(part)]
    told = {f for text in named for f in re.findall(r"(?<![\w-])--?[a-z][\w-]*", text)}
    assert told <= known
