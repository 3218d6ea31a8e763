"""The benchmark of real trainings: models that learn and go on, runs that are paid for, scores."""

import dataclasses
import math
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from real_support import engines, report, runs, scoring
from real_support.boosting import Regression
from real_support.data import Data, split
from real_support.network import Adam, ConstantRate, Network
from real_support.problems import Real, problems
from search_support.problem import Reference, from_unit

GOOD = {
    "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4, "batch_size": 16, "width1": 16, "width2": 16,
    "dropout": 0.1, "shift": 0.5, "label_smoothing": 0.1,
}  # fmt: skip


@cache
def bars() -> Data:
    """Images of 4 by 4, each with a bright row or a bright column."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 0.3, (120, 4, 4)).astype(np.float32), np.arange(120) % 2
    for image, upright, at in zip(x, y, rng.integers(0, 4, 120), strict=True):
        image[(slice(None), at) if upright else at] += 2
    return split(x, y.astype(np.int64), 60, 30)


@pytest.fixture
def tiny() -> Real:
    """The networks' problem on the bars, with trainings of eight epochs."""
    whole = problems(None)["digits-loss"]
    levels = tuple(dataclasses.replace(v, fidelity=8 * v.cost) for v in whole.levels)
    return dataclasses.replace(
        whole, data=bars, levels=levels, reference=Reference((0.1,), (0.7,))
    )  # fmt: skip


def test_the_parts_of_the_data_have_no_example_in_common() -> None:
    x = np.arange(20, dtype=np.float32)
    data = split(x, np.zeros(20, dtype=np.int64), 10, 6)
    parts = [data.train.x, data.valid.x, data.test.x]
    assert [len(p) for p in parts] == [10, 6, 4]
    assert sorted(np.concatenate(parts).tolist()) == x.tolist()


def test_the_slope_of_the_network_is_that_of_its_loss() -> None:
    data = bars()
    steady = GOOD | {"dropout": 0.0, "shift": 0.0, "label_smoothing": 0.0, "momentum": 0.0}
    network = Network(data, steady | {"weight_decay": 0.0}, 1)
    before = network._theta.astype(float)
    batch = np.arange(len(data.train.y))
    network._gradient(batch)
    slope = network._slope.copy()
    for i in np.argsort(-np.abs(slope))[[0, 3, 9]]:
        losses = []
        for step in (-3e-4, 3e-4):
            network._theta[:] = before
            network._theta[i] += step
            losses.append(network.score(data.train)["loss"])
        assert slope[i] == pytest.approx((losses[1] - losses[0]) / 6e-4, rel=0.01)


def test_a_network_learns_and_goes_on_from_its_checkpoint(tmp_path: Path, tiny: Real) -> None:
    model = tiny.model(GOOD, 1)
    model.run(2, 8)
    assert isinstance(model, Network)
    early = model.score(bars().test)
    model.save(tmp_path / "1.npz")
    other = tiny.model(GOOD, 2)
    other.load(tmp_path / "1.npz")
    assert (other.step, other.score(bars().test)) == (2, early)
    assert isinstance(other, Network)
    assert np.array_equal(other._velocity, model._velocity)
    other.run(30, 30)
    assert other.score(bars().test)["error"] < 0.1
    assert early["multiplications"] == 16 * 16 + 16 * 16 + 16 * 2


def test_adam_goes_on_as_if_it_had_never_been_stopped(tmp_path: Path) -> None:
    whole = Adam(bars(), GOOD, 1)
    whole.run(2, 30)
    whole.save(tmp_path / "1.npz")
    other = Adam(bars(), GOOD, 2)
    other.load(tmp_path / "1.npz")
    other._rng = np.random.default_rng(3)
    whole._rng = np.random.default_rng(3)
    for model in (whole, other):
        model.run(30, 30)
    assert np.array_equal(whole._theta, other._theta)
    assert whole.score(bars().test)["error"] < 0.1


def test_a_constant_rate_is_reached_soon_and_kept() -> None:
    network = ConstantRate(bars(), GOOD, 1)
    assert [round(network._rate(p), 6) for p in (0.0, 0.05, 0.5, 1.0)] == [0.005, 0.1, 0.1, 0.1]


