"""Whether cheap tasks that help are told from those that mislead."""

import statistics
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.gp import Posterior, Rows
from hpo_tui.engine.optimizer.kernel import Hyper, prior
from hpo_tui.engine.optimizer.trust import TRUSTED, beliefs, log_bayes_factor, trust
from hpo_tui.engine.spec import StudySpec

NUMBERS = np.array([False, False])
HYPER = Hyper.unpack(prior(2, 2).mean, 2, 2)
FACTORS = st.lists(st.floats(-50, 50), min_size=1, max_size=5)


def posterior(told: float, full_rows: int, seed: int) -> Posterior:
    """Twenty cheap rows that are ``told`` times the truth, and some of the full task."""
    rng = np.random.default_rng(seed)
    x = rng.random((20 + full_rows, 2))
    task = np.repeat([0, 1], [20, full_rows])
    truth = 2.0 * np.sin(3 * x[:, 0]) + 2.0 * x[:, 1] - 2.4
    noise = 0.05 * rng.standard_normal(len(x))
    return Posterior(
        Rows(x, task, np.where(task == 1, truth, told * truth) + noise), HYPER, NUMBERS
    )


@pytest.mark.parametrize("full_rows", [4, 8])
def test_a_task_that_tells_is_trusted_and_one_turned_round_is_not(full_rows: int) -> None:
    for seed in range(5):
        assert trust([posterior(1.0, full_rows, seed)])[0] > 0.9
        assert trust([posterior(-1.0, full_rows, seed)])[0] < TRUSTED


def test_the_factor_is_the_sum_of_what_each_full_result_adds() -> None:
    whole = posterior(1.0, 5, 0)
    added = 0.0
    for i in range(20, 25):
        known = np.arange(25) < i
        joint, alone = whole.given(known), whole.given(known & (whole.rows.task == 1))
        for sign, model in ((1.0, joint), (-1.0, alone)):
            more = model.rows
            grown = Posterior(
                Rows(
                    np.vstack([more.x, whole.rows.x[i]]),
                    np.append(more.task, 1),
                    np.append(more.y, whole.rows.y[i]),
                ),
                HYPER,
                NUMBERS,
            )
            added += sign * (grown.evidence() - model.evidence())
    assert log_bayes_factor(whole) == pytest.approx(added, rel=1e-6)


def test_nothing_is_judged_by_fewer_than_two_full_values() -> None:
    assert trust([posterior(-1.0, 1, 0)]) == [1.0]
    assert max(trust([posterior(-1.0, 1, 0)] * 2)) < 1.0
    assert trust([posterior(-1.0, 0, 0)] * 2) == [1.0, 1.0]
    cheap_only = posterior(1.0, 4, 0)
    assert trust([cheap_only.given(cheap_only.rows.task == 1)]) == [1.0]


@given(FACTORS, st.data())
def test_more_evidence_for_a_metric_raises_the_belief_in_all(
    factors: list[float], data: st.DataObject
) -> None:
    before = beliefs(np.array(factors))
    assert all(0.0 <= b <= 1.0 for b in before)
    k = data.draw(st.integers(0, len(factors) - 1))
    factors[k] += data.draw(st.floats(0, 20))
    after = beliefs(np.array(factors))
    assert all(b >= a - 1e-12 for a, b in zip(before, after, strict=True))


def test_two_weak_doubts_make_a_strong_one_and_one_metric_can_stand_apart() -> None:
    alone, both = beliefs(np.array([-0.7])), beliefs(np.array([-0.7, -0.7]))
    assert max(both) < min(alone) - 0.05
    mixed = beliefs(np.array([12.0, -12.0]))
    assert mixed[0] > 0.99
    assert mixed[1] < 0.01
    assert beliefs(np.zeros(3)) == pytest.approx([0.5] * 3)


def test_tasks_are_judged_by_what_they_tell(lab: Any, toy: StudySpec) -> None:
    opt = Optimizer(toy, seed=0)
    lab.play(opt, lab.bowl)
    insights = {(i.task, i.metric): i for i in opt.tasks()}
    assert set(insights) == {(t, m) for t in ("cheap", "middle") for m in ("a", "b")}
    cheap = insights["cheap", "a"]
    assert cheap.correlation > 0.6
    assert cheap.low < cheap.correlation < cheap.high
    assert cheap.pairs >= 3
    assert cheap.verdict


def test_a_reversed_cheap_task_is_noticed_and_not_trusted(lab: Any) -> None:
    def mirrored(params: Any, task: str) -> dict[str, float]:
        true = lab.bowl(params, "full")
        return true if task == "full" else {"a": 2.0 - true["a"], "b": -3.0 - true["b"]}

    study = {"name": "toy", "command": "true", "budget": 16.0, "resume": True}
    found = []
    for seed in range(3):
        opt = Optimizer(lab.spec(study=study), seed=seed)
        asked = lab.play(opt, mirrored)
        found.append(min(mirrored(s.params, s.task)["a"] for s in asked if s.task == "full"))
        assert min(i.correlation for i in opt.tasks()) < -0.5
    assert statistics.median(found) < 0.05
