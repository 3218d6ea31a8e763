"""How a script ends with its objective: run in threads, in processes, where it catches the end."""

import json
from typing import Any

import pytest

from tests.execution.place import Place

HEAD = """
import multiprocessing, os, sys, threading, time
import optuna

def objective(trial):
    x = trial.suggest_float("x", 0, 1)
    print("objective", x)
    return x

def work(_):
    study = optuna.load_study(study_name="s", storage="sqlite:///none.db")
    study.optimize(objective, n_trials=3)
"""
IN_PROCESSES = """
if __name__ == "__main__":
    optuna.create_study(study_name="s", storage="sqlite:///none.db", direction="maximize")
    context = multiprocessing.get_context({how!r})
    {run}
    print("behind")
"""
POOL = """with context.Pool(3) as pool:
        pool.map(work, range(6))"""
EACH = """several = [context.Process(target=work, args=(i,)) for i in range(3)]
    for one in several: one.start()
    for one in several: one.join()"""


@pytest.mark.parametrize("run", [POOL, EACH], ids=["pool", "each"])
@pytest.mark.parametrize("how", ["fork", "spawn", "forkserver"])
def test_one_process_of_several_runs_the_trial(place: Place, how: str, run: str) -> None:
    place.script(HEAD + IN_PROCESSES.format(how=how, run=run))
    ended = place.run(params={"x": 0.5}, record=True)
    assert (ended.code, ended.reports) == (0, [{"value": 0.5}]), ended.out
    assert ended.out.count("objective") == 1
    assert "behind" not in ended.out
    assert ended.recorded[-1]["directions"] == ["maximize"]


FORKED = """
optuna.create_study(study_name="s", storage="sqlite:///none.db", direction="maximize")
several = [os.fork() or (work(0), os._exit(0)) for _ in range(3)]
for one in several: os.waitpid(one, 0)
"""


def test_a_process_that_the_script_does_not_know_does_not_run_the_trial_again(place: Place) -> None:
    place.script(HEAD + FORKED)
    ended = place.run(params={"x": 0.5})
    assert (ended.code, ended.reports) == (0, [{"value": 0.5}]), ended.out
    assert place.run(params={"x": 0.5}).code == 0  # the same trial again, in the same folder


def test_why_a_process_has_no_result_is_said(place: Place) -> None:
    place.script(HEAD + IN_PROCESSES.format(how="fork", run=POOL))
    ended = place.run()
    assert ended.code == 1
    assert "asks for x, which the study lacks" in ended.out


DEAF = """
import signal
if __name__ == "__main__":
    acts = signal.getsignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, lambda *_: signal.signal(signal.SIGUSR1, acts))
    one = multiprocessing.get_context("fork").Process(target=work, args=(0,))
    one.start()
    while True: time.sleep(60)
"""


def test_a_script_that_misses_the_first_signal_ends_at_the_next(place: Place) -> None:
    """As one does that gets it at the very moment at which it begins to wait."""
    place.script(HEAD + DEAF)
    ended = place.run(params={"x": 0.5})
    assert (ended.code, ended.reports) == (0, [{"value": 0.5}]), ended.out


RUN = "study.optimize(objective)"
THREADS = """
from concurrent.futures import ThreadPoolExecutor
study = optuna.create_study()
with ThreadPoolExecutor(3) as pool:
    for _ in range(6):
        pool.submit(study.optimize, {objective}, n_trials=2)
print("behind")
"""


@pytest.mark.parametrize(
    ("objective", "code", "last"),
    [("objective", 0, ""), ("lambda trial: 1 / 0", 1, "ZeroDivisionError: division by zero")],
)
def test_one_thread_of_several_runs_the_trial(
    place: Place, objective: str, code: int, last: str
) -> None:
    place.script(HEAD + THREADS.format(objective=objective))
    ended = place.run(params={"x": 0.5})
    assert (ended.code, ended.reports) == (code, [{"value": 0.5}] if code == 0 else []), ended.out
    assert "behind" not in ended.out
    assert ended.out.splitlines()[-1].endswith(last)


@pytest.mark.parametrize(
    ("run", "code"),
    [
        ("try:\n    study.optimize(objective)\nexcept:\n    sys.exit(3)", 0),
        ("while True:\n    try:\n        study.optimize(objective)\n    except:\n        pass", 0),
        ("for _ in range(9):\n    try:\n        study.optimize(wrong)\n"
         "    except Exception as error:\n        print('failed:', error)", 1),
    ],
    ids=["leaves", "again", "failed"],
)  # fmt: skip
def test_a_script_that_catches_its_end_ends(place: Place, run: str, code: int) -> None:
    wrong = "def wrong(trial):\n    objective(trial)\n    raise ValueError('shape')\n"
    place.script(f"{HEAD}\n{wrong}\nstudy = optuna.create_study()\n{run}")
    ended = place.run(params={"x": 0.5})
    assert (ended.code, ended.reports) == (code, [{"value": 0.5}] if code == 0 else []), ended.out
    assert ended.out.count("objective") == 1
    assert ended.out.count("failed: shape") == code


