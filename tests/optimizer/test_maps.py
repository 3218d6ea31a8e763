"""What is expected over pairs of parameters, from one of the best trials."""

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.analysis.maps import Map
from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.explain.mapping import MOST, PARAMETERS, _rounded, effects
from hpo_tui.engine.optimizer.explain.readout import Reading
from hpo_tui.engine.optimizer.models.trust import TRUSTED


def maps_of(opt: Optimizer) -> dict[tuple[str, str, str], Map]:
    return {(m.across, m.up, m.metric): m for m in opt.maps()}


def cells(one: Map) -> list[tuple[Any, Any, float, float, float]]:
    places = [(x, y) for y in one.rows for x in one.columns]
    numbers = zip(places, one.expected, one.low, one.high, strict=True)
    return [(x, y, mean, low, high) for (x, y), mean, low, high in numbers]


def test_there_are_none_before_a_full_result(lab: Any) -> None:
    opt = Optimizer(lab.spec(), seed=0)
    assert list(opt.maps()) == []
    asked = opt.ask()
    opt.tell(asked.number, lab.bowl(asked.params, asked.task))
    assert list(opt.maps()) == []


def test_one_parameter_has_no_pair(lab: Any) -> None:
    opt = Optimizer(lab.spec(space={"x": {"type": "float", "low": 0, "high": 1}}), seed=0)
    lab.play(opt, lambda params, task: {"a": params["x"], "b": 1 - params["x"]})
    assert opt.slices() != []
    assert list(opt.maps()) == []


def test_a_cell_is_what_the_models_predict_at_its_values_alone(lab: Any) -> None:
    opt, ran = lab.spent(0)
    asked = {s.number: s for s in ran}
    told = maps_of(opt)
    assert {(m.across, m.up) for m in told.values()} in ({("x", "y")}, {("y", "x")})
    models = opt._search.models(opt._history)
    assert models is not None
    for (across, up, metric), one in told.items():
        assert len(one.columns) == len(one.rows) == MOST
        k = opt.spec.metric_names.index(metric)
        reading = Reading(opt._history, models, k)
        span = np.ptp(one.expected)
        for x, y, mean, low, high in cells(one)[::41]:
            row = opt._search.space.encode({**asked[one.trial].params, across: x, up: y})
            assert row is not None
            z, sd = models.predict(row[None])
            middle = reading(z[:, k])[0]
            ends = sorted(reading(z[:, k] + side * sd[:, k])[0] for side in (-1.0, 1.0))
            assert mean == pytest.approx(middle, abs=2e-3 * span)
            assert low == pytest.approx(ends[0], abs=1e-2 * span, rel=1e-2)
            assert high == pytest.approx(ends[1], abs=1e-2 * span, rel=1e-2)
            assert low <= mean <= high


def test_they_foretell_the_full_task(lab: Any) -> None:
    opt, ran = lab.spent(0)
    asked = {s.number: s for s in ran}
    for (across, up, metric), one in maps_of(opt).items():
        assert one.trial in opt.best()
        params = asked[one.trial].params
        truth = [lab.bowl({**params, across: x, up: y}, "full")[metric] for x, y, *_ in cells(one)]
        assert np.corrcoef(truth, one.expected)[0, 1] > 0.9


def test_what_is_proposed_is_the_same_whether_maps_are_asked_for_or_not(lab: Any) -> None:
    plain, mapped = Optimizer(lab.spec(), seed=3), Optimizer(lab.spec(), seed=3)

    def looked(params: Mapping[str, Any], task: str) -> dict[str, float]:
        list(mapped.maps())
        return dict(lab.bowl(params, task))

    assert lab.play(mapped, looked) == lab.play(plain, lab.bowl)


def test_the_parameters_that_matter_most_have_their_pairs_the_first_of_all_first(lab: Any) -> None:
    space = {f"p{i}": {"type": "float", "low": 0, "high": 1} for i in range(6)}

    def some(params: Mapping[str, Any], task: str) -> dict[str, float]:
        bent = 4 * (params["p4"] - 0.5) ** 2 + 0.5 * params["p2"]
        return {"a": bent + params["p1"], "b": params["p1"]}

    opt = Optimizer(lab.spec(space=space, study={"name": "t", "command": "t", "budget": 20}))
    lab.play(opt, some)
    pairs = list(dict.fromkeys((m.across, m.up) for m in opt.maps()))
    assert len(pairs) == PARAMETERS * (PARAMETERS - 1) // 2
    assert set(pairs[0]) == {"p1", "p4"}
    assert {name for pair in pairs[:3] for name in pair} == {"p1", "p4", "p2"}


@pytest.mark.parametrize("mine", range(5))
def test_what_matters_counts_wherever_it_stands(lab: Any, mine: int) -> None:
    space = {f"p{i}": {"type": "float", "low": 0, "high": 1} for i in range(5)}

    def alone(params: Mapping[str, Any], task: str) -> dict[str, float]:
        return {"a": 4 * (params[f"p{mine}"] - 0.5) ** 2, "b": params[f"p{mine}"]}

    opt = Optimizer(lab.spec(space=space), seed=0)
    lab.play(opt, alone)
    models = opt._search.models(opt._history)
    assert models is not None
    found = effects(models, opt._search.space)
    assert found[mine] > 4 * np.delete(found, mine).max()


