"""The points that a search begins with are scipy's, bit for bit, without its longest import."""

import importlib.machinery

import numpy as np
import pytest
from scipy.stats import qmc

from hpo_tui.engine.optimizer.encoding import sobol as own
from hpo_tui.engine.optimizer.encoding.sobol import sobol


def scipys(d: int, power: int, seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    return bytes(qmc.Sobol(d, scramble=True, rng=rng).random_base2(power).tobytes())


@pytest.mark.parametrize("d", [1, 2, 3, 7, 20, 41, 300])
def test_they_are_scipys_to_the_last_bit(d: int) -> None:
    for power, seed in ((1, 0), (3, 1), (8, 2**32 + 7)):
        points = sobol(d, power, seed)
        assert points.shape == (2**power, d)
        assert points.tobytes() == scipys(d, power, seed)


def test_they_are_the_same_where_scipy_keeps_its_table_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expected, nowhere = sobol(5, 4, 3), importlib.machinery.ModuleSpec("scipy", None)
    own._directions.cache_clear()
    monkeypatch.setattr(own, "find_spec", lambda _: nowhere)
    try:
        assert own._directions(5) is None
        assert sobol(5, 4, 3).tobytes() == expected.tobytes()
    finally:
        own._directions.cache_clear()
