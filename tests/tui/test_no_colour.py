"""Terminals without colours: what is chosen, and what can act, is told by other means."""

import subprocess
import sys

import pytest
from textual.color import Color
from textual.filter import NoColor
from textual.pilot import Pilot

from hpo_tui.store.folder import StudyFolder
from tests.tui.conftest import until, watching


def reversed_lines(pilot: Pilot[int]) -> set[str]:
    """The lines of the table of the best of which all is drawn in reverse."""
    table = pilot.app.screen.query_one("#best_table")
    strips = [table.render_line(y) for y in range(table.size.height)]
    return {
        strip.text.split()[0]
        for strip in strips
        if strip.text.strip() and all(s.style and s.style.reverse for s in strip)
    }


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_row_that_keys_act_on_is_reversed(
    study: StudyFolder, size: tuple[int, int]
) -> None:
    async with watching(study, colours=False, size=size) as (app, pilot):
        assert any(isinstance(f, NoColor) for f in app.get_line_filters())
        await pilot.press("j")
        await until(pilot, lambda: len(reversed_lines(pilot)) == 1)
        first = reversed_lines(pilot)
        await pilot.press("j")
        await until(pilot, lambda: len(lines := reversed_lines(pilot)) == 1 and lines != first)
        await pilot.press("0")
        assert reversed_lines(pilot) == set()  # keys act elsewhere


@pytest.mark.parametrize("term", ["linux", "screen", "xterm"])
async def test_no_color_is_read_where_there_are_few_colours(
    study: StudyFolder, term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", term)
    monkeypatch.delenv("COLORTERM")
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press("j")
        await until(pilot, lambda: len(reversed_lines(pilot)) == 1)
        drawn = [list(strip) for strip in app.screen._compositor.render_strips()]
        for line_filter in app.get_line_filters():
            drawn = [line_filter.apply(segments, Color(0, 0, 0)) for segments in drawn]
        styles = [s.style for segments in drawn for s in segments if s.style]
        colours = {colour for style in styles for colour in (style.color, style.bgcolor)}
        assert all(colour is None or colour.is_default for colour in colours)


async def test_with_colours_no_row_is_reversed(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24)) as (_, pilot):
        await pilot.press("j")
        assert reversed_lines(pilot) == set()


async def test_keys_that_cannot_act_are_left_out(study: StudyFolder) -> None:
    for colours in (True, False):
        async with watching(study, colours=colours, size=(200, 40)) as (app, pilot):
            await pilot.press("j")
            bar = app.screen.query_one("KeyBar")
            await until(pilot, lambda bar=bar: "star" in bar.render_line(0).text)
            assert ("kill" in bar.render_line(0).text) is colours  # no runner lives


@pytest.mark.parametrize(
    ("term", "colours"),
    [("xterm-256color", True), ("linux", True), ("vt100", False), ("never-heard-of", True)],
)
def test_terminals_without_colours_are_known(
    term: str, colours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", term)
    # A process looks its terminal up once.
    code = "from hpo_tui.tui.glyphs import shows_colours; print(shows_colours())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(colours)