def test_which_pairs_there_are_is_not_asked_again_at_every_result(lab: Any) -> None:
    space = {f"p{i}": {"type": "float", "low": 0, "high": 1} for i in range(6)}
    opt = Optimizer(lab.spec(space=space, study={"name": "t", "command": "t", "budget": 30}))
    seen = []
    for _ in range(30):
        asked = opt.ask()
        opt.tell(asked.number, {"a": asked.params["p0"], "b": asked.params["p1"]})
        pairs = tuple(dict.fromkeys((m.across, m.up) for m in opt.maps()))
        if pairs:
            seen.append(pairs)
    changes = sum(a != b for a, b in pairwise(seen))
    assert changes <= 2  # at 16 and at 32 rows


def test_choices_and_whole_numbers_have_a_cell_each(lab: Any) -> None:
    space = {
        "kind": {"type": "categorical", "choices": ["plain", "deep", "wide"]},
        "n": {"type": "int", "low": 1, "high": 5},
    }

    def worth(params: Mapping[str, Any], task: str) -> dict[str, float]:
        bonus = {"plain": 0.0, "deep": 1.0, "wide": 2.0}[params["kind"]]
        return {"a": (params["n"] - 3) ** 2 + bonus, "b": bonus}

    opt = Optimizer(lab.spec(space=space), seed=0)
    lab.play(opt, worth)
    one = next(m for m in opt.maps() if m.metric == "a")
    values = {one.across: one.columns, one.up: one.rows}
    assert values == {"kind": ("plain", "deep", "wide"), "n": (1, 2, 3, 4, 5)}
    best = min(cells(one), key=lambda cell: cell[2])
    assert {best[0], best[1]} == {"plain", 3}


def test_only_what_the_trial_has_is_mapped_and_cells_without_it_are_empty(lab: Any) -> None:
    space = {
        "kind": {"type": "categorical", "choices": ["plain", "deep"]},
        "layers": {"type": "int", "low": 1, "high": 6, "when": {"kind": ["deep"]}},
        "bend": {"type": "float", "low": 0, "high": 1, "when": {"kind": ["plain"]}},
        "x": {"type": "float", "low": 0, "high": 1},
    }

    def deep_wins(params: Mapping[str, Any], task: str) -> dict[str, float]:
        return {"a": abs(params.get("layers", 12) - 3) + params["x"], "b": 1.0 - params["x"]}

    opt = Optimizer(lab.spec(space=space), seed=0)
    lab.play(opt, deep_wins)
    pairs = {frozenset((m.across, m.up)) for m in opt.maps()}
    assert pairs == {frozenset(p) for p in (("kind", "layers"), ("kind", "x"), ("layers", "x"))}
    one = next(m for m in opt.maps() if {m.across, m.up} == {"kind", "layers"})
    empty, known = set(), set()
    for x, y, mean, *_ in cells(one):
        (empty if math.isnan(mean) else known).add(x if one.across == "kind" else y)
    assert (empty, known) == ({"plain"}, {"deep"})


def test_cells_that_a_constraint_forbids_are_empty(lab: Any) -> None:
    space = {n: {"type": "float", "low": 0, "high": 1} for n in ("x", "y")}
    head = {"name": "t", "command": "t", "budget": 10, "constraints": ["x + y <= 0.8"]}
    opt = Optimizer(lab.spec(study=head, space=space), seed=0)
    lab.play(opt, lambda p, task: {"a": p["x"], "b": p["y"]})
    for one in opt.maps():
        for x, y, mean, low, high in cells(one):
            assert math.isnan(mean) == (x + y > 0.8)
            assert math.isnan(low) == math.isnan(high) == math.isnan(mean)


def test_what_is_kept_of_a_band_lies_on_both_sides_of_what_is_expected() -> None:
    expected = np.array([0.12884, 0.1282, 1.1])
    inner, low, high = _rounded(expected, expected - 2e-4, expected + 2e-4)
    assert (low <= inner).all()
    assert (inner <= high).all()
    assert inner == pytest.approx(expected, abs=1e-3)


def test_cheap_tasks_that_say_nothing_do_not_move_what_is_expected(lab: Any) -> None:
    def contrary(params: Mapping[str, Any], task: str) -> dict[str, float]:
        told = lab.bowl(params, task)
        return told if task == "full" else {"a": 40 - 30 * told["a"], "b": 40 - 30 * told["b"]}

    opt = Optimizer(lab.spec(), seed=0)
    full = [s for s in lab.play(opt, contrary) if s.task == "full"]
    models = opt._search.models(opt._history)
    assert models is not None
    assert max(models.trust) < TRUSTED
    worst = max(lab.bowl(s.params, "full")["a"] for s in full)
    for one in opt.maps():
        if one.metric == "a":
            assert max(one.expected) <= worst + 1e-6
