"""More than two studies: marked in the list, and the best of each in one table."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from hpo_tui.store.read import StudyReader
from hpo_tui.tui.screens.compare_several import CompareSeveral
from hpo_tui.tui.screens.compare_studies import CompareStudies
from hpo_tui.tui.screens.studies import Studies
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.tables.several_rows import SeveralRows, several_table
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import NOW, TEXT, make_app, make_study, settled, until

EASY = TEXT.replace("threshold = 0.9", "threshold = 0.85").replace("= 40000", "= 90000")


def _three(home: Path) -> list[Any]:
    texts = {"first": EASY, "second": TEXT, "third": EASY.replace("dropout", "drop")}
    return [make_study(home, name, 60, text=text) for name, text in texts.items()]


async def _table(pilot: Pilot[int], kind: type[Any]) -> LineTable:
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, kind) and bool(app.screen.query(LineTable)))
    table = app.screen.query_one(LineTable)
    await until(pilot, lambda: table.display and len(table.rows) > 2)
    return table


def test_it_has_the_rows_of_the_command(tmp_path: Path) -> None:
    studies = _three(tmp_path)
    head, rows = several_table([read_once(s, lambda: NOW) for s in studies], 1)
    shown = SeveralRows([s.name for s in studies], head, rows)
    assert [c.title for c in shown.columns] == head
    assert [[text for text, _ in shown.cells(i)] for i in range(3)] == rows
    assert [c.tail for c in shown.columns if c.title.startswith("accuracy")] == [""]
    tones = {text[-1:]: tone for text, tone in shown.cells(1)}
    assert tones["!"] == "bad"
    assert tones["-"] == "dim"
    assert shown.find("third") == 2


def test_what_one_study_searches_and_another_fixes_has_its_value(tmp_path: Path) -> None:
    range_of_width = 'type = "int"\nlow = 16\nhigh = 512'
    fixed = EASY.replace(range_of_width, 'type = "fixed"\nvalue = 64')
    studies = [make_study(tmp_path, n, 60, text=t) for n, t in (("open", EASY), ("fix", fixed))]
    head, rows = several_table([read_once(s, lambda: NOW) for s in studies], 1)
    with StudyReader(studies[1].db) as reader:
        trial = reader.trials(numbers=[int(rows[1][head.index("#")])])[0]
    assert rows[1][head.index("width")] == str(trial.params["width"])
    _, alone = several_table([read_once(studies[1], lambda: NOW)], 1)
    assert len(alone[0]) == len(rows[1]) - 1  # what no study searches has no column


@pytest.mark.parametrize("size", [(100, 14)])
def test_what_is_marked_is_compared(
    snap_compare: Any, tmp_path: Path, size: tuple[int, int], in_zone: Callable[[str], None]
) -> None:
    in_zone("UTC")
    _three(tmp_path)
    app = make_app(None, tmp_path / ".hpo")

    async def before(pilot: Pilot[int]) -> None:
        table = await _table(pilot, Studies)
        header = app.screen.query_one(StudyHeader)
        # Esc takes the marks away.
        await pilot.press("space", "j", "space")
        await until(pilot, lambda: "2 marked" in header.render_line(0).text)
        assert [table.render_line(1 + i).text[0] for i in range(3)] == ["■", "■", " "]
        await pilot.press("escape")
        await until(pilot, lambda: " marked " not in header.render_line(0).text)
        # Two open side by side.
        await pilot.press("space", "k", "equals_sign")
        await until(pilot, lambda: isinstance(app.screen, CompareStudies))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, Studies))
        await pilot.press("g", "space", "j", "space", "j", "equals_sign")
        found = await _table(pilot, CompareSeveral)
        assert {found.rows.key(i) for i in range(3)} == {"first", "second", "third"}
        await pilot.press("G", "enter")
        await until(pilot, lambda: isinstance(app.screen, Watch))
        await pilot.press("escape")
        await _table(pilot, CompareSeveral)
        await settled(pilot)

    assert snap_compare(app, terminal_size=size, run_before=before)
