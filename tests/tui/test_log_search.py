"""A log that is searched: the line gone to, the others that match, the way out."""

from pathlib import Path

import pytest
from rich.style import Style
from textual.pilot import Pilot
from textual.strip import Strip

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.log_index import LogIndex
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.log_lines import drawn
from hpo_tui.tui.widgets.log_tail import LogTail
from hpo_tui.tui.words.plain import log_line
from tests.tui.conftest import make_app, ready, until

BASE, FOUND = Style(), Style(bold=True)


@pytest.mark.parametrize(
    ("text", "left", "shown"),
    [
        ("loss 0.5", 0, "loss 0.5  "),
        ("loss 0.500", 0, "loss 0.500"),
        ("loss 0.5000", 0, "loss 0.50…"),
        ("loss 0.5000", 4, "…0.5000   "),
        ("a line of many words", 5, "… of many…"),
        ("short", 16, "…         "),
        ("", 16, "          "),
        ("損失 損失 損失", 0, "損失 損失…"),
    ],
)
def test_an_end_out_of_sight_is_marked(text: str, left: int, shown: str) -> None:
    assert drawn(text, "", (BASE, FOUND), left=left, width=10).text == shown


def test_only_what_is_searched_for_is_bright() -> None:
    strip = drawn("loss 1 loss 2", "loss", (BASE, FOUND), left=0, width=20)
    assert [s.text for s in strip if s.style == FOUND] == ["loss", "loss"]
    assert strip.text == "loss 1 loss 2       "


LINES = (
    b"Epoch 1 LOSS 0.5\n"
    b"\x1b[31mlo\x1b[1mss\x1b[0m 0.4\n"
    b"\xc3\x89t\xc3\xa9 \xe6\x90\x8d\xe5\xa4\xb1 0.3\n"
    b"loss 9%\rdone 100%\n"
    b"\tloss\xff 0.2\n"
)
"""A colour within a word, French and Japanese, a progress bar, a byte that is no UTF-8."""


@pytest.mark.parametrize(
    ("sought", "at"),
    [
        ("loss", [0, 1, 4]),
        ("LOSS", [0]),
        ("Loss", []),
        ("epoch", [0]),
        ("\u00e9t\u00e9", [2]),
        ("\u00c9t", [2]),
        ("\u00c9T", []),
        ("\u640d\u5931", [2]),
        ("31m", []),
        ("0m", []),
        ("9%", []),
        ("100%", [3]),
        ("ss\ufffd 0", [4]),
        (".", [0, 1, 2, 4]),
    ],
)
def test_what_is_searched_is_what_is_drawn(tmp_path: Path, sought: str, at: list[int]) -> None:
    path = tmp_path / "log"
    path.write_bytes(LINES)
    index = LogIndex(path)
    index.extend()
    forth, line = [], -1
    while (found := index.find(sought, line)) is not None:
        forth.append(line := found)
    back, line = [], len(index)
    while (found := index.find(sought, line, backwards=True)) is not None:
        back.append(line := found)
    assert forth == back[::-1] == at
    shown = [log_line(raw) for raw in index.lines(0, 9)]
    bright = [any(s.style == FOUND for s in _drawn(text, sought)) for text in shown]
    assert [i for i, found in enumerate(bright) if found] == at


def _drawn(text: str, sought: str) -> Strip:
    return drawn(text, sought, (BASE, FOUND), left=0, width=40)


@pytest.mark.parametrize("backwards", [False, True])
def test_lines_of_any_length_are_searched(tmp_path: Path, backwards: bool) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(b"x" * n + b" end\n" for n in (1, 300_000, 2, 900_000, 262_144, 0)))
    index = LogIndex(path)
    index.extend()
    found, line = [], len(index) if backwards else -1
    while (at := index.find("end", line, backwards=backwards)) is not None:
        found.append(line := at)
    assert found == (list(range(6))[::-1] if backwards else list(range(6)))


async def searched(pilot: Pilot[int], study: StudyFolder, text: str) -> LogTail:
    """Write a log, open it and search in it."""
    app = pilot.app
    log: Path = study.trial(60).log
    log.write_text("".join(f"step {i} loss 0.{i}\n" for i in range(40)))
    await ready(pilot)
    app.live.select(60)  # type: ignore[attr-defined]
    await pilot.press("6")
    tail = app.screen.query_one(LogTail)
    await until(pilot, lambda: tail._index is not None and len(tail._index) == 40)
    await pilot.press("g", "slash", *text, "enter")
    await until(pilot, lambda: isinstance(app.screen, Watch) and tail._match is not None)
    return tail


def grounds(tail: LogTail) -> dict[str, int]:
    """How many lines in sight have which ground where they say what is searched for."""
    found: dict[str, int] = {}
    for y in range(1, tail.size.height):
        for segment in tail.render_line(y):
            if segment.text == "loss" and segment.style is not None:
                name = str(segment.style.bgcolor)
                found[name] = found.get(name, 0) + 1
    return found


async def test_the_match_gone_to_is_told_from_the_others(study: StudyFolder) -> None:
    async with make_app(study).run_test(size=(120, 40)) as pilot:
        tail = await searched(pilot, study, "loss")
        assert sorted(grounds(tail).values())[0] == 1
        assert len(grounds(tail)) == 2
        before = tail._match
        await pilot.press("n")
        await until(pilot, lambda: tail._match != before)
        assert sorted(grounds(tail).values())[0] == 1


async def test_esc_ends_the_search_before_it_leaves(study: StudyFolder) -> None:
    app = make_app(study)
    async with app.run_test(size=(120, 40)) as pilot:
        tail = await searched(pilot, study, "loss")
        at = tail._top
        assert "Esc end search" in app.screen.query_one("KeyBar").render_line(0).text
        await pilot.press("escape")
        assert isinstance(app.screen, Watch)
        assert grounds(tail) == {}
        assert tail._top == at
        assert "end search" not in app.screen.query_one("KeyBar").render_line(0).text
        await pilot.press("n")  # the last search goes on
        await until(pilot, lambda: tail._match is not None)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not isinstance(app.screen, Watch))


async def test_a_log_scrolls_no_further_than_its_lines(study: StudyFolder) -> None:
    async with make_app(study).run_test(size=(120, 40)) as pilot:
        tail = await searched(pilot, study, "loss")
        await pilot.press("l", "l", "l")
        assert tail._left == 0
