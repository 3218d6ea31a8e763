"""Studies out as tables and back, and in from tables that are not ours."""

import errno
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.transfer.tables import span
from hpo_tui.store.write import StudyWriter
from tests.cli.conftest import rows, taught


def test_csv_round_trip(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    folder = make_study()
    assert hpo("export", "--csv", "-o", "table.csv").code == 0
    words = ["--maximize", "accuracy", "--minimize", "weights"]
    assert hpo("import", "table.csv", *words, "--name", "again").code == 0
    before, after = rows(folder.path), rows(tmp_path / ".hpo" / "again")
    before[4] |= {"state": "killed"}  # it ran when it was exported, and will not end here
    assert [r["params"] for r in after] == [r["params"] for r in before]
    assert [r["state"] for r in after] == [r["state"] for r in before]
    assert [r["task"] for r in after] == [r["task"] for r in before]
    assert json.loads(hpo("best", "again", "--json").out)[0]["trial"] == 12


def test_any_table(hpo: Callable[..., Any], tmp_path: Path) -> None:
    table = "lr,depth,net,loss\n0.1,2,cnn,3.5\n0.001,4,mlp,1.5\n0.01,3,mlp,\n"
    (tmp_path / "runs.csv").write_text(table, "utf-8")
    assert hpo("import", "runs.csv").code == 2
    assert hpo("import", "runs.csv", "--minimize", "nope").code == 1
    assert hpo("import", "runs.csv", "--minimize", "loss").code == 0
    best = json.loads(hpo("best", "runs", "--json").out)
    assert best[0] == {
        "trial": 2, "task": "full", "params": {"lr": 0.001, "depth": 4, "net": "mlp"},
        "metrics": {"loss": 1.5}, "meets": True,
    }  # fmt: skip
    status = json.loads(hpo("status", "runs", "--json").out)
    assert status["trials"]["failed"] == 1  # the row without a result
    lr, depth, net = StudySpec.load(tmp_path / ".hpo" / "runs").space
    assert (lr.low, lr.high, lr.log) == (0.001, 0.1, True)  # two orders of magnitude
    assert (depth.low, depth.high, depth.log) == (2, 4, False)
    assert net.choices == ("cnn", "mlp")
    home, study = tmp_path / ".hpo", tmp_path / ".hpo" / "runs"
    assert study.stat().st_mode == home.stat().st_mode  # for whom folders are that one makes


def test_what_cannot_be_imported_says_what_could(
    hpo: Callable[..., Any], tmp_path: Path, make_study: Callable[..., StudyFolder], study_text: str
) -> None:
    (tmp_path / "words.csv").write_text("lr,loss\n0.1,low\n0.01,high\n", "utf-8")
    ran = hpo("import", "words.csv", "--minimize", "loss")
    assert (ran.code, "words.csv has no number in loss" in ran.err) == (1, True)
    (tmp_path / "words.jsonl").write_text('{"lr": 0.1, "loss": null}\n', "utf-8")
    assert "has no number in loss" in hpo("import", "words.jsonl", "--minimize", "loss").err
    (tmp_path / "study.toml").write_text(study_text, "utf-8")
    assert "a table ends in .csv" in hpo("import", "study.toml").err
    with closing(sqlite3.connect(tmp_path / "other.db")) as conn, conn:
        conn.execute("CREATE TABLE pictures (name TEXT)")
    for other in ("other.db", "sqlite:///other.db"):
        ran = hpo("import", other)
        assert ran.code == 1
        assert "is no storage of Optuna's" in ran.err
        assert "exceeding" not in ran.err
    own = make_study().db
    assert f"hpo-tui watch {own.parent} shows it" in hpo("import", own).err


def test_an_imported_study_runs_once_it_has_a_command(
    hpo: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "runs.csv").write_text("lr,loss\n0.1,3.5\n0.01,1.5\n", "utf-8")
    hpo("import", "runs.csv", "--minimize", "loss")
    hpo("extend", "1")
    file = tmp_path / ".hpo" / "runs" / "study.toml"
    ran = hpo("run", "runs", "--headless")
    assert ran.code == 1
    assert "the study has no command" in ran.err
    assert str(file) in ran.err
    assert len(rows(file.parent)) == 2
    (tmp_path / "train.py").write_text("print('loss=0.5')\n", "utf-8")
    text = file.read_text("utf-8").replace('["false"]', '"python train.py --lr {lr}"')
    file.write_text(text, "utf-8")
    assert hpo("run", "runs", "--headless").code == 0
    assert [r["metrics"] for r in rows(file.parent)] == [{"loss": v} for v in (3.5, 1.5, 0.5)]


def test_a_failed_import_leaves_nothing(hpo: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "twice.csv").write_text("trial,params.x,loss\n1,0.5,1\n1,0.6,2\n", "utf-8")
    ran = hpo("import", "twice.csv", "--minimize", "loss")
    assert ran.code == 1
    assert "same trial number" in ran.err
    assert not (tmp_path / ".hpo").exists()


def test_an_import_that_breaks_off_leaves_no_half_study(
    hpo: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "runs.csv").write_text("lr,loss\n0.1,1\n0.2,2\n", "utf-8")
    place = tmp_path / ".hpo" / "runs"

    for error, said in (
        (sqlite3.OperationalError("database or disk is full"), "cannot be written: database or"),
        (OSError(errno.EIO, "Input/output error"), "does not answer (Input/output error): try"),
    ):
        monkeypatch.setattr(StudyWriter, "add_trials", Mock(side_effect=error))
        ran = hpo("import", "runs.csv", "--minimize", "loss")
        assert (ran.code, f"nothing is imported: {place} {said}" in ran.err) == (1, True), ran.err
        assert list((tmp_path / ".hpo").iterdir()) == []


def test_imported_states_are_ended(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    hpo("export", "--csv", "-o", "t.csv")
    hpo("import", "t.csv", "--maximize", "accuracy")
    with StudyReader(tmp_path / ".hpo" / "t" / "study.db") as reader:
        assert all(t.state.ended for t in reader.trials())
        assert reader.counts()[TrialState.KILLED] == 2


def resumed_table(*, costs: bool) -> str:
    """Trials at ``look`` for 0.8, carried on for the margin: as ``export --csv`` writes them."""
    head = "trial,state,task,cost,resumed_from,params.a,metrics.loss" + ",task_cost" * costs
    rows = ["1,complete,look,0.8,,0.5,0.6", "2,complete,look,0.8,,0.25,0.1",
            "3,complete,full,0.2,1,0.5,0.5", "4,complete,full,1.1,2,0.25,0.3",
            "5,complete,full,0.2,2,0.25,0.3"]  # fmt: skip
    said = {"look": ",0.8", "full": ",1.0"}
    return "\n".join([head, *(r + said[r.split(",")[2]] * costs for r in rows)]) + "\n"


@pytest.mark.parametrize("costs", [True, False])
def test_promotions_do_not_make_the_cheap_task_the_full_one(
    hpo: Callable[..., Any], tmp_path: Path, costs: bool
) -> None:
    (tmp_path / "k.csv").write_text(resumed_table(costs=costs), "utf-8")
    assert hpo("import", "k.csv", "--minimize", "loss").code == 0
    tasks = json.loads(hpo("status", "k", "--json").out)["tasks"]
    assert [(t["name"], t["cost"]) for t in tasks] == [("look", 0.8), ("full", 1.0)]
    best = json.loads(hpo("best", "k", "--json").out)
    assert [(b["trial"], b["task"]) for b in best] == [(4, "full"), (3, "full")]


@pytest.mark.parametrize(("kind", "file"), [("--csv", "t.csv"), ("--json", "t.jsonl")])
def test_what_was_exported_says_its_full_task(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], trials: list[Any],
    kind: str, file: str,
) -> None:  # fmt: skip
    make_study("cheap", [t for t in trials if t.task == "cheap"])
    hpo("export", "cheap", kind, "-o", file)
    assert hpo("import", file, "--maximize", "accuracy").code == 0
    tasks = json.loads(hpo("status", "t", "--json").out)["tasks"]
    assert [(t["name"], t["cost"]) for t in tasks] == [("cheap", 0.25), ("full", 1.0)]
    assert json.loads(hpo("best", "t", "--json").out) == []  # nothing ran at the full task


@pytest.mark.parametrize("said", ["inf", "-Infinity", "1e999"])
def test_an_infinity_is_no_result(hpo: Callable[..., Any], tmp_path: Path, said: str) -> None:
    (tmp_path / "runs.csv").write_text(f"lr,loss\n0.1,{said}\n0.2,1.5\n", "utf-8")
    assert hpo("import", "runs.csv", "--minimize", "loss").code == 0
    found = rows(tmp_path / ".hpo" / "runs")
    assert [(r["state"], r["metrics"].get("loss")) for r in found] == [
        ("failed", None), ("complete", 1.5),
    ]  # fmt: skip


def test_nan_in_a_column_of_numbers_is_an_empty_cell(
    hpo: Callable[..., Any], tmp_path: Path
) -> None:
    # Only adam lacks lr among the complete rows, but the last one has failed with adam and lr.
    rows = [
        "lr,momentum,opt,loss",
        "0.1,0.9,sgd,1",
        "nan,NaN,adam,2",
        "0.3,0.5,sgd,3",
        "0.2,,adam,",
    ]
    table = "\n".join(rows)
    (tmp_path / "runs.csv").write_text(table, "utf-8")
    ran = hpo("import", "runs.csv", "--minimize", "loss")
    assert ran.code == 0
    assert "1 trial without lr" in ran.err
    assert "momentum" not in ran.err
    folder = tmp_path / ".hpo" / "runs"
    text = (folder / "study.toml").read_text("utf-8")
    assert text.count('type = "float"') == 2
    assert 'opt = ["sgd"]' in text
    assert taught(folder) == 2


@pytest.mark.parametrize(
    "table",
    [
        "lr;depth;net;loss\n0,1;2;cnn,small;3,5\n1e-3;4;mlp;1.250,5\n",
        "lr\tdepth\tnet\tloss\n0.1\t2\tcnn,small\t3.5\n0.001\t4\tmlp\t1250.5\n",
        '\ufefflr,depth,net,loss\r\n0.1,2,"cnn,small",3.5\r\n0.001,4,mlp,1250.5\r\n',
    ],
)
def test_a_table_of_another_spreadsheet(
    hpo: Callable[..., Any], tmp_path: Path, table: str
) -> None:
    (tmp_path / "runs.csv").write_text(table, "utf-8")
    assert hpo("import", "runs.csv", "--minimize", "loss").code == 0
    found = rows(tmp_path / ".hpo" / "runs")
    assert [r["metrics"]["loss"] for r in found] == [3.5, 1250.5]
    assert [r["params"] for r in found] == [
        {"lr": 0.1, "depth": 2, "net": "cnn,small"}, {"lr": 0.001, "depth": 4, "net": "mlp"},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("lr,loss,lr\n0.1,2,0.2\n", "two columns lr"),
        ("params.lr,params_lr,loss\n0.1,0.2,2\n", "two columns of the parameter lr"),
        ("lr,metrics.loss,loss\n0.1,2,3\n", "two columns of the metric loss"),
        ("lr,loss\n0,1,2\n", "line 2: 3 cells, and 2 in the header"),
        (",".join(f"p{i}" for i in range(1950)) + ",loss\n" + "1," * 1950 + "2\n", "1900 in all"),
    ],
)
def test_a_table_that_cannot_be_told_is_refused(
    hpo: Callable[..., Any], tmp_path: Path, table: str, said: str
) -> None:
    (tmp_path / "runs.csv").write_text(table, "utf-8")
    ran = hpo("import", "runs.csv", "--minimize", "loss")
    assert ran.code == 1
    assert said in ran.err
    assert not (tmp_path / ".hpo").exists()


