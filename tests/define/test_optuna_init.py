"""``init`` of a script that uses Optuna: a study whose trials run its objective, as it is."""

import dataclasses
import os
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import hpo_tui
from hpo_tui.engine.define import adapted
from hpo_tui.engine.define.draft import Draft
from hpo_tui.engine.define.preview import advise
from hpo_tui.engine.define.start import init
from hpo_tui.engine.define.try_one import Tried, try_one
from hpo_tui.engine.spec import Budget, BudgetUnit, StudySpec

pytestmark = pytest.mark.timeout(400)

SCRIPT = """
    import argparse
    import optuna
    EPOCHS = 8

    def objective(trial, args):
        n = trial.suggest_int("layers", 1, 3)
        for i in range(n):
            trial.suggest_int("units_{}".format(i), 4, 128)
        lr = trial.suggest_float("lr", 1e-5, 1e-1, log=True)
        if trial.suggest_categorical("optimizer", ["adam", "sgd"]) == "sgd":
            trial.suggest_float("momentum", 0.0, 0.99)
        for name in args.also:
            trial.suggest_float(f"aug_{name}", 0, 1)
        trial.set_constraint("memory", lr - 0.01)
        for epoch in range(EPOCHS):
            trial.report(1 - lr - 1 / (epoch + 1), epoch)
            if trial.should_prune():
                raise optuna.TrialPruned()
        return 1 - lr

    if __name__ == "__main__":
        parser = argparse.ArgumentParser()
        parser.add_argument("--also", nargs="+", required=True)
        args = parser.parse_args()
        study = optuna.create_study(study_name="my net/1", direction="maximize")
        study.set_metric_names(["accuracy"])
        study.enqueue_trial({"lr": 0.01, "optimizer": "adam", "layers": 1, "units_0": 500})
        study.optimize(lambda trial: objective(trial, args), n_trials=30)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's, with this Python and this checkout as what is installed."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(hpo_tui.__file__).parents[1]))
    return tmp_path


def drafted(folder: Path, text: str, *words: str, run: bool = True) -> Draft:
    (folder / "train.py").write_text(textwrap.dedent(text), "utf-8")
    # A busy machine takes its time to import Optuna, above all for the first test that does.
    made = init(("python", "train.py", *words), folder, run=run, timeout=300)
    assert StudySpec.from_text(made.text) == made.spec
    assert [p.name for p in folder.iterdir()] == ["train.py"]
    return made


def space_of(made: Draft) -> dict[str, Any]:
    return {p.name: dict(p.when) for p in made.spec.space}


def test_the_whole_study_comes_from_the_script_and_one_run(here: Path) -> None:
    made = drafted(here, SCRIPT, "--also", "flip", "{crop}")
    spec = made.spec
    assert made.tried is not None
    assert made.tried.code == 0, made.tried.text()
    module = ("python", "-m", "hpo_tui.engine.objective", "train.py")
    assert spec.command == (*module, "--also", "flip", "{{crop}}")
    assert space_of(made) == {
        "layers": {}, "units_0": {}, "units_1": {"layers": (2, 3)}, "units_2": {"layers": (3,)},
        "lr": {}, "optimizer": {}, "momentum": {"optimizer": ("sgd",)},
        "aug_flip": {},
    }  # fmt: skip
    assert spec.name == "my-net-1"
    assert (spec.budget.amount, spec.budget.unit) == (30, BudgetUnit.FULL)
    assert [(o.metric, str(o.direction)) for o in spec.objectives] == [("accuracy", "maximize")]
    assert [(c.metric, c.max) for c in spec.outcome_constraints] == [("memory", 0.0)]
    assert [(t.cost, t.fidelity) for t in spec.tasks] == [
        (0.25, {"steps": 2}), (0.5, {"steps": 4}), (1.0, {"steps": 8}),
    ]  # fmt: skip
    assert spec.start == ({"layers": 1, "lr": 0.01, "optimizer": "adam"},)
    assert spec.resources.stall == 3600.0
    assert "# n_trials of the script, in units of the full task; in time: about" in made.text
    computed, unnameable = made.advice
    assert "the first run asked for aug_flip" in computed
    assert unnameable.startswith("aug_{crop} cannot be the name of a parameter here")


def test_without_a_run_the_source_says_what_it_can(here: Path) -> None:
    made = drafted(here, SCRIPT, "--also", "flip", run=False)
    assert made.tried is None
    assert "momentum" in space_of(made)
    assert "aug_flip" not in space_of(made)
    assert [t.fidelity for t in made.spec.tasks] == [{"steps": n} for n in (2, 4, 8)]
    (advice,) = made.advice
    assert advice.startswith("trial.suggest_float(f'aug_{name}', 0, 1) could not be read")


def test_a_script_that_does_not_start_is_read(here: Path) -> None:
    made = drafted(here, f"import not_there\n{textwrap.dedent(SCRIPT)}", "--also", "flip")
    assert "momentum" in space_of(made)
    assert "No module named 'not_there'" in made.advice[0]


def test_a_trial_that_takes_too_long_leaves_the_number_of_its_reports_open(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*given: Any, **more: Any) -> Tried:
        # Not by the clock: a busy machine may take any time until the script has begun.
        return dataclasses.replace(
            try_one(*given, **more), code=None, why="it was stopped after 9 s"
        )

    monkeypatch.setattr(adapted, "try_one", stopped)
    endless = (
        SCRIPT.replace("range(EPOCHS)", "itertools.count()")
        .replace("import argparse", "import argparse, itertools, os")
        .replace("if trial.should", "if epoch == 9: os._exit(0)\n            if trial.should")
    )
    made = drafted(here, endless, "--also", "flip")
    assert [t.name for t in made.spec.tasks] == ["full"]
    assert "aug_flip" in space_of(made)
    ended, _, open_end = made.advice
    assert ended == "the first run did not end by itself: it was stopped after 9 s"
    assert "how often a whole trial reports is not known" in open_end


def test_several_objectives_without_reports_have_no_cheap_tasks(here: Path) -> None:
    made = drafted(
        here,
        """
        import optuna
        study = optuna.create_study(directions=["maximize", "minimize"])
        for _ in range(10):
            trial = study.ask()
            x = trial.suggest_float("x", 0, 1)
            study.tell(trial, [x, x * x])
        """,
    )
    goals = [(o.metric, str(o.direction)) for o in made.spec.objectives]
    assert goals == [("value_0", "maximize"), ("value_1", "minimize")]
    assert [t.name for t in made.spec.tasks] == ["full"]
    assert made.advice == ()


def test_nothing_is_advised_against_such_a_study(here: Path) -> None:
    made = drafted(here, SCRIPT, "--also", "flip")
    made.save(here)
    assert advise(StudySpec.load(here / "study.toml")) == []


COMPUTED = """
    import argparse, optuna

    class Objective:
        def __init__(self, args):
            self.args = args
        def __call__(self, trial):
            model = trial.suggest_categorical("model", self.args.models)
            if model == "svc":
                trial.suggest_float("C", 1e-3, self.args.most, log=True)
            sizes = [trial.suggest_int(f"n{i}", 1, self.args.width)
                     for i in range(trial.suggest_int("layers", 1, self.args.deep))]
            trial.set_constraint("size", sum(sizes) - 50)
            for epoch in range(40):
                if epoch % 10 == 0:
                    trial.report(epoch, epoch)
                    if trial.should_prune():
                        raise optuna.TrialPruned()
            return 1.0

    if __name__ == "__main__":
        parser = argparse.ArgumentParser()
        parser.add_argument("--models", nargs="+", default=["svc", "mlp"])
        parser.add_argument("--deep", type=int, default=3)
        parser.add_argument("--width", type=int, default=64)
        parser.add_argument("--most", type=float, default=10)
        parser.add_argument("--direction", default="maximize")
        args = parser.parse_args()
        study = optuna.create_study(direction=args.direction, study_name="-".join(args.models))
        study.enqueue_trial(dict(model=args.models[-1], layers=1, n0=args.width))
        while len(study.trials) < 20:
            study.optimize(Objective(args), n_trials=1)
