"""Where a script saves its checkpoints: by its source, and by what a run has left."""

import ast
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hpo_tui.engine.define.sources.syntax import pieces, text_of
from hpo_tui.engine.spec.names import joined

_NAME = re.compile(
    r"[\w*.=-]+\.(pth\.tar|pth|pt|ckpt|tar|pkl|h5|keras|npz|safetensors|msgpack|joblib|ubj|cbm)"
)
"""Names of files in which models are saved, ``*`` for a number."""
_BOOSTED = re.compile(r"(\w*_)?(model|booster|bst|gbm|lgbm?|xgb)\w*\.(json|txt|bin)")
"""Names that boosted trees are saved under, whose endings other files have, too."""
_GOES_ON = re.compile(r"checkpoint|ckpt|snapshot|last|latest|resume", re.IGNORECASE)
_APART = re.compile(r"\.|data|(v?env|site-packages|node_modules|__pycache__)$", re.IGNORECASE)
"""Folders that hold no checkpoints of the script's: hidden ones, data and installed packages."""
_DEEPEST, _MOST, _NAMED = 3, 2000, 3
"""Folders below a folder, and files in it, that are looked at; files that are named."""
_ANYWHERE = (
    "the last would overwrite the others, and one could continue from what another has saved",
    "Let the script save below the folder that HPO_TRIAL_DIR names, if it is set",
)
"""What may happen where all trials save to one place, and what the script can do about it."""
_LIGHTNING_LOGS = "lightning_logs"
_IN_LIGHTNING_LOGS = (
    "two that start at once can take the same version, and share its log and its checkpoints",
    'Let the script say Trainer(default_root_dir=os.environ.get("HPO_TRIAL_DIR"), …)',
)
"""The same where Lightning has chosen the place: it numbers its folders by those that are there."""
_SAVES = re.compile(r"(\w+\.)*\w*(save|dump)\w*")


def saved_files(folder: Path) -> dict[Path, int]:
    """Return the files below a folder that may be checkpoints, each with when it was written.

    Data are not looked at: they are fetched once, and trials share them.
    """
    found: dict[Path, int] = {}
    for root, below, names in os.walk(folder):
        depth = len(Path(root).relative_to(folder).parts)
        below[:] = [n for n in below if depth < _DEEPEST and not _APART.match(n)]
        for name in (n for n in names if _NAME.fullmatch(n) or _BOOSTED.fullmatch(n)):
            with suppress(OSError):
                found[Path(root, name)] = Path(root, name).stat().st_mtime_ns
        if len(found) > _MOST:
            break
    return found


def left_behind(
    folder: Path, before: Mapping[Path, int], places: Mapping[str, str] | None = None
) -> str:
    """Say which checkpoints a first run has left where every trial would, else nothing.

    ``places``: where an option says that something is → what else to say in the command. One to
    which the run has written is told of.
    """
    new = [str(p.relative_to(folder)) for p, t in saved_files(folder).items() if before.get(p) != t]
    if not new:
        return ""
    said = (words for at, words in (places or {}).items() if any(_below(name, at) for name in new))
    words = next(said, "")
    danger, script = _ANYWHERE
    if all(_below(name, _LIGHTNING_LOGS) for name in new):
        danger, script = _IN_LIGHTNING_LOGS
    what = f"Add {words} to the command of the study" if words else script
    wrote = f"the first run wrote {joined(sorted(new), _NAMED)} here, as each trial would"
    return f"{wrote}: {danger}. {what}"


def _below(name: str, place: str) -> bool:
    """Whether a file, by its path here, is the one at a place or in the folder there."""
    parts = Path(place).parts
    return bool(parts) and Path(name).parts[: len(parts)] == parts


def checkpoint_name(texts: Sequence[str]) -> str:
    """Return the likeliest file that is saved to go on from, ``*`` for its number; or nothing.

    One that is written over and over goes before numbered ones.
    """
    names = [name for text in texts for name in _names(text)]
    likely = [name for name in names if _GOES_ON.search(name)]
    return min(likely, key=lambda name: "*" in name, default="")


def _names(text: str) -> Iterator[str]:
    """Return the names of files with checkpoints that a source which saves something has."""
    nodes = list(pieces(text))
    # Lightning's ModelCheckpoint names this file itself.
    if any(isinstance(n, ast.keyword) and _saves_last(n) for n in nodes):
        yield "last.ckpt"
    if not any(isinstance(n, ast.Call) and _SAVES.fullmatch(text_of(n.func)) for n in nodes):
        return
    inside = {id(part) for n in nodes if isinstance(n, ast.JoinedStr) for part in n.values}
    for node in nodes:
        said = ""
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "*" for p in node.values)
            said = "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            said = "" if id(node) in inside else re.sub(r"\{[^}]*\}|%\d*[ds]", "*", node.value)
        name = said.rpartition("/")[2]
        if _NAME.fullmatch(name):
            yield name


def _saves_last(word: ast.keyword) -> bool:
    """Whether a call says ``save_last=True``."""
    return (
        word.arg == "save_last"
        and isinstance(word.value, ast.Constant)
        and word.value.value is True
    )
