"""The sampler where several have to do with it: studies, processes, other samplers, callbacks."""

import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.samplers import PartialFixedSampler
from optuna.storages import RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, Trial, TrialState

from hpo_tui.engine.optimizer import CostWeightedSampler
from hpo_tui.engine.optimizer.api import SpaceExhausted
from hpo_tui.engine.optimizer.optuna import turns
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.space import validate_params

optuna.logging.set_verbosity(optuna.logging.ERROR)
X, Y = FloatDistribution(0.0, 1.0), FloatDistribution(1e-4, 1.0, log=True)


STUDY: dict[str, Any] = {
    "study": {"name": "s", "budget": 6.0, "resume": True},
    "space": {"x": {"type": "float", "low": 0.0, "high": 1.0},
              "y": {"type": "float", "low": 1e-4, "high": 1.0, "log": True}},
    "objective": [{"metric": "loss", "direction": "minimize"}],
    "task": [{"name": "look", "cost": 0.25, "n": 1}, {"name": "full", "cost": 1.0, "n": 4}],
}  # fmt: skip


def spec_of(**more: Any) -> StudySpec:
    return StudySpec.from_dict({**STUDY, **more})


def hollow(trial: Trial, at: float = 0.3) -> float:
    x, y = trial.suggest_float("x", 0.0, 1.0), trial.suggest_float("y", 1e-4, 1.0, log=True)
    return (x - at) ** 2 + (math.log10(y) + 2) ** 2


def planned(study: optuna.Study) -> bool:
    return all(t.params == t.user_attrs["hpo:params"] for t in study.trials)


@pytest.mark.parametrize("spec", [None, spec_of()], ids=["plain", "study file"])
def test_studies_that_take_turns_know_nothing_of_each_other(
    spec: StudySpec | None, tmp_path: Path, storage_of: Callable[[str], Any]
) -> None:
    url, sampler = f"sqlite:///{tmp_path / 'optuna.db'}", CostWeightedSampler(spec, seed=0)
    both = [optuna.create_study(storage=storage_of(url), sampler=sampler) for _ in range(2)]
    for _ in range(6):
        trials = [study.ask() for study in both]
        for study, trial, at in zip(both, trials, (0.2, 0.8), strict=True):
            study.tell(trial, hollow(trial, at))
    for study, at in zip(both, (0.2, 0.8), strict=True):
        alone = optuna.create_study(sampler=CostWeightedSampler(spec, seed=0))
        alone.optimize(lambda t, at=at: hollow(t, at), n_trials=6)
        assert [t.params for t in study.trials] == [t.params for t in alone.trials]
        assert spec is None or planned(study)


@pytest.mark.parametrize("spec", [None, spec_of()], ids=["plain", "study file"])
@pytest.mark.parametrize("again", ["elsewhere", "deleted"])
def test_a_study_of_the_same_name_is_another(spec: StudySpec | None, again: str) -> None:
    sampler, storage = CostWeightedSampler(spec, seed=0), optuna.storages.InMemoryStorage()
    runs = []
    for at in (0.2, 0.8):
        study = optuna.create_study(study_name="s", storage=storage, sampler=sampler)
        study.optimize(lambda t, at=at: hollow(t, at), n_trials=12)
        runs.append([t.params for t in study.trials])
        if again == "deleted":
            optuna.delete_study(study_name="s", storage=storage)
        else:
            storage = optuna.storages.InMemoryStorage()
    alone = optuna.create_study(sampler=CostWeightedSampler(spec, seed=0))
    alone.optimize(lambda t: hollow(t, 0.8), n_trials=12)
    assert runs[1] == [t.params for t in alone.trials]


WORKER = """
import json, optuna, os, sys
from hpo_tui.engine.optimizer import BudgetSpent, CostWeightedSampler
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.space import validate_params
sampler = CostWeightedSampler(StudySpec.from_dict(json.loads(sys.argv[2])), seed=0)
study = optuna.load_study(study_name="s", storage=sys.argv[1], sampler=sampler)
os.write(1, b"ready\\n")  # in one piece, as others write to this pipe, too
sys.stdin.read()
try:
    while True:
        trial = study.ask()
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 1e-4, 1, log=True)
        study.tell(trial, x + y)
except BudgetSpent:
    pass
"""


