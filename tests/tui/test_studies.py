import json
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from hpo_tui.engine.analysis.front import near_misses
from hpo_tui.engine.execution.processes import Process, boot_id
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.actions import action
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.compare import Compare
from hpo_tui.tui.screens.pickers import PickOne
from hpo_tui.tui.screens.studies import Studies
from hpo_tui.tui.screens.watch import Watch
from hpo_tui.tui.tables.study_rows import StudyRows
from hpo_tui.tui.watching.study_list import StudyList
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.chrome import StudyHeader
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.no_study import EMPTY, empty_text
from tests.tui.conftest import NOW, make_app, make_study, ready, until, watching


async def _listed(pilot: Pilot[int], n: int) -> LineTable:
    app = pilot.app
    await until(
        pilot, lambda: isinstance(app.screen, Studies) and bool(app.screen.query(LineTable))
    )
    table = app.screen.query_one(LineTable)
    await until(pilot, lambda: len(table.rows) == n)
    await pilot.pause()
    return table


async def test_the_list_opens_a_study_and_comes_back(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=12)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 30)) as pilot:
        await _listed(pilot, 1)
        await pilot.press("enter")
        await ready(pilot)
        assert isinstance(app.screen, Watch)
        await pilot.press("escape")
        await _listed(pilot, 1)
        assert app.live is None


async def test_the_best_is_in_sight_in_a_narrow_window(tmp_path: Path) -> None:
    study = make_study(tmp_path, "a-study-with-quite-a-long-name", trials=400)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        table = await _listed(pilot, 1)
        places = {column.key: (start, room) for column, start, room in table._placed(80)}
        start, room = places["best"]
        assert room >= 10
        line = "".join(segment.text for segment in table.render_line(1))
        assert "accuracy"[:3] in line[start : start + room]


async def test_studies_are_found_by_a_part_of_their_name(tmp_path: Path) -> None:
    for name in ("vision-a", "vision-b", "speech"):
        study = make_study(tmp_path, name, 3)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 30)) as pilot:
        table = await _listed(pilot, 3)
        await pilot.press("slash", *"SION", "enter")
        await until(pilot, lambda: len(table.rows) == 2)
        assert {str(table.rows.key(i)) for i in range(2)} == {"vision-a", "vision-b"}
        header = app.screen.query_one(StudyHeader)
        await until(pilot, lambda: '2 with "SION" of 3 studies' in header.render_line(0).text)
        make_study(tmp_path, "vision-c", 3)
        await until(pilot, lambda: len(table.rows) == 3)
        await pilot.press("slash", "ctrl+u", *"nothing", "enter")
        await until(pilot, lambda: len(table.rows) == 0)
        await pilot.press("enter", "X")
        await until(pilot, lambda: any("Esc shows all" in n.message for n in app._notifications))
        await pilot.press("escape")
        await until(pilot, lambda: len(table.rows) == 4)
        assert isinstance(app.screen, Studies)


async def test_studies_without_a_best_are_last_either_way(tmp_path: Path) -> None:
    make_study(tmp_path, "none", 12)
    study = make_study(tmp_path, "some", 400)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 30)) as pilot:
        table = await _listed(pilot, 2)
        table.sort_by = "best"
        for _ in range(2):
            await pilot.press("S")
            await pilot.pause()
            assert [table.rows.key(r) for r in range(2)] == ["some", "none"]


async def test_escape_from_a_study_opened_directly_leads_to_the_list(study: StudyFolder) -> None:
    async with watching(study, size=(120, 30)) as (_, pilot):
        await pilot.press("escape")
        await _listed(pilot, 1)


async def test_no_study_yet_teaches(tmp_path: Path) -> None:
    app = HpoApp(None)
    async with app.run_test(size=(80, 24)) as pilot:
        notice = app.screen.query_one(Notice)
        await until(pilot, lambda: notice._text == EMPTY)
        for word in ("hpo-tui init", "hpo-tui demo", "n   "):
            assert word in EMPTY


async def test_studies_in_folders_below_are_named_and_enter_lists_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, name in (("vision", "resnet"), ("speech", "tiny"), ("speech", "small")):
        (tmp_path / folder).mkdir(exist_ok=True)
        make_study(tmp_path / folder, name, trials=3)
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    app = make_app(None, None)
    async with app.run_test(size=(80, 24)) as pilot:
        notice = app.screen.query_one(Notice)
        await until(pilot, lambda: "in folders below" in notice._text)
        lines = [line.split() for line in notice._text.splitlines()]
        assert ["speech", "small,", "tiny"] in lines
        assert ["vision", "resnet"] in lines
        assert "data" not in notice._text
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PickOne))
        await pilot.press("down", "enter")
        table = await _listed(pilot, 1)
        assert table.rows.key(0) == "resnet"
        await pilot.press("escape")
        await until(pilot, lambda: notice.display and "in folders below" in notice._text)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PickOne))
        await pilot.press("enter")
        await _listed(pilot, 2)


