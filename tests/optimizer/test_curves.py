"""What curves foretell: linear growth, spread that covers, and no trouble at any scale."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hpo_tui.engine.optimizer.models.curves import outlook


def test_growth_by_a_factor_and_by_a_difference_are_both_foretold() -> None:
    then = np.linspace(1.0, 5.0, 12)
    end = np.stack([4.0 * then, then + 0.3], axis=1)
    found = outlook(np.array([3.7, 3.7]), np.stack([then, then], axis=1), end)
    assert found is not None
    assert np.allclose(found[0], [14.8, 4.0], rtol=0.03)


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
