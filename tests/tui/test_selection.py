"""One selection: what is highlighted is what keys act on and what the other panes show."""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.actions import action
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.study_room import StudyRoom
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.best_table import BestTable
from hpo_tui.tui.widgets.chrome import PaneTitle
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import TEXT, burst, make_app, make_study, ready, until, watching

SIZE = (120, 40)


async def _settled(pilot: Pilot[int]) -> StudyRoom:
    """Wait until every pane in sight shows the view that the screen acts on."""
    app = pilot.app
    assert isinstance(app, HpoApp)
    live = app.live
    assert live is not None
    await pilot.pause(0.1)
    watch = app.screen
    if isinstance(watch, Watch):
        await until(pilot, lambda: watch._panes["parallel"].view is live.view)
    await pilot.pause()
    assert isinstance(app.screen, StudyRoom)
    return app.screen


async def _starred(pilot: Pilot[int], sent: list[tuple[str, dict[str, Any]]]) -> int | None:
    before = len(sent)
    await pilot.press("asterisk")
    await pilot.pause()
    app = pilot.app
    assert isinstance(app, HpoApp)
    await until(pilot, lambda: not app._asides)
    return sent[-1][1]["trial"] if len(sent) > before else None


@pytest.mark.usefixtures("runner")
async def test_without_a_selection_nothing_is_highlighted_and_keys_say_so(
    study: StudyFolder, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    async with watching(study, size=SIZE) as (app, pilot):
        table = app.screen.query_one(BestTable)
        assert len(table.rows)
        assert table.current is None
        assert await _starred(pilot, sent) is None
        assert "No trial is selected" in " ".join(n.message for n in app._notifications)
        await pilot.press("j")
        assert table.current == table.rows.key(0)
        assert await _starred(pilot, sent) == table.current


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("everything", [False, True])
async def test_looking_at_a_trial_begins_where_the_cursor_rests(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch, everything: bool
) -> None:
    app = make_app(study)
    copied: list[str] = []
    monkeypatch.setattr(HpoApp, "copy", lambda _, text, what: copied.append(what))
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        if everything:
            await pilot.press("a")
            await until(pilot, lambda: isinstance(app.screen, Trials))
            await pilot.pause()
        screen = app.screen
        assert isinstance(screen, StudyRoom)
        table = screen.query_one(LineTable if everything else BestTable)
        first = table.rows.key(0)
        assert screen.chosen is None
        assert "No trial is selected" in screen.unavailable(action("trial.kill"))
        await pilot.press("y")
        await pilot.pause()
        assert copied == [f"the command of trial {first}"]
        assert table.current == first == app.live.view.selected  # type: ignore[union-attr]


async def test_a_study_without_a_command_has_none_to_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = 'command = "python train.py --lr {lr} --epochs {epochs} --optimizer {optimizer}"'
    text = TEXT.replace(written, 'command = ["false"]')
    app = make_app(make_study(tmp_path, running=0, text=text))
    copied: list[str] = []
    monkeypatch.setattr(HpoApp, "copy", lambda _, text, what: copied.append(what))
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("y")
        await until(pilot, lambda: any("has no command" in n.message for n in app._notifications))
    assert copied == []


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("keys", [("0", "y"), ("0", "enter"), ("2", "enter")])
async def test_a_chart_has_no_row_to_begin_at(study: StudyFolder, keys: tuple[str, str]) -> None:
    async with watching(study, size=SIZE) as (app, pilot):
        await pilot.press(*keys)
        assert app.live is not None
        assert app.live.view.selected is None
        assert "No trial is selected" in " ".join(n.message for n in app._notifications)


@pytest.mark.usefixtures("runner")
async def test_a_trial_that_is_not_among_the_best_is_not_another_one_there(
    study: StudyFolder, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    async with watching(study, size=SIZE) as (app, pilot):
        best = app.screen.query_one(BestTable)
        await pilot.press("j", "a", "G")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        table = app.screen.query_one(LineTable)
        while best.rows.find(table.current or 0) is not None:
            await pilot.press("k")
        chosen = table.current
        await pilot.press("escape", "6")
        screen = await _settled(pilot)
        assert screen.chosen == chosen
        assert best.current is None
        log = screen._panes["log_tail"]  # type: ignore[attr-defined]  # Watch's panes
        await until(pilot, lambda: log.number == chosen)
        screen.query_one(BestTable).focus()
        assert await _starred(pilot, sent) == chosen


@pytest.mark.usefixtures("runner")
async def test_a_trial_that_the_filter_hides_is_not_acted_on_in_the_table_of_all(
    study: StudyFolder, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    async with watching(study, size=SIZE) as (app, pilot):
        await pilot.press("j", "a")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        assert app.live is not None
        app.live.set_filter(f"trial != {app.live.view.selected}")
        assert isinstance(app.screen, Trials)
        app.screen.view_changed()
        table = app.screen.query_one(LineTable)
        assert table.current is None
        assert await _starred(pilot, sent) is None
        await pilot.press("j")
        assert await _starred(pilot, sent) == table.current == app.live.view.selected


@pytest.mark.usefixtures("runner")
async def test_wherever_keys_lead_highlight_and_selection_agree(
    study: StudyFolder, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    async with watching(study, size=SIZE) as (app, pilot):
        for keys in (
            "0 . . ,", "2 l l h", "7 j j", "7 G", "a g", "escape", "a j j", "enter", "escape",
            "escape", "shift+tab", "s s S", "G", "7", "0 b j",
        ):  # fmt: skip
            await pilot.press(*keys.split())
            screen = await _settled(pilot)
            tables = [t for t in screen.query(LineTable) if isinstance(t, BestTable) or t.has_focus]
            for table in tables:
                key = table.current
                if isinstance(key, int):
                    assert key == screen.chosen, keys
                elif key is not None and hasattr(table, "_trials"):
                    assert table._trials[key] in (None, screen.chosen), keys
            focused = app.focused
            if isinstance(focused, LineTable) and isinstance(focused.current, int):
                assert await _starred(pilot, sent) == focused.current, keys


async def test_the_table_and_the_coordinates_count_the_same_best(tmp_path: Path) -> None:
    text = TEXT.replace("threshold = 0.9", "threshold = 0.5").replace("= 40000", "= 900000")
    async with watching(make_study(tmp_path, text=text), size=(140, 40)) as (app, pilot):
        table, live = app.screen.query_one(BestTable), app.live
        assert live is not None
        assert live.snapshot is not None

        def diamonds() -> set[int]:
            keys = [table.rows.key(row) for row in range(len(table.rows))]
            marks = ["".join(c for c, _ in table.rows.cells(row)) for row in range(len(keys))]
            return {k for k, m in zip(keys, marks, strict=True) if isinstance(k, int) and "◆" in m}

        whole = diamonds()
        assert len(whole) > 1
        gone = min(whole)
        live.set_filter(f"trial != {gone}")
        assert isinstance(app.screen, Watch)
        app.screen.view_changed()
        await _settled(pilot)
        # Without the best of all, none of the others comes to be one of the study's best.
        assert diamonds() == whole - {gone}
        lines = "\n".join(line.text for line in app.screen._compositor.render_strips())
        assert f"best {len(whole) - 1} of {len(whole)} shown" in lines
        assert "full trials shown meet" in table.title


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize("pane", ["best_table", "parallel", "pareto", "events"])
async def test_a_key_in_one_burst_with_a_move_is_about_where_that_led(
    study: StudyFolder, sent: list[tuple[str, dict[str, Any]]], pane: str
) -> None:
    async with watching(study, size=SIZE) as (app, pilot):
        watch = app.screen
        assert isinstance(watch, Watch)
        if pane in ("pareto", "events"):
            await pilot.press("2" if pane == "pareto" else "7")
        await until(pilot, lambda: pane in watch._panes)
        watch._panes[pane].focus()
        await until(pilot, lambda: watch.focused is watch._panes[pane])
        move = "right" if pane == "pareto" else "j"
        await pilot.press(move)
        await _settled(pilot)
        before = watch.live.view.selected
        assert before is not None
        burst(pilot, move, move, "asterisk")
        await until(pilot, lambda: bool(sent))
        await _settled(pilot)
        assert sent[-1][1]["trial"] == watch.live.view.selected != before


@pytest.mark.usefixtures("runner")
async def test_what_cannot_be_promoted_is_not_offered_to_be(study: StudyFolder) -> None:
    async with watching(study, size=SIZE) as (app, _):
        live = app.live
        assert live is not None
        assert live.snapshot is not None
        screen, frame, full = app.screen, live.snapshot.frame, live.snapshot.spec.full_task.name
        assert isinstance(screen, StudyRoom)
        said = dict[int, str]()
        for row, number in enumerate(frame.number.tolist()):
            live.select(number)
            said[number] = screen.unavailable(action("trial.promote"))
            at_full = frame.tasks[frame.task[row]] == full
            assert ("no more expensive one" in said[number]) == at_full
        assert "" in said.values()


async def test_where_the_table_lacks_the_selected_trial_its_title_names_it(
    study: StudyFolder,
) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        watch = app.screen
        assert isinstance(watch, Watch)
        assert app.live is not None
        best = watch.query_one(BestTable)
        title = watch.query_one("#left-title", PaneTitle)
        for number, note in ((2, "#2 selected "), (int(str(best.rows.key(0))), "")):
            app.live.select(number)
            watch.view_changed()
            await until(pilot, lambda wanted=note: title._note == wanted)
            assert (best.highlighted == number) == (not note)


@pytest.mark.usefixtures("runner")
async def test_what_cannot_be_done_names_the_trial_that_it_is_about(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24)) as (app, _):
        watch = app.screen
        assert isinstance(watch, Watch)
        assert app.live is not None
        app.live.select(2)
        assert watch.unavailable(action("trial.kill")).startswith("Trial 2 has ended")
        app.live.select(60)
        assert watch.unavailable(action("trial.retry")) == "Trial 60 has not ended yet."
