import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState, TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.messages import BrushChanged
from hpo_tui.tui.panes import layout_for
from hpo_tui.tui.screens.trial import TrialScreen
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.widgets.best_table import BestTable
from hpo_tui.tui.widgets.filter_bar import FilterBar
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import NOW, TEXT, make_app, make_study, ready, until, watching


async def test_one_selection_rules_every_pane(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        watch = app.screen
        assert isinstance(watch, Watch)
        await pilot.press("j")
        chosen = app.live and app.live.view.selected
        assert chosen == watch.query_one(BestTable).current
        parallel = watch._panes["parallel"]
        await until(pilot, lambda: parallel.view.selected == chosen)
        await until(pilot, lambda: watch._panes["history"].view.selected == chosen)


async def test_a_filter_holds_in_every_pane_and_is_explained_when_wrong(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("slash")
        bar = app.screen.query_one(FilterBar)
        line = bar.query_one(Input)
        line.value = 'accuracy > .9 and optimizer == "adam"'
        live = app.live
        assert live is not None
        await until(pilot, lambda: live.view.mask is not None)
        frame = live.snapshot.frame if live.snapshot else None
        assert frame is not None
        adam = frame.choices["optimizer"].index("adam")
        wanted = (frame.metrics["accuracy"] > 0.9) & (frame.params["optimizer"] == adam)
        assert live.view.mask is not None
        assert (live.view.mask == wanted).all()
        await until(pilot, lambda: app.screen._panes["parallel"].view.mask is live.view.mask)  # type: ignore[attr-defined]
        line.value = "acuracy > .9"
        await until(pilot, lambda: bar.has_class("-fault"))
        assert "accuracy" in str(bar.query_one("Static").render())
        assert (live.view.mask == wanted).all(), "a wrong filter changes nothing"
        await pilot.press("escape")
        assert not bar.display
        await pilot.press("u")
        assert live.view.mask is None


@pytest.mark.parametrize("by", ["filter", "brush"])
async def test_escape_clears_before_it_leaves(study: StudyFolder, by: str) -> None:
    async with watching(study) as (app, pilot):
        watch, live = app.screen, app.live
        assert live is not None
        if by == "filter":
            live.set_filter("accuracy > 0.9")
        else:
            await pilot.press("0", "b")
        await until(pilot, lambda: live.view.mask is not None)
        await pilot.press("escape")
        assert app.screen is watch
        assert live.view.mask is None
        assert not live.view.filter
        assert not live.view.brushes
        await until(pilot, lambda: watch._panes["parallel"].view is live.view)  # type: ignore[attr-defined]
        await pilot.press("escape")
        assert app.screen is not watch


async def test_tab_completes_a_name(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("slash", *"accu", "tab")
        assert app.screen.query_one(FilterBar).query_one(Input).value == "accuracy"


async def test_a_brush_filters_the_table(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        watch = app.screen
        before = len(watch.query_one(BestTable).rows)
        watch.post_message(BrushChanged({"m:accuracy": (0.93, 1.0)}))
        await until(pilot, lambda: len(watch.query_one(BestTable).rows) < before)


async def test_narrowing_to_the_brush_edits_the_study(
    study: StudyFolder, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    async with watching(study) as (app, pilot):
        app.screen.post_message(BrushChanged({"p:lr": (1e-3, 1e-2), "p:optimizer": (0.0, 1.0)}))
        await until(pilot, lambda: bool(app.live and app.live.view.brushes))
        await pilot.press("N", "y")
        await until(pilot, lambda: bool(sent))
        action, args = sent[0]
        assert action == "edit"
        assert "low = 0.001" in args["text"]
        assert '["sgd", "adam"]' in args["text"]
        # An edit that was made since the question came up is not undone by the answer.
        assert app.live
        assert app.live.snapshot
        assert args["base"] == app.live.snapshot.study.text


async def test_tabs_open_by_number_and_zoom_gives_the_screen(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        for at, name in enumerate(("history", "pareto", "curves", "importance", "tasks"), 1):
            await pilot.press(str(at))
            assert app.focused is not None
            assert app.focused.id == name
        for key, name in (("6", "log_tail"), ("7", "events"), ("8", "devices")):
            await pilot.press(key)
            assert app.focused is not None
            assert app.focused.id == name
        before = app.focused.size.height
        await pilot.press("z")
        await until(pilot, lambda: app.focused is not None and app.focused.size.height > before + 8)
        await pilot.press("escape")
        assert isinstance(app.screen, Watch)


@pytest.mark.parametrize(
    ("size", "layout"),
    [((200, 50), "wide"), ((120, 40), "wide"), ((80, 24), "medium"), ((60, 16), "small"),
     ((30, 6), "tiny"), ((10, 3), "tiny"), ((1, 1), "tiny")],
)  # fmt: skip
async def test_every_size_has_a_layout(
    size: tuple[int, int], layout: str, study: StudyFolder
) -> None:
    assert layout_for(*size) == layout
    async with watching(study, size=size) as (app, pilot):
        assert app.screen.has_class(f"-{layout}")
        if size[0] >= 60:
            assert app.screen.query_one(BestTable).size.height >= 7
        await pilot.resize_terminal(100, 30)
        await pilot.pause()
        assert app.screen.has_class("-medium")


async def test_at_80x24_tab_goes_through_one_chart_at_a_time(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        seen = []
        for _ in range(4):
            await pilot.press("tab")
            assert app.focused is not None
            await pilot.pause()
            assert app.focused.size.height > 5
            seen.append(app.focused.id)
        assert seen == ["parallel", "history", "pareto", "curves"]


@pytest.mark.parametrize("size", [(80, 24), (60, 16), (120, 40)])
async def test_a_trials_curve_and_log_can_be_seen_at_every_size(
    study: StudyFolder, size: tuple[int, int]
) -> None:
    async with watching(study, size=size) as (app, pilot):
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, TrialScreen))
        for key, name in (("3", "curves"), ("6", "trial-log"), ("3", "curves")):
            await pilot.press(key)
            await pilot.pause()
            assert app.focused is not None
            assert app.focused.id == name
            assert app.focused.size.height > 3
            assert app.focused.region.bottom <= size[1]


async def test_the_table_of_all_trials_sorts_filters_and_keeps_the_selection(
    study: StudyFolder,
) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("j", "a")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        table = app.screen.query_one(LineTable)
        await until(pilot, lambda: len(table.rows) == 60)
        assert app.live is not None
        assert table.current == app.live.view.selected
        table.sort_by = "m:accuracy"
        table.post_message(LineTable.Sorted(table))
        await pilot.pause()
        order = [table.rows.key(i) for i in range(len(table.rows))]
        frame = app.live.snapshot and app.live.snapshot.frame
        assert frame
        values = [frame.metrics["accuracy"][frame.index(int(n))] for n in order]  # type: ignore[arg-type, index, call-overload]
        known = [v for v in values if not math.isnan(v)]
        assert known == sorted(known, reverse=True)
        assert values[: len(known)] == known, "missing values stand last"
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TrialScreen))
        await pilot.press("escape")
        assert isinstance(app.screen, Trials)


async def test_the_session_is_restored(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("j", "4", "0", "right_curly_bracket")
        axes = app.screen._panes["parallel"].options.names  # type: ignore[attr-defined]
        assert app.live is not None
        app.live.set_filter("accuracy > 0.8")
        chosen = app.live.view.selected
        await pilot.press("q")
    saved = json.loads((app.state_folder / "session.json").read_text())
    assert len(saved["studies"]) == 1
    again = make_app(study)
    async with again.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        assert again.live is not None
        assert again.live.view.selected == chosen
        assert again.live.view.filter == "accuracy > 0.8"
        assert again.live.view.mask is not None
        panes = again.screen._panes  # type: ignore[attr-defined]
        assert "importance" in panes
        await until(pilot, lambda: panes["parallel"].options.names == axes)


@pytest.mark.parametrize("custom", [False, True])
async def test_how_many_of_the_best_are_bright_is_restored(
    study: StudyFolder, custom: bool
) -> None:
    async with watching(study) as (_, pilot):
        keys = ["0", "left_square_bracket", "left_square_bracket"]
        await pilot.press(*keys, *(["right_curly_bracket"] if custom else []), "q")
    # Kept, too, by a session in which there was no room for a chart.
    for size in ((60, 16), (120, 40)):
        again = make_app(study)
        async with again.run_test(size=size) as pilot:
            await ready(pilot)
            parallel = again.screen._panes["parallel"]  # type: ignore[attr-defined]
            assert parallel.options.best == 4
            await pilot.press("q")


async def test_a_brush_without_a_limit_is_restored_as_one(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("0", "b")
        await until(pilot, lambda: bool(app.live and app.live.view.brushes))
        await pilot.press("q")
    text = (app.state_folder / "session.json").read_text()
    assert "Infinity" not in text, "not JSON"
    again = make_app(study)
    async with again.run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        assert again.live is not None
        assert again.live.view.brushes == {"m:accuracy": (0.9, math.inf)}


async def test_a_broken_session_file_is_left_out(study: StudyFolder, tmp_path: Path) -> None:
    path = tmp_path / "state" / "hpo-tui" / "session.json"
    path.parent.mkdir(parents=True)
    bad = {"selected": "x", "filter": 3, "brushes": [1], "tab": 99, "panes": {}}
    path.write_text(json.dumps({"studies": {str(study.path.resolve()): bad}}))
    async with watching(study) as (app, _):
        assert app.live is not None
        assert app.live.view.filter == ""


async def test_new_trials_appear_and_an_unchanged_study_paints_nothing(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        live = app.live
        assert live is not None
        assert live.snapshot is not None
        before = live.snapshot
        writer = StudyWriter(study.db)
        writer.update_trial(
            60,
            state=TrialState.COMPLETE,
            task="60 epochs",
            metrics={"accuracy": 0.99, "nonzero_weights": 900.0},
        )
        writer.close()
        await until(pilot, lambda: live.snapshot is not before)
        await until(pilot, lambda: app.screen.query_one(BestTable).rows.find(60) is not None)


async def test_the_end_and_the_first_that_meets_all_goals_are_announced(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=4, running=1)
    async with watching(study) as (app, pilot):
        writer = StudyWriter(study.db)
        writer.update_trial(
            4,
            state=TrialState.COMPLETE,
            task="60 epochs",
            metrics={"accuracy": 0.99, "nonzero_weights": 900.0},
        )
        writer.update_study(state=StudyState.FINISHED, ended=NOW)
        writer.close()
        await until(pilot, lambda: len(list(app._notifications)) >= 2)
        said = " ".join(n.message for n in app._notifications)
        assert "finished" in said
        assert "trial 4 is the first that meets all goals" in said


async def test_empty_states_teach(tmp_path: Path) -> None:
    fresh = make_study(tmp_path, "fresh", 0, state=StudyState.NEW, running=0)
    async with watching(fresh) as (app, _):
        assert "the study is not running" in app.screen.query_one(BestTable).empty


async def test_a_folder_without_a_database_says_what_to_do(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / ".hpo" / "bare")
    folder.path.mkdir(parents=True)
    folder.file.write_text(TEXT)
    app = make_app(folder)
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: bool(app.live and app.live.problem))
        assert app.live is not None
        assert app.live.problem.endswith(f"To run it: hpo-tui run {folder.path}")


async def test_leaving_says_that_the_run_goes_on(study: StudyFolder, runner: None) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press("q")
    assert "keeps running: `hpo-tui watch " in app.farewell
    assert app.return_code == 0


async def test_copy_goes_to_the_terminal_and_to_a_file_and_says_so(study: StudyFolder) -> None:
    async with watching(study) as (app, pilot):
        await pilot.press("j", "y")
        kept = (app.state_folder / "clip.txt").read_text()
        assert "python train.py --lr " in kept
        assert not re.search(r"\{\w*\}", kept), "a placeholder is left"
        assert app.clipboard == kept.rstrip("\n")
        await until(pilot, lambda: bool(list(app._notifications)))
        assert "clip.txt" in " ".join(n.message for n in app._notifications)
        await pilot.press("Y")
        assert json.loads((app.state_folder / "clip.txt").read_text())["params"]["optimizer"]


async def test_a_picture_is_saved(study: StudyFolder) -> None:
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press("I")
        assert list((app.state_folder / "pictures").glob("*.svg"))
