"""Small windows in low windows: what to press, and what is wrong, is in sight."""

import contextlib
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.containers import Vertical
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widgets import Input, TextArea

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.tui.editor.fields import Field
from hpo_tui.tui.screens.dialogs import Ask, AskText, Confirm
from hpo_tui.tui.screens.item_dialog import ItemDialog
from hpo_tui.tui.screens.pickers import PickMany, PickOne
from hpo_tui.tui.screens.text_window import TextWindow
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import TEXT, burst, make_app, make_study, ready, until, watching

ENTRIES = [(n, f"entry {n}") for n in range(30)]
FAULT = "The value of lr is not in the space. " * 4 + "Mend-it."


def _texts() -> AskText:
    detail = "One parameter per line, as in a study file. It runs at the cheapest task."
    return AskText("A copy of trial 1, to be run next", "lr = 1\n" * 20, detail, lambda *_: FAULT)


def _lines(pilot: Pilot[int]) -> str:
    strips = pilot.app.screen._compositor.render_strips(pilot.app.size)
    return "\n".join("".join(s.text for s in strip) for strip in strips)


def _form() -> ItemDialog:
    fields = tuple(Field(f"key-{n}", "text", "what it is for " * 4 + "and so.") for n in range(11))
    return ItemDialog("space: lr", fields, {}, lambda *_: FAULT)


@pytest.mark.parametrize(
    ("make", "hint"),
    [
        (_texts, "cancel"),
        (lambda: PickMany("Columns", ENTRIES, [0]), "cancel"),
        (lambda: PickOne("Sort by", ENTRIES), "cancel"),
        (lambda: Confirm("Delete?", "What is lost. " * 60), "y  yes"),
        (lambda: TextWindow("Note", "A long note. " * 90), "Esc  close"),
        (_form, "Enter  keep"),
    ],
)
async def test_the_keys_of_a_dialog_are_in_sight(
    study: StudyFolder, make: Callable[[], ModalScreen[Any]], hint: str
) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        for size in ((40, 13), (60, 16), (80, 24), (120, 40)):
            app.push_screen(make())
            await until(pilot, lambda: hint in _lines(pilot))
            await pilot.resize_terminal(*size)
            await until(pilot, lambda: hint in _lines(pilot))
            box = app.screen.query(Vertical).first()
            await until(pilot, lambda box=box: _used(box) == box.content_size.height)
            if isinstance(app.screen, AskText) and size[1] >= 16:
                await pilot.press("f2")
                await until(pilot, lambda: "Mend-it." in _lines(pilot))
            if isinstance(app.screen, ItemDialog):
                await until(pilot, lambda: "Mend-it." in _lines(pilot) and "so." in _lines(pilot))
                await pilot.press("up")  # from the first field to the last
                await until(pilot, lambda: "key-10" in _lines(pilot))
            await app.pop_screen()
            await pilot.resize_terminal(80, 24)


def _used(box: Vertical) -> int:
    """Return how many lines what is in the box takes."""
    return max(w.virtual_region.bottom for w in box.children)


async def test_a_window_that_was_tiny_can_be_steered_again(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        screen = app.screen
        assert isinstance(screen, Watch)
        await pilot.resize_terminal(30, 6)
        await until(pilot, lambda: screen.focused is None)
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: screen.focused is not None)
        await pilot.press("j")
        await until(pilot, lambda: app.live is not None and app.live.view.selected is not None)


async def test_what_was_typed_before_the_key_that_takes_it_is_taken(study: StudyFolder) -> None:
    app = make_app(study)
    taken: list[Any] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        fields = (Field("low", "number", ""), Field("high", "number", ""))
        app.push_screen(ItemDialog("space: lr", fields, {}, lambda *_: ""), taken.append)
        await until(pilot, lambda: bool(app.screen.query(Input)) and app.screen.focused is not None)
        burst(pilot, "1", "2", "down", "3", "4", "enter")
        await until(pilot, lambda: bool(taken))
        assert taken.pop() == {"low": 12, "high": 34}
        app.push_screen(AskText("A text", ""), taken.append)
        await until(pilot, lambda: isinstance(app.screen.focused, TextArea))
        burst(pilot, "a", "b", "f2")
        await until(pilot, lambda: bool(taken))
        assert taken == ["ab"]


async def test_a_proposal_is_taken_for_what_was_typed_before_it(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(app.screen.focused, Input))
        burst(pilot, "a", "c", "c", "u", "tab")
        line = app.screen.query_one(Input)
        await until(pilot, lambda: line.value.strip() == "accuracy")


