import math
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.checkpoints import front, needs, remove_files, size_of
from hpo_tui.engine.execution.protocol import has_files
from hpo_tui.engine.runner.checkpoints import Checkpoints
from hpo_tui.engine.spec import Direction, Objective, StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial, TrialState


def spec(*, resume: bool = True) -> StudySpec:
    return StudySpec.from_dict({
        "study": {"name": "t", "budget": 10, "resume": resume},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [
            {"metric": "a", "direction": "maximize"},
            {"metric": "b", "direction": "minimize"},
        ],
        "task": [{"name": "low", "n": 1, "cost": 0.25}, {"name": "full", "n": 4, "cost": 1.0}],
    })  # fmt: skip


def trial(number: int, task: str, state: str, a: float = 0.0, b: float = 0.0, **rest: Any) -> Trial:
    metrics = {"a": a, "b": b}
    return Trial(number, number, task, TrialState(state), 1.0, {}, metrics=metrics, **rest)


def test_what_is_needed_of_checkpoints() -> None:
    trials = [
        trial(1, "full", "complete", 0.9, 5),
        trial(2, "full", "complete", 0.8, 1),
        trial(3, "full", "complete", 0.7, 9),
        trial(4, "full", "complete", 0.1, 9, starred=True),
        trial(5, "low", "complete", 0.5),
        trial(6, "low", "complete", 0.4),
        trial(7, "full", "running", resumed_from=5),
        trial(8, "low", "pruned", 0.1),
        trial(9, "low", "failed", teaches=True),
        trial(10, "low", "killed"),
        trial(11, "low", "complete", 0.9),
        trial(12, "full", "complete", 0.2, 9, resumed_from=11),
    ]
    found = needs(spec(), {t.number: t for t in trials})
    assert found.keep == {1, 2, 4, 5, 7}
    assert found.drop == {3, 9, 12}
    assert found.maybe == (11, 10, 8, 6)


def test_a_failure_that_the_parameters_did_not_cause_keeps_its_checkpoint() -> None:
    """A retry carries it on."""
    trials = {1: trial(1, "full", "failed"), 2: trial(2, "low", "failed", teaches=True)}
    assert needs(spec(), trials).maybe == (1,)


def test_a_stopped_trial_keeps_its_checkpoint_without_promotion_too() -> None:
    trials = {1: trial(1, "low", "pruned"), 2: trial(2, "low", "complete")}
    found = needs(spec(resume=False), trials)
    assert (found.maybe, found.drop) == ((1,), {2})


def test_repeats_are_on_the_front_by_their_mean() -> None:
    trials = [trial(n, "full", "complete", a, 1) for n, a in ((1, 0.9), (2, 0.8), (3, 0.3))]
    assert front(spec(), trials, "full") == {1}
    again = replace(trials[2], configuration=1, repeat=1)
    assert front(spec(), [*trials[:2], again], "full") == {2}
    assert front(spec(), [trials[0], replace(trials[1], configuration=1)], "full") == {1, 2}


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=20))
def test_the_front_is_what_nothing_beats(points: list[tuple[int, int]]) -> None:
    trials = [trial(n, "full", "complete", a, b) for n, (a, b) in enumerate(points)]
    best = front(spec(), trials, "full")
    for t in trials:
        beaten = any(
            o.metrics["a"] >= t.metrics["a"] and o.metrics["b"] <= t.metrics["b"]
            and o.metrics != t.metrics
            for o in trials
        )  # fmt: skip
        assert (t.number in best) is not beaten


def test_a_missing_metric_is_the_worst() -> None:
    full = trial(1, "full", "complete", 0.5, 1.0)
    lacking = replace(trial(2, "full", "complete"), metrics={"b": 0.5})
    assert front(spec(), [full, lacking], "full") == {1, 2}
    lacking = replace(lacking, metrics={"b": 1.5})
    assert front(spec(), [full, lacking], "full") == {1}
    # All of them, where the objective came with an edit: the others decide.
    lacking = [replace(trial(n, "full", "complete"), metrics={"a": n}) for n in (3, 4)]
    assert front(spec(), lacking, "full") == {4}


def test_equal_repeats_are_as_good_as_each_of_them() -> None:
    one = replace(spec(), objectives=spec().objectives[:1])
    repeats = [replace(trial(n, "full", "complete", 0.7), configuration=1) for n in (1, 2, 3)]
    assert front(one, [*repeats, trial(4, "full", "complete", 0.7)], "full") == {1, 2, 3, 4}


def test_what_diverged_is_missed_least_whatever_stands_beside_it() -> None:
    """No order of numbers places NaN: with one of them the better could have gone first."""
    values = [0.3, math.nan, 0.9, 0.1, math.nan, 0.5]
    one = replace(spec(), objectives=spec().objectives[:1])
    trials = {n: trial(n, "low", "failed", a) for n, a in enumerate(values, start=1)}
    assert needs(one, trials).maybe == (5, 2, 4, 1, 6, 3)


