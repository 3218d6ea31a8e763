"""Which trials are best where results are noisy."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.explain.best import best_trials

ONE = [{"metric": "a", "direction": "minimize"}]


def _run(lab: Any, results: dict[float, list[float]], *, noisy: bool | None) -> Optimizer:
    """Results of full-task runs at values of x, repeats after the first."""
    study = {"name": "toy", "command": "true", "budget": 40.0}
    if noisy is not None:
        study["noisy"] = noisy
    opt = Optimizer(lab.spec(study=study, objective=ONE), seed=0)
    for x, values in results.items():
        opt.enqueue({"x": x, "y": 0.1}, task="full")
        first = opt.ask().number
        opt.tell(first, {"a": values[0]})
        if len(values) > 1:
            opt.confirm(first, len(values) - 1)
        for value in values[1:]:
            opt.tell(opt.ask().number, {"a": value})
    return opt


def _search(noisy: bool, *, outside: bool = False) -> Any:
    """A search whose model thinks the more of a configuration the higher its x."""
    return SimpleNamespace(
        models=lambda history: SimpleNamespace(noisy=noisy, mean=lambda x: -x[:, :1]),
        builder=SimpleNamespace(
            encoded=lambda t: None if outside else np.array([t.params["x"], 0.5])
        ),
    )


@pytest.mark.parametrize(
    ("repeated", "noisy", "believed", "number"),
    [
        (False, None, True, 1),  # the results themselves: nothing says that they are noisy
        (False, False, True, 1),
        (False, True, True, 3),
        (False, True, False, 1),
        (True, None, True, 4),
        (True, False, True, 3),  # the mean of its repeats alone
    ],
)
def test_the_model_decides_between_results_where_these_are_noisy(
    lab: Any, repeated: bool, noisy: bool | None, believed: bool, number: int
) -> None:
    first = [0.0, 1.0] if repeated else [0.0]
    opt = _run(lab, {0.2: first, 0.5: [0.1], 0.8: [0.3]}, noisy=noisy)
    assert best_trials(opt._history, _search(believed)) == [number]


def test_results_decide_where_the_model_cannot(lab: Any) -> None:
    opt = _run(lab, {0.2: [0.0], 0.5: [0.1], 0.8: [0.3]}, noisy=True)
    search = _search(noisy=True)
    assert best_trials(opt._history, search) == [3]
    search.models = lambda history: None
    assert best_trials(opt._history, search) == [1]
    assert best_trials(opt._history, _search(noisy=True, outside=True)) == [1]
