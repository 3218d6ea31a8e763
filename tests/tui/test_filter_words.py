"""What a filter holds for: judgements as `meets` and `best`, what a trial took, brushes too."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hpo_tui.engine.analysis import front
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.tables.filters import filter_mask, filter_names
from hpo_tui.tui.tables.filters import passing as passing_all
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from tests.tui.conftest import make_study

GOOD = {"accuracy": 0.97, "nonzero_weights": 12_000.0}


@pytest.fixture
def study(tmp_path: Path) -> StudyFolder:
    """A study in which a trial of each task is as good as can be."""
    made = make_study(tmp_path, trials=30, running=1)
    frame = read_once(made).frame
    writer = StudyWriter(made.db)
    for number in (number_at(read_once(made), task) for task in frame.tasks):
        writer.update_trial(number, metrics=GOOD, state=TrialState.COMPLETE)
    writer.close()
    return made


def number_at(snapshot: Snapshot, task: str) -> int:
    """The first trial at a task."""
    return int(snapshot.frame.number[snapshot.frame.at_task(task)][0])


def passing(snapshot: Snapshot, text: str) -> list[int]:
    return [int(n) for n in snapshot.frame.number[filter_mask(snapshot, text)]]


def test_best_are_those_that_the_table_lists(study: StudyFolder) -> None:
    seen = read_once(study)
    rows = front.best_rows(seen.frame, seen.spec)
    assert passing(seen, "best") == sorted(int(n) for n in seen.frame.number[rows])
    assert number_at(seen, seen.spec.full_task.name) in passing(seen, "best")
    assert passing(seen, "best and not meets") == []


def test_a_cheap_trial_meets_the_goals_and_is_not_among_the_best(study: StudyFolder) -> None:
    seen = read_once(study)
    cheap = number_at(seen, seen.spec.tasks_by_cost[0].name)
    assert cheap in passing(seen, "meets")
    assert cheap not in passing(seen, "best")
    assert passing(seen, f"meets and trial == {cheap}") == [cheap]
    assert passing(seen, "not meets and accuracy >= 0.9 and nonzero_weights <= 40000") == []


def test_they_are_offered(study: StudyFolder) -> None:
    assert {"meets", "best"} <= set(filter_names(read_once(study)))


def test_a_filter_and_brushes_hold_together(study: StudyFolder) -> None:
    seen = read_once(study)
    frame, brushes = (
        seen.frame,
        {"p:dropout": (0.0, float(np.median(seen.frame.params["dropout"])))},
    )
    mask = passing_all(seen, "trial > 10", brushes)
    low = frame.params["dropout"] <= brushes["p:dropout"][1]
    assert mask is not None
    assert mask.tolist() == (low & (frame.number > 10)).tolist()
    assert 0 < mask.sum() < min(low.sum(), (frame.number > 10).sum())
    assert passing_all(seen, "", {}) is None


def test_cost_is_what_a_trial_was_charged_and_duration_how_long_it_ran(study: StudyFolder) -> None:
    writer = StudyWriter(study.db)
    writer.update_trial(3, cost=1.0, charged=0.625, duration=7777.0)
    writer.close()
    seen = read_once(study)
    assert passing(seen, "cost == 0.625") == [3]
    assert passing(seen, "duration == 7777") == [3]


def test_like_names_are_told_apart_in_full(study: StudyFolder) -> None:
    seen = read_once(study)
    frame = seen.frame
    rising = frame.number.astype(np.float64)
    metrics = {
        **frame.metrics,
        "lr": rising,
        "state": -rising,
        "best": rising,
        "trial.best": rising,
    }
    like = replace(seen, frame=replace(frame, metrics=metrics))

    def low(values: np.ndarray) -> list[int]:
        return [int(n) for n in frame.number[values < 0.01]]

    assert (
        passing(like, "lr < 0.01") == passing(like, "params.lr < 0.01") == low(frame.params["lr"])
    )
    assert passing(like, "metrics.lr < 5") == [1, 2, 3, 4]
    assert passing(like, "state < -28") == passing(like, "metrics.state < -28") == [29, 30]
    assert passing(like, "trial.state = running") == passing(seen, "running")
    assert passing(like, "trial.best < 3") == [1, 2], "a metric of its own"
    full = {name for name in filter_names(like) if "." in name}
    assert full == {
        "params.lr", "metrics.lr", "metrics.state", "trial.state", "metrics.best", "trial.best",
    }  # fmt: skip
    assert not any("." in name for name in filter_names(seen)), "where nothing is alike"
    for name in ("meets", "trial"):
        one = replace(seen, frame=replace(frame, metrics={**frame.metrics, name: rising}))
        assert passing(one, f"metrics.{name} > 0") == frame.number.tolist()
    meets = replace(seen, frame=replace(frame, metrics={**frame.metrics, "meets": rising}))
    assert passing(meets, "trial.meets") == passing(seen, "meets") != []
