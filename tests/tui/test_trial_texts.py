"""What a trial's screen has to say can be read whole, however narrow the window."""

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Static

from hpo_tui.engine.overdue import KEY
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Event, Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.screens.text_window import TextWindow
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.key_bar import KeyBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.widgets.notice import Notice
from hpo_tui.tui.words.entries import Entry, EntryRows, readable
from hpo_tui.tui.words.side_by_side import record_entries
from hpo_tui.tui.words.trial_sheet import files_of, sheet
from tests.tui.conftest import make_study, until, watching

LAST = [f"  File 'train.py', line {n}, in step_{n}" for n in range(4)] + ["RuntimeError: the end"]
REASON = f"exit code 1; last lines: {' | '.join(LAST)}"


def test_the_last_lines_of_a_reason_stand_apart() -> None:
    assert readable(REASON).splitlines() == ["exit code 1; last lines:", *(f"  {x}" for x in LAST)]
    assert readable("killed by you") == "killed by you"


def test_events_of_one_trial_alone(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=0, running=0)
    writer = StudyWriter(study.db)
    for n in range(6):
        writer.add_event("promote", f"event {n}", n % 2)
    writer.close()
    with StudyReader(study.db) as reader:

        def texts(found: list[Event]) -> list[str]:
            return [e.text for e in found]

        assert texts(reader.events_of(1)) == ["event 1", "event 3", "event 5"]
        assert texts(reader.events_of(1, limit=2)) == ["event 3", "event 5"]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_long_texts_are_read_on_the_trial_s_own_screen(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    study = make_study(tmp_path, trials=8, running=0)
    note = "a note " * 60 + "that ends"
    writer = StudyWriter(study.db)
    writer.update_trial(4, state=TrialState.FAILED, reason=REASON, exit_code=1, note=note)
    writer.close()
    async with watching(study, size=size) as (app, pilot):
        assert app.live is not None
        app.open_trial(app.live, 4)
        await until(pilot, lambda: bool(app.screen.query("#trial-reason")))
        screen = app.screen
        reason = screen.query_one("#trial-reason", Notice)
        await until(pilot, lambda: reason.display and reason.size.height > 1)
        said = [reason.render_line(y).text.rstrip() for y in range(reason.size.height)]
        assert said[0] == "exit code 1; last lines:"
        whole = size[1] == 40
        assert said[-1] == "  RuntimeError: the end"
        assert ("Enter" in said[1]) is not whole

        table = screen.query_one("#trial-values", LineTable)
        for name, end in (("ended", "RuntimeError: the end"), ("note", "that ends")):
            assert isinstance(table.rows, EntryRows)
            row = next(n for n in range(len(table.rows)) if table.rows.whole(n)[0] == name)
            table.move_to(("entry", row))
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, TextWindow))
            await until(pilot, lambda: len(app.screen.query(Static)) >= 3)
            text = str(list(app.screen.query(Static))[-2].render())  # the last are the keys
            assert text.rstrip().endswith(end)
            await pilot.press("y" if name == "note" else "escape")
            await until(pilot, lambda: app.screen is screen)
        assert (app.state_folder / "clip.txt").read_text().rstrip() == note
        app.open_trial(app.live, 1)
        await until(pilot, lambda: not reason.display)


def test_what_a_trial_without_a_result_has_reported_is_said_to_be_kept() -> None:
    for state, said in ((TrialState.KILLED, True), (TrialState.COMPLETE, False)):
        trial = Trial(7, 7, "full", state, 1.0, {}, step=4, reason="killed by you")
        lines = {e.name: e.values[0][0] for e in record_entries(trial, [], 1.0) if e.values}
        assert ("until step 4: kept, but no result" in lines.values()) == said


async def test_a_trial_opens_on_a_line_that_can_be_opened(tmp_path: Path) -> None:
    async with watching(make_study(tmp_path, trials=8, running=0)) as (app, pilot):
        assert app.live is not None
        app.open_trial(app.live, 4)
        await until(pilot, lambda: bool(app.screen.query("#trial-values")))
        table = app.screen.query_one("#trial-values", LineTable)
        await until(pilot, lambda: len(table.rows) > 0)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TextWindow))


async def test_an_event_of_no_trial_is_shown_whole(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=12)
    writer = StudyWriter(study.db)
    writer.add_event("paused", "Five trials failed alike. " * 9 + "CUDA error")
    writer.close()
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press("7")
        await until(pilot, lambda: app.focused is not None and app.focused.id == "events")
        await pilot.press("g", "enter")
        await until(pilot, lambda: isinstance(app.screen, TextWindow))
        await until(pilot, lambda: "CUDA error" in str(app.screen.query(Static)[1].render()))


def test_why_a_trial_was_run_is_said_in_words_first() -> None:
    why = {"gain": 0.5, "kind": "look", "text": "Highest expected gain for its price."}
    trial = Trial(7, 7, "full", TrialState.COMPLETE, 1.0, {}, why=why)
    said = ["trial 7 starts at full", "trial 7: stopped", "seen by trial 7"]
    entries = record_entries(trial, [Event(n, 0.0, "x", t, 7) for n, t in enumerate(said)], 1.0)
    lines = EntryRows(entries, ["this trial", "best: #2"], 60)
    shown = [lines.cells(row)[-1][0] for row in range(len(lines))]
    assert shown[:2] == ["why it was run", why["text"]]  # over the column of the best, too
    assert shown[-3:] == ["starts at full", "stopped", "seen by trial 7"]


