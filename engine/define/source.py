"""Reading a script's source, without running it: its own modules, constants, environment."""

import ast
import re
from pathlib import Path

from hpo_tui.engine.define.options import Option, kind_of

_KNOWN = re.compile(
    r"(?i)(.*_)?(lr|learning_rate|epochs?|batch_?size|steps|iterations|iters|momentum|weight_decay|"
    r"dropout|hidden.*|gamma|width|depth|layers|n_estimators|max_depth|units|embed.*|wd|alpha|beta\d?)"
)
_LARGEST = 2**20


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
    for name in re.findall(r"^\s*(?:from|import)\s+\.*([\w.]+)", text, re.MULTILINE):
        for root in roots:
            base = root.joinpath(*name.split("."))
            found += [p for p in (base.with_suffix(".py"), base / "__init__.py") if p.is_file()]
    return found


def constants(tree: ast.Module) -> list[Option]:
    """Return what could be searched: ``LR = float(os.environ.get("LR", 0.1))``, ``LR = 0.1``.

    Environment variables come alone where there are any: they need no change of the script.
    """
    plain, environment = [], []
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        name = targets[0].id if isinstance(targets[0], ast.Name) else ""
        variable = _environment(node.value)
        if variable is not None:
            environment.append(variable)
        elif isinstance(node.value, ast.Constant) and isinstance(node.value.value, int | float):
            value = node.value.value
            if name and (name.isupper() or _KNOWN.fullmatch(name)) and not name.startswith("_"):
                plain.append(Option(name, name, kind_of(value), value, style="constant"))
    return environment or plain


def _environment(node: ast.expr) -> Option | None:
    """Return the variable of ``float(os.environ.get("LR", "0.1"))``, ``os.getenv("LR", 0.1)``."""
    convert = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        convert, node = node.func.id, node.args[0]
    if not isinstance(node, ast.Call) or not re.fullmatch(
        r"(os\.)?(environ\.get|getenv)", ast.unparse(node.func)
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
