"""The extras that people are told to install are those that there are."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_extra_that_is_named_can_be_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    sources = [p for name in ("tui", "engine", "store") for p in (ROOT / name).rglob("*.py")]
    named = {
        extra
        for path in (*sources, ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
        for extra in re.findall(r"hpo-tui\[(\w+)\]", path.read_text("utf-8"))
    }
    assert named == set(project["optional-dependencies"]) - {"dev"}