async def test_more_wall_time_is_asked_for_as_a_time(
    tmp_path: Path, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    text = re.sub(r"budget = .*", 'budget = "8h"', TEXT)
    async with watching(make_study(tmp_path, text=text), size=(80, 24)) as (_, pilot):
        await pilot.press("plus")
        await until(pilot, lambda: "of 8h00 gone" in _lines(pilot))
        await pilot.press("2", "enter")
        await until(pilot, lambda: "such as 2h." in _lines(pilot))
        await pilot.press("h", "enter")
        await until(pilot, lambda: bool(sent))
        assert sent == [("extend", {"amount": 7200.0})]


@pytest.mark.parametrize("lives", [False, True])
async def test_more_budget_for_a_study_without_a_runner_names_the_key_that_goes_on(
    tmp_path: Path,
    sent: list[tuple[str, dict[str, Any]]],
    monkeypatch: pytest.MonkeyPatch,
    lives: bool,
) -> None:
    monkeypatch.setattr(StudyFolder, "runner_pid", lambda _: 4242 if lives else None)
    async with watching(
        make_study(tmp_path, running=0, state=StudyState.FINISHED), size=(80, 24)
    ) as (app, pilot):
        await pilot.press("plus")
        await until(pilot, lambda: isinstance(app.screen.focused, Input))
        await pilot.press("2", "enter")
        await until(pilot, lambda: bool(app._notifications))
        assert sent == [("extend", {"amount": 2.0})]
        said = " ".join(n.message for n in app._notifications)
        assert said == "extend: done" + (
            "" if lives else ". R starts the runner, which continues the study."
        )


async def test_the_mouse_ticks_entries(study: StudyFolder) -> None:
    app = make_app(study)
    taken: list[Any] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        app.push_screen(PickMany("Columns", ENTRIES, [0]), taken.append)
        await until(pilot, lambda: bool(app.screen.query(LineTable)))
        table = app.screen.query_one(LineTable)
        await until(pilot, lambda: table.size.height > 5)
        await pilot.click(table, offset=(1, 3))
        await until(pilot, lambda: "[x] entry 2" in _lines(pilot))
        await pilot.click(table, offset=(8, 5))
        assert "[ ] entry 4" in _lines(pilot), "one click on the name goes there"
        await pilot.click(table, offset=(8, 5), times=2)
        await until(pilot, lambda: "[x] entry 4" in _lines(pilot))
        assert not taken
        await pilot.press("enter")
        await until(pilot, lambda: taken == [[0, 2, 4]])


async def test_a_long_list_says_how_long_and_names_that_are_cut_differ(study: StudyFolder) -> None:
    app = make_app(study)
    entries = [(n, f"{'layer.' * 12}dropout_{n} (parameter)") for n in range(30)]
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        app.push_screen(PickMany("Columns", entries, [0, 1]))
        await until(pilot, lambda: "2 of 30 ticked" in _lines(pilot))
        shown = re.findall(r"\[[x ]\] (layer.*…\S+)", _lines(pilot))
        assert len(set(shown)) == len(shown) > 10
        await pilot.press("space")
        await until(pilot, lambda: "1 of 30 ticked" in _lines(pilot))
        await pilot.press("escape")
        app.push_screen(PickOne("Sort by", ENTRIES))
        await until(pilot, lambda: "30 to choose from" in _lines(pilot))


async def test_changed_lines_are_not_dropped_unasked(study: StudyFolder) -> None:
    app = make_app(study)
    taken: list[str | None] = []
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        window = AskText("A copy", "lr = 1\n")
        app.push_screen(window, taken.append)
        await until(pilot, lambda: app.screen is window)
        await pilot.press("2", "escape")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        await until(pilot, lambda: app.screen is window)
        assert window.answer() == "2lr = 1\n"
        await pilot.press("escape", "y")
        await until(pilot, lambda: taken == [None])


async def test_the_keys_come_back_once_the_fault_is_mended(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        for window in (
            Ask("A line", "lr", fault=lambda t: FAULT if t == "lr" else ""),
            AskText("A text", "lr", fault=lambda t: FAULT if t == "lr" else ""),
        ):
            app.push_screen(window)
            await until(pilot, lambda: isinstance(app.screen.focused, Input | TextArea))
            await pilot.press("f2")
            await until(pilot, lambda: "Mend-it." in _lines(pilot))
            assert "Esc  cancel" not in _lines(pilot)
            await pilot.press("x")
            await until(pilot, lambda: "Esc  cancel" in _lines(pilot))
            assert "Mend-it." not in _lines(pilot)
            await pilot.press("f2")
            await until(pilot, lambda: isinstance(app.screen, Watch))


@pytest.mark.parametrize(
    ("state", "said"), [("waiting", "nothing is lost"), ("running", "it has cost so far is lost")]
)
async def test_what_killing_a_trial_loses_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str, said: str
) -> None:
    monkeypatch.setattr(StudyFolder, "runner_pid", lambda _: 4242)
    study = make_study(tmp_path, trials=60, running=1)
    with contextlib.closing(sqlite3.connect(study.db)) as base, base:
        given = (state, 0.0 if state == "waiting" else 0.1)
        base.execute("UPDATE trials SET state = ?, charged = ? WHERE number = 60", given)
    async with watching(study, size=(80, 24)) as (app, pilot):
        assert app.live is not None
        app.live.select(60)
        await pilot.press("x")
        await until(pilot, lambda: "Kill trial 60?" in _lines(pilot))
        assert said in " ".join(_lines(pilot).split())
