"""Limits that results lie on exactly, as of counts, of yes or no, of what is in excess."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.optimizer.conftest import warped


@pytest.mark.parametrize(
    ("values", "limit", "part"),
    [
        ([0.0, 1.0, 0.0, 1.0, 1.0], 0.0, None),  # yes or no
        ([0.0, 0.1, 0.0, 0.4, 2.0], 0.0, None),  # an excess: by how much others miss it is known
        ([0.0, 2.0, 1.0, 2.0, 3.0, 5.0], 2.0, 2.5),  # a count
        ([0.0, 2.0, 1.0, 2.0, 1.0], 2.0, 2.5),  # which nothing has missed yet
    ],
)
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_limit_that_results_lie_on_parts_them_from_those_that_miss_it(
    values: list[float], limit: float, part: float | None, sign: float
) -> None:
    y = np.array(values)
    z, made = warped(list(sign * y), sign=sign, limit=sign * limit)
    at = made.limit(sign * limit)
    assert z[y <= limit].max() < at
    assert z[y > limit].min(initial=np.inf) > at
    low, high = made.between(*((None, limit) if sign > 0 else (-limit, None)))
    assert (low, high) == (-np.inf, at)
    if part is not None:
        assert at == pytest.approx(made.limit(sign * part))
    else:  # as far within the limit as half of the others lie beyond it
        assert at - z[y <= limit].max() > 0.2


def test_a_limit_that_all_results_lie_on_is_one_that_nothing_misses() -> None:
    z, made = warped([0.0, 0.0, np.nan, 0.0], limit=0.0)
    assert z[0] == z[1] == z[3] == 0.0
    assert made.limit(0.0) > 1e3


def test_only_a_limit_is_moved_off_the_results_and_only_where_several_lie_on_it() -> None:
    once = warped([0.0, 1.0, 2.0, 3.0], limit=1.0)
    assert once[1].limit(1.0) == pytest.approx(once[0][1])
    goal = warped([0.0, 1.0, 1.0, 3.0], limit=1.0, traded=True)
    assert goal[1].limit(1.0) == pytest.approx(goal[0][1])
    other = warped([0.0, 1.0, 1.0, 3.0], limit=1.0)[1]
    assert other.limit(0.0) < other.limit(1.0) < other.limit(3.0)


@given(st.data())
def test_whatever_lies_on_a_limit_is_parted_from_what_misses_it(data: st.DataObject) -> None:
    some = st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=4)
    values = data.draw(st.lists(st.sampled_from(data.draw(some)), min_size=2, max_size=12))
    limit = data.draw(st.sampled_from(values))
    z, made = warped(values, limit=limit)
    at, y = made.limit(limit), np.array(values)
    assert np.isfinite(z).all()
    if (y == limit).sum() > 1:
        assert z[y <= limit].max(initial=-np.inf) <= at <= z[y > limit].min(initial=np.inf)
