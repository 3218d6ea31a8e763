"""A study whose folder is renamed while its runner works: whoever asks for something is told."""

from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import LaunchError, send
from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.cli.asking_runner import ensure_runner


def test_a_study_renamed_while_it_runs_says_so_to_who_asks(
    make_study: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)")
    pid = study.start()
    study.running(1, reports=1)
    before = study.folder.path
    study.folder = StudyFolder(before.rename(before.with_name("renamed")))
    assert study.folder.sought_at(pid) == before
    told = (
        f"renamed was renamed while it ran: its runner (process {pid}) waits half a minute for"
        f" {before} to be back, then ends with its trials. Give it its name back, or continue it"
        f" with `hpo-tui run {study.folder.path}`"
    )
    for action, more in (("pause", ""), ("retry", ", which then does what was asked")):
        with pytest.raises(LaunchError) as refused:
            send(study.folder, action, {"trial": 1})
        assert str(refused.value) == f"{told}{more}"

    study.folder.path.rename(before)
    study.folder = StudyFolder(before)

    assert study.folder.sought_at(pid) is None
    assert send(study.folder, "pause").ok
    assert not ensure_runner(study.folder)
    assert "renamed" not in capfd.readouterr().err


def test_a_study_opened_through_a_link_is_where_its_runner_looks(
    make_study: Any, tmp_path: Path
) -> None:
    study = make_study("report(step=1, accuracy=0.5); hold(); report(accuracy=1)")
    pid = study.start()
    study.running(1, reports=1)
    link = tmp_path / "link"
    link.symlink_to(study.folder.path)
    assert StudyFolder(link).sought_at(pid) is None
    assert StudyFolder(link).sought_at(None) is None