def test_equal_trials_are_all_best_with_one_objective_too() -> None:
    one = replace(spec(), objectives=spec().objectives[:1])
    trials = [trial(n, "full", "complete", a) for n, a in ((1, 0.5), (2, 0.9), (3, 0.9))]
    assert front(one, trials, "full") == {2, 3}
    assert front(one, [], "full") == set()


def test_a_large_front_is_found_between_two_turns_of_the_loop() -> None:
    many = replace(spec(), objectives=(*spec().objectives, Objective("c", Direction.MINIMIZE)))
    trials = [
        replace(trial(n, "full", "complete"), metrics={"a": n, "b": n, "c": 0.0})
        for n in range(3000)
    ]
    began = time.process_time()
    assert len(front(many, trials, "full")) == 3000
    assert time.process_time() - began < 3


def desk_of(folder: Path, trials: list[Trial], quota: int | None = None) -> Any:
    """What a collector asks of a desk; every trial has a checkpoint of 100 bytes."""
    resources = replace(spec().resources, checkpoint_quota=quota)
    found = StudyFolder(folder)
    for t in trials:
        found.trial(t.number).checkpoint.mkdir(parents=True)
        (found.trial(t.number).checkpoint / "weights").write_bytes(b"x" * 100)
    told: list[dict[str, Any]] = []
    return SimpleNamespace(
        spec=replace(spec(), resources=resources), folder=found, event=lambda *_: None,
        trials={t.number: t for t in trials}, told=told,
        proposals=SimpleNamespace(tell=lambda op, **values: told.append({"op": op, **values})),
    )  # fmt: skip


def test_a_folder_is_looked_into_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trials = [trial(1, "full", "complete", 0.9, ended=1.0)]
    trials += [trial(n, "full", "complete", 0.1, 9, ended=1.0) for n in range(2, 6)]
    trials += [trial(n, "low", "complete", 0.1, 9, ended=1.0) for n in range(6, 9)]
    desk = desk_of(tmp_path, trials, quota=250)
    collector = Checkpoints(desk)
    assert collector.collect() == 5
    # What may no longer be carried on is told: its configuration pays the whole task by now.
    assert desk.told == [{"op": "bare", "numbers": [8]}]
    with monkeypatch.context() as watched:
        for name in ("iterdir", "is_symlink"):
            watched.setattr(Path, name, lambda self: pytest.fail(f"looked into {self}"))
        watched.setattr(os, "walk", lambda path: pytest.fail(f"went through {path}"))
        assert collector.collect() == 0
    # Tried again, it has written another one.
    (desk.folder.trial(2).checkpoint / "weights").write_bytes(b"x")
    desk.trials[2] = replace(desk.trials[2], ended=2.0)
    assert collector.collect() == 1
    assert (desk.folder.trial(1).checkpoint / "weights").exists()


def test_a_checkpoint_that_could_not_be_removed_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = trial(1, "full", "complete", 0.9, ended=1.0)
    desk = desk_of(tmp_path, [best, trial(2, "full", "complete", 0.1, 9, ended=1.0)])
    collector = Checkpoints(desk)

    def refuse(_: Path) -> None:
        raise OSError("busy")

    with monkeypatch.context() as broken:
        broken.setattr(shutil, "rmtree", refuse)
        assert collector.collect() == 0
    assert collector.collect() == 1


def test_what_is_half_removed_passes_for_no_checkpoint_and_goes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "checkpoint"
    path.mkdir()
    for name in ("model", "optimizer"):
        (path / name).write_bytes(b"12345")

    def cut_off(doomed: Path) -> None:
        (doomed / "model").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("shutil.rmtree", cut_off)
        with pytest.raises(KeyboardInterrupt):
            remove_files(path)
    assert not has_files(path)
    assert size_of(path) == 5
    assert remove_files(path)
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint"]
    assert not remove_files(path)


def test_checkpoints_are_collected_under_a_quota(make_study: Any) -> None:
    study = make_study(
        """
        open(os.environ["HPO_CHECKPOINT"] + "/weights", "wb").write(b"x" * 100_000)
        report(step=1, accuracy=given["trial"] / 10)
        """,
        budget=4, resources='checkpoint_quota = "150 kB"',
        tasks='[[task]]\nname = "full"\nn = 1\ncost = 1.0',
    )  # fmt: skip
    study.run()
    left = [n for n in range(1, 5) if list(study.folder.trial(n).checkpoint.iterdir())]
    assert left == [4]
    assert study.events("checkpoints")