def test_a_metric_may_be_called_as_what_an_export_says_of_each_trial(
    hpo: Callable[..., Any], tmp_path: Path
) -> None:
    table = "trial,task,params.lr,metrics.task\n1,cheap,0.1,5\n2,full,0.2,7\n"
    (tmp_path / "out.csv").write_text(table, "utf-8")
    assert hpo("import", "out.csv", "--name", "back", "--maximize", "task").code == 0
    found = rows(tmp_path / ".hpo" / "back")
    assert [(r["task"], r["metrics"]) for r in found] == [
        ("cheap", {"task": 5}), ("full", {"task": 7}),
    ]  # fmt: skip


def test_a_number_that_no_trial_can_have_is_refused(
    hpo: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text("trial,params.lr,m\n99999999999999999999,1,2\n2,2,3\n")
    ran = hpo("import", "x.csv", "--minimize", "m")
    assert ran.code == 1
    assert "99999999999999999999 is too large for the number of a trial" in ran.err


def test_stars_tags_and_notes_go_out_as_a_table_and_come_back(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    assert hpo("star", 2).code == 0
    assert hpo("tag", 2, "keep", "seed noise", "0.1, not 0.2", 'a "first"').code == 0
    assert hpo("note", 3, "diverged, see log\nagain").code == 0
    assert hpo("export", "--csv", "-o", "out.csv").code == 0
    head = (tmp_path / "out.csv").read_text().splitlines()[0].split(",")
    assert head[9:13] == ["task_cost", "starred", "tags", "note"]
    assert hpo("import", "out.csv", "--name", "back", "--maximize", "accuracy").code == 0
    with StudyReader(tmp_path / ".hpo" / "back" / "study.db") as reader:
        found = {t.number: (t.starred, t.tags, t.note) for t in reader.trials()}
    assert found[1] == (False, (), "")
    assert found[2] == (True, ("keep", "seed noise", "0.1, not 0.2", 'a "first"'), "")
    assert found[3] == (False, (), "diverged, see log\nagain")


def test_a_column_without_a_value_is_left_out(hpo: Callable[..., Any], tmp_path: Path) -> None:
    table = "params.lr,params.momentum,params.k,loss\n0.1,,nan,3.5\n0.01,,nan,1.5\n"
    (tmp_path / "runs.csv").write_text(table, "utf-8")
    ran = hpo("import", "runs.csv", "--minimize", "loss")
    assert ran.code == 0
    assert "left out because no trial has a value: params.momentum, params.k" in ran.err
    assert [r["params"] for r in rows(tmp_path / ".hpo" / "runs")] == [{"lr": 0.1}, {"lr": 0.01}]
    (tmp_path / "none.csv").write_text("params.lr,loss\n,3.5\n", "utf-8")
    ran = hpo("import", "none.csv", "--minimize", "loss")
    assert ran.code == 1
    assert "none.csv has no value of a parameter: params.lr" in ran.err


def test_cells_that_are_left_out_at_the_end_of_a_line_are_empty(
    hpo: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "runs.csv").write_text("loss,lr,note\n1,0.1,good\n2,0.2\n", "utf-8")
    assert hpo("import", "runs.csv", "--minimize", "loss").code == 0
    found = rows(tmp_path / ".hpo" / "runs")
    assert [(r["params"], r["note"]) for r in found] == [({"lr": 0.1}, "good"), ({"lr": 0.2}, "")]


def test_a_table_by_another_name(hpo: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "runs.tsv").write_text("lr\tloss\n0.1\t3.5\n0.01\t1.5\n", "utf-8")
    assert hpo("import", "runs.tsv", "--minimize", "loss").code == 0
    assert len(rows(tmp_path / ".hpo" / "runs")) == 2
    ran = hpo("import", "nowhere.csv")
    assert (ran.code, "nowhere.csv: no such file" in ran.err) == (1, True)


def test_a_table_that_cannot_be_written_is_named_as_it_was_said(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    ran = hpo("export", "--csv", "-o", "nowhere/table.csv")
    assert ran.code == 1
    target = tmp_path / "nowhere" / "table.csv"
    assert ran.err.strip() == (
        f"hpo-tui: nothing is written: {target.parent} is not there (No such file or directory)"
    )


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_the_parameters_of_a_table_can_be_named(
    hpo: Callable[..., Any], tmp_path: Path, kind: str
) -> None:
    runs = [{"Name": "calm-sun-1", "lr": 0.1, "params.depth": 2, "loss": 3.5},
            {"Name": "red-sky-2", "lr": 0.01, "params.depth": 4, "loss": 1.5}]  # fmt: skip
    file = tmp_path / f"runs.{kind}"
    head = ",".join(runs[0])
    table = [head, *(",".join(map(str, run.values())) for run in runs)]
    lines = table if kind == "csv" else [json.dumps(run) for run in runs]
    file.write_text("\n".join(lines), "utf-8")
    words = ["import", file.name, "--minimize", "loss"]
    assert hpo(*words, "--parameter", "lr", "--parameter", "depth").code == 0
    found = rows(tmp_path / ".hpo" / "runs")
    assert [r["params"] for r in found] == [{"lr": 0.1, "depth": 2}, {"lr": 0.01, "depth": 4}]
    ran = hpo(*words, "--parameter", "momentum")
    assert ran.code == 1
    assert "there is no column momentum; there are Name, lr, params.depth, loss" in ran.err
    assert hpo("import", "x.db", "--parameter", "lr").code == 2


def test_a_range_is_logarithmic_where_its_values_lie_evenly_so(
    hpo: Callable[..., Any], tmp_path: Path
) -> None:
    """The least of many values between 0 and 1 is near 0, and yet they were drawn evenly."""
    lines = ["lr,dropout,batch,loss"]
    for i in range(200):
        at = (i + 0.5) / 200
        lines.append(f"{10 ** (-4 * at)},{at * 0.5},{2 ** (i % 9)},{at}")
    (tmp_path / "runs.csv").write_text("\n".join(lines) + "\n", "utf-8")
    assert hpo("import", "runs.csv", "--minimize", "loss").code == 0
    spec = StudySpec.load(tmp_path / ".hpo" / "runs" / "study.toml")
    assert {p.name: p.log for p in spec.space} == {"lr": True, "dropout": False, "batch": True}


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ((0.0308647630736123, 0.1, 0.7), 0.03086, 0.7),
        ((0.00003086476307361, 0.001, 0.30123456), 3.0864e-05, 0.30124),  # on a log scale
        ((0.5, 0.7, 0.999999999), 0.5, 0.999999999),  # never 1
        ((1e-9, 0.5, 0.9), 1e-9, 0.9),  # never 0
        ((-5.123456789, 0.0), -5.1235, 0.0),
        ((-1.7e308, 1.7976931348623157e308), -1.7e308, 1.7976931348623157e308),
        ((123456.789012345, 123456.789012346), 123456.789012345, 123456.789012346),
    ],
)
def test_a_range_has_the_digits_that_it_needs(
    values: tuple[float, ...], low: float, high: float
) -> None:
    found = span(values, whole=False)
    assert (found.low, found.high) == (low, high)
    assert found.low <= min(values)
    assert max(values) <= found.high
