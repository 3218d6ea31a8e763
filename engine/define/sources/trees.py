"""A tree of settings in a source, whose leaves a command line changes by ``KEY VALUE`` pairs.

``_C.SOLVER.BASE_LR = 0.1`` with ``cfg.merge_from_list(args.opts)``, as yacs has it.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.files import config_values
from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.sources.argparse_click import written_options
from hpo_tui.engine.define.sources.syntax import pieces, set_by, text_of

_MERGES = re.compile(r"\bmerge_from_list\(")
_NODES = re.compile(r"\b(CfgNode|CN)\(")
_PAIRS = re.compile(r"-{0,2}(opts|options|overrides?|cfg[_-]options)")


def tree_options(
    texts: Sequence[str], words: Sequence[str], folder: Path
) -> tuple[tuple[Option, ...], str]:
    """Return the leaves of a tree that pairs can change, and the flag that the pairs follow.

    What a file of the command line says of them has the last word. Of the parts of a part, such as
    those of one model among several, only what it names is in use for certain.
    """
    if not any(map(_MERGES.search, texts)):
        return (), ""
    flag = next((f for text in texts for f in _flags(text)), None)
    if flag is None:
        return (), ""
    values = {k: v for text in texts if _NODES.search(text) for k, v in _leaves(text)}
    said = {k: v for word in words[1:] for k, v in config_values(word, folder)}
    used = {k: said.get(k, v) for k, v in values.items() if k in said or k.count(".") < 2}
    options = [
        Option.of(key, value, "pair")
        for key, value in used.items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return tuple(options), flag


def _flags(text: str) -> Iterator[str]:
    """Return the options that take the rest of a command line, empty for one without a flag."""
    for raw in written_options(text):
        names = raw["flags"] or [raw["dest"]]
        if raw["nargs"] is not None and any(map(_PAIRS.fullmatch, names)):
            yield raw["flags"][0] if raw["flags"] else ""


def _leaves(text: str) -> Iterator[tuple[str, Any]]:
    """Return the values that a source gives the leaves of a tree, each by its path."""
    for target, value in filter(None, map(set_by, pieces(text))):
        name = text_of(target).partition(".")[2]
        if isinstance(value, ast.Constant) and re.fullmatch(r"[\w.]+", name):
            yield name, value.value
