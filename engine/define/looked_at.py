"""A command as it is looked at for options: its script, the sources, what its own parser tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hpo_tui.engine.define.options import Found
from hpo_tui.engine.define.probing import probe_options
from hpo_tui.engine.define.script import entry_point, script_of
from hpo_tui.engine.define.sources.parsers import has_known_parser, has_other_parser
from hpo_tui.engine.define.sources.texts import local_sources


@dataclass(frozen=True)
class LookedAt:
    """A command that runs in ``folder``; what is found out about it is found out once."""

    words: Sequence[str]
    folder: Path

    @cached_property
    def script(self) -> Path | None:
        """The Python file that it runs."""
        return script_of(self.words, self.folder)

    @cached_property
    def sources(self) -> list[str]:
        """The text of the script, and of what it imports from here."""
        return local_sources(self.script, self.folder) if self.script else []

    @cached_property
    def text(self) -> str:
        """All of the sources."""
        return "\n".join(self.sources)

    @cached_property
    def has_parser(self) -> bool:
        """Whether there is a parser that can be asked, or may be: an installed command has one."""
        if has_known_parser(self.text):
            return True
        return self.script is None and bool(entry_point(self.words, self.folder))

    @cached_property
    def reads_its_words(self) -> bool:
        """Whether the script reads its command line at all."""
        return has_known_parser(self.text) or has_other_parser(self.text)

    @cached_property
    def probed(self) -> tuple[Found, Sequence[str]]:
        """What its own parser tells, nothing where there is none, and the words that start it."""
        return probe_options(self.words, self.folder) if self.has_parser else (Found(), self.words)
