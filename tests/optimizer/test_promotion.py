"""What is bought: random trials, looks on the way to the full task."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer, PastTrial
from hpo_tui.engine.optimizer.models import surrogate
from hpo_tui.engine.optimizer.promotion import (
    Choice,
    Guard,
    choose,
    explained_share,
    fed,
    rho_squared,
)


def test_one_trial_in_ten_is_random_unless_there_is_one_objective(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 20.0, "resume": True}
    one = [{"metric": "a", "direction": "minimize"}]
    kinds = [
        s.why["kind"]
        for s in lab.play(Optimizer(lab.spec(study=study, objective=one), 0), lab.bowl)
    ]
    assert "random" not in kinds
    kinds = [s.why["kind"] for s in lab.play(Optimizer(lab.spec(study=study), seed=0), lab.bowl)]
    assert 0 < kinds.count("random") < len(kinds) / 4


def test_where_promotions_pay_the_difference_every_configuration_is_looked_at_first(
    lab: Any,
) -> None:
    bound = []
    for seed in range(3):
        _, asked = lab.spent(seed)
        assert all(s.task == "cheap" for s in asked if s.resume_from is None)
        assert sum(s.task == "full" for s in asked) >= 3
        bound += [s.why for s in asked if s.why["text"].startswith("Bound for full")]
    assert bound
    assert all(w["price"] == 0.25 and 0.0 < w["correlation"] < 1.0 for w in bound)


@pytest.mark.parametrize("teaches", [False, True])
def test_what_failed_by_no_fault_of_its_own_can_be_promoted_once_it_has_been_run(
    lab: Any, teaches: bool
) -> None:
    params = {"x": 0.2, "y": 0.063}
    past = [
        PastTrial(1, 1, params, "cheap", "failed", {}, 0.0, teaches=teaches),
        PastTrial(2, 1, params, "cheap", "complete", lab.bowl(params, "cheap"), 0.25),
    ]
    opt = Optimizer(lab.spec(), seed=0)
    opt.restore(past)
    asked = lab.play(opt, lab.bowl)
    assert any(s.configuration == 1 and s.task == "full" for s in asked) is not teaches


def test_looks_do_not_put_off_for_ever_what_the_guard_asks_for(
    lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a plateau, cheap tasks of noise: each look disappoints, and a new one looks better."""
    # Even where trust.py should be deceived to the end.
    monkeypatch.setattr(surrogate, "trust", lambda posteriors, *_: [1.0] * len(posteriors))
    space = {f"x{j}": {"type": "float", "low": 0.0, "high": 1.0} for j in range(8)}
    study = {"name": "toy", "command": "true", "budget": 14.0, "resume": True}
    opt = Optimizer(lab.spec(study=study, space=space), seed=3)
    search, history = opt._search, opt._history
    rng = np.random.default_rng(3)
    put_off = longest = 0.0
    while True:
        models = search.models(history) if len(history.told) > 8 else None
        starved = models is not None and not fed(history, explained_share(models))
        try:
            asked = opt.ask()
        except BudgetSpent:
            break
        x = np.array([float(v) for v in asked.params.values()])
        if asked.task == "full":
            put_off = 0.0
            away = [float(np.sum((x - best) ** 2)) for best in (0.2, 0.8)]
            opt.tell(asked.number, {"a": 1 + 0.01 * away[0], "b": -1 - 0.01 * away[1]})
        else:
            put_off += asked.cost if starved else 0.0
            longest = max(longest, put_off)
            opt.tell(asked.number, {"a": float(rng.normal(1.0)), "b": float(rng.normal(-1.0))})
    assert 0.0 < longest <= 1.25


def test_what_looks_cost_since_the_last_full_run_is_what_was_charged(lab: Any) -> None:
    """Read back from a store, where a trial stopped early has its charge alone, it is the same."""
    opt = Optimizer(lab.spec(), seed=0)
    past = []
    for charged in (0.25, 0.1, 0.0):
        s = opt.ask()
        found = lab.bowl(s.params, s.task)
        if charged == s.cost:
            opt.tell(s.number, found)
        else:
            opt.prune(s.number, found, charged=charged)
        state = "complete" if charged == s.cost else "pruned"
        past.append(PastTrial(s.number, s.configuration, s.params, s.task, state, found, charged))
    opt.ask()
    assert opt._history.since_full() == pytest.approx(0.25 + 0.1 + 0.25)
    again = Optimizer(lab.spec(), seed=0)
    again.restore(past)
    again.ask()
    assert again._history.since_full() == pytest.approx(0.6)


def _models(told: np.ndarray, trust: list[float], matters: list[float]) -> Any:
    """Models of metrics whose tasks tell so much of the full one, (k, c, T)."""
    posteriors = [SimpleNamespace(informs=lambda x, t=t: t[x[:, 0].astype(int)]) for t in told]
    return SimpleNamespace(joint=posteriors, trust=trust, relevance=matters)