def test_many_folders_below_are_counted() -> None:
    assert empty_text({}) == EMPTY
    one = empty_text({"speech": ["a", "b", "c", "d"]})
    assert "but there are some in a folder below:\n    speech   a, b and 2 more\n" in one
    many = empty_text({f"folder {n}": ["a"] for n in range(9)})
    assert "    and 3 folders more\n" in many
    assert len(many.splitlines()) <= 20, "it fits 80x24"


async def test_a_dead_runner_is_shown_and_started_again(
    tmp_path: Path, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    study = make_study(tmp_path, trials=12)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 30)) as pilot:
        table = await _listed(pilot, 1)
        assert any("runner died" in text for text, _ in table.rows.cells(0))
        await pilot.press("R")
        await until(pilot, lambda: sent == [("start", {})])


async def test_archive_asks_then_moves_the_folder(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=3, running=0, state=StudyState.FINISHED)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 30)) as pilot:
        await _listed(pilot, 1)
        moved = study.path.parent / ".archive" / study.name
        await pilot.press("A", "n")
        await until(pilot, lambda: isinstance(app.screen, Studies))
        assert not moved.exists()
        await pilot.press("A", "y")
        await until(pilot, moved.is_dir)
        await until(pilot, lambda: not app.screen.query_one(LineTable).display)


async def test_delete_asks_for_the_name(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=3, running=0, state=StudyState.FINISHED)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 30)) as pilot:
        await _listed(pilot, 1)
        await pilot.press("D", *"wrong", "enter")
        await pilot.pause()
        assert study.path.is_dir()
        app.screen.query_one(Input).value = study.name
        await pilot.press("enter")
        await until(pilot, lambda: not study.path.exists())


@pytest.mark.parametrize("keys", [("A", "y"), ("D", *"sparse-speech", "enter")])
async def test_a_study_is_left_while_a_trial_outlives_its_runner(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    study = make_study(tmp_path, trials=3, running=1, state=StudyState.FINISHED)
    study.trial(3).path.mkdir(parents=True, exist_ok=True)
    with study.trial(3).log.open("ab") as log, subprocess.Popen(["sleep", "60"], stdout=log) as own:
        try:
            found = Process.of(own.pid)
            assert found is not None
            shim = {"pid": own.pid, "ticks": found.ticks, "boot": boot_id()}
            (study.trial(3).path / "process.json").write_text(json.dumps(shim))
            app = make_app(None, study.path.parent)
            async with app.run_test(size=(120, 30)) as pilot:
                await _listed(pilot, 1)
                await pilot.press(*keys)
                said = "trial 3 of sparse-speech still runs without a runner: stop it first"
                await until(pilot, lambda: any(said in n.message for n in app._notifications))
                assert study.path.is_dir()
        finally:
            own.kill()


async def test_a_study_with_a_runner_is_not_deleted(tmp_path: Path, runner: None) -> None:
    study = make_study(tmp_path, trials=3)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 30)) as pilot:
        await _listed(pilot, 1)
        await pilot.press("D")
        await until(pilot, lambda: bool(list(app._notifications)))
        assert isinstance(app.screen, Studies)


async def test_two_studies_side_by_side(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=40)
    make_study(tmp_path, "other", 30)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 16)) as pilot:
        await _listed(pilot, 2)
        await pilot.press("equals_sign", "j", "equals_sign")
        await until(pilot, lambda: isinstance(app.screen, Compare))
        table = app.screen.query_one(LineTable)
        await until(pilot, lambda: len(table.rows) > 10)
        names = [table.rows.cells(i)[0][0].strip() for i in range(len(table.rows))]
        assert {"state", "budget", "lr", "accuracy", "60 epochs"} <= set(names)
        await until(pilot, lambda: table.size.height > 1)
        assert table.render_line(1).text.startswith("state"), "no line is scrolled away"


async def test_a_heading_takes_the_whole_line(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=40)
    make_study(tmp_path, "other", 30)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(80, 40)) as pilot:
        await _listed(pilot, 2)
        await pilot.press("equals_sign", "j", "equals_sign")
        await until(pilot, lambda: isinstance(app.screen, Compare))
        table = app.screen.query_one(LineTable)
        await until(pilot, lambda: len(table.rows) > 10)
        lines = [line.text for line in app.screen._compositor.render_strips()]
        said = "best of each metric among full trials that meet all other goals"
        assert any(said in line for line in lines)


