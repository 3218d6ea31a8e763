"""What each process imports, seen from outside: a subprocess tells its own modules."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import hpo_tui
from hpo_tui.store.write import StudyWriter

SHOW = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def modules_after(code: str) -> set[str]:
    """The modules of a fresh interpreter that has run ``code``."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{SHOW}"], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    [
        "import hpo_tui.tui.app",
        "import hpo_tui.tui.app, hpo_tui.tui.screens.watch, hpo_tui.tui.screens.studies",
        "import hpo_tui.engine.launch, hpo_tui.engine.spec, hpo_tui.store.read",
    ],
)
def test_the_screens_process_is_light(code: str) -> None:
    heavy = {"torch", "optuna", "pandas", "scipy", "sklearn", "sqlite_utils", "sqlalchemy"}
    assert modules_after(code) & heavy == set()


def test_a_runner_leaves_what_is_heavy_to_the_optimizer() -> None:
    heavy = {"torch", "optuna", "pandas", "scipy", "sklearn", "sqlite_utils", "sqlalchemy"}
    assert modules_after("import hpo_tui.engine.runner.__main__") & heavy == set()


def test_a_file_that_is_up_to_date_is_opened_without_what_brings_it_there(tmp_path: Path) -> None:
    path = tmp_path / "study.db"
    StudyWriter(path).close()
    opened = "from pathlib import Path; from hpo_tui.store.write import StudyWriter"
    modules = modules_after(f"{opened}; StudyWriter(Path({str(path)!r})).close()")
    assert "sqlite_utils" not in modules


def test_the_optimizer_leaves_optuna_to_the_sampler() -> None:
    heavy = {"torch", "optuna", "pandas", "sklearn", "sqlite_utils", "sqlalchemy"}
    heavy |= {"scipy.stats", "scipy.optimize"}
    study = {
        "study": {"name": "s", "command": "true", "budget": 4},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [{"metric": "m", "direction": "minimize"}],
    }
    code = "from hpo_tui.engine import Optimizer, StudySpec"
    code += f"\nOptimizer(StudySpec.from_dict({study!r}), 0).ask()"
    assert modules_after(code) & heavy == set()


@pytest.mark.parametrize(
    "code",
    [
        "import hpo_tui.engine.runner, hpo_tui.engine.execution.local",
        "from hpo_tui.engine import Optimizer, StudySpec, CostWeightedSampler",
    ],
)
def test_the_engine_knows_no_screen(code: str) -> None:
    assert modules_after(code) & {"textual", "rich", "plotext"} == set()


def test_what_is_shown_knows_no_widget() -> None:
    screens = Path(hpo_tui.__file__).parent / "tui"
    pure = ["actions", "keys", "watching.live", "charts.brush", "charts.layout", "editor.form"]
    for package in ("words", "tables"):
        pure += [f"{package}.{p.stem}" for p in (screens / package).glob("[a-z]*.py")]
    assert len(pure) > 20
    code = "; ".join(f"import hpo_tui.tui.{name}" for name in pure)
    assert "textual" not in modules_after(code)


def test_a_training_script_pays_for_nothing() -> None:
    ours = "import sys; before = set(sys.modules); from hpo_tui import trial; trial.report"
    path = [str(Path(hpo_tui.__file__).parents[1]), *sys.path]  # -S leaves out what is editable
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:] = {path!r}\n{ours}\n"
         "print(*sorted(m for m in set(sys.modules) - before if m.startswith('hpo_tui')))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["hpo_tui", "hpo_tui.engine", "hpo_tui.engine.trial"]


def test_the_public_names_are_there() -> None:
    names = ["Optimizer", "StudySpec", "CostWeightedSampler", "Suggestion", "SpecError"]
    code = f"from hpo_tui.engine import {', '.join(names)}\nfrom hpo_tui import trial, __version__"
    assert "hpo_tui" in modules_after(code)
