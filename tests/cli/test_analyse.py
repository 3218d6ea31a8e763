"""What is expected of a study is worked out where no runner does it."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.analysis.maps import maps
from hpo_tui.engine.analysis.slices import slices
from hpo_tui.engine.launch import LaunchError, analyse
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

pytestmark = pytest.mark.timeout(600)  # what is tested steps back for whatever else runs


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of 40 runs, whose loss is least at lr = 0.01 and depends on depth by little."""
    rng = random.Random(5)
    lines = ["lr,depth,net,loss"]
    for _ in range(40):
        lr, depth, net = 10 ** rng.uniform(-4, 0), rng.randint(1, 8), rng.choice(["cnn", "mlp"])
        loss = (math.log10(lr) + 2) ** 2 + 0.01 * depth + 0.3 * (net == "mlp")
        lines.append(f"{lr},{depth},{net},{loss}")
    path = tmp_path / "runs.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_an_imported_table_gets_slices_and_maps_without_a_trial(
    hpo: Callable[..., Any], table: Path, tmp_path: Path
) -> None:
    assert hpo("import", table, "--minimize", "loss").code == 0
    folder = StudyFolder(tmp_path / ".hpo" / "runs")
    with StudyReader(folder.db) as reader:
        before = reader.study(), reader.trials()
        assert not slices(reader)
    ran = hpo("analyse", "runs")
    assert ran.code == 0
    assert "along 3 parameters and over 3 pairs of them" in ran.err
    with StudyReader(folder.db) as reader:
        assert (reader.study(), reader.trials()) == before
        assert reader.get("optimizer") is None  # the next run begins as it would have
        along = {s.parameter: s for s in slices(reader)}
        over = {frozenset((m.across, m.up)) for m in maps(reader) or ()}
    lr = along["lr"]
    least = lr.values[lr.expected.index(min(lr.expected))]
    assert 0.003 < float(least) < 0.03
    assert {"lr", "depth"} in over
    assert folder.runner_pid() is None


def test_without_a_full_result_it_is_said_why_there_is_nothing(
    make_study: Callable[..., StudyFolder], trials: list[Trial]
) -> None:
    cheap = [t for t in trials if t.task == "cheap" and t.state is TrialState.COMPLETE]
    with pytest.raises(LaunchError, match="no trial is complete at full with a value of accuracy"):
        analyse(make_study(trials=cheap))


def test_a_running_study_is_left_to_its_runner(
    make_study: Callable[..., StudyFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study()
    monkeypatch.setattr("hpo_tui.engine.launch.starting.runner_pid", lambda _: 7)
    with pytest.raises(LaunchError, match="a runner works on the study"):
        analyse(folder)


def test_a_study_that_was_never_run_is_no_crash(
    hpo: Callable[..., Any], make_study: Callable[..., StudyFolder]
) -> None:
    make_study().db.unlink()
    ran = hpo("analyse", "sparse")
    assert ran.code == 1
    assert "Traceback" not in ran.err


def test_an_optimizer_that_fails_is_said_in_a_sentence(
    make_study: Callable[..., StudyFolder],
) -> None:
    folder = make_study()
    writer = StudyWriter(folder.db)
    writer.update_study(text="[study]\nname = 3\n")
    writer.close()
    with pytest.raises(LaunchError, match="name"):
        analyse(folder)


def test_what_an_older_version_left_out_is_added(
    make_study: Callable[..., StudyFolder], trials: list[Trial]
) -> None:
    """Two full results are enough, and a stale slice gives way."""
    full = [replace(t, metrics={**t.metrics, "latency": 5.0}) for t in trials if t.task == "full"]
    folder = make_study(trials=full)
    writer = StudyWriter(folder.db)
    writer.put("slices", [])
    writer.close()
    assert "pane 9" in analyse(folder)
    with StudyReader(folder.db) as reader:
        assert {s.metric for s in slices(reader)} == {"accuracy", "weights", "latency"}
