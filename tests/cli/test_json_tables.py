"""Studies out as JSON lines and back, and in from JSON that is not ours."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial
from hpo_tui.store.read import StudyReader
from tests.cli.conftest import rows

GOALS = ["--maximize", "accuracy", "--minimize", "weights"]


def test_json_goes_out_and_comes_back_with_marks_and_curves(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], trials: list[Trial],
    tmp_path: Path,
) -> None:  # fmt: skip
    trials[10] = replace(trials[10], starred=True, tags=("a, b", "ü"), note="two\nlines")
    trials[4] = replace(trials[4], state=trials[3].state)  # none runs
    folder = make_study(trials=trials)
    assert hpo("export", "--json", "-o", "t.jsonl").code == 0
    assert hpo("export", "--reports", "-o", "curves.jsonl").code == 0
    again = hpo("import", "t.jsonl", *GOALS, "--reports", "curves.jsonl", "--name", "again")
    assert (again.code, again.out) == (0, "")
    copy = tmp_path / ".hpo" / "again"
    before, after = rows(folder.path), rows(copy)
    for row in before:  # a number that is not finite is null in JSON, which is none
        row["metrics"] = {k: v for k, v in row["metrics"].items() if v is not None}
    assert after == before
    assert after[10]["tags"] == ["a, b", "ü"]
    with StudyReader(folder.db) as one, StudyReader(copy / "study.db") as two:
        for trial in one.trials():
            assert two.reports(trial.number) == one.reports(trial.number)
            assert two.trial(trial.number).step == trial.step
    best = json.loads(hpo("best", "sparse", "--json").out)
    assert json.loads(hpo("best", "again", "--json").out)[0]["params"] == best[0]["params"]
    tasks = json.loads(hpo("status", "again", "--json").out)["tasks"]
    assert [(t["name"], t["cost"]) for t in tasks] == [("cheap", 0.25), ("full", 1.0)]


def test_values_keep_their_types(hpo: Callable[..., Any], tmp_path: Path) -> None:
    given = [{"lr": 0.1, "n": 2, "amp": True, "net": "1", "loss": 3},
             {"lr": 1, "n": 4, "amp": False, "net": 1, "loss": 2.5}]  # fmt: skip
    (tmp_path / "runs.json").write_text(json.dumps(given), "utf-8")
    assert hpo("import", "runs.json", "--minimize", "loss").code == 0
    found = [r["params"] for r in rows(tmp_path / ".hpo" / "runs")]
    assert found == [{k: v for k, v in one.items() if k != "loss"} for one in given]
    assert [type(r["amp"]) for r in found] == [bool, bool]
    assert [type(r["net"]) for r in found] == [str, int]
    kinds = {p.name: str(p.kind) for p in StudySpec.load(tmp_path / ".hpo" / "runs").space}
    assert kinds == {"lr": "float", "n": "int", "amp": "categorical", "net": "categorical"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no column loss"),
        ('{"params": {"lr": 1}, "loss": 1}\n{"params"\n', "line 2: no JSON"),
        ("[1]", "line 1: not an object"),
        ('{"params": {"lr": [1]}, "loss": 1}', "params.lr is [1], and not a number or a text"),
        ('{"params": {"lr": 1}, "loss": "low"}', "loss is 'low', and not a number"),
        ('{"trial": 1, "step": 3, "metrics": {"loss": 1}}', "line 1: a report, and no trial"),
        ('{"trial": 1, "lr": 1, "loss": 1}\n{"trial": 1, "lr": 2, "loss": 1}', "same trial number"),
        ('{"trial": 1.5, "lr": 1, "loss": 1}', "trial is 1.5, and not a whole number"),
        ('{"lr": null, "loss": 1}', "has no value of a parameter"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(
    hpo: Callable[..., Any], tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "runs.jsonl").write_text(text, "utf-8")
    ran = hpo("import", "runs.jsonl", "--minimize", "loss")
    assert ran.code == 1
    assert said in ran.err
    assert not (tmp_path / ".hpo").exists()


def test_reports_of_other_trials_are_refused(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    (tmp_path / "runs.csv").write_text("lr,loss\n0.1,3.5\n0.01,1.5\n", "utf-8")
    curve = tmp_path / "c.jsonl"
    curve.write_text('{"trial": 7, "step": 1, "metrics": {"loss": 1}}\n', "utf-8")
    words = ["import", "runs.csv", "--minimize", "loss", "--reports", "c.jsonl"]
    ran = hpo(*words)
    assert ran.code == 1
    assert "line 1: a report of trial 7, which is not here" in ran.err
    curve.write_text('{"lr": 7}\n', "utf-8")
    assert "line 1: no report" in hpo(*words).err
    curve.write_text('{"trial": 2, "step": 1, "metrics": {"loss": 1}}\n', "utf-8")
    assert hpo(*words).code == 0
    make_study()
    assert hpo("export", "sparse", "--optuna", "x.db").code == 0
    ran = hpo("import", "x.db", "--reports", "c.jsonl", "--name", "again")
    assert ran.code == 2
    assert "--reports is for a table" in ran.err


def test_a_journal_of_optuna_is_one_whatever_its_name(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    assert hpo("export", "--optuna", "x.log").code == 0
    (tmp_path / "x.log").rename(tmp_path / "x.jsonl")
    assert hpo("import", "x.jsonl", "--name", "again").code == 0
    assert len(rows(tmp_path / ".hpo" / "again")) == 11  # the one that ran was left out


@pytest.mark.parametrize(
    ("began", "ended"),
    [
        ("1700000000", "1700000060"),
        ("1700000000123", "1700000060123"),
        ("1700000000000000", "1700000060000000"),
        ("1700000000000000000", "1700000060000000000"),
        ('"2023-11-14T22:13:20Z"', '"2023-11-14T23:14:20+01:00"'),
    ],
)
def test_times_are_read_in_the_unit_that_they_are_in(
    hpo: Callable[..., Any], tmp_path: Path, began: str, ended: str
) -> None:
    rest = f'"metrics": {{"a": 1}}, "started": {began}, "ended": {ended}}}\n'
    (tmp_path / "t.jsonl").write_text("".join(f'{{"params": {{"x": {x}}}, {rest}' for x in (1, 2)))
    (tmp_path / "c.csv").write_text(
        "x,a,started,ended\n" + "".join(f"{x},1,{began},{ended}\n" for x in (1, 2))
    )
    for table in ("t.jsonl", "c.csv"):
        assert hpo("import", table, "--maximize", "a").code == 0
        with StudyReader(StudyFolder(tmp_path / ".hpo" / table[0]).db) as reader:
            trial = reader.trials()[0]
        assert trial.started == pytest.approx(1700000000, abs=1)
        assert trial.duration == pytest.approx(60)


@pytest.mark.parametrize("when", ["-5", "1e300", "nan", "yesterday"])
def test_a_time_that_is_none_is_left_out(
    hpo: Callable[..., Any], tmp_path: Path, when: str
) -> None:
    (tmp_path / "c.csv").write_text(f"x,a,started\n1,1,{when}\n2,1,\n")
    assert hpo("import", "c.csv", "--maximize", "a").code == 0
    with StudyReader(StudyFolder(tmp_path / ".hpo" / "c").db) as reader:
        assert reader.trials()[0].started is None
