"""The search benchmark: scores, ledger, clock, problems and report, without the given folder."""

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import paired
from search_support import compare, engines, generated, plan, records, report, score, spoiled
from search_support.analytic import HARTMANN_BEST, augmented_hartmann, branin_currin
from search_support.development import DRAWN, drawn
from search_support.instances import estimated
from search_support.problem import Problem, from_unit
from search_support.simulate import CheatError, simulate


def test_published_optima() -> None:
    hartmann = dict(
        zip(
            [f"x{j}" for j in range(6)],
            (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573),
            strict=True,
        )
    )
    assert augmented_hartmann(hartmann, 1.0)["f0"] == pytest.approx(HARTMANN_BEST, abs=1e-4)
    x0, x1 = (math.pi + 5.0) / 15.0, 2.275 / 15.0
    assert branin_currin({"x0": x0, "x1": x1}, 1.0)["f0"] == pytest.approx(-(21 - 0.397887) / 22)
    assert branin_currin({"x0": 0.0, "x1": 0.4}, 1.0)["f1"] == pytest.approx(-(14.0 - 3.0) / 15.0)


@pytest.mark.parametrize(
    ("points", "volume"),
    [
        ([], 0.0),
        ([(0.0, 1.5)], 0.0),
        ([(0.25, 0.5), (0.5, 0.25)], 0.5),
        ([(0.5, 0.5, 0.5)], 0.125),
        ([(0.0, 0.5, 0.5), (0.5, 0.0, 0.5), (0.0, 0.5, 0.5)], 0.375),
        ([(0.5,) * 4, (0.0, 0.5, 0.5, 0.75)], 0.0625 + 0.03125),
    ],
)
def test_hypervolume(points: list[score.Point], volume: float) -> None:
    assert score.hypervolume(points) == pytest.approx(volume)


def test_generated_problems_score_their_optimum_as_best() -> None:
    for name in ("rosenbrock4", "levy-branches", "dtlz2-2", "stairs"):
        problem = generated.generated(name)
        assert problem.reference.volume > 0.05
        assert all(
            b < m for b, m in zip(problem.reference.best, problem.reference.median, strict=True)
        )
    board = score.Scoreboard(generated.generated("rosenbrock4"))
    board.add(generated.rosenbrock({f"x{j}": 0.75 for j in range(4)}, 1.0))
    assert board.score == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("name", ["features-a3", "features-b3"])
def test_drawn_functions_have_a_cheap_task_that_tells_as_much_as_was_asked(name: str) -> None:
    problem, (_, d, correlation, _) = drawn(name), DRAWN[name]
    assert problem.reference.volume > 0.05
    assert all(b < m for b, m in zip(problem.reference.best, problem.reference.median, strict=True))
    points = np.random.default_rng(0).random((400, d))
    both = [
        [problem.evaluate({f"x{j}": u[j] for j in range(d)}, t)["f0"] for u in points]
        for t in ("s25", "s100")
    ]
    assert np.corrcoef(both)[0, 1] == pytest.approx(correlation, abs=0.12)


