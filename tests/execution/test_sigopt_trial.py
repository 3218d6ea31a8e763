"""A script that uses SigOpt as one trial, behind its client (a stand-in is it) and without one."""

import math
from pathlib import Path
from typing import Any

import pytest

from tests.execution.place import Place

CLIENT = Path(__file__).with_name("client")
STUDY = """\
[[objective]]
metric = "y"
direction = "maximize"
[[constraint]]
metric = "size"
max = 3
"""
LOOP = """\
import sigopt
conn = sigopt.Connection()
conn.set_api_url("https://api.sigopt.com")
e = conn.experiments().create(
    parameters=[dict(name="x", type="double", bounds=dict(min=0, max=1))],
    metrics=[dict(name="y")], observation_budget=30,
)
while e.progress.observation_count < e.observation_budget:
    s = conn.experiments(e.id).suggestions().create()
    print("task", s.task.name, s.task.cost, sorted(s.assignments))
    {told}
    e = conn.experiments(e.id).fetch()
print("behind")
"""
RUN = "import sigopt\nwith sigopt.create_run() as run:\n    {inside}\nprint('behind')\n"


@pytest.fixture(params=["client", "none"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A folder with a study, whose scripts find the client or none."""
    (tmp_path / "study.toml").write_text(STUDY)
    beside = (CLIENT,) if request.param == "client" else ()
    return Place(tmp_path, "hpo_tui.engine.objective.sigopt", beside)


def told(place: Place, text: str, **given: Any) -> list[dict[str, Any]]:
    """Return the reports of a trial that has ended well."""
    place.script(text)
    ended = place.run(**({"params": {"x": 0.5}, "task": "cheap", "cost": 0.25} | given))
    assert ended.code == 0, ended.out
    return ended.reports


def test_a_script_that_is_handed_parameters_runs_to_its_end(place: Place) -> None:
    text = """\
    import sigopt
    assert getattr(sigopt, "WHICH", "none") == WHICH
    sigopt.params.setdefaults({"x": 9, "epochs": 60, "width": 8})
    assert (sigopt.params.x, sigopt.params["x"], sigopt.params.width) == (0.5, 0.5, 8)
    for epoch in range(sigopt.params.epochs):
        sigopt.log_checkpoint({"y": epoch / 10})
    sigopt.log_metric("y", 0.75)
    sigopt.log_metric(name="size", value=2)
    sigopt.log_image("a picture, which goes nowhere")
    open("behind", "w").close()
    """
    which = "the client's own" if place.beside else "none"
    reports = told(place, text.replace("== WHICH", f"== {which!r}"), fidelity={"epochs": 2})
    steps = [{"step": 1, "y": 0.0}, {"step": 2, "y": 0.1}]
    assert reports == [*steps, {"y": 0.75, "size": 2}]
    assert (place.folder / "behind").exists()


def test_a_run_of_its_own_is_the_trial(place: Place) -> None:
    inside = (
        "run.params.x = 3; run.params.update({'x': 4, 'more': 5});"
        " run.log_metric('y', run.params.x); print(run.task.name, run.params.more)"
    )
    assert told(place, RUN.format(inside=inside)) == [{"y": 0.5}]


def test_a_second_run_ends_the_script(place: Place) -> None:
    text = RUN.format(inside="run.log_metric('y', run.params.x)")
    reports = told(place, f"{text}open('first', 'w')\n{text}open('second', 'w')\n")
    assert reports == [{"y": 0.5}]
    assert (place.folder / "first").exists()
    assert not (place.folder / "second").exists()


@pytest.mark.parametrize(
    "values",
    ["values=[dict(name='y', value=s.assignments['x'])]", "value=s.assignments['x']"],
    ids=["named", "bare"],
)
def test_the_loop_of_suggestions_runs_once(place: Place, values: str) -> None:
    create = f"conn.experiments(e.id).observations().create(suggestion=s.id, {values})"
    assert told(place, LOOP.format(told=create)) == [{"y": 0.5}]


def test_a_suggestion_has_the_task_and_the_parameters_alone(place: Place) -> None:
    place.script(LOOP.format(told="raise SystemExit(3)"))
    ended = place.run(params={"x": 0.5}, task="cheap", cost=0.25, fidelity={"epochs": 3})
    assert ended.code == 3
    assert "task cheap 0.25 ['x']" in ended.out


@pytest.mark.parametrize(
    "text",
    [
        LOOP.format(
            told="conn.experiments(e.id).observations().create(suggestion=s.id,failed=True)"
        ),
        RUN.format(inside="run.log_failure()"),
        "import sigopt\nsigopt.log_metric('y', 3)\nsigopt.log_failure()\n",
    ],
    ids=["observation", "run", "global"],
)
def test_a_failure_teaches_the_search(place: Place, text: str) -> None:
    (report,) = told(place, text)
    assert report.keys() == {"y", "size"}
    assert all(map(math.isnan, report.values()))


def test_a_metric_that_is_no_number_is_reported(place: Place) -> None:
    (report,) = told(place, RUN.format(inside="run.log_metric('y', float('nan'))"))
    assert math.isnan(report["y"])


def test_what_is_raised_in_a_run_fails_the_trial(place: Place) -> None:
    place.script(RUN.format(inside="run.log_metric('y', 1); 1 / 0"))
    ended = place.run(params={"x": 0.5})
    assert (ended.code, ended.reports) == (1, [])
    assert "ZeroDivisionError" in ended.out


def test_a_first_look_writes_down_what_the_script_says(place: Place) -> None:
    create = "conn.experiments(e.id).observations().create(suggestion=s.id, value=3)"
    place.script(LOOP.format(told=create))
    ended = place.run(record=True)
    assert ended.code == 0, ended.out
    experiment, logged = ended.recorded
    assert experiment["experiment"]["observation_budget"] == 30
    assert logged["logged"] == {"y": 3}
    assert "['x']" in ended.out


def test_outside_a_study_nothing_is_taken_over(place: Place) -> None:
    place.script("import sigopt, sys\nprint('which', getattr(sigopt, 'WHICH', ''))\n")
    ended = place.run(trial=False)
    found = "which the client's own" if place.beside else "No module named 'sigopt'"
    assert found in ended.out


def test_the_loop_of_an_experiment_runs_once_without_a_client(tmp_path: Path) -> None:
    place = Place(tmp_path, "hpo_tui.engine.objective.sigopt")
    place.script(
        "import sigopt\n"
        "e = sigopt.create_experiment(name='n', parameters=[], metrics=[], budget=9)\n"
        "for run in e.loop():\n"
        "    with run:\n"
        "        run.log_metrics(y=run.params['x'])\n"
        "print('behind', list(e.get_best_runs()))\n"
    )
    ended = place.run(params={"x": 0.5})
    assert (ended.code, ended.reports) == (0, [{"y": 0.5}]), ended.out
    assert "behind" not in ended.out


def test_its_errors_can_be_caught_without_a_client(tmp_path: Path) -> None:
    place = Place(tmp_path, "hpo_tui.engine.objective.sigopt")
    place.script(
        "from sigopt.exception import ApiException\n"
        "import sigopt\n"
        "try:\n"
        "    sigopt.log_metrics({'y': sigopt.params.x, 'size': len(dict(**sigopt.params))})\n"
        "except ApiException:\n"
        "    raise SystemExit(4)\n"
    )
    ended = place.run(params={"x": 0.5})
    assert (ended.code, ended.reports) == (0, [{"y": 0.5, "size": 1}]), ended.out


def test_a_client_that_cannot_be_imported_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "lib" / "sigopt").mkdir(parents=True)
    (tmp_path / "lib" / "sigopt" / "__init__.py").write_text("raise TypeError('too old')\n")
    place = Place(tmp_path, "hpo_tui.engine.objective.sigopt", (tmp_path / "lib",))
    place.script("import sigopt\nsigopt.log_metric('y', sigopt.params.x)\n")
    ended = place.run(params={"x": 0.5})
    assert (ended.code, ended.reports) == (0, [{"y": 0.5}]), ended.out
