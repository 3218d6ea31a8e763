"""Whether cheap tasks that help are told from those that mislead."""

import statistics
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.models import gp
from hpo_tui.engine.optimizer.models.gp import Posterior, Rows
from hpo_tui.engine.optimizer.models.kernel import Hyper, prior
from hpo_tui.engine.optimizer.models.scaling import Column
from hpo_tui.engine.optimizer.models.transform import RowLabels, warp
from hpo_tui.engine.optimizer.models.trust import TRUSTED, beliefs, log_bayes_factor, trust

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
        assert trust([posterior(1.0, full_rows, seed)], [0.0])[0] > 0.9
        assert trust([posterior(-1.0, full_rows, seed)], [0.0])[0] < TRUSTED


def test_the_factor_is_the_ratio_of_two_student_densities() -> None:
    whole, fall = posterior(1.0, 5, 0), 0.4
    top = whole.rows.task == 1
    told, spread = whole.left_out(top)
    own, width = whole.by_themselves(top)
    given_cheap = stats.multivariate_t.logpdf(told, -fall * np.ones(5), spread + 0.3, df=1)
    by_itself = stats.multivariate_t.logpdf(own, -fall * np.ones(5), width, df=1)
    assert log_bayes_factor(whole, fall) == pytest.approx(given_cheap - by_itself, rel=1e-9)


def lined_up(told: float, seed: int) -> tuple[Posterior, float]:
    """A model after the best three of 24 cheap results were run in full, and their fall."""
    rng = np.random.default_rng(seed)
    x = rng.random((24, 2))
    truth = 2.0 * np.sin(3 * x[:, 0]) + 2.0 * x[:, 1]
    cheap = told * truth + (1.0 - told) * rng.permutation(truth)
    best = np.argsort(cheap)[:3]
    task, config = np.repeat([0, 1], [24, 3]), np.concatenate([np.arange(24), best])
    none = np.zeros(27, dtype=bool)
    column = Column(np.concatenate([cheap, truth[best]]), 1.0, False, None, objectives=1)
    y, made = warp(column, RowLabels(config, task, 1, none, none, np.array([0.25, 1.0])))
    rows = Rows(np.vstack([x, x[best]]), task, y)
    fitted = Hyper.unpack(gp.fit(rows, NUMBERS, 2)[0], 2, 2)
    return Posterior(rows, fitted, NUMBERS), made.fall


def test_what_falls_back_when_it_is_promoted_was_noise() -> None:
    doubted = unaware = 0
    for seed in range(12):
        noise, fall = lined_up(0.0, seed)
        doubted += trust([noise], [fall])[0] < TRUSTED
        unaware += trust([noise], [0.0])[0] < TRUSTED
        honest, none = lined_up(1.0, seed)
        assert trust([honest], [none])[0] > 0.9
    assert doubted >= 8
    assert doubted > unaware


def test_results_that_merely_lie_close_together_speak_for_no_cheap_task() -> None:
    rng = np.random.default_rng(4)
    x = np.vstack([rng.random((20, 2)), 0.5 + 0.3 * rng.random((6, 2))])
    task = np.repeat([0, 1], [20, 6])
    for seed in range(5):
        y = np.random.default_rng(seed).standard_normal(26)
        y[20:] = 0.02 * y[20:] - 0.3
        noisy = Hyper(HYPER.lengths, HYPER.factor, np.array([0.0, HYPER.noise[1]]))
        assert log_bayes_factor(Posterior(Rows(x, task, y), noisy, NUMBERS)) < 1.0


def test_nothing_is_judged_by_fewer_than_two_full_values() -> None:
    assert trust([posterior(-1.0, 1, 0)], [0.0]) == [1.0]
    assert max(trust([posterior(-1.0, 1, 0)] * 2, [0.0] * 2)) < 1.0
    assert trust([posterior(-1.0, 0, 0)] * 2, [0.0] * 2) == [1.0, 1.0]
    whole = posterior(1.0, 4, 0).rows
    full = Rows(whole.x[20:], whole.task[20:], whole.y[20:])
    assert trust([Posterior(full, HYPER, NUMBERS)], [0.0]) == [1.0]


@given(FACTORS, st.data())
def test_more_evidence_for_a_metric_raises_the_belief_in_all(
    factors: list[float], data: st.DataObject
) -> None:
    before = beliefs(np.array(factors), np.ones(len(factors)))
    assert all(0.0 <= b <= 1.0 for b in before)
    k = data.draw(st.integers(0, len(factors) - 1))
    factors[k] += data.draw(st.floats(0, 20))
    after = beliefs(np.array(factors), np.ones(len(factors)))
    assert all(b >= a - 1e-12 for a, b in zip(before, after, strict=True))


def test_two_weak_doubts_make_a_strong_one_and_one_metric_can_stand_apart() -> None:
    alone, both = beliefs(np.array([-0.7]), np.ones(1)), beliefs(np.array([-0.7, -0.7]), np.ones(2))
    assert max(both) < min(alone) - 0.05
    mixed = beliefs(np.array([12.0, -12.0]), np.ones(2))
    assert mixed[0] > 0.99
    assert mixed[1] < 0.01
    assert beliefs(np.zeros(3), np.ones(3)) == pytest.approx([0.6 * 0.9 + 0.4 * 0.1] * 3)


def test_tasks_are_judged_by_what_they_tell(lab: Any) -> None:
    opt, _ = lab.spent(0)
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
