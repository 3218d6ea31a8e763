"""Which file a command runs, and its text with that of the modules beside it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from hpo_tui.engine.define.given import LAUNCHER
from hpo_tui.engine.define.probing import entry_point

_LARGEST = 2**20
_MOST, _DEEPEST = 40, 2
"""Files of a script that are looked at, and imports that lead to one."""
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<package>[\w.]+)[ \t]+)?import[ \t]+(?P<names>[\w., \t]+|\([\w.,\s]+)",
    re.MULTILINE,
)

_CALLED = re.compile(r"^from ([\w.]+) import ", re.MULTILINE)


def script_of(words: Sequence[str], folder: Path) -> Path | None:
    """Return the Python file that a command runs, or None."""
    for n, word in enumerate(words):
        if word == "-m" and n + 1 < len(words):
            base = folder.joinpath(*words[n + 1].split("."))
            options = (base.with_suffix(".py"), base / "__main__.py")
            module = next((p for p in options if p.is_file()), None)
            if module is not None or not LAUNCHER.match(words[n + 1]):
                return module
        if word.endswith(".py") and (folder / word).is_file():
            return folder / word
    return _behind(entry_point(words, folder), folder)


def _behind(entry: str, folder: Path) -> Path | None:
    """Return the file here of the module whose function an installed command calls, or None."""
    for name in _CALLED.findall(entry):
        for root in (folder, folder / "src"):
            base = root.joinpath(*name.split("."))
            options = (base.with_suffix(".py"), base / "__init__.py")
            if found := next((p for p in options if p.is_file()), None):
                return found
    return None


def read(path: Path) -> str:
    """Return the text of a file, which may begin with a mark of its encoding; "" without one.

    A large one is data, and no source.
    """
    try:
        if path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return ""


def local_sources(script: Path, folder: Path) -> list[str]:
    """Return the text of a script and of the modules beside it that it imports, two levels deep.

    The script's own is the first.
    """
    texts: list[str] = []
    seen: set[Path] = set()
    todo = [(script, 0)]
    while todo:
        path, depth = todo.pop(0)
        if path in seen or len(seen) > _MOST:
            continue
        seen.add(path)
        text = read(path)
        texts += [text] if text else []
        if depth < _DEEPEST:
            todo += [(p, depth + 1) for p in _imported(text, {path.parent, folder, script.parent})]
    return texts


def _imported(text: str, roots: set[Path]) -> list[Path]:
    found = []
    for name in _modules(text):
        for root in roots:
            base = root.joinpath(*name.split("."))
            found += [p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()]
    return found


def _modules(text: str) -> Iterator[str]:
    """Return what may be a module: ``b`` of ``import a, b``, ``a.b`` of ``from a import b``."""
    for line in _IMPORT.finditer(text):
        package, names = line["package"], re.split(r"[\s,()]+", line["names"])
        if package:
            yield package.lstrip(".")
        yield from (f"{package}.{n}".strip(".") if package else n for n in names if n and n != "as")
