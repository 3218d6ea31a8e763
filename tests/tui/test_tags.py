"""Tags are found again: in a filter, as a column, in an order."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widget import Widget
from textual.widgets import Input, Static, TextArea

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.tables.filters import FilterError, filter_mask
from hpo_tui.tui.tables.trial_columns import all_columns, default_columns
from hpo_tui.tui.tables.trial_order import sorted_rows
from hpo_tui.tui.tables.trial_rows import TrialRows
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from tests.tui.conftest import make_app, make_study, ready, until, watching

TAGS = {2: ("keep", "seed noise"), 5: ("check",), 7: ("keep",)}


@pytest.fixture
def tagged(tmp_path: Path) -> StudyFolder:
    study = make_study(tmp_path, trials=8, running=0)
    writer = StudyWriter(study.db)
    for number, tags in TAGS.items():
        writer.update_trial(number, tags=tags)
    writer.close()
    return study


def passing(snapshot: Snapshot, text: str) -> list[int]:
    return [int(n) for n in snapshot.frame.number[filter_mask(snapshot, text)]]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ('tag == "keep"', [2, 7]),
        ('"seed noise" == tag', [2]),
        ('tag in ["check", "seed noise"]', [2, 5]),
        ('tag == "keep" and tag == "seed noise"', [2]),
        ('tag != "keep"', [1, 3, 4, 5, 6, 8]),
        ('not tag == "keep" and trial < 5', [1, 3, 4]),
    ],
)
def test_a_tag_is_a_filter(tagged: StudyFolder, text: str, numbers: list[int]) -> None:
    assert passing(read_once(tagged), text) == numbers


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('tag == "kepe"', 'did you mean "keep"'),
        ("accuracy > 0.5 and state", "state is a text"),
        ("accuracy > 0.5 and tag", "tag is a text"),
        ("state == 'finished'", "is no value of state"),
        ("task == 'long'", "is no value of task"),
        ("optimizer == 'adma'", 'did you mean "adam"'),
        ("accuracy == 'good'", "they cannot be compared"),
        ("task > '15 epochs'", "text has no order"),
    ],
)
def test_what_can_never_hold_is_told(tagged: StudyFolder, text: str, said: str) -> None:
    with pytest.raises(FilterError, match=said):
        filter_mask(read_once(tagged), text)


def test_a_choice_that_no_trial_has_had_is_one(tagged: StudyFolder) -> None:
    for text in ("optimizer == 'lion'", "state == 'killed'", "task == '30 epochs'"):
        filter_mask(read_once(tagged), text)


def test_tags_are_a_column_once_there_are_any(tmp_path: Path, tagged: StudyFolder) -> None:
    snapshot = read_once(tagged)
    assert default_columns(snapshot)[-1] == "tags"
    rows = TrialRows(snapshot, np.arange(8), ["trial", "tags"])
    assert [rows.cells(i)[1][0] for i in (0, 1, 4)] == ["", "keep, seed noise", "check"]
    bare = read_once(make_study(tmp_path, "bare", 3))
    assert "tags" not in default_columns(bare)
    assert "tags" in all_columns(bare)


def test_trials_are_sorted_by_tags_those_without_last(tagged: StudyFolder) -> None:
    snapshot = read_once(tagged)
    for descending, first in ((False, [5, 7, 2]), (True, [2, 7, 5])):
        rows = sorted_rows(snapshot, np.arange(8), "tags", descending)
        assert snapshot.frame.number[rows][:3].tolist() == first


def test_a_tag_that_is_given_later_is_read(tagged: StudyFolder) -> None:
    writer = StudyWriter(tagged.db)
    with StudyReader(tagged.db) as reader:
        before = reader.frame()
        writer.update_trial(3, tags=("new",))
        writer.update_trial(7, tags=())
        after = reader.frame()
    writer.close()
    assert [before.tag_sets[c] for c in before.tags[[1, 2, 6]]] == [TAGS[2], (), ("keep",)]
    assert [after.tag_sets[c] for c in after.tags[[1, 2, 6]]] == [TAGS[2], ("new",), ()]


@pytest.mark.parametrize(("note", "answer"), [("one line", Input), ("one\ntwo", TextArea)])
async def test_a_note_is_edited_whole(
    tmp_path: Path,
    runner: None,
    sent: list[tuple[str, dict[str, Any]]],
    note: str,
    answer: type[Widget],
) -> None:
    study = make_study(tmp_path, trials=8, running=0)
    writer = StudyWriter(study.db)
    for number in range(1, 9):
        writer.update_trial(number, note=note)
    writer.close()
    async with watching(study, size=(80, 24)) as (app, pilot):
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Trials))
        await pilot.press("j", "n")
        await until(pilot, lambda: isinstance(app.screen.focused, answer))
        await pilot.press("down", "end", "!", "f2")
        await until(pilot, lambda: bool(sent))
        assert sent[0][1]["text"] == f"{note}!"


async def _asked(app: HpoApp, pilot: Pilot[int], key: str) -> None:
    """Open the third trial, and be asked for what a key changes of it."""
    await ready(pilot)
    assert app.live is not None
    app.open_trial(app.live, 3)
    await until(pilot, lambda: bool(app.screen.query("#trial-reason")))
    await pilot.press(key)
    await until(pilot, lambda: bool(app.screen.query(Input)))


async def test_a_tag_with_a_comma_stays_one_when_others_are_edited(tagged: StudyFolder) -> None:
    writer = StudyWriter(tagged.db)
    writer.update_trial(3, tags=("0.1, not 0.2", "keep"))
    writer.close()
    app = make_app(tagged)
    async with app.run_test(size=(120, 40)) as pilot:
        await _asked(app, pilot, "t")
        field = app.screen.query_one(Input)
        assert field.value == '"0.1, not 0.2", keep'
        field.value += ", new"
        await pilot.press("enter")

        def tags() -> tuple[str, ...]:
            with StudyReader(tagged.db) as reader:
                trial = reader.trial(3)
            return () if trial is None else trial.tags

        await until(pilot, lambda: tags() == ("0.1, not 0.2", "keep", "new"))


def _set(study: StudyFolder, **values: Any) -> None:
    """Change a trial as somebody else does."""
    writer = StudyWriter(study.db)
    writer.update_trial(3, **values)
    writer.close()


def _third(study: StudyFolder) -> Any:
    with StudyReader(study.db) as reader:
        return reader.trial(3)


async def test_tags_that_somebody_else_changes_meanwhile_stay_changed(tagged: StudyFolder) -> None:
    _set(tagged, tags=("a", "b", "c"))
    app = make_app(tagged)
    async with app.run_test(size=(120, 40)) as pilot:
        await _asked(app, pilot, "t")
        _set(tagged, tags=("b", "c", "theirs", "both"))
        app.screen.query_one(Input).value = "a, b, mine, both"
        await pilot.press("enter")
        wanted = ("b", "mine", "both", "theirs")
        await until(pilot, lambda: _third(tagged).tags == wanted)


async def test_a_note_that_somebody_else_writes_meanwhile_is_shown_before_it_is_replaced(
    tagged: StudyFolder,
) -> None:
    app = make_app(tagged)
    async with app.run_test(size=(120, 40)) as pilot:
        await _asked(app, pilot, "n")
        _set(tagged, note="theirs")
        first = app.screen
        first.query_one(Input).value = "mine"
        await pilot.press("enter")
        await until(pilot, lambda: app.screen is not first and bool(app.screen.query(Input)))
        assert _third(tagged).note == "theirs"
        said = [str(label.content) for label in app.screen.query(Static)]
        assert "Somebody has changed it meanwhile: theirs" in said
        assert app.screen.query_one(Input).value == "mine"
        await pilot.press("enter")
        await until(pilot, lambda: _third(tagged).note == "mine")