def test_what_cannot_be_read_stands_in_the_list_with_its_reason(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=3)
    broken = StudyFolder(study.path.parent / "broken")
    broken.path.mkdir()
    broken.db.write_bytes(b"this is not a database at all" * 50)
    bare = StudyFolder(study.path.parent / "bare")
    bare.path.mkdir()
    bare.file.write_text("[study]")
    studies = StudyList(study.path.parent)
    found = {s.folder.name: s for s in studies.read()}
    assert found["bare"].problem == "not started"
    assert "not a database" in found["broken"].problem
    assert found[study.name].trials == 3
    again = {s.folder.name: s for s in studies.read()}
    assert all(again[n] is found[n] for n in found), "what did not change is not read again"
    studies.close()


async def test_a_narrow_window_shows_the_number_of_the_best(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=400)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(80, 24)) as pilot:
        await _listed(pilot, 1)
        with closing(StudyList(study.path.parent)) as studies:
            best = studies.read()[0].value
        text = "\n".join(line.text for line in app.screen._compositor.render_strips())
        assert f" {best:.4g} " in text


async def test_there_is_nothing_before_the_first_screen(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=12)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(160, 30)) as pilot:
        table = await _listed(pilot, 1)
        room = app.screen
        assert isinstance(room, Studies)
        assert "q leaves" in room.unavailable(action("screen.back"))
        await pilot.press("slash", "z", "enter")
        await until(pilot, lambda: len(table.rows) == 0)
        assert not room.unavailable(action("screen.back"))
        await pilot.press("escape")
        await until(pilot, lambda: len(table.rows) == 1)


async def test_where_there_is_no_study_the_keys_are_those_that_can_act(tmp_path: Path) -> None:
    (tmp_path / ".hpo").mkdir()
    app = make_app(None, tmp_path / ".hpo")
    async with app.run_test(size=(160, 30)) as pilot:
        await _listed(pilot, 0)
        bar = app.screen.query_one(KeyBar)
        await until(pilot, lambda: "open" not in bar.render_line(0).text)
        assert " ".join(bar.render_line(0).text.split()) == "n new ? help : commands q quit"
        make_study(tmp_path, trials=3)
        await _listed(pilot, 1)
        await until(pilot, lambda: "Enter open" in bar.render_line(0).text)
        assert "pause/resume" in bar.render_line(0).text  # dim: no runner lives
        assert "copy" in bar.render_line(0).text
        await pilot.resize_terminal(80, 24)  # where there is no room for all, it is left out
        await until(pilot, lambda: bar.size.width == 80)
        assert "pause/resume" not in bar.render_line(0).text
        assert "copy" in bar.render_line(0).text


async def test_a_finished_study_is_given_more_before_a_runner_starts(
    tmp_path: Path, sent: list[tuple[str, dict[str, Any]]]
) -> None:
    study = make_study(tmp_path, trials=3)
    with closing(StudyWriter(study.db)) as writer:
        writer.update_study(state=StudyState.FINISHED)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 30)) as pilot:
        await _listed(pilot, 1)
        room = app.screen
        assert isinstance(room, Studies)
        for name in ("studies.restart", "studies.pause"):
            assert "increase its budget" in room.unavailable(action(name))
        await pilot.press("enter")
        await ready(pilot)
        watch = app.screen
        assert isinstance(watch, Watch)
        assert "increase its budget" in watch.unavailable(action("study.start"))
        await pilot.press("R")
        assert sent == []
        # What was changed by hand is taken over by the next run.
        text = study.file.read_text("utf-8")
        study.file.write_text(text.replace("budget = 400", "budget = 500"), "utf-8")
        assert study.file.read_text("utf-8") != text
        await until(pilot, lambda: not watch.unavailable(action("study.start")))
        await pilot.press("R")
        await until(pilot, lambda: sent == [("start", {})])


def test_where_no_trial_meets_all_goals_the_nearest_miss_stands_in_brackets(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=60)
    snapshot = read_once(study)
    row = near_misses(snapshot.frame, snapshot.spec, 1)[0]
    value = fmt.number(float(snapshot.frame.metrics["accuracy"][row]))
    with closing(StudyList(study.path.parent)) as studies:
        found = studies.read()
    assert found[0].met == 0
    cells = StudyRows(found, NOW, 120).cells(0)
    assert (f"({value} accuracy)", "dim") in cells
