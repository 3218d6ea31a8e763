"""The wheel and the sdist hold what an installation needs, links resolved."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = (
    "hpo_tui/__init__.py", "hpo_tui/py.typed", "hpo_tui/tui/app.py", "hpo_tui/tui/cli/root.py",
    "hpo_tui/engine/trial.py", "hpo_tui/engine/spec/model.py", "hpo_tui/store/read.py",
    "hpo_tui/store/transfer/rows.py", "hpo_tui/examples/digits/study.toml",
    "hpo_tui/examples/digits/train.py",
)  # fmt: skip


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree as git has it, links kept: building writes beside its source."""
    target = tmp_path_factory.mktemp("source") / "tree"
    target.mkdir()
    for name in ("hpo_tui", "tui", "engine", "store", "examples"):
        skip = shutil.ignore_patterns("__pycache__", ".hpo", "*.egg-info")
        shutil.copytree(ROOT / name, target / name, symlinks=True, ignore=skip)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, target / name)
    return target


def files_of(source: Path) -> list[Path]:
    """The files of the package, through its links."""
    found = []
    for folder, _, names in os.walk(source / "hpo_tui", followlinks=True):
        found += [Path(folder, name) for name in names]
    return found


def build(source: Path, what: str, into: Path) -> Path:
    """Build by the backend itself: no network, no isolated environment."""
    code = f"import setuptools.build_meta as b; print(b.build_{what}({str(into)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return into / done.stdout.splitlines()[-1]


def test_wheel(source: Path, tmp_path: Path) -> None:
    wheel = build(source, "wheel", tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        archive.extractall(tmp_path / "installed")
    assert set(NEEDED) <= names
    tops = {n.split("/")[0] for n in names}
    assert tops == {"hpo_tui", "hpo_tui-0.1.0.dist-info"}  # no bare tui, engine, store; no tests
    packed = {n for n in names if n.startswith("hpo_tui/")}
    assert packed == {p.relative_to(source).as_posix() for p in files_of(source)}
    code = (
        "import hpo_tui, sys; print(hpo_tui.__file__); from hpo_tui.tui.cli import main;"
        "sys.exit(main(['--version']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        str(tmp_path / "installed" / "hpo_tui" / "__init__.py"), "hpo-tui 0.1.0",
    ]  # fmt: skip


def test_sdist(source: Path, tmp_path: Path) -> None:
    path = build(source, "sdist", tmp_path)
    with tarfile.open(path) as archive:
        names = {n.partition("/")[2] for n in archive.getnames()}
    assert "hpo_tui/__init__.py" in names
    # Not by tarfile: its filters, which later versions demand, are not in every Python 3.11.
    (tmp_path / "unpacked").mkdir()
    subprocess.run(["tar", "-xzf", path, "-C", tmp_path / "unpacked"], check=True)
    again = build(tmp_path / "unpacked" / "hpo_tui-0.1.0", "wheel", tmp_path)
    with zipfile.ZipFile(again) as archive:
        assert set(NEEDED) <= set(archive.namelist())
