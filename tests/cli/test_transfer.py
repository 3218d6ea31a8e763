"""Studies out to Optuna and back, and in from programs that are not ours."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader


def rows(folder: Path) -> list[dict[str, Any]]:
    """What export --json tells of the study, times to the millisecond."""
    from hpo_tui.store.transfer.rows import record

    with StudyReader(folder / "study.db") as reader:
        found = [record(t) for t in reader.trials()]
    for row in found:
        for key in ("started", "ended"):
            row[key] = None if row[key] is None else round(row[key], 3)
    return found


@pytest.mark.parametrize("where", ["sqlite:///out.db", "out.sqlite3", "out.log"])
def test_optuna_round_trip(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path, where: str
) -> None:
    folder = make_study()
    ran = hpo("export", "--optuna", where)
    assert ran.code == 0
    assert "1 that has not ended is left out" in ran.err
    source = where.removeprefix("sqlite:///")
    assert hpo("import", source).code == 1  # the name is taken
    assert hpo("import", source, "--name", "again").code == 0
    before = [r for r in rows(folder.path) if r["state"] != "running"]
    for row in before:
        row["metrics"] = {k: v for k, v in row["metrics"].items() if v is not None}
    assert rows(tmp_path / ".hpo" / "again") == before
    status = json.loads(hpo("status", "again", "--json").out)
    assert (status["study"], status["state"], status["best"]) == ("again", "finished", [12])
    assert hpo("export", "sparse", "--optuna", where).code == 1  # never written over


def test_the_optuna_study_is_a_good_one(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    hpo("export", "--optuna", "sqlite:///out.db")
    study = optuna.load_study(study_name="sparse", storage="sqlite:///out.db")
    assert study.metric_names == ["accuracy", "weights"]
    assert [d.name for d in study.directions] == ["MAXIMIZE", "MINIMIZE"]
    states = [t.state.name for t in study.trials]
    assert {s: states.count(s) for s in states} == {"COMPLETE": 4, "PRUNED": 5, "FAIL": 2}
    assert [t.values for t in study.best_trials] == [[0.92, 800]]  # of the full task alone
    full = study.best_trials[0]
    assert full.intermediate_values == pytest.approx({1: 0.1, 2: 0.2, 3: 0.3, 4: 0.4})
    assert full.constraints == {"latency max": -3.0}
    assert full.distributions["lr"].to_external_repr(0.5) == 0.5
    assert full.user_attrs["task"] == "full"


def test_a_foreign_optuna_study(hpo: Callable[..., Any], tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/foreign.db"
    study = optuna.create_study(storage=storage, study_name="my / study")

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        layers = trial.suggest_int("layers", 1, 8, log=True)
        kind = trial.suggest_categorical("kind", ["a", None, 3, True])
        for step in range(3):
            trial.report(x + step, step)
        if trial.number == 2:
            raise optuna.TrialPruned
        if trial.number == 3:
            raise ValueError
        return x + layers + (kind is None)

    study.sampler = optuna.samplers.RandomSampler(seed=0)
    study.optimize(objective, n_trials=8, catch=ValueError)
    ran = hpo("import", storage)
    assert ran.code == 0, ran.err
    status = json.loads(hpo("status", "my-study", "--json").out)
    assert status["trials"] | {"complete": 6, "pruned": 1, "failed": 1} == status["trials"]
    best = json.loads(hpo("best", "my-study", "--json").out)
    assert best[0]["metrics"]["value"] == pytest.approx(study.best_value)
    assert best[0]["trial"] == study.best_trial.number + 1
    with StudyReader(tmp_path / ".hpo" / "my-study" / "study.db") as reader:
        assert [r.metrics["value"] for r in reader.reports(1)] == pytest.approx(
            list(study.trials[0].intermediate_values.values())
        )
    for named in (".hpo/my-study/study.toml", ".hpo/my-study", "my-study"):
        ran = hpo("check", named)
        assert (ran.code, "! the study has no command" in ran.out) == (0, True)


def test_which_optuna_study(hpo: Callable[..., Any], tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/two.db"
    for name in ("first", "second"):
        optuna.create_study(storage=storage, study_name=name).add_trial(
            optuna.create_trial(value=1.0)
        )
    ran = hpo("import", "two.db")
    assert ran.code == 1
    assert "first, second" in ran.err
    ran = hpo("import", "two.db", "--study", "second")
    assert ran.code == 1  # a trial without parameters is nothing to look at
    assert "space" in ran.err


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01garbage", b"SQLite format 3\x00 but not really"]
)
def test_what_is_no_storage(hpo: Callable[..., Any], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db").write_bytes(content)
    for source in ("x.db", "missing.db", "sqlite:///missing.db"):
        ran = hpo("import", source)
        assert ran.code == 1
        assert "bug" not in ran.err
        assert len(ran.err.splitlines()) == 1
    assert not (tmp_path / "missing.db").exists()


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


def test_what_was_exported_says_its_full_task(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], trials: list[Any]
) -> None:
    make_study("cheap", [t for t in trials if t.task == "cheap"])
    hpo("export", "cheap", "--csv", "-o", "t.csv")
    assert hpo("import", "t.csv", "--maximize", "accuracy").code == 0
    tasks = json.loads(hpo("status", "t", "--json").out)["tasks"]
    assert [(t["name"], t["cost"]) for t in tasks] == [("cheap", 0.25), ("full", 1.0)]
    assert json.loads(hpo("best", "t", "--json").out) == []  # nothing ran at the full task


def taught(folder: Path) -> int:
    """How many rows an optimizer would learn from the study's trials."""
    from hpo_tui.engine.execution.past import past_trials
    from hpo_tui.engine.optimizer.data import Builder
    from hpo_tui.engine.optimizer.ledger import Ledger
    from hpo_tui.engine.optimizer.space import Space
    from hpo_tui.engine.spec import StudySpec

    spec = StudySpec.load(folder / "study.toml")
    ledger = Ledger(spec)
    with StudyReader(folder / "study.db") as reader:
        ledger.restore(past_trials(reader, spec))
    return len(Builder(spec, Space(spec)).table(ledger).x)


