"""Numbers that not every configuration has: where they lie, and what the model makes of it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.encoding.columns import (
    ABSENT,
    CATEGORY,
    NUMBER,
    OPTIONAL,
    arc,
    centred,
)
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models import kernel
from hpo_tui.engine.optimizer.models.gp import Posterior, Rows
from hpo_tui.engine.optimizer.models.kernel import Hyper
from hpo_tui.engine.spec import StudySpec, Task

KINDS = np.array([NUMBER, OPTIONAL, OPTIONAL, CATEGORY])


def rows(n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = np.column_stack([rng.random((n, 3)), rng.integers(3, size=n)])
    x[:, 1:3] = np.where(rng.random((n, 2)) < 0.4, ABSENT, x[:, 1:3])
    return x


def branched(**study: Any) -> StudySpec:
    """The depth is a number of the tree alone."""
    return StudySpec.from_dict(
        {
            "study": {"name": "s", "command": "true", "budget": 30.0, **study},
            "space": {
                "kind": {"type": "categorical", "choices": ["tree", "line"]},
                "depth": {"type": "float", "low": 0, "high": 1, "when": {"kind": ["tree"]}},
                "x": {"type": "float", "low": 0, "high": 1},
            },
            "objective": [{"metric": "loss", "direction": "minimize"}],
        }
    )


def test_absence_is_equally_far_from_every_value_and_values_keep_their_order() -> None:
    values = np.linspace(0, 1, 11)
    place = arc(np.append(values, ABSENT))
    far = np.linalg.norm(place[:-1] - place[-1], axis=1)
    np.testing.assert_allclose(far, far[0])
    assert np.all(np.diff(np.linalg.norm(place[:-1] - place[0], axis=1)) > 0)
    near = np.linalg.norm(place[1] - place[0])
    assert near == pytest.approx(0.1, rel=0.01)  # an arc of length 1


def test_pairs_and_cross_agree_and_make_a_covariance() -> None:
    x, lengths = rows(60), np.log([0.3, 0.2, 1.0, 0.7])
    square = np.exp(-2 * lengths) @ kernel.pair_distances(x, KINDS)
    cov = kernel.cross(x, x, lengths, KINDS)
    np.testing.assert_allclose(cov, kernel.matern(square).reshape(60, 60), atol=1e-6)
    assert np.linalg.eigvalsh(cov).min() > -1e-8


def test_what_is_absent_has_no_part_in_the_trend() -> None:
    x = rows(20)
    expected = np.where(x[:, :3] == ABSENT, 0.0, x[:, :3] - 0.5)
    np.testing.assert_array_equal(centred(x, KINDS), expected)
    task = np.zeros(20, dtype=np.intp)
    whole = kernel.fixed_covariance(
        x, task, x, task, KINDS, departure=kernel.departure_lengths(len(KINDS))
    )
    np.testing.assert_allclose(np.diag(whole), kernel.fixed_variance(x, KINDS, same=True))


def test_results_without_a_number_do_not_settle_what_its_middle_gives() -> None:
    without = np.column_stack([np.full(12, ABSENT), np.linspace(0, 1, 12)])
    ends = np.array([[0.0, 0.5], [1.0, 0.5]])
    x = np.vstack([without, ends])
    data = Rows(x, np.zeros(14, dtype=np.intp), np.append(np.zeros(12), [0.5, -0.5]))
    hyper = Hyper(np.log([0.3, 0.5]), np.eye(1), np.log([1e-4]))
    posterior = Posterior(data, hyper, np.array([OPTIONAL, NUMBER]))
    at = np.array([[0.0, 0.5], [0.25, 0.5], [0.5, 0.5], [0.75, 0.5], [1.0, 0.5]])
    _, sd = posterior.predict(at)
    assert sd[2] > 2 * max(sd[0], sd[4])
    assert sd[2] > 0.95 * max(sd[1], sd[3])


def test_what_is_inactive_is_absent_and_comes_back() -> None:
    space = Space(branched())
    assert space.kinds.tolist() == [CATEGORY, OPTIONAL, NUMBER]
    x = space.uniform(40, np.random.default_rng(0))
    line = x[:, 0] == 1
    assert np.all(x[line, 1] == ABSENT)
    assert np.all(x[~line, 1] >= 0)
    for row, params in zip(x, space.decode(x), strict=True):
        assert ("depth" in params) == (params["kind"] == "tree")
        np.testing.assert_allclose(space.encode(params), row)


def test_a_start_given_in_part_takes_the_rest_from_the_whole_range() -> None:
    drawn = []
    for seed in range(6):
        spec = replace(branched(), start=({"kind": "tree", "x": 0.5},))
        drawn.append(Optimizer(spec, seed).ask().params["depth"])
    assert len(set(drawn)) > 3


def test_spaces_with_branches_have_random_looks_with_one_objective_too(lab: Any) -> None:
    shares = []
    for tasks in (branched().tasks, (Task("look", 0.25), Task("full", 1.0))):
        spec = replace(branched(resume=True), tasks=tasks)
        asked = lab.play(Optimizer(spec, 0), lambda p, _: {"loss": p["x"] + p.get("depth", 0.3)})
        shares.append([s.why["kind"] for s in asked].count("random") / len(asked))
    assert shares[0] == 0
    assert 0 < shares[1] < 0.25
