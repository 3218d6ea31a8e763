"""Learning from earlier studies: what they say, how far it is believed, what stays the same."""

import json
import math
import pickle
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hpo_tui.engine.optimizer import CostWeightedSampler, Earlier, Optimizer
from hpo_tui.engine.optimizer.earlier import Finding
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.models.gp import Posterior, Rows
from hpo_tui.engine.optimizer.models.guess import Guess, known
from hpo_tui.engine.optimizer.models.kernel import SLOPE_MEAN, SLOPE_VARIANCE, Hyper
from hpo_tui.engine.spec import StudySpec


def hill(params: Mapping[str, Any], task: str) -> dict[str, float]:
    """One narrow optimum at x = 0.15, y = 1e-3; cheap tasks are a little off."""
    x, y = float(params["x"]), math.log10(float(params["y"])) / 4 + 1
    off = {"cheap": 0.05, "middle": 0.02}.get(task, 0.0)
    return {"a": 1 - math.exp(-((x - 0.15) ** 2 + (y - 0.25) ** 2) / 0.02) + off}


@pytest.fixture(scope="module")
def one(lab: Any) -> StudySpec:
    return lab.spec(objective=[{"metric": "a", "direction": "minimize"}])


@pytest.fixture(scope="module")
def former(lab: Any, one: StudySpec) -> Earlier:
    done = Optimizer(one, seed=1)
    lab.play(done, hill)
    return done.found("former")


def test_what_was_found_goes_through_json(former: Earlier) -> None:
    assert Earlier.from_plain(json.loads(json.dumps(former.plain()))) == former
    assert former.costs == (0.25, 0.5, 1.0)
    assert {f.task for f in former.findings} == {0, 1, 2} - (
        {1} - {f.task for f in former.findings}
    )


def test_the_first_trials_are_the_best_that_the_earlier_study_knows(
    lab: Any, one: StudySpec, former: Earlier
) -> None:
    opt = Optimizer(one, seed=2, earlier=[former])
    first, second, third = opt.ask(), opt.ask(), opt.ask()
    assert hill(first.params, "full")["a"] < 0.2
    assert "former" in first.why["text"]
    assert "former" in second.why["text"]
    assert third.why["text"] == "One of the first spread configurations."
    assert first.task == "cheap"


def spent_until_good(lab: Any, opt: Optimizer, good: float) -> float:
    """What was spent until the full task has a result below ``good``."""
    spent = 0.0
    for s in lab.play(opt, hill):
        spent += s.cost
        if s.task == "full" and hill(s.params, s.task)["a"] < good:
            return spent
    return math.inf


def test_a_study_that_learns_is_good_sooner(lab: Any, one: StudySpec, former: Earlier) -> None:
    alone = [spent_until_good(lab, Optimizer(one, seed=s), 0.05) for s in range(3)]
    taught = [
        spent_until_good(lab, Optimizer(one, seed=s, earlier=[former]), 0.05) for s in range(3)
    ]
    assert max(taught) <= 4.0
    assert sum(taught) < 0.7 * sum(min(a, 10.0) for a in alone)


def reversed_of(earlier: Earlier) -> Earlier:
    """The same study with every metric the other way round."""
    findings = tuple(
        Finding(f.configuration, f.params, f.task, {m: -v for m, v in f.metrics.items()})
        for f in earlier.findings
    )
    return Earlier("reversed", earlier.costs, findings)


def test_a_misleading_study_does_not_keep_the_best_from_being_found(
    lab: Any, one: StudySpec, former: Earlier
) -> None:
    for seed in range(3):
        taught = Optimizer(one, seed=seed, earlier=[reversed_of(former)])
        assert spent_until_good(lab, taught, 0.05) < 10.0


