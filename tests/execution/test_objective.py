"""A script of Optuna's as one trial: what its objective is given, and what becomes of it."""

from typing import Any

import pytest

from tests.execution.place import Place

FLOATS = "trial.suggest_float('x', 0, 1)"


def test_the_objective_runs_once_with_the_configuration(place: Place) -> None:
    place.write(
        "layers = [trial.suggest_int(f'n{i}', 1, 9) for i in range(trial.suggest_int('n', 1, 3))]\n"
        "act = trial.suggest_categorical('act', ['a', None])\n"
        "on = trial.suggest_categorical('on', [1, True])\n"
        "trial.set_user_attr('size', 3.5); trial.set_user_attr('note', 'x')\n"
        "trial.set_constraint('memory', -1.0)\n"
        f"print(layers, act, on, trial.number, trial.params['n']); return {FLOATS}",
        "storage='sqlite:///kept.db', load_if_exists=True, direction='maximize'",
        "study.enqueue_trial({'x': 1.0})\nstudy.optimize(objective, 50, n_jobs=2, timeout=9)",
    )
    params = {"n": 2.0, "n0": 4, "n1": 5, "act": "None", "on": True, "x": 0.25}
    ended = place.run(params=params)
    assert ended.code == 0, ended.out
    assert "[4, 5] None True 7 2" in ended.out
    assert "behind" not in ended.out
    assert ended.reports == [{"size": 3.5, "memory": -1.0, "value": 0.25}]
    assert not (place.folder / "kept.db").exists()


@pytest.mark.parametrize(
    ("objective", "study", "run", "reports"),
    [
        (f"return {FLOATS}, 2", "directions=['minimize', 'maximize']", "",
         [{"value_0": 0.5, "value_1": 2.0}]),
        (f"return {FLOATS}", "", "study.set_metric_names(['loss'])\nstudy.optimize(objective)",
         [{"loss": 0.5}]),
        ("return 1", "",
         "t = study.ask()\nt.report(3, 0)\nstudy.tell(t, t.suggest_float('x', 0, 1))",
         [{"step": 0, "value": 3.0}, {"value": 0.5}]),
        (f"return {FLOATS}", "", "optuna.load_study(study_name='n', storage='sqlite:///no.db')"
         ".optimize(objective)", [{"value": 0.5}]),
        (f"return {FLOATS}", "",
         "from optuna import Study; Study.optimize(study, lambda t: 2 * objective(t), 3)",
         [{"value": 1.0}]),
    ],
    ids=["several", "named", "ask", "load", "bound"],
)  # fmt: skip
def test_the_result_has_the_names_of_the_study(
    place: Place, objective: str, study: str, run: str, reports: list[dict[str, Any]]
) -> None:
    place.write(objective, study, run)
    ended = place.run(params={"x": 0.5})
    assert (ended.code, ended.reports) == (0, reports), ended.out


def test_the_constraints_of_the_script_s_sampler_are_reported(place: Place) -> None:
    place.write(
        f"x = {FLOATS}\ntrial.set_user_attr('c', [x - 1, 2])\nreturn x",
        "sampler=optuna.samplers.TPESampler(constraints_func=lambda t: t.user_attrs['c'])",
    )
    ended = place.run(params={"x": 0.5}, record=True)
    assert ended.reports == [{"constraint_0": -0.5, "constraint_1": 2.0, "value": 0.5}], ended.out
    assert ended.recorded[-1]["constraints"] == ["constraint_0", "constraint_1"]


LOOP = """\
for step in range(8):
    trial.report(step / 10, step)
    if trial.should_prune():
        raise optuna.TrialPruned()
return 5.0
"""


def test_a_cheap_task_ends_where_the_script_can_be_pruned(place: Place) -> None:
    place.write(LOOP)
    ended = place.run(cost=0.25, fidelity={"steps": 2})
    assert ended.code == 0
    assert [r["value"] for r in ended.reports] == [0.0, 0.1, 0.1]
    assert [r.get("step") for r in ended.reports] == [0, 1, None]


