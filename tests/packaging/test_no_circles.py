"""No modules import each other in a circle, not even inside functions or for annotations alone."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("engine", "store", "tui")


def modules() -> dict[str, Path]:
    """Return name → file of every module."""
    files = [f for part in PARTS for f in (ROOT / part).rglob("*.py")]
    names = ((".".join(f.relative_to(ROOT).with_suffix("").parts), f) for f in files)
    return {name.removesuffix(".__init__"): file for name, file in names}


def imported(file: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield the modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hpo_tui."):
            source = str(node.module).removeprefix("hpo_tui.")
            for alias in node.names:
                name = f"{source}.{alias.name}"
                yield name if name in known else source
        elif isinstance(node, ast.Import):
            yield from (a.name.removeprefix("hpo_tui.") for a in node.names)


def test_no_modules_import_each_other_in_a_circle() -> None:
    known = modules()
    assert len(known) > 300
    graph = {
        name: {m for m in imported(file, known) if m in known and m != name}
        for name, file in known.items()
    }
    assert graph["tui.screens.base"] >= {"tui.study_app"}
    circle: list[str] = []
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle = error.args[1]
    assert not circle
