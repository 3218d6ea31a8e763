import subprocess
import sys
import time
from pathlib import Path

import pytest
from textual.color import Color
from textual.css.stylesheet import Stylesheet

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.config import Settings
from hpo_tui.tui.widgets.best_table import BestTable
from tests.tui.conftest import make_app, make_study, ready, until, watching

HEAVY = ("torch", "optuna", "pandas", "sqlite_utils", "scipy", "sklearn", "plotext", "numpy")
SCREENS = ("app", "screens.watch", "screens.studies", "screens.trials",
           "screens.compare", "screens.compare_studies", "screens.help")  # fmt: skip


def test_the_screens_import_nothing_heavy() -> None:
    modules = "; ".join(f"import hpo_tui.tui.{m}" for m in SCREENS)
    code = f"{modules}; import sys; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_first_frame_needs_no_parser_of_expressions_and_nobody_to_tell() -> None:
    later = ("engine.spec.command", "engine.spec.expression", "engine.notify", "store.read")
    code = (
        "import hpo_tui.tui.app, hpo_tui.tui.screens.watch, sys; "
        f"print([m for m in {later!r} if 'hpo_tui.' + m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_whole_dashboard_needs_no_learning_library() -> None:
    panes = (
        "from hpo_tui.tui import panes as p; "
        "[p.make(q) for q in (p.BEST, p.PARALLEL, p.COST_BAR, *p.TABS)]"
    )
    heavy = tuple(m for m in HEAVY if m not in ("numpy", "plotext"))
    code = f"{panes}; import sys; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_study_printed_once_needs_no_screen(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    code = (
        "import sys; from hpo_tui.tui.cli.root import run; "
        f"code = run([{str(study.path)!r}, '--once']); print(code, 'textual' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "sparse-speech" in done.stdout
    assert done.stdout.splitlines()[-1] == "0 False"


async def test_watching_an_unchanged_study_costs_almost_nothing(tmp_path: Path) -> None:
    async with watching(make_study(tmp_path, trials=400)) as (app, pilot):
        table = app.screen.query_one(BestTable)
        for _ in range(20):  # a busy machine takes its time to be done with the start
            before, wall = time.process_time(), time.monotonic()
            updates = table._layout_updates
            await pilot.pause(2.0)
            share = (time.process_time() - before) / (time.monotonic() - wall)
            if share < 0.02 and table._layout_updates == updates:
                return
        pytest.fail(f"{share:.1%} of a core, table laid out {table._layout_updates} times")


@pytest.mark.parametrize("dark", [True, False])
async def test_styles_are_parsed_once_for_the_theme_that_is_shown(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, *, dark: bool
) -> None:
    again: list[Stylesheet] = []
    parse = Stylesheet.reparse
    monkeypatch.setattr(Stylesheet, "reparse", lambda sheet: (again.append(sheet), parse(sheet)))
    app = make_app(study, settings=Settings(dark=dark))

    def shown() -> bool:
        return app.screen.styles.background == Color.parse(app.get_css_variables()["background"])

    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert not again
        first = app.screen.styles.background
        assert shown()
        await pilot.press("ctrl+t")
        await until(pilot, lambda: app.screen.styles.background != first)
        assert shown()
        await pilot.press("ctrl+t")
        await until(pilot, lambda: app.screen.styles.background == first)
