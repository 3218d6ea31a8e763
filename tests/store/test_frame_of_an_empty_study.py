"""A reader that looked before the first trial was there."""

from pathlib import Path

from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


def test_text_that_comes_after_an_empty_frame(tmp_path: Path) -> None:
    writer = StudyWriter(tmp_path / "study.db")
    writer.create_study("s", "", 0)
    writer.declare(["optimizer"], ["loss"])
    with StudyReader(tmp_path / "study.db") as reader:
        assert len(reader.frame()) == 0
        trial = Trial(1, 1, "full", TrialState.RUNNING, 1.0, {"optimizer": "sgd"})
        writer.add_trial(trial)
        frame = reader.frame()
        assert frame.choices["optimizer"][int(frame.params["optimizer"][0])] == "sgd"
    writer.close()
