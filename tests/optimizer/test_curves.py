"""What curves foretell: linear growth, spread that covers, and no trouble at any scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.optimizer.api import Trial
from hpo_tui.engine.optimizer.models.curves import comparable, outlook, values_at
from hpo_tui.engine.spec import StudySpec


def test_growth_by_a_factor_and_by_a_difference_are_both_foretold() -> None:
    then = np.linspace(1.0, 5.0, 12)
    end = np.stack([4.0 * then, then + 0.3], axis=1)
    found = outlook(np.array([3.7, 3.7]), np.stack([then, then], axis=1), end)
    assert found is not None
    assert np.allclose(found[0], [14.8, 4.0], rtol=0.03)


def test_few_trials_are_taken_to_keep_their_distance() -> None:
    """The slope is drawn towards 1 by one trial's weight, and never quite sure, less so afar."""
    then = np.array([[0.0], [1.0], [2.0], [3.0]])
    near, far = (outlook(np.array([now]), then, 3.0 * then) for now in (2.5, 22.5))
    assert near is not None
    assert far is not None
    assert near[0][0] == pytest.approx(4.5 + (3.0 * 5.0 + 1.25) / 6.25)
    sure = outlook(np.array([1.5]), then, then)
    assert sure is not None
    assert sure[1][0] > 0.02 * 3.0
    assert far[1][0] > 5 * near[1][0]


def test_a_curve_is_told_by_those_that_ended_at_its_task_and_are_no_repeats() -> None:
    def trial(number: int, task: int = 2, state: str = "complete", **rest: object) -> Trial:
        known = {"reports": [(1, {"a": 1.0})], **rest}
        return Trial(number, number, {}, task, state, 1.0, **known)  # type: ignore[arg-type]

    odd = [trial(2, task=1), trial(3, state="pruned"), trial(4, repeat=1), trial(5, reports=[])]
    assert [t.number for t in comparable([trial(1), *odd], trial(6, state="running"))] == [1]


def test_what_is_reported_at_a_step_counts_at_it(toy: StudySpec) -> None:
    trial = Trial(1, 1, {}, 2, "complete", 1.0, reports=[(3, {"a": 1.0}), (5, {"a": 2.0})])
    found = [values_at(toy, [trial], step, ["a"])[0, 0] for step in (2, 3, 4, 5)]
    np.testing.assert_equal(found, [np.nan, 1.0, 1.0, 2.0])


def test_the_spread_covers_what_comes() -> None:
    rng = np.random.default_rng(0)
    inside = []
    for n in (5, 10, 30):
        for _ in range(300):
            then = rng.normal(size=(n + 1, 1))
            end = 0.5 * then + 0.2 * rng.normal(size=then.shape)
            found = outlook(then[-1], then[:-1], end[:-1])
            assert found is not None
            inside.append(abs(end[-1, 0] - found[0][0]) < 2 * found[1][0])
    assert 0.93 < np.mean(inside) < 0.995


def test_what_stands_best_is_never_foretold_to_end_worst() -> None:
    then = np.array([[2.3], [0.9], [2.1], [1.6]])
    end = np.array([[0.8], [2.4], [1.1], [2.2]])  # by chance, what stood worse ended better
    best, worst = (outlook(np.array([now]), then, end) for now in (0.3, 3.0))
    assert best is not None
    assert worst is not None
    assert best[0] == worst[0] == end.mean()


def test_three_trials_foretell_nothing_and_neither_does_a_missing_metric() -> None:
    known = np.arange(8.0).reshape(4, 2)
    assert outlook(known[0], known[:3], known[:3]) is None
    assert outlook(np.array([1.0, np.nan]), known, known) is None
    holed = known.copy()
    holed[0, 1] = np.nan
    assert outlook(known[0], holed, known) is None
    assert outlook(known[0], known, known) is not None


@given(
    st.lists(
        st.tuples(*[st.floats(-1e100, 1e100) | st.sampled_from([0.0, 1e-12, 1e100])] * 2),
        min_size=4,
        max_size=9,
    )
)
def test_any_scale_gives_finite_figures_or_none(pairs: list[tuple[float, float]]) -> None:
    then, end = np.array(pairs)[:, :1], np.array(pairs)[:, 1:]
    found = outlook(then[0], then, end)
    assert found is None or (np.all(np.isfinite(found)) and found[1][0] > 0)
