"""Optuna's trials have local times without a zone, and one number a step: read and written so."""

import json
import math
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import pytest

from hpo_tui.store.models import Report, Study, StudyState, Trial, TrialState
from hpo_tui.store.transfer.read_csv import read_csv
from hpo_tui.store.transfer.read_optuna import read_optuna
from hpo_tui.store.transfer.write_optuna import OptunaPlan, write_optuna

PLACES = ["sqlite:///{}/x.db", "{}/x.log"]
FLOAT = (
    '{"name": "FloatDistribution", "attributes": {"low": 0.0, "high": 1.0, "log": false,'
    ' "step": null}}'
)


@pytest.fixture(autouse=True)
def tokyo(in_zone: Callable[[str], None]) -> None:
    """The time zone of a place far from Greenwich."""
    in_zone("Asia/Tokyo")


@pytest.mark.parametrize("place", PLACES)
def test_a_trial_of_optunas_began_when_it_began(
    tmp_path: Path, place: str, storage_of: Callable[[str], Any]
) -> None:
    where = place.format(tmp_path)
    if where.endswith(".log"):
        backend = optuna.storages.journal.JournalFileBackend(where)
        storage: Any = optuna.storages.JournalStorage(backend)
    else:
        storage = storage_of(where)
    study = optuna.create_study(storage=storage, study_name="s")
    study.optimize(lambda trial: trial.suggest_float("a", 0, 1), n_trials=1)
    [trial] = read_optuna(where, None).trials
    assert trial.started == pytest.approx(time.time(), abs=60)
    assert trial.ended == pytest.approx(time.time(), abs=60)
    assert trial.created == trial.started
    assert trial.duration == trial.ended - trial.started


def test_what_optuna_has_not_ended_is_read_as_such(tmp_path: Path) -> None:
    where = f"{tmp_path}/x.log"
    backend = optuna.storages.journal.JournalFileBackend(where)
    study = optuna.create_study(storage=optuna.storages.JournalStorage(backend), study_name="s")
    study.ask({"a": optuna.distributions.FloatDistribution(0, 1)})
    study.enqueue_trial({"a": 0.5})
    runs, waits = read_optuna(where, None).trials
    assert (runs.started, runs.ended) == (pytest.approx(time.time(), abs=60), None)
    assert (waits.started, waits.ended, waits.duration) == (None, None, None)
    for trial in (runs, waits):
        assert (trial.state, trial.reason) == (TrialState.KILLED, "unfinished in Optuna")


@pytest.mark.parametrize("place", PLACES)
def test_a_trial_of_ours_keeps_its_times_in_another_zone_and_in_the_hour_that_comes_twice(
    tmp_path: Path, in_zone: Callable[[str], None], place: str
) -> None:
    where = place.format(tmp_path)
    in_zone("Europe/Berlin")
    twice = 1_792_891_800.0  # half past two in the night in which summer time ends, the second one
    ran = Trial(1, 1, "full", TrialState.COMPLETE, 1.0, {"a": 0.5}, {"y": 1.0}, wasted=0.25,
                charged=1.25, created=twice - 1800, started=twice - 1200, ended=twice,
                duration=300.0)  # fmt: skip
    study = Study("s", "", StudyState.FINISHED, "", 0, 0.0, None, None, 0)
    space = {"a": FLOAT}
    assert write_optuna(where, study, [ran], OptunaPlan("full", space, {"y": "minimize"})) == 1
    in_zone("America/New_York")
    assert read_optuna(where, None).trials == [ran]


@pytest.mark.parametrize("place", PLACES)
def test_a_trial_of_ours_has_optunas_times(
    tmp_path: Path, place: str, storage_of: Callable[[str], Any]
) -> None:
    where = place.format(tmp_path)
    space = {"a": FLOAT}
    ran = Trial(1, 1, "full", TrialState.COMPLETE, 1.0, {"a": 0.5}, {"y": 1.0},
                started=1e9, ended=1e9 + 60)  # fmt: skip
    study = Study("s", "", StudyState.FINISHED, "", 0, 0.0, None, None, 0)
    assert write_optuna(where, study, [ran], OptunaPlan("full", space, {"y": "minimize"})) == 1
    arrival = read_optuna(where, None)
    assert (arrival.trials[0].started, arrival.trials[0].ended) == (1e9, 1e9 + 60)
    if place.startswith("sqlite"):
        [theirs] = optuna.load_study(study_name="s", storage=storage_of(where)).trials
        assert theirs.datetime_start is not None
        assert theirs.datetime_start.timestamp() == 1e9
        assert theirs.datetime_complete is not None
        assert theirs.datetime_complete.timestamp() == 1e9 + 60


