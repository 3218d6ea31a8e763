"""What a command without a runner says when it cannot be done."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import LaunchError, create_study, send
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from tests.cli.conftest import TEXT

MakeStudy = Callable[..., StudyFolder]


@pytest.mark.parametrize("action", ["retry", "promote", "confirm", "enqueue"])
def test_a_finished_study_is_extended_first(make_study: MakeStudy, action: str) -> None:
    with pytest.raises(LaunchError, match=r"finished.*`hpo-tui extend sparse AMOUNT`, then"):
        send(make_study(), action, {"trial": 1})
    stopped = make_study("other", state=StudyState.STOPPED)
    with pytest.raises(LaunchError, match="start it with `hpo-tui run other`"):
        send(stopped, action, {"trial": 1})


@pytest.mark.parametrize("action", ["star", "extend", "archive"])
def test_a_folder_that_cannot_be_written_is_named(
    make_study: MakeStudy, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    folder = make_study()
    real = os.open

    def closed(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if Path(path) == folder.lock and flags & os.O_CREAT:
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", closed)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(LaunchError) as caught:
        send(folder, action, {"trial": 1, "on": True, "amount": 2})
    assert f"the folder {folder.path} cannot be written by you" in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_a_study_that_is_gone_is_said_to_be(make_study: MakeStudy, tmp_path: Path) -> None:
    folder = make_study()
    folder.path.rename(tmp_path / "elsewhere")
    with pytest.raises(LaunchError, match="the study is gone") as caught:
        send(folder, "star", {"trial": 1, "on": True})
    assert "Errno" not in str(caught.value)


def test_a_definition_that_never_ran_leaves_no_columns(study_text: str, tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    file.write_text(study_text.replace("NAME", "sparse"), "utf-8")
    folder = create_study(file, tmp_path / HOME)
    new = study_text.replace("NAME", "sparse").replace("latency", "joules").replace("lr", "rate")
    file.write_text(new, "utf-8")
    assert create_study(file, tmp_path / HOME).path == folder.path
    spec = StudySpec.load(file)
    with StudyReader(folder.db) as reader:
        frame = reader.frame()
    assert set(frame.params) == {p.name for p in spec.space}
    assert set(frame.metrics) == set(spec.metric_names)
    file.write_text(study_text.replace("NAME", "sparse"), "utf-8")
    create_study(file, tmp_path / HOME)
    with StudyReader(folder.db) as reader:
        assert set(reader.frame().params) == {p.name for p in StudySpec.load(file).space}


def test_wall_time_is_lost_by_nobody(make_study: MakeStudy, hpo: Callable[..., Any]) -> None:
    make_study(text=TEXT.replace("budget = 10", 'budget = "8h"'))
    assert '"lost": null' in hpo("status", "sparse", "--json").out
    assert "lost" not in hpo("status", "sparse").out