def test_how_far_it_holds_is_told(lab: Any, one: StudySpec, former: Earlier) -> None:
    opt = Optimizer(one, seed=2, earlier=[former, reversed_of(former)])
    assert [e.rank_correlation for e in opt.learned()] == [None, None]
    lab.play(opt, hill)
    right, wrong = opt.learned()
    assert (right.study, wrong.study) == ("former", "reversed")
    assert right.rank_correlation is not None
    assert right.rank_correlation > 0.6
    assert right.low <= right.rank_correlation <= right.high
    assert right.verdict.startswith("former predicts a; weight +0.")
    assert right.results == len(former.findings)
    assert wrong.rank_correlation is not None
    assert wrong.rank_correlation < -0.3
    assert "the other way round" in wrong.verdict


def test_the_same_history_gives_the_same_suggestions(
    lab: Any, one: StudySpec, former: Earlier
) -> None:
    whole = lab.play(Optimizer(one, seed=4, earlier=[former]), hill)
    before = Optimizer(one, seed=4, earlier=[former])
    for _ in range(9):
        s = before.ask()
        before.tell(s.number, hill(s.params, s.task))
    state = json.loads(json.dumps(before.state()))
    kept = Earlier.from_plain(json.loads(json.dumps(former.plain())))
    for stored in (state, None):
        after = Optimizer(one, seed=4, earlier=[kept], state=stored)
        after.restore(before._history.past())
        for expected in whole[9:13]:
            s = after.ask()
            assert (s.params, s.task) == (expected.params, expected.task)
            after.tell(s.number, hill(s.params, s.task))


def test_an_optimizer_that_learns_goes_on_once_pickled(
    lab: Any, one: StudySpec, former: Earlier
) -> None:
    opt = Optimizer(one, seed=1, earlier=[former])
    lab.play(opt, hill, most=10)
    again = pickle.loads(pickle.dumps(opt))
    assert again.ask() == opt.ask()


def test_hyperparameters_of_another_teacher_are_not_taken_up(
    lab: Any, one: StudySpec, former: Earlier
) -> None:
    plain = Optimizer(one, seed=4)
    taught = Optimizer(one, seed=4, earlier=[former], state=plain.state())
    lab.play(plain, hill, most=12)
    fresh = Optimizer(one, seed=4, earlier=[former])
    carried = Optimizer(one, seed=4, earlier=[former], state=plain.state())
    for opt in (taught, fresh, carried):
        opt.restore(plain._history.past())
    assert fresh.ask().params == carried.ask().params


def test_a_guess_does_not_vary_along_what_the_earlier_study_did_not_have(
    lab: Any, former: Earlier
) -> None:
    wider = lab.spec(
        objective=[{"metric": "a", "direction": "minimize"}],
        space={
            "x": {"type": "float", "low": 0.0, "high": 1.0},
            "new": {"type": "float", "low": 0.0, "high": 1.0},
            "y": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
        },
    )
    space = Space(wider)
    guess = Guess(former, wider, space, seed=0)
    x = space.uniform(20, np.random.default_rng(0))
    moved = x.copy()
    moved[:, 1] = 1 - moved[:, 1]
    np.testing.assert_allclose(guess.says("a", x), guess.says("a", moved))
    assert np.ptp(guess.says("a", x)) > 0.1
    best = guess.best(2)
    assert np.isnan(best[:, 1]).all()
    assert np.isfinite(best[:, [0, 2]]).all()
    opt = Optimizer(wider, seed=0, earlier=[former])
    assert "former" in opt.ask().why["text"]


def test_what_depends_on_a_parameter_it_did_not_have_is_not_known_either(lab: Any) -> None:
    spec = lab.spec(
        space={
            "x": {"type": "float", "low": 0.0, "high": 1.0},
            "kind": {"type": "categorical", "choices": ["a", "b"]},
            "only_a": {"type": "float", "low": 0.0, "high": 1.0, "when": {"kind": ["a"]}},
            "given": {"type": "float", "low": 0.0, "high": 1.0, "default": 0.5},
        }
    )
    assert [p.name for p in known(spec.space, {"x", "only_a"})] == ["x", "given"]
    assert [p.name for p in known(spec.space, {"x", "kind", "only_a"})] == [
        "x", "kind", "only_a", "given",
    ]  # fmt: skip


