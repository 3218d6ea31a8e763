"""Pictures of the main screens, with a fixed clock: ``--snapshot-update`` makes them anew."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from hpo_tui.engine.analysis import maps, slices
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from tests.tui.conftest import TEXT, make_app, make_study, ready, settled, until

SIZES = [(80, 24), (120, 40)]


@pytest.fixture(autouse=True)
def still(
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    in_zone: Callable[[str], None],
) -> None:
    in_zone("UTC")
    if "devices" in request.node.name:  # without a runner nothing is measured
        monkeypatch.setattr(StudyFolder, "runner_pid", lambda _: 4242)


def _map(trial: int, lr: Any, width: Any) -> maps.Map:
    """Return a hill over two parameters, of which little is known where both are small."""
    across, up = np.meshgrid(np.log10(lr) + 2, (width - 300) / 160)
    mean = 0.94 - 0.02 * across**2 - 0.03 * up**2
    spread = 0.01 + 0.02 * np.maximum(-across - up, 0)
    numbers = (tuple(v.ravel().tolist()) for v in (mean, mean - spread, mean + spread))
    values = (tuple(lr.tolist()), tuple(width.tolist()))
    return maps.Map(trial, "lr", "width", "accuracy", *values, *numbers)


def _app(tmp_path: Path, **options: Any) -> HpoApp:
    folder = make_study(tmp_path, trials=120)
    lr = np.geomspace(1e-4, 1e-1, 25)
    mean = 0.94 - 0.02 * (np.log10(lr) + 2) ** 2
    spread = 0.005 + 0.01 * np.abs(np.log10(lr) + 2)
    told = [
        {"trial": 12, "parameter": "lr", "metric": "accuracy", "values": lr.tolist(),
         "expected": mean.tolist(), "low": (mean - spread).tolist(),
         "high": (mean + spread).tolist()},
    ]  # fmt: skip
    writer = StudyWriter(folder.db)
    writer.put(slices.KEY, told)
    writer.put(maps.KEY, [maps.kept(_map(12, lr, np.linspace(16, 512, 17)))])
    writer.close()
    return make_app(folder, **options)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("watch", ()),
        ("selected", ("j", "j")),
        ("pareto", ("2",)),
        ("tasks", ("5",)),
        ("devices", ("8",)),
        ("trials", ("j", "a")),
        ("trial", ("j", "enter")),
        ("columns", ("a", "c")),
        ("help", ("question_mark",)),
        ("filter", ("slash", "l", "r")),
        ("slices", ("9",)),
        ("map", ("j", "9", "c")),
        ("whole_map", ("9", "c", "z")),
    ],
)
def test_a_screen(
    snap_compare: Any, tmp_path: Path, name: str, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await settled(pilot)
        for key in keys:
            await pilot.press(key)
            await settled(pilot)
        if name == "trial":
            log = pilot.app.screen.query_one("LogTail")
            await until(pilot, lambda: len(log._index or ()) >= 0)
            await until(pilot, lambda: pilot.app.screen._record is not None)  # type: ignore[attr-defined]  # the trial's screen
        await settled(pilot)

    assert snap_compare(_app(tmp_path), terminal_size=size, run_before=before)


@pytest.mark.parametrize("options", [{"ascii_only": True}, {"readonly": True}])
def test_a_variant(snap_compare: Any, tmp_path: Path, options: dict[str, Any]) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await settled(pilot)

    assert snap_compare(_app(tmp_path, **options), terminal_size=(80, 24), run_before=before)


@pytest.mark.parametrize("size", SIZES)
def test_the_hypervolume(snap_compare: Any, tmp_path: Path, size: tuple[int, int]) -> None:
    easy = TEXT.replace("threshold = 0.9", "threshold = 0.85").replace("= 40000", "= 90000")

    async def before(pilot: Pilot[int]) -> None:
        await ready(pilot)
        await pilot.press("1", "m", "m")
        pane = pilot.app.screen.query_one("#history")
        await until(pilot, lambda: pane._known is not None)  # type: ignore[attr-defined]  # the history
        await settled(pilot)

    app = make_app(make_study(tmp_path, trials=120, text=easy))
    assert snap_compare(app, terminal_size=size, run_before=before)
