"""Failures: the worst of values where a region fails, kept out of the models where by chance."""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models.reliability import Failures, Reliability, failures, with_values
from hpo_tui.engine.optimizer.models.surrogate import Models, Surrogate
from hpo_tui.engine.optimizer.table import Table

ONE = [{"metric": "a", "direction": "minimize"}]
FULL = [{"name": "full", "cost": 1.0}]
NAN = {"a": float("nan")}
Fails = Callable[[Mapping[str, Any]], bool]


def table(x: np.ndarray, values: np.ndarray, task: np.ndarray | None = None) -> Table:
    n = len(x)
    return Table(
        x, np.zeros(n, dtype=np.intp) if task is None else task, np.arange(n), np.arange(n),
        values, np.ones(n, dtype=bool), ~np.isfinite(values).any(axis=1),
    )  # fmt: skip


def models(lab: Any, x: np.ndarray, failed: np.ndarray) -> Models:
    """Models of a bowl around (0.6, 0.6) where some rows failed."""
    spec = lab.spec(objective=ONE, task=FULL)
    values = ((x - 0.6) ** 2).sum(axis=1)[:, None]
    values[failed] = np.nan
    return Surrogate(spec, Space(spec), seed=0).models(table(x, values), len(x))


def test_what_failed_beside_the_best_does_not_hide_it(lab: Any) -> None:
    x = np.random.default_rng(0).random((30, 2))
    failed = np.zeros(30, dtype=bool)
    failed[np.argsort(((x - 0.6) ** 2).sum(axis=1))[[0, 2]]] = True
    found = models(lab, x, failed)
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 21)] * 2), axis=-1).reshape(-1, 2)
    best = grid[np.argmin(found.mean(grid)[:, 0])]
    assert np.abs(best - 0.6).max() < 0.11
    assert found.z[failed].min() >= found.z[~failed].max()


def test_a_region_that_fails_is_the_worst_of_values(lab: Any) -> None:
    x = np.random.default_rng(1).random((40, 2))
    found = models(lab, x, x[:, 0] > 0.55)
    assert found.reliability is None
    inside, best = np.array([[0.95, 0.6], [0.8, 0.7]]), np.array([[0.5, 0.6]])
    assert found.mean(inside).min() > found.mean(best).max() + 1.0


def test_failures_by_chance_speak_against_no_region(lab: Any) -> None:
    rng = np.random.default_rng(2)
    x = rng.random((60, 2))
    found = models(lab, x, rng.random(60) < 0.3).reliability
    assert found is not None
    chance = found.chance(rng.random((200, 2)))
    assert chance.min() > 0.5
    assert chance.mean() == pytest.approx(0.7, abs=0.15)


def test_one_or_two_failures_make_no_region_and_three_side_by_side_do(lab: Any) -> None:
    x = np.stack(np.meshgrid(*[np.linspace(0, 1, 6)] * 2), axis=-1).reshape(-1, 2)
    nearest = np.argsort(x.sum(axis=1), kind="stable")
    for count in (1, 2, 3):
        failed = np.isin(np.arange(36), nearest[:count])
        rows = table(x, np.where(failed, np.nan, x[:, 1])[:, None])
        usable = Failures(Space(lab.spec(objective=ONE, task=FULL)), 0).usable(rows, 36)
        assert usable[failed].all() == (count == 3)
        assert usable[~failed].all()