@pytest.mark.parametrize(
    ("tell", "reports", "last"),
    [
        ("study.tell(trial.number, trial.params['x'])", [{"value": 0.5}], ""),
        ("study.tell(trial, state=optuna.trial.TrialState.FAIL)", [],
         "the script says that the trial failed"),
    ],
)  # fmt: skip
def test_a_trial_is_told_of_by_its_number_too(
    place: Place, tell: str, reports: list[dict[str, Any]], last: str
) -> None:
    asked = "study.ask({'x': optuna.distributions.FloatDistribution(0, 1)})"
    place.script(f"import optuna\nstudy = optuna.create_study()\ntrial = {asked}\n{tell}")
    ended = place.run(params={"x": 0.5})
    assert ended.reports == reports, ended.out
    assert ended.out.splitlines()[-1].endswith(last)


def test_attributes_that_numpy_made_are_numbers_too(place: Place) -> None:
    place.write(
        "import numpy as np\ntrial.set_user_attr('std', np.array([1.0, 3.0]).std())\n"
        "trial.set_user_attr('n', np.int64(3)); trial.set_user_attr('ok', np.bool_(True))\n"
        "return 0.5"
    )
    assert place.run().reports == [{"std": 1.0, "n": 3, "value": 0.5}]


def test_what_is_enqueued_is_recorded_as_the_study_can_have_it(place: Place) -> None:
    place.write("return 1", run="study.enqueue_trial(dict(b=(1, 2), x=0.5))\n" + RUN)
    ended = place.run(record=True)
    assert json.dumps(ended.recorded[0]) == '{"start": {"b": "(1, 2)", "x": 0.5}}'


def test_the_directions_of_a_study_that_is_not_there_are_not_made_up(place: Place) -> None:
    place.write(
        "return 1", run="optuna.load_study(study_name='n', storage='sqlite:///no.db')" + RUN[5:]
    )
    ended = place.run(record=True)
    assert (ended.code, ended.reports) == (0, [{"value": 1.0}]), ended.out
    assert not any("directions" in line for line in ended.recorded)


AMONG_OTHERS = """
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

def slow(trial):
    open("begun", "w").close()
    while len(os.listdir("there")) < 2: time.sleep(0.02)  # the others come to wait for their turn
    return objective(trial)

def also(_):
    while not os.path.exists("begun"): time.sleep(0.02)
    open("there/%d-%d" % (os.getpid(), threading.get_ident()), "w").close()
    work(None)

if __name__ == "__main__":
    os.mkdir("there")
    study = optuna.create_study(study_name="s", storage="sqlite:///none.db")
    {run}
    print("behind")
"""
ITSELF = """several = [{how}(target=also, args=(i,)) for i in range(2)]
    for one in several: one.start()
    study.optimize(slow)"""
IN_A_POOL = """with {how}(2) as pool:
        for i in range(6): pool.submit(also, i)
        study.optimize(slow)"""


@pytest.mark.parametrize(
    "run",
    [
        ITSELF.format(how="threading.Thread"),
        ITSELF.format(how="multiprocessing.get_context('fork').Process"),
        ITSELF.format(how="multiprocessing.get_context('spawn').Process"),
        IN_A_POOL.format(how="ThreadPoolExecutor"),
        IN_A_POOL.format(how="ProcessPoolExecutor"),
        """with multiprocessing.get_context("fork").Pool(2) as pool:
        pool.map_async(also, range(6), chunksize=1)
        study.optimize(slow)""",
    ],
    ids=["threads", "fork", "spawn", "thread pool", "process pool", "pool"],
)
def test_a_script_that_waits_for_its_others_at_the_end_ends(place: Place, run: str) -> None:
    """They wait for their turn while the script itself runs the trial, then it waits for them."""
    take = "import atexit; atexit.register(print, 'tidied up')\n"
    place.script(HEAD + take + AMONG_OTHERS.format(run=run))
    ended = place.run(params={"x": 0.5})
    assert (ended.code, ended.reports) == (0, [{"value": 0.5}]), ended.out
    assert ended.out.count("objective") == 1
    assert "behind" not in ended.out
    assert "tidied up" in ended.out  # it has ended by itself
