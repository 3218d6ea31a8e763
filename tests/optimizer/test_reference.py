"""Where improvement begins to count: beside thresholds, and where there are none."""

from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.acquisition.scoring import Acquisition

GOALS = [
    {"metric": "error", "direction": "minimize", "threshold": 0.1},
    {"metric": "size", "direction": "minimize"},
]


def _network(x: float) -> dict[str, float]:
    """A larger network errs less."""
    return {"error": 1.0 - x, "size": x}


def _acquisition(lab: Any, objectives: list[dict[str, Any]], ran: tuple[float, ...]) -> Acquisition:
    """The acquisition once full-task trials of these sizes have run."""
    opt = Optimizer(lab.spec(objective=objectives), seed=3)
    for i, x in enumerate(ran):
        y = 10.0 ** (-4.0 * ((i * 0.618) % 1.0))  # it has no effect, which is to be seen
        opt.enqueue({"x": x, "y": y}, opt.spec.full_task.name)
        opt.tell(opt.ask().number, _network(x))
    search = opt._search
    return Acquisition(
        search.spec, search.space, search.models(opt._history), [], np.zeros((0, 2)), seed=0
    )


def _gains(acquisition: Acquisition, *sizes: float) -> np.ndarray:
    return acquisition.score(np.array([[x, 0.5] for x in sizes]))[0]


FAR = (0.05, 0.2, 0.3, 0.45, 0.55, 0.7)
"""Sizes of which none meets the goal."""


def test_while_the_goal_is_unmet_what_may_meet_it_gains_however_large(lab: Any) -> None:
    acquisition = _acquisition(lab, GOALS, FAR)
    small, large = _gains(acquisition, 0.5, 0.95)
    assert large > 100 * small
    assert large > 0.01


def test_once_the_goal_is_met_less_than_is_typical_of_what_meets_it_is_a_gain(lab: Any) -> None:
    acquisition = _acquisition(lab, GOALS, (*FAR, 1.0))
    small, smaller, same = _gains(acquisition, 0.5, 0.93, 1.0)
    assert smaller > 100 * small
    assert smaller > 3 * same
    assert smaller > 0.001


@pytest.mark.parametrize("limits", [(np.inf, np.inf), (-0.5, -0.5)])
def test_with_thresholds_on_all_objectives_or_on_none_it_is_the_median(
    lab: Any, limits: tuple[float, float]
) -> None:
    acquisition = _acquisition(lab, GOALS, FAR)
    points = acquisition.models.z[:, acquisition.columns]
    found = acquisition._typical(points, np.array(limits))
    np.testing.assert_array_equal(
        found, np.median(acquisition.models.mean(acquisition.typical), axis=0)
    )


def test_within_a_constraint_what_is_typical_there_is_bettered_however_poor(lab: Any) -> None:
    """Small networks alone fit into the memory, and err more than is typical of all sizes."""
    objectives = [{"metric": "error", "direction": "minimize"}, {**GOALS[1], "metric": "waste"}]
    limit = [{"metric": "size", "max": 0.2}]
    opt = Optimizer(lab.spec(objective=objectives, constraint=limit), seed=3)
    for i, x in enumerate((0.05, *FAR[1:], 0.95)):
        y = (i * 0.618) % 1.0
        opt.enqueue({"x": x, "y": 10.0 ** (4.0 * y - 4.0)}, opt.spec.full_task.name)
        opt.tell(opt.ask().number, {**_network(x), "waste": y - 2.0 * x})
    search = opt._search
    acquisition = Acquisition(
        search.spec, search.space, search.models(opt._history), [], np.zeros((0, 2)), seed=0
    )
    fits, too_large = acquisition.score(np.array([[0.15, 0.1], [0.6, 0.1]]))[0]
    assert fits > 100 * too_large
    assert fits > 0.01