def test_results_outside_a_narrowed_space_teach_and_are_not_proposed(
    lab: Any, former: Earlier
) -> None:
    narrow = lab.spec(
        objective=[{"metric": "a", "direction": "minimize"}],
        space={
            "x": {"type": "float", "low": 0.5, "high": 1.0},
            "y": {"type": "float", "low": 1e-4, "high": 1.0, "log": True},
        },
    )
    guess = Guess(former, narrow, Space(narrow), seed=0)
    assert guess.rows == len(former.findings)
    assert ((guess.best(50) >= 0) & (guess.best(50) <= 1)).all()
    assert all(
        0.5 <= s.params["x"] <= 1.0 for s in lab.play(Optimizer(narrow, 0, earlier=[former]), hill)
    )


@pytest.mark.parametrize(
    "change",
    [
        {"objective": [{"metric": "other", "direction": "minimize"}]},
        {"space": {"z": {"type": "float", "low": 0.0, "high": 1.0}}},
        {"space": {"x": {"type": "fixed", "value": 7.0},
                   "y": {"type": "float", "low": 1e-4, "high": 1.0, "log": True}}},
    ],
)  # fmt: skip
def test_a_study_that_has_nothing_to_say_changes_nothing(
    lab: Any, former: Earlier, change: dict[str, Any]
) -> None:
    spec = lab.spec(**({"objective": [{"metric": "a", "direction": "minimize"}]} | change))

    def result(params: Mapping[str, Any], task: str) -> dict[str, float]:
        value = sum(len(v) if isinstance(v, str) else float(v) for v in params.values())
        return dict.fromkeys(spec.metric_names, value)

    alone = lab.play(Optimizer(spec, seed=3), result, most=14)
    taught = Optimizer(spec, seed=3, earlier=[former])
    assert [(s.params, s.task) for s in lab.play(taught, result, most=14)] == [
        (s.params, s.task) for s in alone
    ]
    (told,) = taught.learned()
    assert told.rank_correlation is None
    assert "former" in told.verdict


def test_the_best_of_several_objectives_lie_along_the_front(lab: Any, toy: StudySpec) -> None:
    done, _ = lab.spent(1)
    found = done.found("former")
    guess = Guess(found, toy, space := Space(toy), seed=0)
    two = guess.best(2)
    assert abs(two[0, 0] - two[1, 0]) > 0.2
    known = {tuple(row) for f in found.findings if (row := space.encode(f.params)) is not None}
    every = [tuple(row) for row in guess.best(1000)]
    assert len(set(every)) == len(every) == len(known)
    assert set(every) == known


def test_limits_come_before_objectives_among_the_best(lab: Any) -> None:
    limited = lab.spec(
        objective=[{"metric": "a", "direction": "minimize"}],
        constraint=[{"metric": "b", "min": -0.05}],
    )
    done = Optimizer(limited, seed=1)
    lab.play(done, lab.bowl)
    guess = Guess(done.found(), limited, Space(limited), seed=0)
    best = Space(limited).decode(guess.best(2))
    assert all(lab.bowl(p, "full")["b"] > -0.1 for p in best)


def test_the_slope_is_part_of_the_covariance() -> None:
    rng = np.random.default_rng(0)
    x, task, y = rng.random((6, 2)), np.zeros(6, dtype=np.intp), rng.normal(size=6)
    hyper = Hyper(np.zeros(2), np.eye(1), np.log([1e-2]))
    kinds = np.zeros(2, dtype=np.intp)

    def says(points: Any) -> Any:
        return np.stack([np.sin(3 * points[:, 0]), points[:, 1] ** 2], axis=1)

    with_it = Posterior(Rows(x, task, y), hyper, kinds, says)
    without = Posterior(Rows(x, task, y), hyper, kinds)
    at = rng.random((4, 2))
    both, alone = np.vstack([x, at]), np.zeros(10, dtype=np.intp)
    prior = without._cov(both, alone, both, alone) + SLOPE_VARIANCE / 2 * says(both) @ says(both).T
    noisy = prior[:6, :6] + (1e-2 + 1e-6) * np.eye(6)
    before = SLOPE_MEAN / 2 * says(both).sum(axis=1)
    mean = before[6:] + prior[6:, :6] @ np.linalg.solve(noisy, y - before[:6])
    var = np.diag(prior[6:, 6:] - prior[6:, :6] @ np.linalg.solve(noisy, prior[:6, 6:]))
    found, sd = with_it.predict(at)
    np.testing.assert_allclose(found, mean, rtol=1e-6)
    np.testing.assert_allclose(with_it.mean(at), mean, rtol=1e-6)
    slopes = SLOPE_MEAN / 2 + SLOPE_VARIANCE / 2 * says(x).T @ np.linalg.solve(
        noisy, y - before[:6]
    )
    np.testing.assert_allclose(with_it.slopes(), slopes, rtol=1e-6)
    grown = with_it.with_rows(at[:2], np.zeros(2, dtype=np.intp))
    np.testing.assert_allclose(grown.mean(at), mean, rtol=1e-5)
    np.testing.assert_allclose(sd**2, var, rtol=1e-5)


