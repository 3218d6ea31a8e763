"""Studies out to Optuna and back, and in from those that are not ours."""

import gc
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.read import StudyReader
from tests.cli.conftest import rows, taught


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
    goals = [StudySpec.load(f).objectives for f in (folder.path, tmp_path / ".hpo" / "again")]
    assert goals[0] == goals[1]
    status = json.loads(hpo("status", "again", "--json").out)
    assert (status["study"], status["state"], status["best"]) == ("again", "finished", [12])
    ran = hpo("export", "sparse", "--optuna", where)
    assert (ran.code, "holds a study sparse already" in ran.err) == (1, True)


def test_the_optuna_study_is_a_good_one(
    hpo: Callable[..., Any],
    make_study: Callable[..., StudyFolder],
    storage_of: Callable[[str], Any],
) -> None:
    make_study()
    hpo("export", "--optuna", "sqlite:///out.db")
    study = optuna.load_study(study_name="sparse", storage=storage_of("sqlite:///out.db"))
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


def test_a_foreign_optuna_study(
    hpo: Callable[..., Any], tmp_path: Path, storage_of: Callable[[str], Any]
) -> None:
    storage = f"sqlite:///{tmp_path}/foreign.db"
    study = optuna.create_study(storage=storage_of(storage), study_name="my / study")

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        layers = trial.suggest_int("layers", 1, 8, log=True)
        trial.suggest_int("width", 16, 64, step=16)
        trial.suggest_float("drop", 0, 1, step=0.25)
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
        for trial, theirs in zip(reader.trials()[2:4], study.trials[2:4], strict=True):
            assert trial.metrics == {"value": theirs.intermediate_values[2]}  # pruned, and failed
    space = {p.name: p for p in StudySpec.load(tmp_path / ".hpo" / "my-study").space}
    assert (space["layers"].log, space["x"].log) == (True, False)
    assert [space[name].step for name in ("width", "drop", "x")] == [16, 0.25, None]
    for named in (".hpo/my-study/study.toml", ".hpo/my-study", "my-study"):
        ran = hpo("check", named)
        assert (ran.code, "! the study has no command" in ran.out) == (0, True)


def test_which_optuna_study(
    hpo: Callable[..., Any], tmp_path: Path, storage_of: Callable[[str], Any]
) -> None:
    storage = storage_of(f"sqlite:///{tmp_path}/two.db")
    for name in ("first", "second"):
        optuna.create_study(storage=storage, study_name=name).add_trial(
            optuna.create_trial(value=1.0)
        )
    ran = hpo("import", "two.db")
    assert ran.code == 1
    assert "several studies, say which with --study: first, second" in ran.err
    assert "holds no study third: first, second" in hpo("import", "two.db", "--study", "third").err
    ran = hpo("import", "two.db", "--study", "second")
    assert ran.code == 1  # a trial without parameters is nothing to look at
    assert "space" in ran.err


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01garbage", b"SQLite format 3\x00 but not really"]
)
def test_what_is_no_storage(hpo: Callable[..., Any], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.db").write_bytes(content)
    for source in ("x.db", "missing.db", "sqlite:///missing.db"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            ran = hpo("import", source)
            gc.collect()  # what Optuna had opened before it gave up
        assert ran.code == 1
        assert "bug" not in ran.err
        assert len(ran.err.splitlines()) == 1
    assert not (tmp_path / "missing.db").exists()


def test_conditions_of_a_space_defined_by_running(
    hpo: Callable[..., Any], tmp_path: Path, storage_of: Callable[[str], Any]
) -> None:
    storage = f"sqlite:///{tmp_path}/run.db"
    study = optuna.create_study(
        storage=storage_of(storage),
        study_name="run",
        sampler=optuna.samplers.RandomSampler(seed=1),
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


def test_a_file_of_something_else_holds_no_optuna_study(
    hpo: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "x.bin").write_bytes(b"\xffno line")
    ran = hpo("import", "x.bin")
    assert ran.code == 1
    assert ran.err == "hpo-tui: x.bin holds no Optuna study\n"
