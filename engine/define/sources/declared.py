"""The options that stand in the source of a script which does not tell them itself."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.options import Found, from_dump
from hpo_tui.engine.define.sources.absl_flags import absl_options
from hpo_tui.engine.define.sources.argparse_click import written_options
from hpo_tui.engine.define.sources.loops import looped_options
from hpo_tui.engine.define.sources.signatures import declared_options

_RUNS = re.compile(r"^if __name__ == [\"']__main__[\"']", re.MULTILINE)


def options_in(
    texts: Sequence[str], words: Sequence[str], folder: Path, broken: str
) -> Found | None:
    """Return the options that stand in a script's text, and in what it imports from here.

    ``texts``: the script's own first. ``broken``: the last words of the attempt to have the script
    itself tell them.
    """
    found = absl_options(texts, words, folder) or _in_python(texts)
    if found is None or not broken:
        return found
    said = (
        f"it does not start here ({broken}): what it takes was read from its source, and it was not"
        " run. In the environment that it starts in, the same command with --force also sees its"
        " metrics and times"
    )
    return dataclasses.replace(found, advice=(*found.advice, said), broken=broken)


def _in_python(texts: Sequence[str]) -> Found | None:
    """Return the options of calls, fields and functions; the later in the list counts most."""
    calls = [written_options(t) for t in _parts(texts)]
    declared = declared_options(texts)
    looped = looped_options(texts)
    options, _ = from_dump([{"options": entries} for entries in (looped, *calls, declared)])
    if not options:
        return None
    return Found(
        options, "the fields that its source declares" if declared else "the calls in its source"
    )


def _parts(texts: Sequence[str]) -> list[str]:
    """Return the texts whose parsers a script uses: not those of other scripts that it imports."""
    if not texts or not written_options(texts[0]):
        return list(texts)
    return [texts[0], *(t for t in texts[1:] if not _RUNS.search(t))]
