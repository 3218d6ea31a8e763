"""Reading a script's source, without running it: its own modules, constants, environment."""

import ast
import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hpo_tui.engine.define.options import Option, kind_of

_KNOWN = re.compile(
    r"(?i)(.*_)?(lr|learning_rate|epochs?|batch_?size|steps|iterations|iters|momentum|weight_decay|"
    r"dropout|hidden.*|gamma|width|depth|layers|n_estimators|max_depth|units|embed.*|wd|alpha|beta\d?|"
    r"dim|heads|warmup\w*|num_leaves|num_boost_round|subsample|colsample\w*)"
)
_HOLDER = re.compile(r"(?i)config|hyper|hparams|settings|args$|params$")
_LARGEST = 2**20
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<package>[\w.]+)[ \t]+)?import[ \t]+(?P<names>[\w., \t]+|\([\w.,\s]+)",
    re.MULTILINE,
)


def local_sources(script: Path, folder: Path) -> list[str]:
    """Return the text of a script and of the modules beside it that it imports, two levels deep."""
    texts: list[str] = []
    seen: set[Path] = set()
    todo = [(script, 0)]
    while todo:
        path, depth = todo.pop(0)
        if path in seen or len(seen) > 40:
            continue
        seen.add(path)
        try:
            if path.stat().st_size > _LARGEST:
                continue
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        texts.append(text)
        if depth < 2:
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


@dataclass(frozen=True, slots=True)
class Settings:
    """What a source sets for itself. ``holder``: the dictionary or class that has it, if any."""

    options: tuple[Option, ...] = ()
    holder: str = ""
    form: Literal["constants", "environment", "dictionary", "class", "arguments"] = "constants"


def constants(tree: ast.Module) -> Settings:
    """Return what could be searched, and in what form it stands there.

    Understood are ``LR = float(os.environ.get("LR", 0.1))``, ``LR = 0.1``, ``config = {"lr": 0.1}``
    and ``class Config: lr: float = 0.1``; where there is nothing else, ``SGD(weights, lr=0.1)``.

    Environment variables go first, as they need no change of the script; else the largest wins.
    """
    plain: list[Option] = []
    environment: list[Option] = []
    found: list[Settings] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and _HOLDER.search(node.name):
            found.append(Settings(_members(node.body), node.name, "class"))
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        name = _target(node)
        variable = _environment(node.value)
        if variable is not None:
            environment.append(variable)
        elif listed := tuple(o for k, v in pairs(node.value) for o in _constant(k, v)):
            found.append(Settings(listed, name, "dictionary"))
        elif (name.isupper() or _KNOWN.fullmatch(name)) and not name.startswith("_"):
            plain += _constant(name, node.value)
    if environment:
        return Settings(tuple(environment), form="environment")
    found.insert(0, Settings(tuple(plain)))
    best = max(found, key=_known)
    return best if _known(best) or best.options else _arguments(tree)


def _known(settings: Settings) -> int:
    return sum(bool(_KNOWN.fullmatch(o.name)) for o in settings.options)


def _arguments(tree: ast.Module) -> Settings:
    """Return the numbers that calls are given by a known name: ``SGD(parameters, lr=0.1)``."""
    found: dict[str, Option] = {}
    for node in ast.walk(tree):
        for word in node.keywords if isinstance(node, ast.Call) else ():
            if word.arg and word.arg not in found and _KNOWN.fullmatch(word.arg):
                line = f"in line {word.value.lineno}"
                for option in _constant(word.arg, word.value):
                    found[word.arg] = dataclasses.replace(option, help=line)
    return Settings(tuple(found.values()), form="arguments")


def assigned(path: Path) -> dict[str, Option]:
    """Return every number, boolean and text that a source gives a name of its own, by that name.

    Raises what reading and parsing it raise.
    """
    found: dict[str, Option] = {}
    for node in ast.parse(path.read_text(encoding="utf-8", errors="replace")).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            name = _target(node)
            if not name.startswith("_"):
                found.update((o.name, o) for o in _constant(name, node.value) or _text(name, node))
    return found


def text_of(node: ast.AST) -> str:
    """Return the source of a piece of a tree; nothing for one that is nested too deeply."""
    try:
        return ast.unparse(node)
    except RecursionError:
        return ""


def _target(node: ast.Assign | ast.AnnAssign) -> str:
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    return target.id if isinstance(target, ast.Name) else ""


def _constant(name: str, node: ast.expr) -> tuple[Option, ...]:
    """Return an option for a literal number or boolean, if it is one."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError):
        return ()
    if not name or not isinstance(value, bool | int | float):
        return ()
    return (Option(name, name, kind_of(value), value, style="constant"),)


def _text(name: str, node: ast.Assign | ast.AnnAssign) -> tuple[Option, ...]:
    """Return an option for a literal text."""
    value = node.value.value if isinstance(node.value, ast.Constant) else None
    return (Option(name, name, "text", value),) if name and isinstance(value, str) else ()


def _members(body: list[ast.stmt]) -> tuple[Option, ...]:
    """Return the options of a class's attributes."""
    options: list[Option] = []
    for node in body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            options += _constant(_target(node), node.value)
    return tuple(options)


def pairs(node: ast.expr) -> tuple[tuple[str, ast.expr], ...]:
    """Return the names and values of ``{"lr": 0.1}`` or ``dict(lr=0.1)``."""
    items: list[tuple[object, ast.expr]] = []
    if isinstance(node, ast.Dict):
        items = [
            (k.value, v)
            for k, v in zip(node.keys, node.values, strict=True)
            if isinstance(k, ast.Constant)
        ]
    elif isinstance(node, ast.Call) and text_of(node.func) == "dict":
        items = [(k.arg, k.value) for k in node.keywords]
    return tuple((k, v) for k, v in items if isinstance(k, str))


def _environment(node: ast.expr) -> Option | None:
    """Return the variable of ``float(os.environ.get("LR", "0.1"))``, ``os.getenv("LR", 0.1)``."""
    convert = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        convert, node = node.func.id, node.args[0]
    if not isinstance(node, ast.Call) or not re.fullmatch(
        r"(os\.)?(environ\.get|getenv)", text_of(node.func)
    ):
        return None
    args = [a.value for a in node.args if isinstance(a, ast.Constant)]
    if len(args) < 2 or not isinstance(args[0], str):
        return None
    try:
        value = float(str(args[1])) if convert == "float" else int(str(args[1]))
    except ValueError:
        return None
    if convert not in ("int", "float"):
        return None
    return Option(args[0], args[0], kind_of(value), value, style="environment")
