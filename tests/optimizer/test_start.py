"""The start of a study: every spread point is run once."""

from hpo_tui.engine.optimizer import Optimizer
from hpo_tui.engine.optimizer.candidates import marks
from hpo_tui.engine.optimizer.space import Space
from hpo_tui.engine.optimizer.start import StartPlan
from hpo_tui.engine.spec import StudySpec

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
