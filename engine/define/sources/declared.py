"""The options that stand in the source of a script which does not tell them itself."""

import ast
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.options import Found, Raw, from_dump
from hpo_tui.engine.define.sources.absl_flags import absl_options
from hpo_tui.engine.define.sources.argparse_click import written_options
from hpo_tui.engine.define.sources.signatures import declared_options
from hpo_tui.engine.define.sources.syntax import literal, pairs, parsed, text_of

_RUNS = re.compile(r"^if __name__ == [\"']__main__[\"']", re.MULTILINE)
_HOLDS = re.compile(r"default|hparams|config|settings|args", re.IGNORECASE)


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


def looped_options(texts: Sequence[str]) -> list[Raw]:
    """Return the options of the dictionaries that a script makes options of.

    Counted are the dictionaries of the script itself, the first text, and of the functions that
    it names, which other scripts may have others of.
    """
    trees = [tree for text in texts if (tree := parsed(text)) is not None]
    if not any(map(_loops, trees)):
        return []
    makers = {
        node.name: node
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and _HOLDS.search(node.name)
    }
    found: dict[str, Raw] = {}
    todo: list[ast.AST] = [*trees[:1]]
    seen: set[str] = set()
    while todo:
        part = todo.pop(0)
        found |= {raw["dest"]: raw for raw in _entries(part)}
        named = {n.id for n in ast.walk(part) if isinstance(n, ast.Name)} & makers.keys()
        todo += [makers[name] for name in sorted(named - seen)]
        seen |= named
    return list(found.values())


def _loops(tree: ast.AST) -> bool:
    """Whether a source adds an option for each entry of a dictionary."""
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "add_argument"
        and call.args
        and isinstance(call.args[0], ast.JoinedStr)
        for loop in ast.walk(tree)
        if isinstance(loop, ast.For) and ".items()" in text_of(loop.iter)
        for call in ast.walk(loop)
    )


def _entries(part: ast.AST) -> list[Raw]:
    """Return the options of the dictionaries that a part names as such or returns."""
    own = isinstance(part, ast.FunctionDef)
    found = []
    for node in ast.walk(part):
        held = isinstance(node, ast.Return)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            held = own or _HOLDS.search(node.targets[0].id) is not None
        if held and isinstance(node, ast.Return | ast.Assign) and node.value is not None:
            found += [_entry(key, value) for key, value in pairs(node.value)]
    return found


def _entry(key: str, node: ast.expr) -> Raw:
    value = literal(node)
    kind = "str" if value is None else type(value).__name__
    return {"flags": [f"--{key}"], "dest": key, "default": value, "type": kind}
