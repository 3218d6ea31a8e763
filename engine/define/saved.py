"""The name of the file that a source saves its checkpoint to."""

import ast
import re
from collections.abc import Iterator, Sequence

_NAME = re.compile(
    r"[\w*.-]+\.(pth\.tar|pth|pt|ckpt|tar|pkl|h5|keras|npz|safetensors|msgpack|joblib)"
)
_GOES_ON = re.compile(r"checkpoint|ckpt|snapshot|last|latest|resume", re.IGNORECASE)
_SAVES = re.compile(r"(\w+\.)*\w*(save|dump)\w*")


def checkpoint_name(texts: Sequence[str]) -> str:
    """Return the likeliest file that is saved to go on from, ``*`` for its number; or nothing.

    One that is written over and over goes before numbered ones.
    """
    names = [name for text in texts for name in _names(text)]
    likely = [name for name in names if _GOES_ON.search(name)]
    return min(likely, key=lambda name: "*" in name, default="")


def _names(text: str) -> Iterator[str]:
    """Return the names of files with checkpoints that a source which saves something has."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    if not any(_SAVES.fullmatch(ast.unparse(call.func)) for call in calls):
        return
    inside = {id(part) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in n.values}
    for node in ast.walk(tree):
        said = ""
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "*" for p in node.values)
            said = "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = "" if id(node) in inside else re.sub(r"\{[^}]*\}|%\d*[ds]", "*", node.value)
        name = said.rpartition("/")[2]
        if _NAME.fullmatch(name):
            yield name
