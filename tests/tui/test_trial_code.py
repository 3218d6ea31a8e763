"""The commit that a trial ran, as a column of the table and as what a filter asks for."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo_tui.engine.code_versions import KEY, CodeVersion
from hpo_tui.engine.spec.expressions.filter_completion import completions
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.tables.filters import FilterError, filter_choices, filter_mask, filter_names
from hpo_tui.tui.tables.trial_columns import all_columns
from hpo_tui.tui.tables.trial_order import sorted_rows
from hpo_tui.tui.tables.trial_rows import TrialRows
from hpo_tui.tui.watching.pictures import Pictures
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from tests.tui.conftest import make_study

FIRST = "1a2b3c4d5e6f70819203a4b5c6d7e8f901234567"
SECOND = "2345678e90" * 4
CODE = (
    CodeVersion(1000.0, FIRST, "First"),
    CodeVersion(2000.0, FIRST, "First", changed=True, patch="9f3e2a1b.patch"),
    CodeVersion(3000.0, SECOND, "Second"),
)
STARTS = {1: 500.0, 2: 1000.0, 3: 2500.0, 4: 3100.0, 5: 3200.0}


@pytest.fixture
def seen(tmp_path: Path) -> Snapshot:
    """A study whose five trials ran what nobody knows, then one code after the other."""
    snapshot = read_once(make_study(tmp_path, trials=5, running=0))
    return replace(snapshot, code=CODE, starts=STARTS)


def passing(snapshot: Snapshot, text: str) -> list[int]:
    return [int(n) for n in snapshot.frame.number[filter_mask(snapshot, text)]]


def test_it_is_a_column_with_a_mark_where_something_was_changed(seen: Snapshot) -> None:
    rows = TrialRows(seen, np.arange(5), ["trial", "commit", "changes"])
    assert [[text for text, _ in rows.cells(r)] for r in range(5)] == [
        ["1", "", ""], ["2", "1a2b3c4d5", ""], ["3", "1a2b3c4d5+", "9f3e2a1b"],
        ["4", "2345678e9", ""], ["5", "2345678e9", ""],
    ]  # fmt: skip
    assert {"commit", "changes"} <= set(all_columns(seen))
    assert "commit" not in all_columns(replace(seen, code=()))
    order = sorted_rows(seen, np.arange(5), "commit", descending=True)
    assert order.tolist() == [3, 4, 2, 1, 0], "what is not known comes last"


@pytest.mark.parametrize(
    ("text", "trials"),
    [
        ("commit = 1a2b3c4", [2, 3]),
        ("1a2b3c4", [2, 3]),
        ('commit == "1a2b3c4d5+"', [3]),
        (f"commit = {FIRST}", [2, 3]),
        ("commit != 1a2b3c4", [4, 5]),
        ("commit = 2345678", [4, 5]),
        ("2345678e9 = commit and trial < 5", [4]),
        ("commit in [1a2b, 2345678e90]", [2, 3, 4, 5]),
        ("changes = 9f3e2a1b", [3]),
        ("trial < 1234567", [1, 2, 3, 4, 5]),
    ],
)
def test_trials_are_found_by_the_beginning_of_their_commit(
    seen: Snapshot, text: str, trials: list[int]
) -> None:
    assert passing(seen, text) == trials


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('commit = "ffff"', "is no value of commit: it has"),
        ("commit = 9fff", '"9fff" is no number, and no value that a name has'),
        ("commit", "compare it, as in commit == \"1a2b3c4d5\""),
        ("commit > 1a2b3c4", "text has no order"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said(seen: Snapshot, text: str, said: str) -> None:
    with pytest.raises(FilterError, match=re.escape(said)):
        filter_mask(seen, text)


def test_commits_are_offered(seen: Snapshot) -> None:
    text = "commit == "
    offered = completions(text, len(text), filter_names(seen), filter_choices(seen))[1]
    assert offered[:3] == ['"1a2b3c4d5"', '"1a2b3c4d5+"', '"2345678e9"']


def test_a_trial_that_began_again_ran_the_code_of_its_last_attempt(tmp_path: Path) -> None:
    study = make_study(tmp_path, trials=3, running=0)
    writer, pictures = StudyWriter(study.db), Pictures(study)
    writer.add_event("started", "trial 1 starts", 1)
    with StudyReader(study.db) as reader:
        assert pictures.take(reader).starts == {}, "no code is known"
        writer.put(KEY, [CODE[0].record()])
        first = pictures.take(reader).starts
        assert set(first) == {1}
        writer.add_event("started", "trial 1 starts again", 1)
        writer.add_event("promoted", "trial 2 starts", 2)
        later = pictures.take(reader).starts
        assert pictures.take(reader).starts is later
        assert later == reader.starts()
        assert set(later) == {1, 2}
        assert later[1] > first[1]
    writer.close()
