"""The table of lines, by itself."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from textual import events
from textual.app import App, ComposeResult

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.tables.rows import Cell, Column
from hpo_tui.tui.tables.trial_columns import default_columns
from hpo_tui.tui.tables.trial_rows import TrialRows
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import NOW


class Numbered:
    """Ten rows."""

    columns: Sequence[Column] = (Column("n", "n", 4),)

    def __len__(self) -> int:
        return 10

    def key(self, row: int) -> int:
        return row

    def find(self, key: object) -> int | None:
        return key if isinstance(key, int) and key < 10 else None

    def cells(self, row: int) -> Sequence[Cell]:
        return [(str(row), "")]


class Alone(App[None]):
    def compose(self) -> ComposeResult:
        yield LineTable()


async def test_rows_that_have_room_again_are_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Alone()
    async with app.run_test(size=(20, 4)) as pilot:
        table = app.query_one(LineTable)
        table.set_rows(Numbered(), keep=9)
        await pilot.pause()
        tops: list[int] = []
        monkeypatch.setattr(table, "refresh", lambda *_, **__: tops.append(table._top))
        await pilot.resize_terminal(20, 20)
        await pilot.pause()
        assert tops[-1] == 0


async def test_a_row_far_away_is_shown_among_its_neighbours() -> None:
    app = Alone()
    async with app.run_test(size=(20, 4)) as pilot:
        table = app.query_one(LineTable)
        table.set_rows(Numbered(), keep=0)
        await pilot.pause()
        shown: list[list[str]] = []
        for row in (7, 8, 9, 0):
            table.move_to(row)
            shown.append([table.render_line(y).text.strip() for y in (1, 2, 3)])
        assert shown == [["6", "7", "8"], ["6", "7", "8"], ["7", "8", "9"], ["0", "1", "2"]]


class Renamed(Numbered):
    """The same with another text in one row, under another heading."""

    def __init__(self, renamed: int, heading: str = "n") -> None:
        self.renamed = renamed
        self.columns = (Column("n", heading, 4),)

    def cells(self, row: int) -> Sequence[Cell]:
        return [("new" if row == self.renamed else str(row), "")]


async def test_only_lines_that_say_something_else_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = Alone()
    async with app.run_test(size=(20, 8)) as pilot:
        table = app.query_one(LineTable)
        drawn: list[int] = []
        render = table.render_line
        monkeypatch.setattr(table, "render_line", lambda y: (drawn.append(y), render(y))[1])
        everything = list(range(8))
        shown = (
            (Numbered(), 0, everything),
            (Numbered(), 0, []),
            (Renamed(3), 0, [4]),
            (Renamed(9), 0, [4]),  # the last is out of sight
            (Renamed(9), 2, [1, 3]),  # the highlight moves
            (Renamed(9), 9, everything[1:]),  # all rows move
            (Renamed(9, "m"), 9, everything),
            (Later(), 12, everything),
        )
        for rows, keep, expected in shown:
            drawn.clear()
            table.set_rows_of(rows, keep if len(rows) == 10 else keep - 3)
            await pilot.pause()
            assert sorted(set(drawn)) == expected, (type(rows), keep)
        table.move_to(2)
        await pilot.pause()
        drawn.clear()
        table.set_rows_of(Later(), 9)
        await pilot.pause()
        assert table.render_line(table.cursor - table._top + 1).text.split() == ["12"]


class Later(Numbered):
    """The same after three more have come in above: their keys are -3 to -1."""

    def __len__(self) -> int:
        return 13

    def key(self, row: int) -> int:
        return row - 3

    def find(self, key: object) -> int | None:
        return key + 3 if isinstance(key, int) else None


@pytest.mark.parametrize(("over", "row", "before", "after"), [(4, 5, 4, 7), (0, 1, 0, 2)])
async def test_a_highlighted_row_stays_on_its_line_below_the_first_page(
    over: int, row: int, before: int, after: int
) -> None:
    app = Alone()
    async with app.run_test(size=(20, 4)) as pilot:
        table = app.query_one(LineTable)
        table.set_rows_of(Numbered(), 0)
        await pilot.pause()
        for at in (9, over, row):
            table.move_to(at)
        assert (table.current, table._top) == (row, before)
        table.set_rows_of(Later(), row)
        assert (table.current, table._top) == (row, after)
        table.set_rows_of(Numbered(), None)
        assert (table.current, table.resting, table._top) == (None, 0, 0)


class Measured(Numbered):
    """Rows of a number that takes eight cells."""

    columns: Sequence[Column] = (Column("v", "value", 9, "right"),)

    def cells(self, row: int) -> Sequence[Cell]:
        return [(f"0.00123{row}", "")]


@pytest.mark.parametrize(("width", "shown"), [(12, "0.001230"), (8, "0.001230"), (7, "…"), (5, "")])
async def test_a_number_is_shown_whole_or_not_at_all(width: int, shown: str) -> None:
    app = Alone()
    async with app.run_test(size=(width, 4)) as pilot:
        table = app.query_one(LineTable)
        table.set_rows(Measured(), keep=0)
        await pilot.pause()
        assert table.render_line(1).text.strip() == shown


class Remarked(Numbered):
    """Rows of two values, the odd ones of one remark."""

    columns: Sequence[Column] = (
        Column("n", "n", 2, fixed=True), Column("a", "a", 5), Column("b", "b", 5),
    )  # fmt: skip

    def cells(self, row: int) -> Sequence[Cell]:
        return [(str(row), ""), *([("a remark", "")] if row % 2 else [("left", ""), ("right", "")])]


async def test_the_last_of_fewer_cells_takes_the_room_of_the_others() -> None:
    app = Alone()
    async with app.run_test(size=(14, 4)) as pilot:
        table = app.query_one(LineTable)
        table.set_rows(Remarked(), keep=0)
        await pilot.pause()
        shown = [table.render_line(y).text.rstrip() for y in (1, 2)]
        assert shown == ["0  left  right", "1  a remark"]
        await pilot.resize_terminal(10, 4)
        await pilot.pause()
        assert table.render_line(2).text == "1  a rem… "
        await pilot.press("l")
        assert table.render_line(2).text == "1         "


@pytest.mark.parametrize(
    ("room", "mark", "shown"),
    [
        (15, "", "  latency ≤1000"),
        (12, "", "laten… ≤1000"),
        (12, "▾", "▾late… ≤1000"),
    ],
)
def test_of_a_heading_the_goal_is_kept(room: int, mark: str, shown: str) -> None:
    column = Column("m", "latency ≤1000", 13, "right", tail=" ≤1000", least=11)
    assert column.heading(room, mark) == shown


@pytest.mark.parametrize("width", range(10, 60, 3))
async def test_a_column_without_room_for_its_goal_goes(study: StudyFolder, width: int) -> None:
    snapshot = read_once(study, lambda: NOW)
    app = Alone()
    async with app.run_test(size=(width, 4)):
        table = app.query_one(LineTable)
        table.set_rows(TrialRows(snapshot, np.arange(9), default_columns(snapshot)))
        head = table.render_line(0).text
        for goal, name in (("≥.9", "accuracy"), ("≤40k", "nonzero")):
            assert (goal in head) == (name[:2] in head)
        assert "≤…" not in head


async def test_arrows_say_that_there_are_more_columns(study: StudyFolder) -> None:
    rows = TrialRows(read_once(study, lambda: NOW), np.arange(9), ["trial", "m:accuracy", "cost"])
    app = Alone()
    async with app.run_test(size=(20, 4)) as pilot:
        table = app.query_one(LineTable)
        table.focus()
        table.set_rows(rows)
        assert table.render_line(0).text == "     # accuracy ≥.9›"
        await pilot.press("l")
        assert table.render_line(0).text == "     #‹  cost       "
        await pilot.resize_terminal(30, 4)
        await pilot.press("h")
        assert table.render_line(0).text.rstrip() == "     # accuracy ≥.9   cost"


async def test_what_looks_alike_is_sent_as_one_piece(study: StudyFolder) -> None:
    snapshot = read_once(study, lambda: NOW)
    app = Alone()
    async with app.run_test(size=(80, 4)):
        table = app.query_one(LineTable)
        table.set_rows(TrialRows(snapshot, np.arange(9), default_columns(snapshot)))
        for y in range(3):
            styles = [segment.style for segment in table.render_line(y)]
            assert all(one != other for one, other in itertools.pairwise(styles))


async def test_the_wheel_moves_by_three_rows() -> None:
    app = Alone()
    async with app.run_test(size=(20, 6)) as pilot:
        table = app.query_one(LineTable)
        table.set_rows(Numbered(), keep=0)
        await pilot.pause()
        for kind, row in (
            (events.MouseScrollDown, 3), (events.MouseScrollDown, 6), (events.MouseScrollUp, 3)
        ):  # fmt: skip
            await pilot._post_mouse_events([kind], table)
            assert table.cursor == row
