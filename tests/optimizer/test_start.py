"""The start of a study: every spread point is run once."""

from typing import Any

import pytest

from hpo_tui.engine.optimizer import Optimizer, PastTrial
from hpo_tui.engine.optimizer.acquisition.candidates import marks
from hpo_tui.engine.optimizer.encoding.space import Space
from hpo_tui.engine.optimizer.start import StartPlan
from hpo_tui.engine.spec import SpecError, StudySpec

STUDY = {
    "study": {"name": "start", "budget": 30, "resume": True},
    "space": {
        "subsample": {"type": "float", "low": 0.1, "high": 1.0},
        "rate": {"type": "float", "low": 1e-5, "high": 1e3, "log": True},
        "offset": {"type": "float", "low": 1000.0, "high": 1000.5},
    },
    "objective": [{"metric": "loss", "direction": "minimize"}],
    "task": [{"name": "short", "cost": 0.25, "n": 1}, {"name": "full", "cost": 1.0, "n": 4}],
}


def test_start_points_are_known_again_after_their_values_were_rounded() -> None:
    spec = StudySpec.from_dict(STUDY)
    space = Space(spec)
    for seed in range(20):
        stock = StartPlan(spec, space, seed)._stock
        read_back = [space.encode(params) for params in space.decode(stock)]
        assert [marks(row[None])[0] for row in read_back if row is not None] == marks(stock)


def test_the_start_ends() -> None:
    optimizer = Optimizer(StudySpec.from_dict(STUDY), 0)
    seen = []
    for _ in range(9):
        s = optimizer.ask()
        seen.append((tuple(s.params.values()), s.task))
        optimizer.tell(s.number, {"loss": s.params["subsample"]})
    assert len(set(seen)) == 9
    assert seen[8][1] == "full"


def test_several_objectives_start_half_from_corners_and_send_the_best_to_the_full_task() -> None:
    second = {"metric": "size", "direction": "minimize"}
    spec = StudySpec.from_dict({**STUDY, "objective": [*STUDY["objective"], second]})
    ends = {"subsample": (0.1, 1.0), "rate": (1e-5, 1e3), "offset": (1000.0, 1000.5)}
    for seed in range(5):
        optimizer = Optimizer(spec, seed)
        losses, corners = {}, 0
        for i in range(8):
            s = optimizer.ask()
            assert s.task == "short"
            corners += all(s.params[name] in pair for name, pair in ends.items())
            losses[s.configuration] = float((i + seed) % 8)
            optimizer.tell(s.number, {"loss": losses[s.configuration], "size": 1.0})
        assert corners == 4
        first = optimizer.ask()
        assert first.task == "full"
        assert losses[first.configuration] == 0.0
        optimizer.tell(first.number, {"loss": 0.0, "size": 1.0})
        assert "start" not in optimizer.ask().why["text"]


def started(spec: dict[str, Any], count: int, seed: int = 0) -> list[Any]:
    optimizer = Optimizer(StudySpec.from_dict(spec), seed)
    out = []
    for _ in range(count):
        out.append(optimizer.ask())
        optimizer.tell(out[-1].number, {"loss": out[-1].params.get("subsample", 0.5)})
    return out


def test_all_configurations_of_the_study_file_go_first() -> None:
    given = [{"subsample": 0.1 + 0.07 * i, "rate": 0.001 * 2**i} for i in range(12)]
    trials = started({**STUDY, "start": given}, 13)
    for s, g in zip(trials, given, strict=False):
        assert s.params.items() >= g.items()
        assert s.why["kind"] == "given"
    assert trials[12].why["kind"] != "given"


def test_a_start_added_later_is_run_next_and_only_once() -> None:
    optimizer = Optimizer(StudySpec.from_dict(STUDY), 0)
    for _ in range(12):
        s = optimizer.ask()
        optimizer.tell(s.number, {"loss": s.params["subsample"]})
    late = {"subsample": 0.25, "offset": 1000.125}
    optimizer.change_spec(StudySpec.from_dict({**STUDY, "start": [late]}))
    s = optimizer.ask()
    assert s.params.items() >= late.items()
    assert s.why["kind"] == "given"
    assert optimizer.ask().why["kind"] != "given"  # while it runs, and thereafter
    optimizer.tell(s.number, {"loss": 0.25})
    assert optimizer.ask().why["kind"] != "given"


def test_a_given_start_that_failed_by_no_fault_of_its_own_is_tried_again() -> None:
    given = {"subsample": 0.25, "offset": 1000.125}
    spec = StudySpec.from_dict({**STUDY, "start": [given]})
    past = []
    for _ in range(3):  # as after a script that was broken
        optimizer = Optimizer(spec, 0)
        optimizer.restore(past)
        s = optimizer.ask()
        assert s.why["kind"] == "given"
        past.append(PastTrial(s.number, s.configuration, s.params, s.task, "failed", {}, 0.0,
                              teaches=False))  # fmt: skip
    optimizer = Optimizer(spec, 0)
    optimizer.restore(past)
    assert optimizer.ask().why["kind"] != "given"


def test_a_start_given_in_part_is_completed_so_that_it_holds() -> None:
    space = {
        "a": {"type": "float", "low": 0.0, "high": 1.0},
        "b": {"type": "float", "low": 0.0, "high": 1.0},
        "opt": {"type": "categorical", "choices": ["adam", "sgd", "lion"]},
        "nesterov": {
            "type": "categorical", "choices": ["yes", "no"], "when": {"opt": ["sgd"]},
        },
        "mom": {"type": "float", "low": 0.0, "high": 1.0, "when": {"nesterov": ["yes"]}},
    }  # fmt: skip
    spec = {**STUDY, "space": space, "constraints": ["a < b"]}
    for seed in range(20):
        low, deep = started({**spec, "start": [{"b": 0.05}, {"mom": 0.6}]}, 2, seed)
        assert low.params["b"] == 0.05
        assert low.params["a"] < 0.05
        assert (deep.params["mom"], deep.params["opt"]) == (0.6, "sgd")
        assert deep.params["a"] < deep.params["b"]


def test_a_start_that_breaks_a_relation_is_refused_with_its_place() -> None:
    spec = {**STUDY, "constraints": ["subsample < rate"], "start": [{"subsample": 0.5}]}
    StudySpec.from_dict(spec)  # the rate is still open
    with pytest.raises(SpecError, match=r"start\[1\].*breaks the constraint subsample < rate"):
        StudySpec.from_dict({**spec, "start": [{"subsample": 0.5, "rate": 0.1}]})
