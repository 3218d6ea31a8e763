"""A picture that cannot be drawn says so in its place, and where the details are."""

from collections.abc import Callable
from pathlib import Path

import pytest

from hpo_tui.store.frame import Frame
from hpo_tui.tui.charts.canvas import Canvas
from hpo_tui.tui.watching.snapshot import Snapshot, View
from hpo_tui.tui.widgets import importance as pane
from hpo_tui.tui.widgets.chart import Chart
from hpo_tui.tui.widgets.importance import Importance
from tests.tui.charts.conftest import drawn
from tests.tui.charts.showing import Alone, known, text

Made = Callable[[Frame], Snapshot]


class _Broken(Chart):
    broken = True

    def paint(self, snapshot: Snapshot, width: int, height: int) -> Canvas:
        del snapshot
        if self.broken:
            raise ZeroDivisionError("by nothing")
        return Canvas(width, height)


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Path]]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return lambda: list((tmp_path / "state").rglob("error-*.log"))


async def test_a_chart_that_fails_is_written_down_once(
    snapshot_of: Made, logs: Callable[[], list[Path]]
) -> None:
    chart = _Broken()
    app = Alone(chart, ascii_only=False)
    async with app.run_test(size=(120, 20)) as pilot:
        chart.show(snapshot_of(drawn(20)), View())
        await pilot.pause()
        (log,) = logs()
        said = " ".join(line.strip() for line in text(pilot) if line.strip())
        assert said.startswith("This could not be drawn: this is a bug in hpo-tui (ZeroDivision")
        assert log.name in said.replace(" ", "")
        assert "in paint" in log.read_text()
        log.unlink()
        chart.repaint()
        assert logs() == []
        chart.broken = False
        chart.repaint()
        assert chart.fault == ""


async def test_importance_that_fails_says_so(
    snapshot_of: Made, logs: Callable[[], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> dict[str, float]:
        raise ValueError("no such matrix")

    monkeypatch.setattr(pane, "importance", fails)
    chart = Importance()
    app = Alone(chart, ascii_only=False)
    async with app.run_test(size=(120, 20)) as pilot:
        chart.show(snapshot_of(drawn(200)), View())
        await known(pilot)
        said = " ".join(text(pilot))
        assert "This could not be computed: this is a bug in hpo-tui (ValueError: no such" in said
        assert len(logs()) == 1