@pytest.mark.parametrize("forced", [False, True])
def test_the_highest_gain_per_cost_is_chosen_by_what_tasks_tell(forced: bool) -> None:
    """Whatever is left out of the reckoning to save time."""
    rng = np.random.default_rng(forced)
    for _ in range(300):
        c, tasks, k = (int(n) for n in rng.integers((1, 1, 1), (6, 4, 4)))
        full, look = rng.random(c) * rng.integers(0, 2, c), rng.random(c)
        prices = rng.uniform(0.1, 1.0, (c, tasks)).round(1)
        prices[rng.random((c, tasks)) < 0.3] = np.inf
        told, trust = rng.random((k, c, tasks)), rng.random(k).tolist()
        told[:, :, -1] = 1.0
        acquisition: Any = SimpleNamespace(score=lambda x, new, both=(full, look): both)
        x = np.arange(c, dtype=float)[:, None]
        matters = [1.0, *rng.random(k - 1).round(1).tolist()]
        models = _models(told.copy(), trust, matters)
        pick = choose(x, prices, acquisition, models, new=0, forced=forced)

        share = np.average(told * np.array(trust)[:, None, None], axis=0, weights=matters)
        share[:, -1] = 1.0
        gain = np.column_stack([look] * (tasks - 1) + [full])
        index = np.where(np.isfinite(prices), gain * share / prices, -np.inf)
        if forced and np.isfinite(prices[:, -1]).any():
            index[:, :-1] = -np.inf
        if pick is None:
            assert not np.isfinite(index).any()
            continue
        assert pick.index == pytest.approx(index.max())
        assert index[pick.row, pick.task] == pytest.approx(index.max())
        assert (pick.gain, pick.price) == (gain[pick.row, pick.task], prices[pick.row, pick.task])
        assert pick.correlation == pytest.approx(np.sqrt(share[pick.row, pick.task]))
        others = np.delete(index.ravel(), pick.row * tasks + pick.task)
        assert 0.0 <= pick.runner_up <= max(others.max(initial=0.0), 0.0) + 1e-12


def test_the_best_cheap_task_says_how_much_cheap_tasks_explain() -> None:
    told = ([0.2, 0.9], [0.6, 0.3])
    posteriors = [SimpleNamespace(full=2, explained_share=told[k].__getitem__) for k in range(2)]
    models: Any = SimpleNamespace(posteriors=posteriors, trust=[1.0, 0.5], relevance=[1.0, 1.0])
    assert explained_share(models) == pytest.approx((0.9 + 0.5 * 0.3) / 2)
    models.trust = [0.1, 1.0]
    assert explained_share(models) == pytest.approx((0.1 * 0.2 + 0.6) / 2)
    models.relevance = [0.5, 1.0]
    assert explained_share(models) == pytest.approx((0.5 * 0.1 * 0.2 + 0.6) / 1.5)
    models.posteriors = [SimpleNamespace(full=0)]
    assert explained_share(models) == 1.0


def test_a_look_on_the_way_is_at_the_cheapest_task_that_is_open() -> None:
    told = np.array([0.25, 0.64, 1.0])
    bound = Choice(4, 2, gain=0.5, price=1.0, index=0.5, runner_up=0.1, correlation=1.0)
    look = bound.by_the_look(np.array([np.inf, 0.5, 1.0]), told)
    assert (look.row, look.task, look.bound_for, look.price) == (4, 1, 2, 0.5)
    assert look.correlation == pytest.approx(0.8)
    assert bound.by_the_look(np.array([np.inf, np.inf, 1.0]), told) is bound


@pytest.mark.parametrize(
    ("changed", "takes"),
    [
        ({}, True),
        ({"resume": False}, False),
        ({"by_count": True}, False),
        ({"forced": True}, True),
        ({"forced": True, "trusted": False}, False),
        ({"forced": True, "owed": True}, False),
    ],
)
def test_a_look_stands_in_for_a_full_run_that_is_due_until_looks_have_cost_one(
    changed: dict[str, Any], takes: bool
) -> None:
    how = {"resume": True, "by_count": False, "forced": False, "owed": False, "trusted": True}
    how |= changed
    both: Any = SimpleNamespace(**how)  # what is asked of the open tasks, and of the models
    assert Guard(0.5, both.forced, both.owed).takes_the_look(both, both) == takes


def test_looks_that_are_not_believed_are_not_made_again_beside_themselves(
    lab: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surrogate, "trust", lambda *_: [0.6, 0.6])
    opt = Optimizer(lab.spec(), seed=1)
    lab.play(opt, lab.bowl, most=14)
    models = opt._search.models(opt._history)
    assert models is not None
    top = models.table.task == 2
    assert all(len(p.rows.y) == top.sum() for p in models.posteriors)  # they are left out
    looks = models.table.x[~top & ~np.isin(models.table.config, models.table.config[top])]
    beside = np.clip(looks + 0.002, 0.0, 1.0)
    elsewhere = opt._search.space.sobol(64, 5)
    now = models.running([(elsewhere[0], 0)])
    assert rho_squared(beside, now)[:, 0].max() < 0.3 * np.median(rho_squared(elsewhere, now)[:, 0])
    # What runs counts as told as well.
    assert rho_squared(elsewhere[:1], now)[0, 0] < 0.3 * rho_squared(elsewhere[:1], models)[0, 0]