def test_conditions_of_a_space_defined_by_running(hpo: Callable[..., Any], tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/run.db"
    study = optuna.create_study(
        storage=storage, study_name="run", sampler=optuna.samplers.RandomSampler(seed=1)
    )

    def objective(trial: optuna.Trial) -> float:
        kind = trial.suggest_categorical("kind", ["u", None, 3])
        layers = trial.suggest_int("layers", 1, 4)
        widths = [trial.suggest_int(f"width{i}", 8, 64) for i in range(layers)]
        drop = trial.suggest_float("drop", 0, 1) if kind == "u" and layers > 1 else 0.0
        if trial.number == 3:
            raise ValueError
        return trial.suggest_float("x", 0, 1) + drop + sum(widths)

    study.optimize(objective, n_trials=30, catch=ValueError)
    assert hpo("import", storage).code == 0
    folder = tmp_path / ".hpo" / "run"
    text = (folder / "study.toml").read_text("utf-8")
    assert "layers = [3, 4]" in text  # width2
    assert 'kind = ["u"]' in text
    assert taught(folder) == 29


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


def test_one_form_of_export_at_a_time(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study()
    for words in (["--csv", "--json"], ["--reports", "--optuna", "x.db"], []):
        ran = hpo("export", *words)
        assert ran.code == 2, words
        assert "say one of --csv" in ran.err
        assert ran.out == ""


@pytest.mark.parametrize("where", ["sqlite:///out.db", "out.log"])
@pytest.mark.parametrize("first", [True, False])
def test_an_export_that_breaks_off_leaves_no_half_study(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, *, where: str, first: bool,
) -> None:  # fmt: skip
    make_study()
    if not first:
        make_study("other")
        assert hpo("export", "other", "--optuna", where).code == 0
    there = sorted(p.name for p in tmp_path.iterdir())

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(optuna.study.Study, "add_trials", full)
        ran = hpo("export", "sparse", "--optuna", where)
    assert ran.code == 1
    assert f"{where} cannot be written: [Errno 28] No space left on device" in ran.err
    assert sorted(p.name for p in tmp_path.iterdir()) == there
    assert hpo("export", "sparse", "--optuna", where).code == 0


def test_a_pipe_is_written_as_it_is_and_a_link_stays_one(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    assert hpo("export", "sparse", "--csv", "-o", "plain.csv").code == 0
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cat", "pipe"], cwd=tmp_path, stdout=subprocess.PIPE) as cat:
        assert hpo("export", "sparse", "--csv", "-o", "pipe").code == 0
        read, _ = cat.communicate()
    assert read == (tmp_path / "plain.csv").read_bytes()
    assert (tmp_path / "pipe").is_fifo()
    line = f'"{sys.executable}" -m hpo_tui export sparse --csv -o /dev/stdout | cat'
    done = subprocess.run(line, shell=True, cwd=tmp_path, capture_output=True, check=True)
    assert done.stdout == read
    (tmp_path / "link.csv").symlink_to("target.csv")
    assert hpo("export", "sparse", "--csv", "-o", "link.csv").code == 0
    assert (tmp_path / "link.csv").readlink() == Path("target.csv")
    assert (tmp_path / "target.csv").read_bytes() == read


def test_a_number_that_no_trial_can_have_is_refused(
    hpo: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text("trial,params.lr,m\n99999999999999999999,1,2\n2,2,3\n")
    ran = hpo("import", "x.csv", "--minimize", "m")
    assert ran.code == 1
    assert "99999999999999999999 is too large for the number of a trial" in ran.err


def test_a_full_disk_leaves_no_part_of_a_table(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    (tmp_path / "out.csv.part").symlink_to("/dev/full")
    ran = hpo("export", "sparse", "--csv", "-o", "out.csv")
    assert ran.code == 1
    assert "out.csv cannot be written: No space left on device" in ran.err
    assert sorted(p.name for p in tmp_path.iterdir()) == [".hpo"]


def test_stars_tags_and_notes_go_out_as_a_table_and_come_back(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder], tmp_path: Path
) -> None:
    make_study()
    assert hpo("star", 2).code == 0
    assert hpo("tag", 2, "keep", "seed noise").code == 0
    assert hpo("note", 3, "diverged, see log\nagain").code == 0
    assert hpo("export", "--csv", "-o", "out.csv").code == 0
    head = (tmp_path / "out.csv").read_text().splitlines()[0].split(",")
    assert head[9:13] == ["task_cost", "starred", "tags", "note"]
    assert hpo("import", "out.csv", "--name", "back", "--maximize", "accuracy").code == 0
    with StudyReader(tmp_path / ".hpo" / "back" / "study.db") as reader:
        found = {t.number: (t.starred, t.tags, t.note) for t in reader.trials()}
    assert found[1] == (False, (), "")
    assert found[2] == (True, ("keep", "seed noise"), "")
    assert found[3] == (False, (), "diverged, see log\nagain")
