"""What a full result must improve upon, and what a look must promise."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.acquisition.scoring import Acquisition
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models.surrogate import Models
from hpo_tui.engine.spec import StudySpec

OBJECTIVES = [
    {"metric": "a", "direction": "minimize"},
    {"metric": "b", "direction": "maximize"},
]


@pytest.fixture(params=[1, 2])
def acquisition_of(request: pytest.FixtureRequest, lab: Any) -> Any:
    """The acquisition right after the start, of one or two objectives, for any prospects."""
    objectives = OBJECTIVES[: request.param]
    opt = Optimizer(lab.spec(objective=objectives), seed=3)
    for _ in range(9):
        s = opt.ask()
        opt.tell(s.number, lab.bowl(s.params, s.task))
    search = opt._search
    models = search.models(opt._history)

    def make(prospects: np.ndarray, looked_at: np.ndarray | None = None) -> Acquisition:
        busy = [] if looked_at is None else [(x, 0) for x in looked_at]
        return Acquisition(search.spec, search.space, models, busy, prospects, seed=0)

    return make


def test_looks_and_full_results_have_the_same_goal_with_nothing_in_hand(
    acquisition_of: Any,
) -> None:
    full, look = acquisition_of(np.zeros((0, 2))).score(np.random.default_rng(0).random((50, 2)))
    np.testing.assert_array_equal(full, look)
    assert full.max() > 0.0


def test_what_is_in_hand_lowers_the_promise_of_looks_alone(acquisition_of: Any) -> None:
    x = np.random.default_rng(1).random((400, 2))
    without, _ = acquisition_of(x[:0]).score(x)
    full, look = acquisition_of(x[:200]).score(x)
    np.testing.assert_allclose(full, without)
    assert np.all(look <= full * (1 + 1e-9) + 1e-12)
    assert look.sum() < 0.9 * full.sum()


def test_a_new_configuration_must_improve_on_those_being_looked_at(acquisition_of: Any) -> None:
    x = np.random.default_rng(1).random((400, 2))
    idle, _ = acquisition_of(x[:0], x[:0]).score(x, 400)
    full, _ = acquisition_of(x[:0], x[:200]).score(x, 100)
    assert np.all(full[:100] <= idle[:100] * (1 + 1e-9) + 1e-12)
    assert full[:100].sum() < 0.9 * idle[:100].sum()
    np.testing.assert_allclose(full[100:], idle[100:])


def test_looks_crowd_less_around_the_best_prospect(acquisition_of: Any) -> None:
    x = np.random.default_rng(2).random((400, 2))
    nothing = acquisition_of(x[:0])
    mean = nothing.models.mean(x)[:, nothing.columns]
    best = x[np.argmax(nothing.target.gain(mean, np.full_like(mean, 1e-6)))][None]
    near = np.clip(best + 0.01, 0.0, 1.0)
    (before,), (after,) = nothing.score(near)[1], acquisition_of(best).score(near)[1]
    assert after < 0.95 * before


def test_a_count_is_bettered_by_its_next_step_alone(lab: Any) -> None:
    def counted(params: Any, task: str) -> dict[str, float]:
        found = lab.bowl(params, task)
        return {"a": found["a"], "b": 200.0 + round(20 * found["b"])}

    opt = Optimizer(lab.spec(objective=OBJECTIVES), seed=3)
    for _ in range(14):
        s = opt.ask()
        opt.tell(s.number, counted(s.params, s.task))
    search = opt._search
    models = search.models(opt._history)
    full = np.flatnonzero(models.table.task == 2)
    most = full[np.lexsort((models.z[full, 0], -models.table.values[full, 1]))[0]]

    def gain_of_more(by: float, models: Models) -> float:
        """What a certain result would gain that is a trifle worse in a, and has more of b."""
        acquisition = Acquisition(search.spec, search.space, models, [], np.zeros((0, 2)), seed=0)
        level = models.warps[1].limit(models.table.values[most, 1] + by)
        at = np.array([[models.z[most, 0] + 1e-3, level]])
        return float(acquisition.target.gain(at, np.full((1, 2), 1e-9))[0])

    assert gain_of_more(0.4, models) == pytest.approx(0.0, abs=1e-9)
    assert gain_of_more(1.0, models) > 0.01
    assert gain_of_more(0.4, replace(models, noisy=True)) > 0.01


def test_a_prior_weighs_less_the_more_is_known(lab: Any) -> None:
    believed = {
        "x": {"type": "float", "low": 0.0, "high": 1.0, "prior": {"mean": 0.8, "sd": 0.2}},
        "y": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
    }
    opt = Optimizer(lab.spec(objective=OBJECTIVES[:1]), seed=3)
    for _ in range(9):
        s = opt.ask()
        opt.tell(s.number, lab.bowl(s.params, s.task))
    models = opt._search.models(opt._history)
    x = np.random.default_rng(1).random((50, 2))

    def scores(**changes: Any) -> tuple[np.ndarray, np.ndarray, Space]:
        spec = lab.spec(objective=OBJECTIVES[:1], **changes)
        space = Space(spec)
        return *Acquisition(spec, space, models, [], x[:5], seed=0).score(x), space

    full, look, space = scores(space=believed)
    plain_full, plain_look, _ = scores()
    belief = np.exp(5.0 / 9.0 * space.log_prior(x))
    assert np.ptp(belief) > 0.5
    np.testing.assert_allclose(full, plain_full * belief)
    np.testing.assert_allclose(look, plain_look * belief)


def test_ends_of_the_front_count_by_turns_once_there_are_compromises(lab: Any) -> None:
    """Beyond what is typical nothing counts before two results are better in everything."""

    def conflict(x: float, y: float) -> dict[str, float]:
        return {"a": x + 0.2 * y, "b": (1.0 - x) ** 2 + 0.2 * y}

    both = [{"metric": "a", "direction": "minimize"}, {"metric": "b", "direction": "minimize"}]
    opt = Optimizer(lab.spec(objective=both), seed=3)

    def run(x: float, y: float, task: str | None) -> None:
        opt.enqueue({"x": x, "y": 10.0 ** (4.0 * y - 4.0)}, task)
        opt.tell(opt.ask().number, conflict(x, y))

    def box() -> np.ndarray:
        """The highest value of each objective that still counts, and what is typical, (2, 2)."""
        search = opt._search
        models = search.models(opt._history)
        acquisition = Acquisition(search.spec, search.space, models, [], np.zeros((0, 2)), seed=0)
        typical = np.median(models.mean(acquisition.typical), axis=0)
        return np.array([[cut.max() for cut in acquisition.target.cuts], typical])

    for x in (0.1, 0.3, 0.5, 0.7, 0.9):
        for y in (0.2, 0.8):
            run(x, y, opt.spec.tasks[0].name)
    for x in (0.0, 1.0):
        run(x, 0.5, opt.spec.full_task.name)
    np.testing.assert_allclose(*box())
    for x in (0.4, 0.45):
        run(x, 0.0, opt.spec.full_task.name)
    widened = []
    for x in (0.15, 0.25):
        highest, typical = box()
        widened.append(bool(np.all(highest > typical + 0.1)))
        run(x, 0.9, opt.spec.tasks[0].name)
    assert sorted(widened) == [False, True]


LIMITS = [
    {"metric": "low", "min": 0.4},
    {"metric": "high", "max": 0.6},
    {"metric": "band", "min": 0.45, "max": 0.55},
]


def _measured(params: Any, task: str = "full") -> dict[str, float]:
    x, y = float(params["x"]), np.log10(float(params["y"])) / 4 + 1
    return {"a": x + y, "low": x, "high": y, "band": (x + y) / 2}


@pytest.fixture(scope="module")
def limited() -> Any:
    """An optimizer that knows no result within the limits: on either side, and on both."""
    spec = StudySpec.from_dict({
        "study": {"name": "toy", "command": "true", "budget": 20.0},
        "space": {
            "x": {"type": "float", "low": 0.0, "high": 1.0},
            "y": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
        },
        "objective": [{"metric": "a", "direction": "minimize", "threshold": 1.2}],
        "constraint": LIMITS,
    })  # fmt: skip
    opt = Optimizer(spec, seed=3)
    for x, y in (
        (0.1, 0.9),
        (0.9, 0.9),
        (0.1, 0.1),
        (0.95, 0.3),
        (0.6, 0.9),
        (0.7, 0.7),
        (0.45, 0.1),
    ):
        opt.enqueue({"x": x, "y": 10.0 ** (4.0 * y - 4.0)})
        s = opt.ask()
        opt.tell(s.number, _measured(s.params))
    return opt


def _acquisition(opt: Optimizer, busy: Sequence[tuple[np.ndarray, int]] = ()) -> Acquisition:
    search = opt._search
    models = search.models(opt._history)
    assert models is not None
    return Acquisition(search.spec, search.space, models, busy, np.zeros((0, 2)), seed=0)


def _in_units(acquisition: Acquisition, metrics: list[dict[str, float]]) -> np.ndarray:
    """Metrics in model units, (n, k)."""
    names, warps = acquisition.spec.metric_names, acquisition.models.warps
    return np.array([[w.limit(m[n]) for n, w in zip(names, warps, strict=True)] for m in metrics])


def test_a_certain_result_holds_the_limits_that_its_metrics_meet(limited: Any) -> None:
    acquisition = _acquisition(limited)
    rng = np.random.default_rng(0)
    metrics = [
        dict(zip(acquisition.spec.metric_names, rng.random(4), strict=True)) for _ in range(300)
    ]
    metrics += [dict.fromkeys(acquisition.spec.metric_names, 0.5 + 0.011 * i) for i in range(-8, 9)]
    mean = _in_units(acquisition, metrics)
    chance = acquisition.holds(mean, np.full(mean.shape, 1e-9), thresholds=False)
    met = [all(c.met(m[c.metric]) for c in acquisition.spec.outcome_constraints) for m in metrics]
    assert 5 < sum(met) < 300
    np.testing.assert_allclose(chance, np.array(met, dtype=float), atol=1e-6)
    np.testing.assert_array_equal(acquisition._within(mean), met)


def test_a_limit_on_both_sides_is_met_in_between_and_nowhere_else(limited: Any) -> None:
    """With the chance of a draw: the narrower, the less."""
    acquisition = _acquisition(limited)
    at = np.array([0.1, 0.44, 0.5, 0.53, 0.56, 0.9])
    metrics = [{"a": 0.0, "low": 0.9, "high": 0.1, "band": b} for b in at]
    mean = _in_units(acquisition, metrics)
    sd = np.full(mean.shape, 1e-9)
    sd[:, acquisition.spec.metric_names.index("band")] = 0.7
    draws = mean[:, 3, None] + 0.7 * np.random.default_rng(0).standard_normal(100_000)
    (low, high) = sorted(acquisition.models.warps[3].limit(v) for v in (0.45, 0.55))
    drawn = ((low <= draws) & (draws <= high)).mean(axis=1)
    np.testing.assert_allclose(acquisition.holds(mean, sd, thresholds=False), drawn, atol=6e-3)


def test_a_threshold_counts_where_it_is_asked_for(limited: Any) -> None:
    acquisition = _acquisition(limited)
    metrics = [{"a": a, "low": 0.5, "high": 0.5, "band": 0.5} for a in (1.1, 1.3)]
    mean = _in_units(acquisition, metrics)
    sd = np.full(mean.shape, 1e-9)
    np.testing.assert_allclose(acquisition.holds(mean, sd, thresholds=True), [1.0, 0.0])
    np.testing.assert_allclose(acquisition.holds(mean, sd, thresholds=False), [1.0, 1.0])


def test_limits_are_pursued_until_a_full_result_holds_them(limited: Any) -> None:
    opt = copy.deepcopy(limited)
    assert not opt.best()
    acquisition = _acquisition(opt)
    assert acquisition.pursuing
    x = np.random.default_rng(1).random((50, 2))
    mean, sd = acquisition.models.predict(x)
    np.testing.assert_array_equal(
        acquisition.score(x)[0], acquisition.holds(mean, sd, thresholds=True)
    )
    opt.enqueue({"x": 0.5, "y": 0.01})
    s = opt.ask()
    opt.tell(s.number, _measured(s.params))
    acquisition = _acquisition(opt)
    assert opt.best() == [s.number]
    assert not acquisition.pursuing
    # What is feasible and a little better is wanted, what is better and infeasible is not.
    full, _ = acquisition.score(opt._search.space.snap(np.array([[0.45, 0.47], [0.05, 0.05]])))
    assert full[0] > 1e3 * full[1]


@pytest.mark.parametrize(
    ("direction", "limit"),
    [
        ("minimize", {"min": 0.3}),
        ("maximize", {"max": 0.7}),
        ("minimize", {"min": 0.3, "max": 0.4}),
    ],
)
def test_an_objective_can_have_a_limit_on_its_better_side(direction: str, limit: Any) -> None:
    """There is no use in going beyond it."""
    spec = StudySpec.from_dict({
        "study": {"name": "toy", "budget": 14.0},
        "space": {n: {"type": "float", "low": 0.0, "high": 1.0} for n in "xy"},
        "objective": [{"metric": "a", "direction": direction}],
        "constraint": [{"metric": "a", **limit}],
    })  # fmt: skip
    opt = Optimizer(spec, seed=0)
    found = []
    for _ in range(14):
        s = opt.ask()
        found.append((float(s.params["x"]) + float(s.params["y"])) / 2)
        opt.tell(s.number, {"a": found[-1]})
    best = limit["min"] if direction == "minimize" else limit["max"]
    assert np.median(np.abs(np.array(found[9:]) - best)) < 0.05
    acquisition = _acquisition(opt)
    assert acquisition._within(
        _in_units(acquisition, [{"a": v} for v in (0.0, 0.35, 1.0)])
    ).tolist() == [spec.outcome_constraints[0].met(v) for v in (0.0, 0.35, 1.0)]
