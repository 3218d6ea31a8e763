"""What scripts rely on: the JSON of status, best and export."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial
from tests.cli.conftest import some_trials


def test_status_is_the_contract(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    ran = hpo("status", "sparse", "--json")
    found = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert list(found) == [
        "study",
        "state",
        "reason",
        "spent",
        "budget",
        "lost",
        "trials",
        "tasks",
        "best",
        "running",
        "waits",
        "queued",
    ]
    assert found["study"] == "sparse"
    assert found["state"] == "finished"
    assert found["budget"] == 10
    assert found["spent"] == pytest.approx(7 * 0.25 + 0.1 + 4 * 0.75)
    assert found["lost"] == pytest.approx(0.25 + 0.25 + 0.1)  # pruned, failed, killed
    assert found["trials"] == {
        "waiting": 0, "running": 1, "complete": 8, "pruned": 1, "failed": 1, "killed": 1,
    }  # fmt: skip
    assert found["tasks"] == [
        {"name": "cheap", "cost": 0.25, "trials": 8, "spent": pytest.approx(1.85)},
        {"name": "full", "cost": 1.0, "trials": 4, "spent": pytest.approx(3.0)},
    ]
    assert found["best"] == [12]  # more accurate and with fewer weights than any other


def test_what_attempts_lost_is_lost_in_status_too(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], trials: list[Trial]
) -> None:
    """Three attempts of a complete trial were begun again."""
    trials[8] = replace(trials[8], charged=3.45, wasted=2.7)
    make_study(trials=trials)
    found = json.loads(hpo("status", "sparse", "--json").out)
    assert found["spent"] == pytest.approx(sum(t.charged for t in trials))
    assert found["lost"] == pytest.approx(0.6 + 2.7)
    assert "3.3 lost" in hpo("status", "sparse").out


@pytest.mark.parametrize(
    ("stored", "state", "way"),
    [
        ("running", "interrupted", "it has no runner; to continue it: hpo-tui resume sparse"),
        ("paused", "paused", "to continue it: hpo-tui resume sparse"),
        ("stopped", "stopped", "to continue it: hpo-tui resume sparse"),
        ("new", "new", "it has not been started; to start it: hpo-tui run sparse"),
    ],
)
def test_how_a_study_goes_on_is_told(
    hpo: Callable[..., Any],
    make_study: Callable[..., StudyFolder],
    stored: str,
    state: str,
    way: str,
) -> None:
    from hpo_tui.store.models import StudyState

    make_study(state=StudyState(stored))
    assert json.loads(hpo("status", "sparse", "--json").out)["state"] == state
    assert f"  {way}" in hpo("status").out.splitlines()


def test_commands_that_status_tells_of_work_where_it_was_asked(
    hpo: Callable[..., Any],
    make_study: Callable[..., StudyFolder],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from hpo_tui.store.models import StudyState
    from hpo_tui.store.write import StudyWriter

    folder = make_study(state=StudyState.PAUSED)
    writer = StudyWriter(folder.db)
    writer.update_study(reason="Mend it; `hpo-tui retry 5 -s sparse` runs that trial again.")
    writer.close()
    here = folder.path.parents[2]
    monkeypatch.chdir(here)
    path = folder.path.relative_to(here)
    said = hpo("status", folder.path).out
    assert f"`hpo-tui retry 5 -s {path}` runs" in said
    assert f"\n  to continue it: hpo-tui resume {path}\n" in said


def test_next_to_nothing_spent_is_no_share_of_a_task(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study(trials=[replace(some_trials()[0], charged=0.001)])
    rows = hpo("status").out.splitlines()
    assert not any("█" in row for row in rows)


def test_a_budget_is_told_in_its_unit(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], study_text: str
) -> None:
    budgets = {
        '"1 trial"': "of 1 trial spent",
        '"2 trials"': "of 2 trials spent",
        '"1 gpu-hour"': "of 1 GPU-hour spent",
        "1": "of 1 spent",
        '"8h"': "of 8h00 gone",
    }
    for budget, said in budgets.items():
        name = f"b{len(said)}"
        make_study(name, trials=[], text=study_text.replace("budget = 10", f"budget = {budget}"))
        assert said in hpo("status", name).out


def test_the_rest_of_the_best_is_asked_for_by_the_study_s_name(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], study_text: str
) -> None:
    lenient = re.sub(r"threshold = .*", "", study_text).replace("minimize", "maximize")
    for name in ("one", "two"):
        make_study(name, text=lenient)
    rest = hpo("best", "one", "-n", "1").out.splitlines()[-1].partition("(hpo-tui ")[2].rstrip(")")
    assert rest.startswith("best one -n ")
    assert len(hpo(*rest.split()).out.splitlines()) == 2 + int(rest.split()[-1])


def test_status_of_all_is_always_a_list(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study("one")
    assert [s["study"] for s in json.loads(hpo("status", "--json").out)] == ["one"]
    make_study("two")
    assert [s["study"] for s in json.loads(hpo("status", "--json").out)] == ["one", "two"]


def test_best_is_the_contract(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    found = json.loads(hpo("best", "sparse", "--json").out)
    assert len(found) == 1
    assert list(found[0]) == ["trial", "task", "params", "metrics", "meets"]
    assert (found[0]["trial"], found[0]["task"], found[0]["meets"]) == (12, "full", True)
    assert found[0]["metrics"] == {"accuracy": 0.92, "weights": 800, "latency": 5.0}


def test_the_command_of_the_best_can_be_run(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], study_text: str, tmp_path: Path
) -> None:
    command = """'printf "%s " {lr} {optimizer} {momentum} {epochs} {seed}'"""
    text = study_text.replace('["python", "train.py"]', command)
    folder = make_study(text=text)
    line = hpo("best", "sparse", "--command").out
    best = json.loads(hpo("best", "sparse", "--json").out)[0]["params"]
    wanted = [str(best[k]) for k in ("lr", "optimizer", "momentum") if k in best] + ["4", "0"]
    said = subprocess.run(line, shell=True, capture_output=True, text=True, cwd="/", check=True)
    assert line.startswith("printf ")
    assert said.stdout.split() == wanted
    other = tmp_path / "else where"
    other.mkdir()
    both = hpo("best", folder.path, "--command", "-n", 9, "--near")
    assert len(both.out.splitlines()) == 2
    folder.path.parent.rename(other / folder.path.parent.name)
    moved = hpo("best", other / ".hpo" / "sparse", "--command").out
    assert moved == f"cd '{other}' && {line}"
    assert hpo("best", "--json", "--command").code == 2


def test_the_command_of_the_best_names_the_study_s_folder(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], study_text: str
) -> None:
    command = '["echo", "--study", "{study_dir}", "{lr}"]'
    folder = make_study(text=study_text.replace('["python", "train.py"]', command))
    assert f"--study {folder.path} " in hpo("best", "sparse", "--command").out


def test_the_command_of_the_best_keeps_the_bytes_of_its_folder(
    make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    there = os.fsencode(tmp_path) + b"/\xff 'x'"
    os.mkdir(there)  # noqa: PTH102 - a path in bytes
    folder = make_study(root=Path(os.fsdecode(there)))
    words = [sys.executable, "-m", "hpo_tui", "best", str(folder.path), "--command"]
    said = subprocess.run(words, capture_output=True, cwd="/", check=True).stdout
    moved = subprocess.run(
        [b"sh", b"-c", said.partition(b" && ")[0] + b" && pwd"], capture_output=True, check=True
    )
    assert moved.stdout.rstrip(b"\n") == there


def test_no_best_has_no_command(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], study_text: str
) -> None:
    make_study(text=study_text.replace("threshold = 0.9", "threshold = 0.99"))
    ran = hpo("best", "--command")
    assert (ran.code, ran.out) == (1, "")
    assert "--near takes the nearest" in ran.err
    assert " HPO_PARAMS=" in hpo("best", "--command", "--near").out


def test_best_is_empty_when_nothing_meets_the_goals(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], study_text: str
) -> None:
    make_study(text=study_text.replace("threshold = 0.9", "threshold = 0.99"))
    assert json.loads(hpo("best", "--json").out) == []
    near = json.loads(hpo("best", "--json", "--near").out)
    assert {n["trial"] for n in near} == {9, 10, 11, 12}
    assert not any(n["meets"] for n in near)
    assert near[0]["trial"] == 12
    shown = hpo("best").out
    assert "None of 4 full trials meets all goals" in shown
    assert "0.92 !" in shown


def test_near_misses_follow_the_best_where_they_are_asked_for(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    said = "The nearest of those that miss a goal:"
    assert said not in hpo("best").out
    best, near = hpo("best", "--near").out.split(said)
    asked = [n["trial"] for n in json.loads(hpo("best", "--json", "--near").out) if not n["meets"]]
    assert "!" not in best
    found = [row.split()[0] for row in near.splitlines() if "!" in row]
    assert found == [*map(str, asked), "!"]  # the last line says what the mark means
    assert said not in hpo("best", "--near", "-n", 1).out


def test_export_json_is_one_line_a_trial(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    rows = [json.loads(line) for line in hpo("export", "sparse", "--json").out.splitlines()]
    assert [r["trial"] for r in rows] == list(range(1, 13))
    keys = "trial, state, task, cost, resumed_from, params, metrics, started, ended, exit_code, why"
    marks = ["task_cost", "starred", "tags", "note", "commit", "changes"]
    assert all(list(r) == [*keys.split(", "), *marks] for r in rows)
    spent = json.loads(hpo("status", "sparse", "--json").out)["spent"]
    assert sum(r["cost"] for r in rows) == pytest.approx(spent)
    assert rows[11]["resumed_from"] == 4
    assert rows[2] | {"params": 0} == {
        "trial": 3, "state": "failed", "task": "cheap", "cost": 0.25, "resumed_from": None,
        "params": 0, "metrics": {}, "started": 1e9 + 3, "ended": 1e9 + 5.5, "exit_code": 1,
        "why": "exit code 1", "task_cost": 0.25, "starred": False, "tags": [], "note": "",
        "commit": None, "changes": None,
    }  # fmt: skip
    assert rows[5]["metrics"]["weights"] is None  # no Infinity in JSON
    assert rows[4]["ended"] is None


def test_export_reports(hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]) -> None:
    make_study()
    rows = [json.loads(line) for line in hpo("export", "--reports").out.splitlines()]
    assert all(list(r) == ["trial", "step", "metrics"] for r in rows)
    assert [r["step"] for r in rows if r["trial"] == 12] == [1, 2, 3, 4]
    assert rows[0]["metrics"] == {"accuracy": 0.1, "weights": 1500.0}


def test_export_csv_reads_back(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    assert hpo("export", "--csv", "-o", "out.csv").code == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text("utf-8"))))
    assert len(rows) == 12
    assert float(rows[11]["metrics.accuracy"]) == 0.92
    assert {r["params.momentum"] == "" for r in rows} == {True, False}
    assert sorted(p.name for p in tmp_path.iterdir()) == [".hpo", "out.csv"]  # no .part left


def test_parquet_without_pyarrow_says_what_to_install(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "pyarrow", None)
    make_study()
    ran = hpo("export", "--parquet", "-o", "x.parquet")
    assert ran.code == 1
    assert "hpo-tui[parquet]" in ran.err


def test_a_dash_is_stdout(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    assert hpo("export", "--csv", "-o", "-").out == hpo("export", "--csv").out
    assert not (tmp_path / "-").exists()
    assert hpo("export", "--parquet", "-o", "-").code == 2


@pytest.mark.parametrize(
    "words", [["export"], ["export", "--parquet"], ["export", "--json", "--optuna", "x.db"]]
)
def test_export_asks_for_one_form(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], words: list[str]
) -> None:
    make_study()
    assert hpo(*words).code == 2
