import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import spearmanr

from hpo_tui.engine.analysis.tasks import assess_tasks, rank_correlation, spearman
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame

MakeFrame = Callable[..., Frame]


def promoted(make_frame: MakeFrame, noise: float, n: int = 30) -> Frame:
    rng = np.random.default_rng(1)
    quality = rng.random(n)
    cheap = quality + noise * rng.normal(size=n) - 0.1
    return make_frame(
        {
            "acc": np.r_[cheap, quality],
            "size": np.r_[quality, quality],
            "ms": np.ones(2 * n),
        },
        configuration=np.r_[np.arange(n), np.arange(n)],
        resumed_from=np.r_[np.zeros(n), np.arange(1, n + 1)],
        task=np.r_[np.zeros(n), np.ones(n)],
        duration=np.r_[np.full(n, 100.0), np.full(n, 400.0)],
    )


def test_a_faithful_cheap_task_is_worth_its_cost(spec: StudySpec, make_frame: MakeFrame) -> None:
    found = assess_tasks(promoted(make_frame, 0.01), spec)
    accuracy = found[0]
    assert (accuracy.task, accuracy.metric, accuracy.pairs) == ("short", "acc", 30)
    assert accuracy.correlation > 0.95
    assert accuracy.low < accuracy.correlation < accuracy.high
    assert accuracy.advice.startswith("worth its cost")


def test_measured_cost_counts_what_the_checkpoint_had_taken(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    found = assess_tasks(promoted(make_frame, 0.01), spec)[0]
    assert found.declared == 0.25
    assert found.measured == pytest.approx(100 / 500)


def test_noise_is_not_worth_it_and_costs_regret(spec: StudySpec, make_frame: MakeFrame) -> None:
    found = assess_tasks(promoted(make_frame, 50.0), spec)[0]
    assert found.low < 0.3
    assert not found.advice.startswith("worth")
    assert found.regret >= 0


def some(make_frame: MakeFrame, chosen: slice, noise: float = 0.15, n: int = 60) -> Frame:
    """A study in which those of ``chosen`` went on to the full task, counted from the worst."""
    rng = np.random.default_rng(1)
    quality = np.sort(rng.random(n))
    cheap = quality + noise * rng.normal(size=n)
    gone = np.argsort(cheap)[chosen]
    return make_frame(
        {
            "acc": np.r_[cheap, quality[gone]],
            "size": np.r_[quality, quality[gone]],
            "ms": np.ones(n + len(gone)),
        },
        configuration=np.r_[np.arange(n), gone],
        task=np.r_[np.zeros(n), np.ones(len(gone))],
    )


def test_pairs_of_the_best_alone_show_less_than_there_is(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    best = assess_tasks(some(make_frame, slice(-15, None)), spec)[0]
    everything = assess_tasks(some(make_frame, slice(None)), spec)[0]
    assert best.correlation < everything.correlation
    assert best.narrow
    assert best.reach < 0.5
    assert everything.reach == pytest.approx(1)
    assert not everything.narrow


def test_a_high_correlation_or_pairs_of_all_kinds_need_no_excuse(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    assert not assess_tasks(some(make_frame, slice(-15, None), noise=0.001), spec)[0].narrow
    assert not assess_tasks(some(make_frame, slice(None, None, 4)), spec)[0].narrow


def test_with_few_pairs_a_little_less_range_is_enough_to_be_told(
    spec: StudySpec, make_frame: MakeFrame
) -> None:
    found = replace(assess_tasks(some(make_frame, slice(None)), spec)[0], correlation=0.5)
    assert not replace(found, reach=0.85, pairs=30).narrow
    assert replace(found, reach=0.85, pairs=7).narrow
    assert not replace(found, reach=math.nan, pairs=7).narrow
    assert not replace(found, reach=0.5, correlation=math.nan).narrow


def test_few_pairs_are_not_judged(spec: StudySpec, make_frame: MakeFrame) -> None:
    for pairs, said in ((1, "1 configuration has"), (3, "3 configurations have")):
        found = assess_tasks(promoted(make_frame, 0.1, n=pairs), spec)[0]
        assert math.isnan(found.correlation)
        advice = f"too few pairs to judge: {said} run at both tasks, 6 are needed"
        assert found.advice == advice


def test_equal_results_are_not_called_too_few(spec: StudySpec, make_frame: MakeFrame) -> None:
    frame = promoted(make_frame, 0.1)
    frame.metrics["acc"][frame.at_task(spec.full_task.name)] = 0.5
    found = assess_tasks(frame, spec)[0]
    assert found.pairs == 30
    assert found.advice == "not to be judged: at one of the two tasks all results are the same"


def test_a_study_with_one_task_has_nothing_to_say(spec: StudySpec, make_frame: MakeFrame) -> None:
    assert assess_tasks(promoted(make_frame, 0.1), replace(spec, tasks=spec.tasks[1:])) == []


def test_rank_correlation_agrees_with_scipy_with_ties() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 5, 40).astype(float)
    b = a + rng.integers(0, 4, 40)
    assert spearman(a, b)[0] == pytest.approx(spearmanr(a, b).statistic)
    assert rank_correlation(a[:3], b[:3]) == pytest.approx(spearmanr(a[:3], b[:3]).statistic)


def test_where_there_is_no_rank_correlation_there_is_no_interval_either() -> None:
    rising = np.arange(6.0)
    for a, b in ((rising[:2], rising[:2]), (rising, np.ones(6)), (np.ones(6), rising)):
        assert rank_correlation(a, b) is None
        assert all(map(math.isnan, spearman(a, b)))
    assert rank_correlation(rising[:3], rising[:3]) == pytest.approx(1.0)
    assert math.isnan(spearman(rising[:3], rising[:3])[0])  # too few for an interval


@pytest.mark.parametrize(("seconds", "share"), [(60.0, "for 60%"), (0.4, "for 0.4%")])
def test_a_task_that_costs_next_to_nothing_is_not_said_to_be_free(
    spec: StudySpec, make_frame: MakeFrame, seconds: float, share: str
) -> None:
    frame = promoted(make_frame, 0.1)
    short = frame.at_task(spec.tasks_by_cost[0].name)
    frame.duration[:] = np.where(short, seconds, 100.0 - seconds)
    found = assess_tasks(frame, spec)[0]
    assert found.measured == pytest.approx(seconds / 100)
    assert found.advice.endswith(share)


@pytest.mark.parametrize(("pairs", "least"), [(6, 0.9), (8, 0.93), (20, 0.93)])
def test_the_interval_holds_the_truth_as_often_as_it_says(pairs: int, least: float) -> None:
    """Of strong correlations too, where few pairs are often in perfect order by chance."""
    rng, true = np.random.default_rng(0), 0.95
    held = 0
    for _ in range(600):
        a = rng.normal(size=pairs)
        b = true * a + np.sqrt(1 - true**2) * rng.normal(size=pairs)
        _, low, high = spearman(a, b)
        held += low <= 6 / np.pi * np.arcsin(true / 2) <= high
    assert held / 600 > least


def test_six_pairs_in_perfect_order_leave_a_doubt() -> None:
    rho, low, high = spearman(np.arange(6.0), np.arange(6.0) ** 3)
    assert (rho, high) == (pytest.approx(1.0), pytest.approx(1.0))
    assert 0.4 < low < 0.8
    rho, low, high = spearman(np.arange(6.0), -np.arange(6.0))
    assert rho == low == pytest.approx(-1.0)
    assert -0.8 < high < -0.4