def test_a_trial_that_is_pruned_need_not_know_its_constraints(place: Place) -> None:
    late = LOOP.replace("return 5.0", "trial.set_user_attr('c', [1.0])\nreturn 5.0")
    asks = "sampler=optuna.samplers.TPESampler(constraints_func=lambda t: t.user_attrs['c'])"
    place.write(late, asks)
    ended = place.run(cost=0.25, fidelity={"steps": 2})
    assert (ended.code, ended.reports[-1]) == (0, {"value": 0.1}), ended.out
    (place.folder / "reports").unlink()
    assert place.run().reports[-1] == {"value": 5.0, "constraint_0": 1.0}


def test_the_full_task_ends_by_itself(place: Place) -> None:
    place.write(LOOP)
    ended = place.run(cost=1.0, fidelity={"steps": 8})
    assert ended.code == 0
    assert len(ended.reports) == 9
    assert ended.reports[-1] == {"value": 5.0}


@pytest.mark.parametrize(
    ("objective", "params", "said"),
    [
        ("return trial.suggest_float('new lr', 1e-3, 1, log=True)", {},
         'asks for new lr, which the study lacks: add [space."new lr"] with type = "float", low ='
         " 0.001, high = 1.0, log = true"),
        ("return trial.suggest_categorical('x', ['a', 'b'])", {"x": "c"},
         "x = 'c' is none of the script's choices: 'a', 'b'"),
        ("return trial.suggest_categorical('x', [1, 2])", {"x": True},
         "x = True is none of the script's choices: 1, 2"),
        (f"return {FLOATS}", {"x": "much"}, "x = 'much': the script asks for a number"),
        ("raise optuna.TrialPruned()", {}, "the objective pruned the trial itself"),
        ("return float('nan')", {}, "the objective returned no number"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said_in_the_last_line(
    place: Place, objective: str, params: dict[str, Any], said: str
) -> None:
    place.write(objective)
    ended = place.run(params=params)
    assert ended.code == 1
    assert said in ended.out.splitlines()[-1]
    assert ended.reports == []


def test_an_error_of_the_script_ends_the_trial_with_its_traceback(place: Place) -> None:
    place.write("raise ValueError('shape')", run="study.optimize(objective, catch=(ValueError,))")
    ended = place.run()
    assert ended.code == 1
    assert ended.out.splitlines()[-1] == "ValueError: shape"


def test_a_script_that_never_asks_for_a_trial_is_no_result(place: Place) -> None:
    place.write("return 1", run="print(sys.argv)")
    ended = place.run("train.py", "--data", "x")
    assert "['train.py', '--data', 'x']" in ended.out
    assert (ended.code, ended.reports) == (1, [])
    assert "train.py called neither Study.optimize nor Study.ask" in ended.out


def test_a_module_is_run_like_a_script(place: Place) -> None:
    place.write(f"return {FLOATS}")
    (place.folder / "pkg").mkdir()
    (place.folder / "train.py").rename(place.folder / "pkg" / "fit.py")
    ended = place.run("-m", "pkg.fit", params={"x": 0.5})
    assert (ended.code, ended.reports) == (0, [{"value": 0.5}]), ended.out


def test_outside_a_study_the_script_is_optuna_s_own(place: Place) -> None:
    place.write(f"return {FLOATS}", run="study.optimize(objective, n_trials=3)")
    ended = place.run(trial=False)
    assert ended.code == 0
    assert "behind 3" in ended.out


def test_at_first_sight_it_is_recorded_what_the_script_asks_for(place: Place) -> None:
    place.write(
        f"{FLOATS}; trial.suggest_int('n', 1, 4); trial.suggest_categorical('c', ['a'])\n"
        f"trial.suggest_int('big', 10, 1000, step=10); trial.set_constraint('m', 0)\n{LOOP}"
    )
    ended = place.run(record=True, params={"x": 0.5})
    assert ended.code == 0
    asked = [r for r in ended.recorded if "parameter" in r]
    assert asked == [
        {"parameter": "x", "type": "float", "low": 0.0, "high": 1.0},
        {"parameter": "n", "type": "int", "low": 1, "high": 4},
        {"parameter": "big", "type": "int", "low": 10, "high": 1000, "step": 10},
    ]
    told = {k: v for r in ended.recorded for k, v in r.items()}
    assert told["prunes"]
    assert (told["steps"], told["trials"], told["constraints"]) == (8, 50, ["m"])
    assert (told["metrics"], told["directions"]) == (["value"], ["minimize"])