def test_a_regression_goes_on_from_its_trees(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.random((150, 3), dtype=np.float32)
    data = split(x, (4 * x[:, 0] + x[:, 1] ** 2).astype(np.float32), 80, 30)
    params = {
        "learning_rate": 0.2, "max_leaf_nodes": 8, "max_depth": 3, "min_samples_leaf": 2,
        "max_features": 1.0, "subsample": 1.0,
    }  # fmt: skip
    model, other = Regression(data, params, 1), Regression(data, params, 1)
    model.run(10, 40)
    model.save(tmp_path / "1")
    other.load(tmp_path / "1")
    early = model.score(data.test)["loss"]
    for each in (model, other):
        each.run(40, 40)
    late = model.score(data.test)["loss"]
    assert (other.step, other.score(data.test)["loss"]) == (40, late)
    assert late < 0.6 * early < 0.6 * float(np.var(data.test.y))


def test_every_problem_can_be_trained_at_its_cheapest_task() -> None:
    for problem in problems(None).values():
        params = from_unit(problem.space, np.full(len(problem.space), 0.4))
        model = problem.model(params, 1)
        model.run(problem.every, problem.steps)
        metrics = model.score(model.data.valid)
        assert {goal.metric for goal in problem.goals} <= metrics.keys()
        assert (problem.steps * problem.levels[0].cost) % problem.every == 0


def test_what_diverges_has_no_number(tiny: Real) -> None:
    with np.errstate(all="ignore"):
        model = tiny.model(GOOD | {"lr": 1e6, "momentum": 0.99}, 1)
        model.run(8, 8)
    assert all(math.isnan(model.score(bars().test)[m]) for m in ("loss", "error"))


@pytest.mark.parametrize("engine", ["ours", "tpe-hyperband", "random"])
def test_a_run_pays_for_the_steps_that_it_trains(
    engine: str, tiny: Real, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trained: list[tuple[int, int]] = []
    whole = Network.run

    def run(self: Network, until: int, of: int) -> None:
        trained.append((until - self.step, of))
        whole(self, until, of)

    monkeypatch.setattr(Network, "run", run)
    monkeypatch.setattr(runs, "BUDGET", 5.0)
    monkeypatch.setattr("real_support.problems.BUDGET", 5.0)
    made = runs.conduct(tiny, runs.Key(3, tiny.name, engine))
    assert sum(steps for steps, _ in trained) / 8 == pytest.approx(made.trials[-1].spent)
    assert 4 < made.trials[-1].spent < 6
    assert {of for _, of in trained} >= ({2, 8} if engine == "ours" else {8})
    full = made.full(tiny)
    assert all((t.task, t.state) == ("60 epochs", "complete") for t in full)
    assert all(t.spent <= 3 for t in made.full(tiny, 3))
    file = tmp_path / "real.jsonl"
    file.write_text(runs.line(made, "c") + "\n" + '{"cut')
    assert runs.read(file)[made.key].full(tiny)[-1].params == made.full(tiny)[-1].params


def test_every_engine_is_known_by_what_it_takes() -> None:
    known = problems(None)
    assert not engines.takes("tpe-hyperband", known["digits-size"])
    assert all(engines.takes(e, known["digits-loss"]) for e in engines.ENGINES)


def trial(spent: float, **metrics: float) -> runs.Trial:
    return runs.Trial(spent, "60 epochs", "complete", {"x": spent}, metrics, 1.0, 1.0)


def test_runs_are_compared_at_equal_seconds() -> None:
    run = runs.Run(runs.Key(0, "p", "ours"), tuple(trial(i, loss=1.0) for i in range(4)), 0.0)
    assert run.within(2.5).trials == run.trials[:2]
    others = [
        runs.Run(runs.Key(s, "p", e), run.trials[:n], 0.0)
        for s, e, n in ((0, "random", 1), (1, "random", 3), (2, "random", 2), (0, "gp", 4))
    ]
    assert report.usual_seconds(others) == 2.0


def test_the_best_by_validation_is_recommended(tiny: Real) -> None:
    one = [trial(1, loss=0.4), trial(2, loss=0.3), trial(3, loss=0.5)]
    assert scoring.recommended(tiny, one) == one[1:2]
    assert scoring.recommended(tiny, []) == []
    size = problems(None)["digits-size"]
    several = [
        trial(1, error=0.1, multiplications=900), trial(2, error=0.2, multiplications=900),
        trial(3, error=0.2, multiplications=500),
    ]  # fmt: skip
    assert scoring.recommended(size, several) == [several[0], several[2]]


def test_it_is_worth_what_it_is_when_trained_again(tiny: Real) -> None:
    assert scoring.worth(tiny, [{"loss": 0.2}]) == 0.2
    assert scoring.worth(tiny, [{"loss": math.nan}]) == scoring.worth(tiny, []) == 0.7
    size = dataclasses.replace(
        problems(None)["digits-size"], reference=Reference((0.0, 100.0), (0.4, 10000.0))
    )
    front = [
        {"error": 0.1, "multiplications": 1000.0},
        {"error": math.nan, "multiplications": 100.0},
    ]
    assert scoring.worth(size, front) == pytest.approx(0.75 * 0.5)
    assert scoring.worth(size, []) == 0.0


def test_trainings_are_kept_and_have_seeds_of_their_own(tmp_path: Path, tiny: Real) -> None:
    kept = scoring.Retrained(tmp_path / "again.jsonl")
    tests = [m["loss"] for m in kept.tests(tiny, GOOD)]
    assert len(set(tests)) == kept.made == scoring.AGAIN
    later = scoring.Retrained(tmp_path / "again.jsonl")
    assert later.mean(tiny, GOOD) == {"loss": pytest.approx(np.mean(tests))}
    assert later.made == 0


def test_differences_are_of_pairs() -> None:
    ours, theirs = {0: 0.1, 1: 0.2, 2: 9.0}, {0: 1.0, 1: 0.2}
    assert report.against(ours, theirs, log=True) == (0.5, pytest.approx(0.5), 2)
    assert report.against(ours, theirs, log=False) == (
        pytest.approx(0.45), pytest.approx(0.45), 2
    )  # fmt: skip
    assert report.signed(-0.1234, 0.0512) == "−.123 ± .051"


def test_the_section_is_replaced_and_its_notes_are_kept(tmp_path: Path) -> None:
    page = tmp_path / "measurements.md"
    page.write_text("# Measurements\n\n## The runner\n")
    report.write(page, "first")
    assert page.read_text().endswith("## The runner\n\n<!-- real -->\nfirst\n<!-- /real -->\n")
    noted = "first\n\n<!-- real notes -->\nnote\n<!-- /real notes -->"
    page.write_text(page.read_text().replace("first", noted) + "after\n")
    report.write(page, "second")
    text = page.read_text()
    assert (
        "second\n\n<!-- real notes -->\nnote\n<!-- /real notes -->\n<!-- /real -->\nafter" in text
    )
    assert "first" not in text