"""


def test_ranges_that_are_computed_come_from_the_run_with_their_conditions(here: Path) -> None:
    made = drafted(here, COMPUTED)
    assert made.tried is not None
    assert made.tried.code == 0, made.tried.text()
    assert made.advice == ()
    assert space_of(made) == {
        "model": {}, "C": {"model": ("svc",)}, "layers": {},
        "n0": {}, "n1": {"layers": (2, 3)}, "n2": {"layers": (3,)},
    }  # fmt: skip
    assert "Seen in a run" not in made.text
    assert made.spec.name == "svc-mlp"
    assert str(made.spec.objectives[0].direction) == "maximize"
    assert made.spec.start == ({"model": "mlp", "layers": 1, "n0": 64},)


def test_the_first_run_is_of_the_full_task(here: Path) -> None:
    made = drafted(here, COMPUTED.replace("if epoch % 10 == 0", "if True"))
    assert [c.metric for c in made.spec.outcome_constraints] == ["size"]
    assert [t.fidelity for t in made.spec.tasks] == [{"steps": n} for n in (10, 20, 40)]
    assert "in a first run was 1." in made.text
    assert made.text.count("# took") == 1


def test_constraints_that_a_pruned_trial_lacks_leave_no_cheap_tasks(here: Path) -> None:
    late = COMPUTED.replace("if epoch % 10 == 0", "if True")
    made = drafted(here, late.replace("return 1.0", "trial.set_constraint('late', 0); return 1.0"))
    assert [c.metric for c in made.spec.outcome_constraints] == ["size", "late"]
    assert [t.name for t in made.spec.tasks] == ["full"]
    (advice,) = made.advice
    assert advice.startswith("no cheap tasks: a trial that is pruned does not tell of late.")


def test_what_only_a_run_can_tell_is_a_guess_without_one(here: Path) -> None:
    made = drafted(here, COMPUTED, run=False)
    assert any("whether a result is better when it is smaller" in a for a in made.advice)
    assert 'direction = "minimize"  # a guess: check it' in made.text
    assert [t.name for t in made.spec.tasks] == ["full"]


@pytest.mark.parametrize(
    ("given", "budget"),
    [
        ("n_trials=25, timeout=600", Budget(25)),
        ("30, 600", Budget(30)),
        ("n_trials=1", Budget(40)),
        ("timeout=600", Budget(600, BudgetUnit.WALL)),
        ("", Budget(40)),
    ],
)
def test_the_budget_is_what_the_script_spends(here: Path, given: str, budget: Budget) -> None:
    text = f"""
        import optuna
        def objective(trial):
            trial.should_prune()
            return trial.suggest_float("x", 0, 1)
        optuna.create_study().optimize(objective, {given})
        """
    made = drafted(here, text, run="n_trials=1" in given)  # also seen in a run
    assert (made.spec.budget, made.advice) == (budget, ())


def test_what_makes_the_script_search_is_asked_for(here: Path) -> None:
    never = SCRIPT.replace("study.optimize(", "args.also[1:] and study.optimize(")
    made = drafted(here, never, "--also", "flip")
    assert "if an option makes it search, its command needs that" in made.advice[0]


def test_what_another_objective_suggests_is_pointed_out(here: Path) -> None:
    made = drafted(
        here,
        """
        import optuna
        def forest(trial):
            return trial.suggest_int("depth", 2, 32)
        def boosted(trial):
            trial.suggest_categorical("kind", ["tree"])
            return trial.suggest_float("eta", 0, 1)
        optuna.create_study().optimize({"forest": forest, "boosted": boosted}["boosted"], 9)
        """,
    )
    assert set(space_of(made)) == {"depth", "eta"}
    (advice,) = made.advice
    assert advice.startswith("the first run did not ask for depth: if no trial does")