@pytest.mark.parametrize("width", range(50, 70))
def test_a_sentence_fits_the_columns_that_it_stands_over(width: int) -> None:
    text = "ab " * 60
    entries = [Entry("in words", ((text, ""),), text, wrap=True)]
    rows = EntryRows(entries, ["this trial", "best: #2"], width)
    over = sum(c.width + 1 for c in rows.columns[1:]) - 1
    assert all(len(rows.cells(row)[1][0]) <= over for row in range(2))


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (
            {"gain": 0.34, "price": 0.25, "index": 0.35, "runner_up": 0.3509, "correlation": 0.506},
            {"price": "0.25 full-task units", "correlation": "0.51 expected with the full task"},
        ),
        ({"price": 1.0, "correlation": 1.0}, {"price": "1 full-task unit"}),
        ({"chance": 0.934, "from": 3, "point": 2}, {"chance": "93% that it gives a result"}),
        ({"acquisition": {"ucb": 0.5}}, {"acquisition": "ucb 0.5"}),
    ],
)
def test_numbers_behind_a_choice_are_shown_where_they_say_something(
    numbers: dict[str, Any], said: dict[str, str]
) -> None:
    why = {**numbers, "kind": "look", "text": "Highest expected gain."}
    trial = Trial(7, 7, "short", TrialState.COMPLETE, 0.25, {}, why=why)
    entries = record_entries(trial, [], 1.0)
    assert {e.name: e.text for e in entries if e.values} == {"in words": why["text"], **said}


def test_files_are_named_from_where_trials_run_and_read_whole(tmp_path: Path) -> None:
    folder = make_study(tmp_path, trials=8)
    made = folder.trial(3).checkpoint
    made.mkdir(parents=True)
    (made / "last.pt").write_bytes(b"x")
    snapshot = read_once(folder)
    with StudyReader(folder.db) as reader:
        said = sheet(snapshot, 2, reader.trial(3), (), files_of(folder, 3))
    entry = next(e for e in said.entries if e.name == "checkpoint")
    assert entry.values[0][0] == ".hpo/sparse-speech/trials/0003/checkpoint"
    assert entry.text == str(made)
    assert "reports" not in [e.name for e in said.entries], "there is none"


@pytest.mark.parametrize(("width", "lines"), [(200, 1), (58, 2), (30, 3)])
def test_a_sentence_takes_lines_where_one_has_no_room(width: int, lines: int) -> None:
    text = "Most expected gain for its price, ahead of a promotion of trial 7."
    entries = [Entry("why it was run"), Entry("in words", ((text, ""),), text, wrap=True)]
    rows = EntryRows([*entries, Entry("kind", (("look", ""),), "look")], ["this trial"], width)
    assert len(rows) == 2 + lines
    said = [rows.cells(row) for row in range(1, 1 + lines)]
    assert [name.strip() for (name, _), _ in said] == ["in words"] + [""] * (lines - 1)
    assert " ".join(value for _, (value, _) in said) == text
    room = width - rows.columns[0].width
    assert all(len(value) < room for _, (value, _) in said[: 2 if lines > 1 else 1])
    assert {rows.whole(row) for row in range(1, 1 + lines)} == {("in words", text)}
    assert rows.cells(1 + lines)[1] == ("look", "")


def test_of_a_trial_whose_folder_is_closed_all_else_is_told(tmp_path: Path, closed: Any) -> None:
    folder = StudyFolder(tmp_path)
    files = folder.trial(3)
    files.checkpoint.mkdir(parents=True)
    files.log.touch()
    with closed(files.path):
        found = files_of(folder, 3)
    assert {name for name, path in found.items() if path} == {"folder"}
    (files.checkpoint / "state").touch()
    with closed(files.checkpoint):
        found = files_of(folder, 3)
    assert {name for name, path in found.items() if path} == {"folder", "log", "checkpoint"}


async def test_the_keys_of_a_trial_that_has_ended_are_those_that_can_act(
    tmp_path: Path, runner: None
) -> None:
    study = make_study(tmp_path, trials=8, running=0)
    async with watching(study, size=(80, 24)) as (app, pilot):
        assert app.live is not None
        app.open_trial(app.live, 4)
        await until(pilot, lambda: bool(app.screen.query("#trial-values")))
        bar = app.screen.query_one(KeyBar)
        await until(pilot, lambda: "y copy" in bar.render_line(0).text)
        assert "x kill" not in bar.render_line(0).text
        assert "r retry" in bar.render_line(0).text


@pytest.mark.parametrize("size", [(40, 15), (80, 24)])
async def test_what_to_do_about_an_overdue_trial_is_in_sight(
    tmp_path: Path, size: tuple[int, int], runner: None
) -> None:
    study = make_study(tmp_path, trials=8, running=1)
    writer = StudyWriter(study.db)
    writer.put(KEY, {"now": [8], "told": [8]})
    writer.add_event(
        "overdue",
        "trial 8 has run for 1m 1s, others at 60 epochs 20s at most; nothing stops it but"
        " `hpo-tui kill sparse 8`: neither stall nor timeout is set",
        8,
    )
    writer.close()
    async with watching(study, size=size) as (app, pilot):
        assert app.live is not None
        app.open_trial(app.live, 8)
        await until(pilot, lambda: bool(app.screen.query("#trial-reason")))
        notice = app.screen.query_one("#trial-reason", Notice)
        await until(pilot, lambda: notice.display and notice.size.height > 1)
        said = " ".join(notice.render_line(y).text.strip() for y in range(notice.size.height))
        assert "`hpo-tui kill sparse 8`: neither stall nor timeout is set" in said
        assert notice.size.height <= size[1] // 2