def test_what_would_almost_surely_fail_has_no_chance() -> None:
    posterior: Any = SimpleNamespace(mean=lambda x: x[:, 0])
    chance = Reliability(posterior, 0.5).chance(np.array([[-3.0], [0.0], [0.7], [0.9], [3.0]]))
    np.testing.assert_allclose(chance, [1.0, 0.5, 0.15, 0.0, 0.0])
    rare = Reliability(posterior, 0.2).chance(np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(rare, [0.8, 0.4])


def test_as_many_other_rows_are_fitted_anew(lab: Any) -> None:
    """A trial that is tried again takes its failure back: so many rows, another region."""
    x = np.random.default_rng(1).random((40, 2))
    space = Space(lab.spec(objective=ONE, task=FULL))
    kept = Failures(space, 0)
    for failed in (x[:, 0] > 0.55, np.random.default_rng(5).random(40) < 0.3):
        rows = table(x, np.where(failed, np.nan, x[:, 1])[:, None])
        np.testing.assert_array_equal(kept.usable(rows, 40), Failures(space, 0).usable(rows, 40))


def test_nothing_is_modelled_while_nothing_has_failed(lab: Any) -> None:
    x = np.random.default_rng(3).random((10, 2))
    assert models(lab, x, np.zeros(10, dtype=bool)).reliability is None


def test_all_failing_is_no_reason_to_stop(lab: Any) -> None:
    x = np.random.default_rng(3).random((10, 2))
    found = models(lab, x, np.ones(10, dtype=bool))
    assert np.isfinite(found.mean(x)).all()
    assert found.reliability is None


def test_a_metric_that_a_task_never_reports_is_no_failure() -> None:
    nan = np.nan
    values = np.array([[1.0, nan], [2.0, nan], [nan, nan], [1.5, 3.0], [1.0, nan], [1.2, 2.0]])
    rows = table(np.zeros((6, 1)), values, np.array([0, 0, 0, 1, 1, 1], dtype=np.intp))
    assert failures(rows).tolist() == [False, False, True, False, True, False]
    stopped = replace(rows, final=np.array([True, True, True, True, False, True]))
    assert failures(stopped).tolist() == [False, False, True, False, False, False]
    known = np.isfinite(values[:, 1])
    assert with_values(known, np.arange(6)).tolist() == [3, 5]
    assert with_values(known, np.arange(3)).tolist() == [0, 1, 2]


def test_what_a_stopped_trial_has_not_reported_is_never_a_value(lab: Any) -> None:
    x = np.random.default_rng(4).random((20, 2))
    values = np.stack([x[:, 0], x[:, 1]], axis=1)
    values[x[:, 0] > 0.5, 0] = np.nan
    rows = table(x, values)
    for final in (True, False):
        ended = replace(rows, final=np.full(20, final))
        usable = Failures(Space(lab.spec()), 2).usable(ended, 20)
        assert usable[:, 1].all()
        assert usable[x[:, 0] > 0.5, 0].all() == final


def regret(lab: Any, fails: Fails, seed: int) -> tuple[float, list[bool]]:
    """Best full result of a bowl after 25 units, and which of the trials failed."""
    opt = Optimizer(lab.spec(objective=ONE, study={"name": "f", "budget": 25.0}), seed)
    best, failed = np.inf, []
    while True:
        try:
            s = opt.ask()
        except BudgetSpent:
            return best, failed
        failed.append(fails(s.params))
        value = lab.bowl(s.params, s.task)["a"]
        if failed[-1]:
            opt.fail(s.number, "diverged")
        else:
            opt.tell(s.number, {"a": value})
            best = min(best, value) if s.task == "full" else best


def coin(params: Mapping[str, Any]) -> bool:
    return zlib.crc32(repr(sorted(params.items())).encode()) % 10 < 3


def test_a_third_of_failures_by_chance_leave_the_optimum_in_reach(lab: Any) -> None:
    found = [regret(lab, coin, seed)[0] for seed in range(4)]
    assert max(found) < 2e-3


def test_a_region_that_fails_is_left_alone(lab: Any) -> None:
    space = {f"x{j}": {"type": "float", "low": 0.0, "high": 1.0} for j in range(4)}
    goal = np.array([0.4, 0.2, 0.9, 0.6])
    shares, best = [], []
    for seed in range(3):
        study = {"name": "f", "budget": 15.0, "resume": True}
        opt = Optimizer(lab.spec(objective=ONE, space=space, study=study), seed)
        failed, losses = [], [9.0]
        while True:
            try:
                s = opt.ask()
            except BudgetSpent:
                break
            x = np.array([s.params[n] for n in space])
            failed.append(x[0] > 0.5)
            if failed[-1]:
                opt.fail(s.number, "oom")
                continue
            loss = float(np.sum(np.abs(x - goal)))
            opt.tell(s.number, {"a": loss})
            losses.append(loss if s.task == "full" else 9.0)
        shares.append(np.mean(failed[12:]))
        best.append(min(losses))
    assert max(shares) < 0.15
    assert max(best) < 0.4


def by_task(failed: Mapping[int, np.ndarray], x: np.ndarray) -> Table:
    """Rows of a bowl: configurations ``x`` at the tasks that ``failed`` says something of."""
    rows = [(i, t, bool(f)) for t, fails in failed.items() for i, f in enumerate(fails)]
    place = np.array([i for i, _, _ in rows])
    values = ((x[place] - 0.6) ** 2).sum(axis=1)[:, None]
    values[np.array([f for _, _, f in rows])] = np.nan
    return table(x[place], values, np.array([t for _, t, _ in rows], dtype=np.intp))


def test_what_passes_the_cheap_task_and_fails_the_full_one_is_told_by_the_full_one(
    lab: Any,
) -> None:
    x = np.random.default_rng(2).random((16, 2))
    none, large = np.zeros(16, dtype=bool), x[:, 0] > 0.5
    rows, spec = by_task({0: none, 2: large}, x), lab.spec(objective=ONE)
    found = Surrogate(spec, Space(spec), seed=0).models(rows, 0)
    assert found.reliability is not None
    chance = found.reliability.chance(np.array([[0.95, 0.3], [0.9, 0.9], [0.1, 0.3], [0.05, 0.8]]))
    assert chance[:2].max() < 0.05
    assert chance[2:].min() > 0.9
    assert len(found.posteriors[0].rows.y) == 32 - large.sum()


def test_tasks_that_fail_alike_are_told_by_all_of_them(lab: Any) -> None:
    x, rng = np.random.default_rng(2).random((16, 2)), np.random.default_rng(4)
    spec = lab.spec(objective=ONE)
    for share in (0.3, 0.6):
        rows = by_task({0: rng.random(16) < share, 2: rng.random(8) < share}, x)
        found = Surrogate(spec, Space(spec), seed=0).models(rows, 0).reliability
        assert found is None or found.rate is not None


def test_a_search_leaves_what_only_the_full_task_cannot_hold(lab: Any) -> None:
    for seed, broken in ((0, lambda o, n: o.fail(n, "oom")), (1, lambda o, n: o.tell(n, NAN))):
        opt = Optimizer(lab.spec(objective=ONE, study={"name": "f", "budget": 20.0}), seed)
        results = []
        while True:
            try:
                s = opt.ask()
            except BudgetSpent:
                break
            size, other = float(s.params["x"]), np.log10(float(s.params["y"])) / 4 + 1
            if s.task == "full" and size > 0.5:
                broken(opt, s.number)
                continue
            opt.tell(s.number, {"a": 1.0 - size + (other - 0.4) ** 2})
            results += [1.0 - size + (other - 0.4) ** 2] if s.task == "full" else []
        assert min(results) < 0.55
        assert len(results) >= 4