def test_processes_share_one_budget_and_run_nothing_twice(
    tmp_path: Path, storage_of: Callable[[str], Any]
) -> None:
    url = f"sqlite:///{tmp_path / 'optuna.db'}"
    study = optuna.create_study(study_name="s", storage=storage_of(url))
    words = [sys.executable, "-c", WORKER, url, json.dumps(STUDY)]
    ready, say = os.pipe()
    wait, begin = os.pipe()
    workers = [subprocess.Popen(words, stdin=wait, stdout=say) for _ in range(3)]
    os.close(say)
    with os.fdopen(ready) as lines:
        assert [next(lines) for _ in workers] == ["ready\n"] * 3
        os.close(begin)  # for all at once
        assert [one.wait() for one in workers] == [0, 0, 0]
    os.close(wait)
    run = [t for t in study.trials if t.state is TrialState.COMPLETE]
    assert 5.0 < math.fsum(t.user_attrs["hpo:cost"] for t in run) <= 6.0
    pairs = [(*t.params.values(), t.user_attrs["hpo:task"]) for t in run]
    assert len(set(pairs)) == len(pairs)


def test_a_trial_that_was_lost_before_it_was_planned_holds_nobody_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(
        turns, "time", SimpleNamespace(monotonic=time.monotonic, sleep=waits.append)
    )
    study = optuna.create_study(sampler=CostWeightedSampler(spec_of(), seed=0))
    lost = FrozenTrial(
        number=0, state=TrialState.RUNNING, value=None, params={}, distributions={},
        datetime_start=datetime.now() - timedelta(hours=1), datetime_complete=None,
        user_attrs={}, system_attrs={}, intermediate_values={}, trial_id=0,
    )  # fmt: skip
    study._storage.create_new_trial(study._study_id, lost)
    study.ask()
    assert not waits


def test_what_others_have_chosen_meanwhile_is_not_chosen_again() -> None:
    """Another process begins a trial while this one's values are being chosen."""
    study = optuna.create_study(sampler=CostWeightedSampler(seed=0))
    for value in (0.4, 0.6):
        study.tell(study.ask({"x": X, "y": Y}), value)
    other = optuna.load_study(
        study_name=study.study_name, storage=study._storage, sampler=CostWeightedSampler(seed=0)
    )
    first, second = other.ask(), study.ask()
    chosen: list[Any] = []

    class Slow(CostWeightedSampler):
        def _history(self, *args: Any) -> Any:
            history = super()._history(*args)
            if not chosen:
                chosen.append([first._suggest(name, d) for name, d in (("x", X), ("y", Y))])
            return history

    study.sampler = Slow(seed=0)
    assert [second._suggest(name, d) for name, d in (("x", X), ("y", Y))] != chosen[0]


