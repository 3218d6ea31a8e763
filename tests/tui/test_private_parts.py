"""What is used of Textual and plotext that they do not promise, and what is done without it."""

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.drivers.linux_driver import LinuxDriver

import hpo_tui.tui
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.keymap import read_keys

TUI = Path(hpo_tui.tui.__path__[0])
OTHERS = ("textual", "rich", "plotext", "click")
IMPORTED = {
    "tui/charts/polylines.py": {"plotext._kernel.terminal"},  # a chart says that it cannot be drawn
    "tui/outgoing.py": {"textual.drivers._writer_thread"},  # Textual's own driver
    "tui/terminal.py": {"textual._xterm_parser"},  # Textual's own driver
}
"""Private modules, and what is there instead if they go."""
OWN = {
    "HeldFrames": {"_display"},
    "HpoApp": {"_print_error_renderables", "_exception", "_exit_renderables"},
    "NotifyingApp": {"_driver", "_exit", "_notifications"},
    "Palette": {"_action_command_list"},
    "Terminal": {
        "_get_terminal_size", "_enable_mouse_support", "_enable_bracketed_paste", "_file", "_size",
        "_writer_thread", "_debug",
    },
}  # fmt: skip
"""Private names of a class of theirs that ours of that name redefines or asks for."""


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def private_imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OTHERS:
            found |= {
                node.module or "" for part in (node.module or "").split(".") if is_private(part)
            }
            found |= {f"{node.module}.{a.name}" for a in node.names if is_private(a.name)}
    return found


@cache
def names_set(path: Path) -> set[str]:
    """Names that the code of a file gives to attributes."""
    return {
        n.attr for n in ast.walk(tree(path))
        if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)
    }  # fmt: skip


def their_names(cls: type) -> set[str]:
    """Private names of the classes of others that a class is derived from."""
    found: set[str] = set()
    for base in cls.__mro__[1:]:
        if base.__module__.split(".")[0] in OTHERS:
            found |= set(vars(base)) | names_set(Path(inspect.getfile(base)))
    return set(filter(is_private, found))


def used_names(node: ast.AST) -> Iterator[str]:
    """Names that code defines as functions, takes as attributes or asks for by ``getattr``."""
    for n in ast.walk(node):
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef):
            yield n.name
        elif isinstance(n, ast.Attribute) and ast.unparse(n.value) != "os":
            yield n.attr
        elif isinstance(n, ast.Call) and ast.unparse(n.func) == "getattr":
            yield ast.unparse(n.args[1]).strip("'\"")


def test_what_is_private_elsewhere_is_used_where_it_is_done_without_it() -> None:
    imports, names = {}, {}
    for path in sorted(TUI.rglob("*.py")):
        inside = path.relative_to(TUI)
        if found := private_imports(path):
            imports[f"tui/{inside.as_posix()}"] = found
        if path.stem == "__main__":
            continue
        module = import_module(".".join(["hpo_tui.tui", *inside.with_suffix("").parts]))
        outside = [n for n in tree(path).body if not isinstance(n, ast.ClassDef)]
        for node in tree(path).body:
            cls = getattr(module, node.name) if isinstance(node, ast.ClassDef) else None
            theirs = their_names(cls) if cls is not None else set()
            if cls and (
                used := theirs & {name for n in (node, *outside) for name in used_names(n)}
            ):
                names[cls.__name__] = used
    assert imports == IMPORTED
    assert names == OWN


@pytest.mark.parametrize("gone", ["textual._xterm_parser", "textual.drivers._writer_thread"])
def test_without_a_private_module_textuals_own_driver_is_used(
    gone: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for ours in ("hpo_tui.tui.terminal", "hpo_tui.tui.outgoing"):
        monkeypatch.delitem(sys.modules, ours, raising=False)
    monkeypatch.setitem(sys.modules, gone, None)
    assert HpoApp(tmp_path, None).get_driver_class() is LinuxDriver


def test_without_a_private_method_textuals_own_driver_is_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delitem(sys.modules, "hpo_tui.tui.terminal", raising=False)
    monkeypatch.delattr(LinuxDriver, "_enable_mouse_support")
    assert HpoApp(tmp_path, None).get_driver_class() is LinuxDriver


def test_keys_have_the_names_that_textual_gives_them() -> None:
    for typed in (*map(chr, range(33, 127)), "ä"):
        if typed != ",":  # a binding has several keys between commas
            (binding,) = Binding.make_bindings([(typed, "a", "a")])
            assert read_keys({"app": {"help": [typed]}}, "", []) == {"app.help": binding.key}
