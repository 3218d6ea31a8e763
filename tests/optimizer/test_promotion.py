"""What is bought: random trials, looks on the way to the full task."""

from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import BudgetSpent, Optimizer, PastTrial, surrogate
from hpo_tui.engine.optimizer.promotion import fed, predictive


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
        asked = lab.play(Optimizer(lab.spec(), seed=seed), lab.bowl)
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
    monkeypatch.setattr(surrogate, "trust", lambda posteriors, _: [1.0] * len(posteriors))
    space = {f"x{j}": {"type": "float", "low": 0.0, "high": 1.0} for j in range(8)}
    study = {"name": "toy", "command": "true", "budget": 14.0, "resume": True}
    opt = Optimizer(lab.spec(study=study, space=space), seed=3)
    search, ledger = opt._search, opt._ledger
    rng = np.random.default_rng(3)
    put_off = longest = 0.0
    while True:
        models = search.models(ledger) if len(ledger.told) > 8 else None
        starved = models is not None and not fed(ledger, predictive(models))
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
    assert opt._ledger.since_full() == pytest.approx(0.25 + 0.1 + 0.25)
    again = Optimizer(lab.spec(), seed=0)
    again.restore(past)
    again.ask()
    assert again._ledger.since_full() == pytest.approx(0.6)
