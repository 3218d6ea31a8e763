from pathlib import Path

from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.transfer.read_csv import read_csv
from hpo_tui.store.write import StudyWriter


def test_truth_values_come_back_as_such(tmp_path: Path) -> None:
    """SQLite stores true as 1: the reader still tells amp = true from layers = 1."""
    writer = StudyWriter(tmp_path / "study.db")
    writer.create_study("x", "", 0)
    writer.declare(["amp", "layers"], ["acc"])
    with StudyReader(tmp_path / "study.db") as reader:
        assert len(reader.frame()) == 0
        for number, amp in ((1, True), (2, False)):
            params = {"amp": amp, "layers": number}
            writer.add_trial(Trial(number, number, "full", TrialState.COMPLETE, 1.0, params))
        assert [t.params["amp"] for t in reader.trials()] == [True, False]
        assert [type(t.params["layers"]) for t in reader.trials()] == [int, int]
        frame = reader.frame()
        assert [frame.choices["amp"][int(v)] for v in frame.params["amp"]] == [True, False]
        assert "layers" not in frame.choices
    writer.close()
    again = StudyWriter(tmp_path / "study.db")
    again.add_trial(Trial(3, 3, "full", TrialState.COMPLETE, 1.0, {"amp": True}))
    again.close()


def test_choices_of_several_kinds_are_told_apart(tmp_path: Path) -> None:
    """A column that held numbers, then truth values, then text is read anew as choices."""
    writer = StudyWriter(tmp_path / "study.db")
    writer.create_study("x", "", 0)
    writer.declare(["mixed"], ["acc"])
    with StudyReader(tmp_path / "study.db") as reader:
        for number, value in enumerate((16, True, "auto", 2.5), start=1):
            params = {"mixed": value}
            writer.add_trial(Trial(number, number, "full", TrialState.COMPLETE, 1.0, params))
            frame = reader.frame()
            codes = frame.params["mixed"]
            choices = frame.choices.get("mixed")
            shown = [v if choices is None else choices[int(v)] for v in codes]
            assert shown == [16, True, "auto", 2.5][:number]
    writer.close()


def test_truths_are_read_as_any_program_writes_them(tmp_path: Path) -> None:
    table = tmp_path / "runs.csv"
    table.write_text("amp,loss\ntrue,1\nFalse,2\nTrue,3\nfalse,4\n", "utf-8")
    found = [t.params["amp"] for t in read_csv(table, "runs", {"loss": "minimize"}).trials]
    assert found == [True, False, True, False]
    assert {type(value) for value in found} == {bool}
