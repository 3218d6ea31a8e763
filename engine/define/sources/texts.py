"""The text of a script, and of the modules beside it that it imports."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_LARGEST = 2**20
"""Bytes beyond which a file is taken for data."""
_MOST, _DEEPEST = 40, 2
"""Files of a script that are looked at, and imports that lead to one."""
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<package>[\w.]+)[ \t]+)?import[ \t]+(?P<names>[\w., \t]+|\([\w.,\s]+)",
    re.MULTILINE,
)


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


def is_file(path: Path) -> bool:
    """Whether there is such a file; also of a text that is too long to be the name of one."""
    with suppress(OSError, ValueError):
        return path.is_file()
    return False


def is_folder(path: Path) -> bool:
    """Whether there is such a folder, as :func:`is_file` tells it of a file."""
    with suppress(OSError, ValueError):
        return path.is_dir()
    return False


def local_sources(script: Path, folder: Path) -> list[str]:
    """Return the text of a script and of the modules beside it that it imports, two levels deep.

    The script's own is the first. A module is looked for beside the file that imports it, beside
    the script, then in ``folder``.
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
            roots = dict.fromkeys((path.parent, script.parent, folder))
            todo += [(p, depth + 1) for p in _imported(text, roots)]
    return texts


def _imported(text: str, roots: Iterable[Path]) -> list[Path]:
    places = ((name, root) for name in _modules(text) for root in roots)
    return [p for name, root in places if (p := module_file(name, root))]


def module_file(name: str, folder: Path, package: str = "__init__.py") -> Path | None:
    """Return the file of a module below ``folder``, or None; ``package``: its file in a package."""
    base = folder.joinpath(*name.split("."))
    return next((p for p in (base.with_suffix(".py"), base / package) if is_file(p)), None)


def imported_names(text: str) -> list[str]:
    """Return the top-level packages or modules that a source may import, each once."""
    return list(dict.fromkeys(name.partition(".")[0] for name in _modules(text)))


def _modules(text: str) -> Iterator[str]:
    """Return what may be a module: ``b`` of ``import a, b``, ``a.b`` of ``from a import b``."""
    for line in _IMPORT.finditer(text):
        package, names = line["package"], re.split(r"[\s,()]+", line["names"])
        if package:
            yield package.lstrip(".")
        yield from (f"{package}.{n}".strip(".") if package else n for n in names if n and n != "as")
