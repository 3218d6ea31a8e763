"""Scripts join a real study: by what they print, by files, and started warm; runners may die."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.models import TrialState

Make = Callable[..., Any]

PRINTS = """
import sys, time
for epoch in range(1, 6):
    print(f"Epoch {epoch}/5")
    print(f"  train accuracy: 0.99  Accuracy: {epoch / 10}")
    time.sleep(0.05)
sys.stdout.write("Epoch 6 accuracy=0.6")  # a last line without an end
"""


@pytest.mark.parametrize("warm", ["", 'warm = ["json"]'])
def test_a_script_that_only_prints_is_a_trial(make_study: Make, warm: str) -> None:
    study = make_study(PRINTS, prelude=False, study=warm).started()
    trial = study.ended()
    assert (trial.state, trial.metrics["accuracy"], trial.step) == (TrialState.COMPLETE, 0.6, 6)
    reported = [(r.step, dict(r.metrics)) for r in study.reports()]
    assert reported == [(n, {"accuracy": n / 10}) for n in range(1, 7)]


def test_metrics_of_a_csv_file_are_reports(make_study: Make) -> None:
    script = """
    import os, pathlib, time
    path = pathlib.Path(os.environ["HPO_TRIAL_DIR"]) / "log.csv"
    path.write_text("epoch,val_acc\\n")
    for epoch in range(1, 4):
        with path.open("a") as file:
            file.write(f"{epoch},{epoch / 4}\\n")
        time.sleep(0.1)
    """
    source = '[[metrics]]\nkind = "csv"\npath = "log.csv"\nrename = { val_acc = "accuracy" }\n'
    study = make_study(script, prelude=False, tasks=source).started()
    assert study.ended().metrics["accuracy"] == 0.75
    assert [r.step for r in study.reports()] == [1, 2, 3]


def test_printed_metrics_survive_the_runner(make_study: Make, tmp_path: Path) -> None:
    script = f"""
    import time, pathlib
    for epoch in range(1, 7):
        print(f"epoch {{epoch}} accuracy={{epoch / 10}}", flush=True)
        while epoch == 3 and not pathlib.Path({str(tmp_path / "go")!r}).exists():
            time.sleep(0.01)
    """
    study = make_study(script, prelude=False, study='warm = ["json"]').started()
    first = study.running(reports=3)
    study.kill_runner()
    (tmp_path / "go").touch()
    study.start()
    trial = study.ended()
    assert trial.attempt == first.attempt
    assert [r.step for r in study.reports()] == [1, 2, 3, 4, 5, 6]


def test_trials_are_forked_once_the_parent_is_warm(make_study: Make) -> None:
    script = """
    import sys
    print("accuracy=1" if "fractions" in sys.modules else "accuracy=0")
    """
    study = make_study(script, prelude=False, budget=4, study='warm = ["fractions"]').started()
    study.until(lambda: any(t.metrics.get("accuracy") == 1 for t in study.trials()))
    study.gone()
    assert not study.processes()


def test_why_trials_start_cold_is_an_event(make_study: Make) -> None:
    script = 'import time\nprint("accuracy=1")\ntime.sleep(0.3)\n'
    study = make_study(script, prelude=False, budget=20, study='warm = ["not_there"]').started()
    found = study.until(lambda: study.events("device"))
    assert [e.text for e in found] == [
        "warm start is off: import of not_there failed: ModuleNotFoundError: No module named"
        " 'not_there'"
    ]


def test_a_warm_trial_whose_shim_is_killed_leaves_nothing(make_study: Make) -> None:
    script = """
    import time, sys, os
    print("accuracy=0.5", "fractions" in sys.modules, flush=True)
    if "fractions" in sys.modules and not os.path.exists("seen"):
        open("seen", "w").close()
        time.sleep(300)
    """
    study = make_study(script, prelude=False, budget=9, study='warm = ["fractions"]').started()
    place = study.folder.path.parent.parent
    study.until((place / "seen").exists)
    trial = study.until(
        lambda: next((t for t in study.trials() if t.state is TrialState.RUNNING and t.pid), None)
    )
    child = Path(f"/proc/{trial.pid}/task/{trial.pid}/children").read_text().split()[0]
    os.kill(trial.pid, signal.SIGKILL)
    study.until(lambda: not Path(f"/proc/{child}").exists())
    assert study.ended(trial.number).state is TrialState.COMPLETE  # its next attempt
