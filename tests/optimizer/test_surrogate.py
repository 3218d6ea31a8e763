"""What the models stand on."""

from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models.surrogate import Models, Surrogate
from hpo_tui.engine.optimizer.models.trust import TRUSTED
from hpo_tui.engine.optimizer.table import Table

TASKS = [{"name": "cheap", "cost": 0.25}, {"name": "full", "cost": 1.0}]


def models(lab: Any, full_rows: int, scale: float) -> Models:
    """Models of one metric whose twelve cheap results rank the other way round, ``scale`` times."""
    spec = lab.spec(objective=[{"metric": "a", "direction": "minimize"}], task=TASKS)
    x = np.random.default_rng(0).random((12, 2))
    truth = np.sin(3 * x[:, 0]) + x[:, 1]
    both = np.vstack([x, x[:full_rows]])
    n = len(both)
    values = np.concatenate([-scale * truth, truth[:full_rows]])[:, None]
    config = np.concatenate([np.arange(12), np.arange(full_rows)])
    table = Table(
        both, np.repeat([0, 1], [12, full_rows]), config, np.arange(n), values,
        np.ones(n, dtype=bool), np.zeros(n, dtype=bool),
    )  # fmt: skip
    return Surrogate(spec, Space(spec), seed=0).models(table, n)


@pytest.mark.parametrize("full_rows", [4, 8])
def test_what_misleads_is_left_out_of_the_model_and_of_its_units(lab: Any, full_rows: int) -> None:
    one, other = models(lab, full_rows, 1.0), models(lab, full_rows, 7.0)
    assert max(one.trust + other.trust) < TRUSTED
    at = np.random.default_rng(1).random((20, 2))
    np.testing.assert_array_equal(one.mean(at), other.mean(at))
    assert one.warps[0].limit(1.0) == other.warps[0].limit(1.0)
    np.testing.assert_array_equal(one.z[12:], other.z[12:])


def test_two_full_results_are_no_scale(lab: Any) -> None:
    found = models(lab, 2, 1.0)
    assert found.trust[0] < TRUSTED
    assert np.ptp(found.z[12:]) < np.ptp(found.z[:12])


@pytest.mark.parametrize("unit", [1.0, 0.3])
def test_a_staircase_of_whole_numbers_is_taken_for_a_slope(lab: Any, unit: float) -> None:
    spec = lab.spec(objective=[{"metric": "a", "direction": "minimize"}], task=TASKS)
    x = np.random.default_rng(0).random((24, 2))
    latent = 6.0 * x[:, 0] + 2.0 * x[:, 1]
    table = Table(
        x, np.ones(24, dtype=np.intp), np.arange(24), np.arange(24),
        unit * np.round(latent)[:, None], np.ones(24, dtype=bool), np.zeros(24, dtype=bool),
    )  # fmt: skip
    found = Surrogate(spec, Space(spec), seed=0).models(table, 24)
    noise = float(np.exp(found.posteriors[0].hyper.noise[-1]))
    rounding = found.warps[0].rounding() / unit**2
    assert (noise > 0.5 * rounding) == (unit == 1.0)
    assert not found.noisy
