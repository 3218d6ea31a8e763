"""What a source says of the options of a script that cannot be started here."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.absl_source import absl_options
from hpo_tui.engine.define.loop_source import looped_options
from hpo_tui.engine.define.options import Found, from_dump
from hpo_tui.engine.define.parser_source import written_options
from hpo_tui.engine.define.signature_source import declared_options

_RUNS = re.compile(r"^if __name__ == [\"']__main__[\"']", re.MULTILINE)


def from_text(
    texts: Sequence[str], words: Sequence[str], folder: Path, broken: str
) -> Found | None:
    """Return the options that stand in a script's text, and in what it imports from here.

    ``broken``: the last words of the attempt to have the script itself tell them.
    """
    found = absl_options(texts, words, folder)
    if found is None:
        calls = [written_options(t) for t in _parts(texts)]
        declared = declared_options(texts)
        looped = looped_options(texts)
        options, _ = from_dump([{"options": entries} for entries in (looped, *calls, declared)])
        if not options:
            return None
        how = "the fields that its source declares" if declared else "the calls in its source"
        found = Found(options, how)
    said = (
        f"it does not start here ({broken}): what it takes was read from its source, and it was not"
        " run. In the environment that it starts in, the same command with --force also sees its"
        " metrics and times"
    )
    advice = (*found.advice, said) if broken else found.advice
    return dataclasses.replace(found, advice=advice, broken=broken)


def _parts(texts: Sequence[str]) -> list[str]:
    """Return the texts whose parsers a script uses: not those of other scripts that it imports."""
    if not texts or not written_options(texts[0]):
        return list(texts)
    return [texts[0], *(t for t in texts[1:] if not _RUNS.search(t))]
