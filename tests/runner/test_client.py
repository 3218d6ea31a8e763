"""The client of training scripts: inside a study, outside one, and interrupted in a report."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution.reports import parse

CLIENT = """
import sys
from hpo_tui import trial
lr = trial.params.get("lr", 0.5)
trial.report(1, accuracy=lr)
trial.report(accuracy=float("nan"), done=True)
print(trial.number, trial.task, trial.fidelity, trial.resume, trial.seed, trial.should_stop())
(trial.checkpoint / "x").write_text("1")
"""


def run_in_a_study(script: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    params = {"trial": 7, "task": "low", "params": {"lr": 0.25}, "fidelity": {"e": 3}, "seed": 4}
    (folder / "p.json").write_text(json.dumps(params))
    env = {
        **os.environ, "HPO_PARAMS": str(folder / "p.json"), "HPO_RESUME": "/there",
        "HPO_REPORTS": str(folder / "r"), "HPO_CHECKPOINT": str(folder / "c" / "d"),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True
    )


def test_the_client_works_outside_a_study(tmp_path: Path) -> None:
    env = {k: v for k, v in os.environ.items() if not k.startswith("HPO_")}
    done = subprocess.run(
        [sys.executable, "-c", CLIENT], env=env, cwd=tmp_path, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "step=1 accuracy=0.5", "accuracy=nan done=1", "0  {} None 0 False",
    ]  # fmt: skip
    assert (tmp_path / "checkpoint" / "x").exists()


def test_the_client_reports_inside_a_study(tmp_path: Path) -> None:
    done = run_in_a_study(CLIENT, tmp_path)
    assert done.stdout == "7 low {'e': 3} /there 4 False\n"
    first, last = (tmp_path / "r").read_bytes().splitlines()
    assert parse(first) == (1, {"accuracy": 0.25})
    assert parse(last)[0] is None
    assert (tmp_path / "c" / "d" / "x").exists()


def test_the_client_keeps_what_a_full_disk_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HPO_PARAMS", raising=False)
    from hpo_tui.engine import trial

    reporter = trial._Reporter()
    reporter.path = str(tmp_path / "r")
    rng, real, calls = random.Random(0), os.write, iter(range(10**6))

    def write(fd: int, data: bytes) -> Any:
        if next(calls) < 60 and rng.random() < 0.5:
            raise OSError(28, "No space left on device")
        return real(fd, data[: rng.randint(1, 5)])

    monkeypatch.setattr(trial.os, "write", write)
    lines = [json.dumps({"step": n}).encode() + b"\n" for n in range(50)]
    for line in lines:
        reporter.write(line)
    reporter.close()
    os.close(reporter.fd)
    assert (tmp_path / "r").read_bytes() == b"".join(lines)


IN_A_HANDLER = """
import os, signal, sys
from hpo_tui import trial
signal.alarm(10)  # ends one that waits for itself
def save(*_):
    trial.report(2, accuracy=0.75)
    sys.exit(0)
signal.signal(signal.SIGTERM, save)
write = os.write
def interrupted(fd, data):
    os.write = write
    os.kill(os.getpid(), signal.SIGTERM)
    return write(fd, data)
os.write = interrupted
trial.report(1, accuracy=0.5)
"""


def test_a_handler_may_report_in_the_middle_of_a_report(tmp_path: Path) -> None:
    run_in_a_study(IN_A_HANDLER, tmp_path)
    steps = [parse(line) for line in (tmp_path / "r").read_bytes().splitlines()]
    assert {(1, (("accuracy", 0.5),)), (2, (("accuracy", 0.75),))} == {
        (step, tuple(metrics.items())) for step, metrics in filter(None, steps)
    }


@pytest.mark.parametrize("before", [True, False])
def test_a_handler_that_reports_in_the_middle_of_a_report_writes_nothing_twice(
    tmp_path: Path, *, before: bool
) -> None:
    script = IN_A_HANDLER.replace("    sys.exit(0)\n", "")
    if not before:
        script = script.replace("    os.kill(os.getpid(), signal.SIGTERM)\n", "").replace(
            "    return write(fd, data)\n",
            "    done = write(fd, data)\n    os.kill(os.getpid(), signal.SIGTERM)\n"
            "    return done\n",
        )
    run_in_a_study(script, tmp_path)
    steps = [json.loads(line)["step"] for line in (tmp_path / "r").read_bytes().splitlines()]
    assert steps == ([2, 1] if before else [1, 2])


FORKED = """
import os, signal, threading
from hpo_tui import trial
held, done = threading.Event(), threading.Event()
def report():
    with trial._reporter.lock:
        held.set()
        done.wait()
thread = threading.Thread(target=report, daemon=True)
thread.start()
held.wait()
trial._reporter.pending = b"its parent's"
child = os.fork()
if not child:
    signal.alarm(10)  # ends one that waits for a thread that is not there
    trial.report(1, accuracy=0.5)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
trial._reporter.pending = b""
done.set()
thread.join()
"""


def test_a_forked_child_may_report_while_a_thread_of_its_parent_does(tmp_path: Path) -> None:
    run_in_a_study(FORKED, tmp_path)
    assert (tmp_path / "r").read_bytes() == b'{"step": 1, "accuracy": 0.5}\n'


CLOSES_ALL = """
import os
from hpo_tui import trial
trial.report(1, accuracy=0.25)
os.closerange(3, 100)
weights = [os.open("weights", os.O_WRONLY | os.O_CREAT) for _ in range(50)]
trial.report(2, accuracy=0.5)
"""


def test_a_script_that_closes_all_files_finds_no_report_in_its_own(tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    run_in_a_study(CLOSES_ALL.replace('"weights"', repr(str(weights))), tmp_path)
    assert weights.read_bytes() == b""
    lines = (tmp_path / "r").read_bytes().splitlines()
    assert [parse(line) for line in lines] == [(1, {"accuracy": 0.25}), (2, {"accuracy": 0.5})]


@pytest.mark.parametrize("value", ["numpy.zeros(2)", "torch.zeros(2)", "'good'", "None"])
def test_what_is_not_one_number_is_refused_by_its_name(tmp_path: Path, value: str) -> None:
    module = value.partition(".")[0] if "." in value else "math"
    script = f"""
import {module}
from hpo_tui import trial
try:
    trial.report(1, accuracy={value})
except TypeError as error:
    print(error)
"""
    said = run_in_a_study(script, tmp_path).stdout
    assert said.startswith("report: accuracy must be one number, found ")
