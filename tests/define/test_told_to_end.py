"""What runs a script for a short while takes it along when it is ended itself."""

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hpo_tui.engine.define.process import Ran, run_briefly
from hpo_tui.engine.execution.processes import Process

SCRIPT = """\
import argparse, os, pathlib, signal, time
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.parse_args()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path("pid.new").write_text(str(os.getpid()))
os.rename("pid.new", "pid")
time.sleep(600)
"""
INIT = """\
import signal, sys
from hpo_tui.tui.cli import main
{first}
sys.argv = ["hpo-tui", "init", "train.py"]
main()
"""


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def _init(folder: Path, hangup: str = "SIG_DFL") -> tuple["subprocess.Popen[bytes]", int]:
    """Start ``init`` on a script that never ends; return it, and the process of the script.

    ``hangup``: what SIGHUP does to it, which the process of the tests may be told to ignore.
    """
    (folder / "train.py").write_text(SCRIPT)
    code = INIT.format(first=f"signal.signal(signal.SIGHUP, signal.{hangup})")
    init = subprocess.Popen(
        [sys.executable, "-c", code], cwd=folder, stdout=subprocess.DEVNULL, start_new_session=True
    )
    _until((folder / "pid").exists)
    return init, int((folder / "pid").read_text())


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGHUP])
def test_init_takes_the_script_along(tmp_path: Path, sign: signal.Signals) -> None:
    init, script = _init(tmp_path)
    assert Process.of(script) is not None
    init.send_signal(sign)
    assert init.wait(60) == 128 + sign
    assert Process.of(script) is None
    assert not (tmp_path / "study.toml").exists()


def test_a_second_signal_does_not_cut_the_ending_short(tmp_path: Path) -> None:
    init, script = _init(tmp_path)
    init.send_signal(signal.SIGTERM)
    init.send_signal(signal.SIGHUP)
    init.send_signal(signal.SIGTERM)
    assert init.wait(60) in (128 + signal.SIGTERM, 128 + signal.SIGHUP)
    assert Process.of(script) is None


def test_below_nohup_a_hangup_is_ignored(tmp_path: Path) -> None:
    init, script = _init(tmp_path, "SIG_IGN")
    init.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        init.wait(0.5)
    assert Process.of(script) is not None
    init.terminate()
    init.wait(60)
    assert Process.of(script) is None


IN_A_THREAD = """\
import sys, threading
from pathlib import Path
from hpo_tui.engine.define.process import run_briefly
words = [sys.executable, "train.py"]
thread = threading.Thread(target=run_briefly, args=(words, Path(), 600.0, {}), daemon=True)
thread.start()
thread.join()
"""


@pytest.mark.parametrize("sign", [signal.SIGHUP, signal.SIGTERM, signal.SIGKILL])
def test_what_runs_in_a_thread_ends_with_its_process(tmp_path: Path, sign: signal.Signals) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    code = f"import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n{IN_A_THREAD}"
    editor = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, start_new_session=True)
    _until((tmp_path / "pid").exists)
    script = int((tmp_path / "pid").read_text())
    assert Process.of(script) is not None
    editor.send_signal(sign)
    assert editor.wait(60) == -sign
    _until(lambda: Process.of(script) is None)


def test_in_a_thread_it_ends_when_nobody_waits_for_it(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT)
    over, ran = threading.Event(), list[Ran]()
    before = signal.getsignal(signal.SIGTERM)

    def run() -> None:
        ran.append(run_briefly([sys.executable, "train.py"], tmp_path, 600.0, {}, over.is_set))

    thread = threading.Thread(target=run)
    thread.start()
    _until((tmp_path / "pid").exists)
    over.set()
    thread.join(60)
    assert (ran[0].code, ran[0].why) == (None, "it was stopped: nobody waits for it any more")
    assert Process.of(int((tmp_path / "pid").read_text())) is None
    assert signal.getsignal(signal.SIGTERM) is before