def test_the_earlier_studies_are_asked_once_for_each_prediction() -> None:
    rng = np.random.default_rng(0)
    x, task, y = rng.random((6, 2)), np.array([0, 0, 0, 1, 2, 2]), rng.normal(size=6)
    asked: list[int] = []

    def says(points: Any) -> Any:
        asked.append(len(points))
        return np.sin(points[:, :1])

    hyper = Hyper(np.zeros(2), np.linalg.cholesky(0.2 * np.eye(3) + 0.8), np.log([1e-2] * 3))
    model = Posterior(Rows(x, task, y), hyper, np.zeros(2, dtype=np.intp), says)
    assert asked == [6]
    at = rng.random((4, 2))
    model.predict(at)
    assert asked == [6, 4]
    told = model.informs(at)
    assert asked == [6, 4, 4]
    one = np.array([model.with_rows(at[i : i + 1], np.array([0])).predict(at[i : i + 1])[1][0]
                    for i in range(4)])  # fmt: skip
    before = model.predict(at)[1]
    np.testing.assert_allclose(told[:, 0], 1 - (one / before) ** 2, rtol=1e-4)


@pytest.mark.parametrize("wrong", ["former", {"name": "x"}, 3])
def test_what_is_no_earlier_study_is_refused(toy: StudySpec, wrong: Any) -> None:
    with pytest.raises(TypeError, match="Earlier"):
        Optimizer(toy, earlier=[wrong])
    with pytest.raises(TypeError, match="Earlier"):
        Optimizer(toy, earlier=wrong)


def test_one_earlier_study_without_a_list_is_told(toy: StudySpec, former: Earlier) -> None:
    one: Any = former
    with pytest.raises(TypeError, match="a list of Earlier is needed"):
        Optimizer(toy, earlier=one)


def test_a_sampler_without_a_study_cannot_learn(former: Earlier) -> None:
    with pytest.raises(ValueError, match="StudySpec"):
        CostWeightedSampler(earlier=[former])


NUMBER = st.floats(-1e12, 1e12) | st.sampled_from([0.0, 1e-12, -1e-12, 1e12])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.fixed_dictionaries(
                {"x": st.floats(-2, 3) | st.just("word")},
                optional={"y": st.floats(1e-6, 10), "extra": NUMBER},
            ),
            st.integers(0, 2),
            st.dictionaries(st.sampled_from(["a", "b", "c"]), NUMBER),
            st.booleans(),
        ),
        max_size=14,
    ),
    same=st.booleans(),
)
def test_whatever_was_found_nothing_breaks(lab: Any, toy: StudySpec, rows: Any, same: bool) -> None:
    findings = tuple(
        Finding(0 if same else i, params, task, {} if failed else metrics, failed)
        for i, (params, task, metrics, failed) in enumerate(rows)
    )
    opt = Optimizer(toy, seed=0, earlier=[Earlier("odd", (0.25, 0.5, 1.0), findings)] * 3)
    space = Space(toy)
    for s in lab.play(opt, lab.bowl, most=11):  # eight spread ones, then the models
        assert space.encode(s.params) is not None
        assert s.cost <= 1.0
    assert opt.spent <= toy.budget.amount
    assert len(opt.learned()) == 6
