"""Finding the options of a command that was never seen before, without training anything."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hpo_tui.engine.define.files import config_options, interpolated
from hpo_tui.engine.define.given import with_given
from hpo_tui.engine.define.help_output import options_from_outside
from hpo_tui.engine.define.hydra.options import hydra_composed, hydra_options
from hpo_tui.engine.define.options import Found
from hpo_tui.engine.define.probing import probe_options
from hpo_tui.engine.define.script import entry_point, script_of
from hpo_tui.engine.define.settings import from_source
from hpo_tui.engine.define.sources.declared import options_in
from hpo_tui.engine.define.sources.trees import tree_options
from hpo_tui.engine.define.wrapper import Wrapped, wrapped

_ASKED = ("click", "typer", "jsonargparse", "simple_parsing", "tap", "rich_click")
"""Packages whose parser the probe can have tell its options; argparse's by the calls below."""
_ASKED_CALLS = (
    r"parse_(?:known_|intermixed_)?args(?:_into_dataclasses)?\(",
    r"ArgumentParser\(",
    r"LightningCLI\(",
    r"\bcli_parse_args\s*=\s*True",  # pydantic
    r"\bCliApp\b",
)
_OTHERS = (
    "absl", "fire", "tyro", "docopt", "optparse", "getopt", "plac", "cyclopts", "clize",
)  # fmt: skip
"""Packages that read a command line too, and that the probe does not know."""
_OTHERS_CALLS = (r"sys\.argv",)


def _used(packages: tuple[str, ...], calls: tuple[str, ...]) -> re.Pattern[str]:
    imported = rf"^\s*(?:import|from)\s+(?:{'|'.join(packages)})\b"
    return re.compile("|".join((*calls, imported)), re.MULTILINE)


_KNOWN, _UNKNOWN = _used(_ASKED, _ASKED_CALLS), _used(_OTHERS, _OTHERS_CALLS)


@dataclass(frozen=True)
class LookedAt:
    """A command that runs in ``folder``; what is found out about it is found out once.

    ``sources``: the text of its script, and of what that imports from there; none without one.
    """

    words: Sequence[str]
    folder: Path
    sources: Sequence[str]

    @cached_property
    def script(self) -> Path | None:
        """The Python file that it runs."""
        return script_of(self.words, self.folder)

    @cached_property
    def text(self) -> str:
        """All of the sources."""
        return "\n".join(self.sources)

    @cached_property
    def has_parser(self) -> bool:
        """Whether there is a parser that can be asked, or may be: an installed command has one."""
        if _KNOWN.search(self.text):
            return True
        return self.script is None and bool(entry_point(self.words, self.folder))

    @cached_property
    def reads_its_words(self) -> bool:
        """Whether the script reads its command line at all."""
        return any(used.search(self.text) for used in (_KNOWN, _UNKNOWN))

    @cached_property
    def probed(self) -> tuple[Found, Sequence[str]]:
        """What its own parser tells, nothing where there is none, and the words that start it."""
        return probe_options(self.words, self.folder) if self.has_parser else (Found(), self.words)


def find_options(
    words: Sequence[str], folder: Path, sources: Sequence[str], inside: Wrapped | None = None
) -> Found:
    """Return what a command can be told, from the first of the ways that yields anything.

    ``sources``: of its script, as :class:`LookedAt` has them. ``inside``: what a shell script runs;
    it is what the Python script takes that it hands its words on to.
    """
    if inside is not None:
        return _through(inside, words, folder, sources)
    command = LookedAt(words, folder, sources)
    return next(found for way in _WAYS if (found := way(command)) is not None)


def _through(inside: Wrapped, words: Sequence[str], folder: Path, sources: Sequence[str]) -> Found:
    """Return what the script behind a shell script takes; the command stays the shell script."""
    found = find_options(inside.words, folder, sources, wrapped(inside.words, folder))
    options = [o for o in found.options if o.style not in ("positional", "config")]
    advice = (inside.advice, *found.advice) if inside.advice else found.advice
    how = f"{found.how}, through {inside.shell}" if found.how else ""
    return dataclasses.replace(
        found, options=tuple(options), how=how, advice=advice, words=tuple(words), template=None
    )


def _hydra(command: LookedAt) -> Found | None:
    """Return the keys of Hydra's configurations, which are given as ``key=value``."""
    if command.script is None or not re.search(r"@hydra\.main|hydra\.initialize", command.text):
        return None
    found = hydra_options(command.script, command.text, command.words)
    if not found.options and "@hydra.main" in command.text:
        found = hydra_composed(command.words, command.folder)
    return with_given(found, command.words, command.folder) if found.options else None


def _own_parser(command: LookedAt) -> Found | None:
    """Return what the script's own parser tells; its source, where the script does not start.

    Where the command names a configuration file, and the script has few options besides, it is the
    keys of that file.
    """
    if not command.has_parser:
        return None
    probed, words = command.probed
    tree, pairs = tree_options(command.sources, words, command.folder)
    config = config_options(words, command.folder, probed.options) if not tree else None
    if config is not None:
        return config
    told = probed
    if not (probed.options or probed.commands):
        told = options_in(command.sources, words, command.folder, probed.broken) or probed
    if not (told.options or told.commands):
        return None
    how = f"{told.how} and its tree of settings" if tree else told.how
    whole = dataclasses.replace(told, options=(*tree, *told.options), pairs=pairs, how=how)
    return with_given(whole, words, command.folder)


def _file(command: LookedAt) -> Found | None:
    """Return the keys of a file that the command names, or that the script reads by OmegaConf."""
    named = config_options(command.probed[1], command.folder, ())
    return named or interpolated(command.text, command.folder)


def _settings(command: LookedAt) -> Found | None:
    """Return what a script without a command line asks its trial for, reads, or holds."""
    if command.script is None or command.reads_its_words:
        return None
    return from_source(command.script, command.words, command.sources, command.folder)


def _outside(command: LookedAt) -> Found:
    """Return what ``--help`` prints, or the source says, or the command has already."""
    probed, words = command.probed
    return options_from_outside(words, command.folder, command.sources, probed)


_WAYS: tuple[Callable[[LookedAt], Found | None], ...] = (
    _hydra,
    _own_parser,
    _file,
    _settings,
    _outside,
)
"""The ways to find options, in the order in which they are tried; the last one always answers."""
