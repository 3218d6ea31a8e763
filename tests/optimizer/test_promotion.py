"""What is bought: random trials, looks on the way to the full task."""

from typing import Any

from hpo_tui.engine.optimizer import Optimizer


def test_one_trial_in_ten_is_random_unless_there_is_one_objective(lab: Any) -> None:
    study = {"name": "toy", "command": "true", "budget": 20.0, "resume": True}
    one = [{"metric": "a", "direction": "minimize"}]
    kinds = [
        s.why["kind"]
        for s in lab.play(Optimizer(lab.spec(study=study, objective=one), 0), lab.bowl)
    ]
    assert "random" not in kinds
    kinds = [s.why["kind"] for s in lab.play(Optimizer(lab.spec(study=study), seed=0), lab.bowl)]
    assert 0 < kinds.count("random") < len(kinds) / 4


def test_where_promotions_pay_the_difference_every_configuration_is_looked_at_first(
    lab: Any,
) -> None:
    for seed in range(3):
        asked = lab.play(Optimizer(lab.spec(), seed=seed), lab.bowl)
        assert all(s.task == "cheap" for s in asked if s.resume_from is None)
        assert sum(s.task == "full" for s in asked) >= 3
        bound = [s.why for s in asked if s.why["text"].startswith("Bound for full")]
        assert all(w["price"] == 0.25 and 0.0 < w["correlation"] < 1.0 for w in bound)