def test_an_estimated_reference_of_three_objectives_is_near_the_exact_one() -> None:
    exact = generated.generated("dtlz2-3")

    def losses(units: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
        rows = [{f"x{j}": float(v) for j, v in enumerate(u)} for u in units]
        return np.array([exact.losses(exact.evaluate(row, exact.full.name)) for row in rows])

    found = estimated(exact, losses).reference
    assert found.best == pytest.approx(exact.reference.best, abs=0.05)
    ends = zip(found.best, found.median, exact.reference.best, exact.reference.median, strict=True)
    # Volumes are shares of the box between the ideal and the median: compared in the units of one.
    box = math.prod((m - b) / (n - a) for b, m, a, n in ends)
    assert found.volume * box == pytest.approx(exact.reference.volume, rel=0.1)


def test_paired_runs_differ_by_what_was_gained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [tmp_path / "before.jsonl", tmp_path / "after.jsonl"]
    for file, regrets in zip(files, ((0.1, 0.2), (0.01, 0.02)), strict=True):
        entries = [
            {
                "problem": "ackley6",
                "engine": "ours",
                "accounting": "inc",
                "workers": 1,
                "seed": seed,
                "ask_cpu_s": {},
                "trajectory": [[7.0, "s100", regret]],
            }
            for seed, regret in enumerate(regrets)
        ]
        file.write_text("".join(json.dumps(e) + "\n" for e in entries))
    assert paired.main([str(f) for f in files]) == 0
    table = capsys.readouterr().out
    assert "log10 regret -inc p1            2  +0.000 ± 0.000   -1.000 ± 0.000" in table
    assert paired.main([str(files[0]), str(tmp_path / "none.jsonl")]) == 1
    assert "no run in common" in capsys.readouterr().err


def test_a_limit_keeps_a_point_from_counting() -> None:
    problem = generated.generated("ball-limit")
    board = score.Scoreboard(problem)
    board.add({"loss": 0.1, "size": 0.31})
    assert board.score is None
    board.add({"loss": 0.5, "size": 0.3})
    assert board.score == pytest.approx(
        (0.5 - problem.reference.best[0])
        / (problem.reference.median[0] - problem.reference.best[0])
    )


def test_inactive_parameters_are_left_out() -> None:
    problem = generated.generated("levy-branches")
    params = from_unit(problem.space, np.full(len(problem.space), 0.99))
    assert params["method"] == "c"
    assert set(params) == {"method", "rate", "decay", "power"}


class Scripted:
    """Proposes what it is told to."""

    def __init__(self, problem: Problem, steps: list[tuple[int, str, float]]) -> None:
        self._problem, self._steps, self._number = problem, list(steps), 0

    def ask(self) -> engines.Proposal:
        if not self._steps:
            raise engines.Spent
        configuration, task, cost = self._steps.pop(0)
        self._number += 1
        params = {f"x{j}": configuration / 10.0 for j in range(4)}
        return engines.Proposal(self._number, params, task, cost)

    def tell(self, number: int, metrics: dict[str, float]) -> None:
        pass


def test_promotions_pay_the_difference_only_with_checkpoints() -> None:
    problem = generated.generated("rosenbrock4")
    steps = [(1, "s25", 0.25), (1, "s50", 0.25), (2, "s25", 0.25), (1, "s100", 0.5)]
    run = simulate(problem, Scripted(problem, steps), resume=True)
    assert [s[0] for s in run.steps] == [0.25, 0.5, 0.75, 1.25]
    assert [s[2] is None for s in run.steps] == [True, True, True, False]
    with pytest.raises(CheatError, match=r"costs 0\.5"):
        simulate(problem, Scripted(problem, steps), resume=False)


def test_no_engine_spends_more_than_the_budget() -> None:
    problem = generated.generated("rosenbrock4")
    with pytest.raises(CheatError, match="beyond 30"):
        simulate(problem, Scripted(problem, [(i, "s100", 1.0) for i in range(31)]), resume=False)


def test_four_workers_take_a_quarter_of_the_time() -> None:
    problem = generated.generated("rosenbrock4")
    one = simulate(problem, engines.Random(problem, 0, resume=False), resume=False)
    four = simulate(problem, engines.Random(problem, 0, resume=False), resume=False, workers=4)
    assert one.wall == pytest.approx(30.0)
    assert four.wall == pytest.approx(8.0)
    assert four.steps == one.steps


def test_spoiled_tasks_leave_the_full_one_alone() -> None:
    problem = generated.generated("dtlz2-2")
    params = {f"x{j}": 0.3 for j in range(5)}
    for kind in spoiled.KINDS:
        bad = spoiled.spoil(problem, kind)
        assert bad.evaluate(params, "s100") == problem.evaluate(params, "s100")
        assert bad.evaluate(params, "s25") != problem.evaluate(params, "s25")
        assert bad.evaluate(params, "s25") == bad.evaluate(params, "s25")


def test_three_of_ten_configurations_fail_at_every_task() -> None:
    problem = generated.generated("dtlz2-2")
    flaky = spoiled.spoil(problem, spoiled.FAILING)
    failing = 0
    for i in range(400):
        params = {f"x{j}": (i + j) / 410 for j in range(5)}
        found = [flaky.evaluate(params, task) for task in ("s25", "s100")]
        failed = [math.isnan(v) for m in found for v in m.values()]
        assert len(set(failed)) == 1
        if not failed[0]:
            assert found[1] == problem.evaluate(params, "s100")
        failing += failed[0]
    assert 90 < failing < 150


@pytest.mark.parametrize("kind", spoiled.NOISY)
@pytest.mark.parametrize("name", ["rosenbrock4", "dtlz2-2"])
def test_noise_has_the_size_that_its_name_says(name: str, kind: str) -> None:
    problem = generated.generated(name)
    noisy = spoiled.spoil(problem, kind)
    params = {p["name"]: 0.3 for p in problem.space}
    assert noisy.true(params) == problem.evaluate(params, problem.full.name)
    assert problem.true(params) is None
    for level in problem.levels:
        found = [score.scaled(noisy, noisy.evaluate(params, level.name)) for _ in range(400)]
        assert len(set(found)) == 400  # a repeat gives another result
        exact = score.scaled(problem, problem.evaluate(params, level.name))
        assert np.mean(found, axis=0) == pytest.approx(exact, abs=0.2 * spoiled.NOISY[kind])
        assert np.std(found, axis=0) == pytest.approx(spoiled.NOISY[kind], rel=0.15)


def test_what_looks_best_is_scored_by_what_it_is() -> None:
    problem = generated.generated("rosenbrock4")
    board = score.Scoreboard(problem)
    loss, best = problem.reference.median[0], problem.reference.best[0]
    name = problem.goals[0].metric
    way = loss - best
    board.add({name: best + 0.5 * way}, {name: best + 0.25 * way})
    assert board.score == pytest.approx(0.25)
    board.add({name: best + 0.4 * way}, {name: best + 0.75 * way})  # a lucky result
    assert board.score == pytest.approx(0.75)
    board.add({name: best + 0.6 * way}, {name: best})  # an unlucky one
    assert board.score == pytest.approx(0.75)


def test_a_front_that_looks_best_is_scored_by_what_it_is() -> None:
    plain = generated.generated("dtlz2-2")
    names = [g.metric for g in plain.goals]

    def at(*parts: float) -> dict[str, float]:
        ends = zip(names, parts, plain.reference.best, plain.reference.median, strict=True)
        return {n: best + part * (median - best) for n, part, best, median in ends}

    board, exact = score.Scoreboard(plain), score.Scoreboard(plain)
    board.add(at(0.5, 0.5), at(0.25, 0.75))
    board.add(at(0.4, 0.6), at(0.9, 0.8))
    exact.add(at(0.25, 0.75))
    assert board.score == pytest.approx(exact.score)  # what is dominated adds nothing
    board.add(at(0.3, 0.3), at(0.8, 0.1))  # looks better than both, which are not taken then
    assert board.score == pytest.approx(0.2 * 0.9 / plain.reference.volume)


def test_runs_resume_and_are_reported(tmp_path: Path) -> None:
    out = tmp_path / "runs.jsonl"
    keys = [
        records.Key(seed, "inc", 1, engine, "rosenbrock4")
        for seed in range(2)
        for engine in ("random", "tpe")
    ]
    said: list[str] = []
    assert plan.make(None, keys[:3], out, 1, said.append) == 0
    with out.open("a") as file:
        file.write('{"problem": "cut o')
        file.write("\n")
    assert plan.make(None, keys, out, 1, said.append) == 0
    assert "4 runs wanted, 3 there, 1 to make" in said
    assert {r.key for r in records.read(out)} == set(keys)
    text = out.read_text().replace('"engine": "tpe"', '"engine": "ours"')
    out.write_text(text)
    docs = tmp_path / "docs"
    docs.mkdir()
    notes = "<!-- search notes -->mine<!-- /search notes -->"
    before = f"# Measurements\n\n<!-- search -->old{notes}<!-- /search -->\n\nmore\n"
    (docs / "measurements.md").write_text(before)
    report.write_report(plan.Catalogue(None), out, docs, say=said.append)
    page = (docs / "measurements.md").read_text()
    assert "| rosenbrock4 | regret | 2 |" in page
    assert "old" not in page
    assert f"{notes}\n<!-- /search -->" in page
    assert page.endswith("\n\nmore\n")


def test_medians_take_a_run_without_a_result_as_worst() -> None:
    runs = [
        records.PeerRun("a", i, tuple(json.loads(t)))
        for i, t in enumerate(['[[0.25, "c", null], [1.0, "f", 0.4]]', '[[1.0, "f", 0.2]]', "[]"])
    ]
    assert compare.median_at(runs, 1.0, single=True) == 0.4
    assert compare.median_at(runs, 0.5, single=True) == math.inf
    assert compare.reach(runs[:2], 0.3, single=True) == math.inf
    assert compare.reach(runs[1:2], 0.3, single=True) == 1.0


def test_peers_of_the_other_accounting_are_left_out() -> None:
    runs = [records.PeerRun(p, 0, ()) for p in ("gp", "bohb-inc", "bohb-sep")]
    assert set(records.peers_for(runs, "inc")) == {"gp", "bohb-inc"}
    assert set(records.peers_for(runs, "sep")) == {"gp", "bohb-sep"}