def test_of_two_that_note_the_same_at_once_the_later_chooses_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The later trial compares before the earlier one, which has just looked, has noted."""
    study = optuna.create_study(sampler=CostWeightedSampler(seed=0))
    earlier, later = (t._cached_frozen_trial for t in (study.ask(), study.ask()))
    chosen: dict[int, Any] = {}
    compared = threading.Event()

    def sleep(seconds: float) -> None:
        compared.set()
        time.sleep(seconds)

    def begin_later() -> None:
        options = iter([{"x": 0.5}, {"x": 0.75}])
        chosen[1] = turns.settle(study, later, lambda: next(options))
        compared.set()

    other = threading.Thread(target=begin_later)
    note = turns._note

    def late(study: optuna.Study, trial: FrozenTrial, params: dict[str, Any]) -> None:
        if trial is earlier and params:
            other.start()
            assert compared.wait(60)
        note(study, trial, params)

    clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
    monkeypatch.setattr(turns, "time", clock)
    monkeypatch.setattr(turns, "_note", late)
    chosen[0] = turns.settle(study, earlier, lambda: {"x": 0.5})
    other.join()
    assert chosen == {0: {"x": 0.5}, 1: {"x": 0.75}}


def test_enqueued_values_that_are_none_fail_their_trial_and_no_other() -> None:
    study = optuna.create_study(sampler=CostWeightedSampler(spec_of(), seed=0))
    study.enqueue_trial({"x": "left", "y": 0.1})
    study.enqueue_trial({"x": None})
    study.optimize(hollow, n_trials=4, catch=ValueError)
    assert [t.state.name for t in study.trials] == ["FAIL", "FAIL", "COMPLETE", "COMPLETE"]
    assert "x" not in study.trials[0].user_attrs["hpo:params"]
    history = study.sampler._history(study, spec_of(), study.trials[-1])  # type: ignore[attr-defined]
    assert len(study.sampler.search.builder.table(history).x) == 1  # type: ignore[attr-defined]


def test_a_plan_is_a_whole_configuration_whatever_it_came_from() -> None:
    space = {"width": {"type": "int", "low": 1, "high": 99}, "seed": {"type": "fixed", "value": 7},
             "kind": {"type": "categorical", "choices": ["a", "b"]},
             "depth": {"type": "int", "low": 1, "high": 9, "when": {"kind": ["b"]}}}  # fmt: skip
    spec = spec_of(space=space)
    study = optuna.create_study(sampler=CostWeightedSampler(spec, seed=0))
    study.enqueue_trial({"width": 5, "kind": "a", "depth": 3})
    for _ in range(14):
        trial = study.ask()
        plan = trial.user_attrs["hpo:params"]
        assert validate_params(spec, plan) == []
        assert list(plan) == [n for n in space if n in plan]
        assert plan["seed"] == 7
        width = trial.suggest_int("width", 1, 99)
        if trial.suggest_categorical("kind", ["a", "b"]) == "b":
            trial.suggest_int("depth", 1, 9)
        study.tell(trial, abs(width - 40.0))
    assert {t.user_attrs["hpo:task"] for t in study.trials} == {"look", "full"}


def test_a_trial_that_cannot_begin_does_not_seem_to_run() -> None:
    study = optuna.create_study(
        direction="maximize", sampler=CostWeightedSampler(spec_of(), seed=0)
    )
    with pytest.raises(ValueError, match="directions"):
        study.ask()
    assert [t.state for t in study.trials] == [TrialState.FAIL]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_trial_that_is_tried_again_is_planned_with_its_own_values() -> None:
    study = optuna.create_study(sampler=CostWeightedSampler(spec_of(), seed=0))
    trial = study.ask()
    hollow(trial)
    study.tell(trial, state=TrialState.FAIL)
    RetryHeartbeatStaleTrialCallback()(study, study.trials[0])
    for _ in range(3):
        study.tell(again := study.ask(), hollow(again))
    assert study.trials[1].params == study.trials[0].params
    assert planned(study)


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_sampler_around_it_cannot_set_what_the_task_was_chosen_for() -> None:
    inner = CostWeightedSampler(spec_of(), seed=0)
    study = optuna.create_study(sampler=PartialFixedSampler({"x": 0.5}, inner))
    with pytest.raises(ValueError, match=r'values of "x", which a sampler around this one sets'):
        study.optimize(hollow, n_trials=1)


def test_the_end_says_that_the_space_is_exhausted() -> None:
    space = {"kind": {"type": "categorical", "choices": ["a", "b"]}}
    study = optuna.create_study(sampler=CostWeightedSampler(spec_of(space=space), seed=0))
    with pytest.raises(SpaceExhausted, match="every configuration of the space has been run"):
        study.optimize(lambda t: float(t.suggest_categorical("kind", ["a", "b"]) == "a"))


def test_a_result_without_the_metric_of_a_constraint_is_told_of() -> None:
    limits = [{"metric": "size", "max": 1.0}]
    study = optuna.create_study(sampler=CostWeightedSampler(spec_of(constraint=limits), seed=0))
    for size in ("big", None, math.nan, 0.5):
        trial = study.ask()
        trial.set_user_attr("size", size)
        value = hollow(trial)
        if isinstance(size, float):
            study.tell(trial, value)
        else:
            with pytest.warns(UserWarning, match=r'no number for "size".*set_user_attr'):
                study.tell(trial, value)
    trial = study.ask()
    trial.set_constraint("size", -0.5)
    study.tell(trial, hollow(trial))
    study.ask()