def test_of_a_curve_optuna_gets_what_it_can_hold(tmp_path: Path) -> None:
    where = f"{tmp_path}/x.log"
    said: list[tuple[int | None, dict[str, float]]] = [
        (1, {"y": 3.0, "z": 9.0}), (2, {"z": 8.0}), (None, {"y": 7.0}), (3, {"y": math.nan}),
        (4, {"y": 2.0}),
    ]  # fmt: skip
    curve = [Report(1, seq, step, metrics) for seq, (step, metrics) in enumerate(said, start=1)]
    ran = Trial(1, 1, "full", TrialState.COMPLETE, 1.0, {"a": 0.5}, {"y": 1.0})
    study = Study("s", "", StudyState.FINISHED, "", 0, 0.0, None, None, 0)
    plan = OptunaPlan("full", {"a": FLOAT}, {"y": "minimize"}, curves={1: curve})
    assert write_optuna(where, study, [ran], plan) == 1
    found = read_optuna(where, None).reports
    assert [(r.step, r.metrics) for r in found] == [(1, {"y": 3.0}), (4, {"y": 2.0})]


TWICE = [  # in a night in which the hour from one to two comes twice: began, ended, took
    ("2026-11-01 01:50:00", "2026-11-01 01:10:00", 1200.0),
    ("2026-11-01 01:20:00", "2026-11-01 01:40:00", 1200.0),
    ("2026-11-01 00:50:00", "2026-11-01 00:40:00", None),  # no night explains that
]


@pytest.mark.parametrize(("began", "ended", "took"), TWICE)
def test_no_trial_of_others_ends_before_it_began(
    tmp_path: Path, in_zone: Callable[[str], None], began: str, ended: str, took: float | None
) -> None:
    in_zone("America/New_York")
    table = tmp_path / "t.csv"
    table.write_text(f"params_x,value,datetime_start,datetime_complete\n1,2,{began},{ended}\n")
    where = f"{tmp_path}/x.log"
    backend = optuna.storages.journal.JournalFileBackend(where)
    study = optuna.create_study(storage=optuna.storages.JournalStorage(backend))
    theirs = optuna.trial.create_trial(state=optuna.trial.TrialState.COMPLETE, value=2.0)
    theirs.datetime_start = datetime.fromisoformat(began)
    theirs.datetime_complete = datetime.fromisoformat(ended)
    study.add_trial(theirs)
    for arrival in (read_csv(table, "t", {"value": "minimize"}), read_optuna(where, None)):
        [trial] = arrival.trials
        assert trial.duration == took
        assert (trial.started is None) == (took is None)
        assert trial.ended is not None


def test_what_was_not_measured_breaks_its_limit_in_optuna_and_is_none_of_its_metrics(
    tmp_path: Path, storage_of: Callable[[str], Any]
) -> None:
    where = f"sqlite:///{tmp_path}/x.db"
    limits = [("ms", None, 8.0), ("size", 2.0, None), ("odd", 1.0, 3.0)]
    plan = OptunaPlan("full", {"a": FLOAT}, {"y": "minimize"}, limits)
    said = [{"ms": 9.0, "size": 5.0, "odd": 2.0}, {"odd": math.nan}, {"odd": -math.inf, "ms": 1.0}]
    ran = [
        Trial(n, n, "full", TrialState.COMPLETE, 1.0, {"a": n / 4}, {"y": 1.0} | metrics)
        for n, metrics in enumerate(said, start=1)
    ]
    study = Study("s", "", StudyState.FINISHED, "", 0, 0.0, None, None, 0)
    assert write_optuna(where, study, ran, plan) == 3
    theirs = optuna.load_study(study_name="s", storage=storage_of(where)).trials
    keys = ("ms max", "size min", "odd min", "odd max")
    assert [tuple(t.constraints[k] for k in keys) for t in theirs] == [
        (1.0, -3.0, -1.0, -1.0), (math.inf,) * 4, (-7.0, *(math.inf,) * 3),
    ]  # fmt: skip
    assert all(
        json.loads(t.user_attrs["hpo_tui_trial"], parse_constant=pytest.fail) for t in theirs
    )
