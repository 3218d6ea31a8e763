"""A runner on a box of eight GPUs: what it says while none can be had, and when one comes back."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.gpu_locks import VARIABLE
from hpo_tui.engine.launch import send
from hpo_tui.engine.waiting import BESIDE, KEY
from hpo_tui.store.models import TrialState
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.words.first_result import first_result_text
from hpo_tui.tui.words.header import header_pieces
from hpo_tui.tui.words.status_lines import waits_lines

GIB = 1 << 30
BOX = Path(__file__).parent / "box"


@pytest.fixture
def box(tmp_path: Path, make_study: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that says how the GPUs are from now on; ``make_study`` comes before."""
    del make_study
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(BOX), os.environ["PYTHONPATH"]]))
    monkeypatch.setenv("BOX", str(tmp_path / "box.json"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "locks"))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def put(gpus: int = 8, **each: Any) -> None:
        each_of = [{"uuid": f"GPU-{n}", **each} for n in range(gpus)]
        fresh = tmp_path / "box.new"
        fresh.write_text(json.dumps(each_of))
        fresh.replace(tmp_path / "box.json")

    return put


def test_what_keeps_every_trial_from_starting_is_told(
    make_study: Any, box: Callable[..., None]
) -> None:
    box(processes={str(os.getpid()): 12 * GIB})
    study = make_study("report(accuracy=0.5)", gpus='"all"').started()
    study.until(lambda: study.get(KEY))
    picture: Snapshot = read_once(study.folder)
    line, way = waits_lines(picture)
    assert way == BESIDE
    assert line.startswith("waits: GPU0 to GPU7 are in use by ")
    assert "No trial can start:\nGPU0 to GPU7 are in use by " in first_result_text(picture)
    assert ("waits for a GPU", "warn") in header_pieces(picture, 80)[0]
    assert f"pid {os.getpid()}" in picture.devices[0].others
    box()
    study.gone()
    assert study.trial().state == "complete"
    assert study.trial().device.startswith("GPU-")
    assert waits_lines(read_once(study.folder)) == []


def test_gpus_that_others_use_are_used_once_the_study_says_so(
    make_study: Any, box: Callable[..., None]
) -> None:
    box(context=13 * GIB)
    study = make_study("report(accuracy=0.5)", gpus='"all"').started()
    waits = study.until(lambda: study.get(KEY))
    assert waits.startswith("GPU0 to GPU7 are in use by what cannot be seen from here (13.0 GiB")
    text = study.study().text.replace("[resources]", '[resources]\nbusy_gpus = "use"')
    assert send(study.folder, "edit", {"text": text}).ok
    study.gone()
    assert study.trial().device.startswith("GPU-")


def test_gpus_that_come_back_are_told_of(make_study: Any, box: Callable[..., None]) -> None:
    box()
    study = make_study("hold(); report(accuracy=0.5)", gpus='"all"').started()
    study.running()
    for _ in range(2):  # each time anew
        before = len(study.events("quarantine")), len(study.events("device"))
        box(lost=True)
        study.until(lambda n=before[0]: len(study.events("quarantine")) >= n + 8)
        box()
        study.until(lambda n=before[1]: len(study.events("device")) >= n + 8)
    assert study.events("quarantine")[0].text == (
        "GPU0 does not answer (GPU is lost): nothing more is started there"
    )
    assert [e.text for e in study.events("device")][:8] == [
        f"GPU{n} is used again" for n in range(8)
    ]
    study.go()
    study.gone()


ON_ITS_OWN = """
def hold_on(n):
    while not os.path.exists(f"go-{n}"): time.sleep(0.02)
n = given["trial"]
hold_on(n)
if n == 1 and not os.path.exists("once"):
    open("once", "w").close()
    print("CUDA out of memory")
    sys.exit(1)
report(accuracy=0.5)
"""


def test_others_start_while_a_gpu_is_run_empty_for_a_trial(
    make_study: Any, box: Callable[..., None], tmp_path: Path
) -> None:
    study = make_study(ON_ITS_OWN, gpus="[0, 1]", resources="trials_per_gpu = 2", budget=6)
    box()

    def go(*numbers: int) -> None:
        for number in numbers:
            (tmp_path / f"go-{number}").touch()

    study.start()
    study.running(4)
    go(1)  # it runs out of memory, and is to be alone next time
    study.until(lambda: study.trial(1).state is TrialState.WAITING)
    assert study.trial(1).device == study.trial(3).device
    go(2)
    assert study.running(5).device == study.trial(2).device
    assert study.trial(1).state is TrialState.WAITING
    go(3)
    study.ended(1)
    assert (study.trial(1).attempt, study.trial(1).device) == (2, study.trial(3).device)
    go(4, 5, 6)
    study.gone()
    assert {t.state for t in study.trials()} == {TrialState.COMPLETE}


def test_what_ran_out_of_memory_one_after_the_other_runs_again_without_a_pause(
    make_study: Any, box: Callable[..., None]
) -> None:
    box(gpus=1)
    script = """
        if given["attempt"] == 1:
            while not os.path.exists(f"out{given['trial']}"): time.sleep(0.02)
            sys.exit("torch.OutOfMemoryError: CUDA out of memory.")
        report(accuracy=0.5)
    """
    resources = "trials_per_gpu = 4"
    study = make_study(script, gpus='"all"', budget=4, resources=resources).started()
    study.until(lambda: [t.state for t in study.trials()] == [TrialState.RUNNING] * 4)
    for number in (1, 2, 3, 4):  # the GPU is kept for the first, the later ones come before it
        (study.folder.path.parent.parent / f"out{number}").touch()
        if number < 4:
            study.until(lambda n=number: study.trial(n).state is TrialState.WAITING)
    study.gone(30.0)
    assert [(t.state, t.attempt) for t in study.trials()] == [(TrialState.COMPLETE, 2)] * 4


def test_a_trial_that_is_too_large_for_an_empty_gpu_is_not_tried_again(
    make_study: Any, box: Callable[..., None]
) -> None:
    box(gpus=1)
    script = 'sys.exit("torch.OutOfMemoryError: CUDA out of memory.")'
    failed = make_study(script, gpus='"all"').run().trial()  # what is left pays for no other
    assert (failed.state, failed.attempt) == (TrialState.FAILED, 1)
    assert failed.reason.endswith("No other trial was on its device.")
