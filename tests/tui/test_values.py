"""What differs is not shown alike: choices, large numbers, parameters side by side."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.store.models import Value
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.charts import axes
from hpo_tui.tui.tables.trial_rows import TrialRows
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.entries import EntryRows
from hpo_tui.tui.words.parameter_values import value_text
from hpo_tui.tui.words.side_by_side import trial_entries
from hpo_tui.tui.words.trial_sheet import sheet
from tests.tui.conftest import NOW, TEXT, make_study, make_trial

NAMES = ("optimizer_sgd_with_momentum", "optimizer_sgd_with_nesterov", "adam")
SPACE = f"""
[space.kind]
type = "categorical"
choices = ["{'", "'.join(NAMES)}"]
[space.steps]
type = "ordinal"
choices = [100001, 100002, 1000000]
[space.seed]
type = "int"
low = 0
high = 9000000
[[objective]]
"""


@pytest.fixture
def picture(tmp_path: Path) -> Snapshot:
    text = TEXT.replace("[[objective]]", SPACE, 1)
    study = make_study(tmp_path, trials=0, running=0, text=text)
    rng, steps = np.random.default_rng(0), (100001, 100002, 1000000)
    writer = StudyWriter(study.db)
    for n in range(1, 7):
        trial = make_trial(n, rng)
        own = {"kind": NAMES[n % 3], "steps": steps[n % 3], "seed": 1234000 + n}
        writer.add_trial(replace(trial, params={**trial.params, **own}))
    writer.close()
    return read_once(study, lambda: NOW)


@given(
    st.lists(
        st.one_of(st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9), st.text("abc", max_size=3)),
        unique_by=lambda v: v if isinstance(v, str) else float(v),
        max_size=6,
    )
)
def test_choices_are_told_apart(choices: list[Value]) -> None:
    said = fmt.values(choices)
    numbers = [t for t, c in zip(said, choices, strict=True) if not isinstance(c, str)]
    assert len(numbers) == len(set(numbers))


def test_the_labels_of_an_axis_differ(picture: Snapshot) -> None:
    axis = axes.make("p:steps", picture.frame, picture.spec)
    assert axis.slots == ("100001", "100002", "1M")
    assert axis.counted == "3 choices"
    assert axes.make("task", picture.frame, picture.spec).counted == "3 tasks"
    assert replace(axis, slots=("a",)).counted == "1 choice"


def test_cells_of_a_table_differ_where_the_values_do(picture: Snapshot) -> None:
    rows = TrialRows(picture, picture.frame.number - 1, ["p:kind", "p:steps"])
    found = {tuple(text for text, _ in rows.cells(n)) for n in range(len(rows))}
    assert len({kind for kind, _ in found}) == 3
    assert {steps for _, steps in found} == {"100001", "100002", "1M"}


def test_a_trial_s_own_screen_says_integers_whole_and_marks_what_differs(
    picture: Snapshot,
) -> None:
    assert value_text(picture, "seed", 0, 6) == "1234001"
    picture.frame.params["lr"][:2] = 0.001234567, 0.001234568
    entries = {e.name: e.values for e in trial_entries(picture, [0, 1])}
    assert entries["seed"] == (("1234001", "accent"), ("1234002", "accent"))
    assert {tone for _, tone in entries["lr"]} == {"accent"}
    assert {tone for _, tone in entries["momentum"]} <= {"", "accent"}


def test_side_by_side_a_goal_is_not_cut_and_choices_differ(picture: Snapshot) -> None:
    entries = trial_entries(picture, [0, 1])
    lines = EntryRows(entries, ["this trial", "best: #2"], 48)
    shown = [[text.strip() for text, _ in lines.cells(n)] for n in range(len(lines))]
    metric = next(cells for cells in shown if cells[0].endswith("≤40k"))
    assert metric[0].startswith("nonz")
    assert len(metric[0]) <= 16
    kind = next(cells for cells in shown if cells[0] == "kind")
    assert kind[1] != kind[2]
    row = next(n for n in range(len(lines)) if lines.whole(n)[0].startswith("nonzero"))
    assert lines.whole(row)[0] == "nonzero_weights ≤40k"


def test_of_several_objectives_the_best_are_a_front(tmp_path: Path) -> None:
    text = TEXT.replace("threshold = 0.9", "threshold = 0.5")
    two = read_once(make_study(tmp_path, trials=60, text=text))
    one = replace(two, spec=replace(two.spec, objectives=two.spec.objectives[:1]))
    for snapshot, words in ((two, " on the Pareto front"), (one, " (the best)")):
        titles = [sheet(snapshot, row, None, [], {}).title for row in range(60)]
        assert any(words in title for title in titles)
        assert not all(words in title for title in titles)
