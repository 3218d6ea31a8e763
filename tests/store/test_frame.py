"""A study's trials as columns: whole, in order, and only what changed read again."""

from pathlib import Path

import pytest

from hpo_tui.store import columns
from hpo_tui.store.models import Trial, TrialState, Value
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


def trial(number: int, **params: Value) -> Trial:
    return Trial(number, number, "full", TrialState.RUNNING, 1.0, params or {"lr": 0.1})


def test_text_that_comes_after_an_empty_frame(writer: StudyWriter, reader: StudyReader) -> None:
    writer.declare(["optimizer"], ["loss"])
    assert len(reader.frame()) == 0
    writer.add_trial(trial(1, optimizer="sgd"))
    frame = reader.frame()
    assert frame.choices["optimizer"][int(frame.params["optimizer"][0])] == "sgd"


def test_a_frame_is_renewed_from_what_changed(writer: StudyWriter, reader: StudyReader) -> None:
    writer.add_trials([trial(n, x=n / 2, c="b") for n in range(1, 6)])
    first = reader.frame()
    assert reader.frame() is first
    assert first.params["x"].tolist() == [0.5, 1, 1.5, 2, 2.5]
    writer.update_trial(3, state=TrialState.COMPLETE, metrics={"a": 9.0})
    writer.add_trial(trial(6, x=9.0, c="z", late=1))
    second = reader.frame()
    assert second.number.tolist() == [1, 2, 3, 4, 5, 6]
    assert second.metrics["a"][2] == 9.0
    assert second.params["late"][5] == 1
    assert second.choices["c"] == ("b", "z")
    assert len(first.number) == 5


def test_columns_come_in_the_order_in_which_they_were_declared(
    writer: StudyWriter, reader: StudyReader
) -> None:
    writer.declare(["lr", "b", "a"], ["y", "x"])
    writer.add_trial(trial(1, a=1, b=2, late=3))
    assert list(reader.frame().params) == list(reader.columns("p").values())
    assert list(reader.frame().params) == ["lr", "b", "a", "late"]
    assert list(reader.frame().metrics) == list(reader.columns("m").values()) == ["y", "x"]


def test_rows_that_did_not_change_are_not_read_again(
    writer: StudyWriter, reader: StudyReader
) -> None:
    writer.add_trials([trial(n) for n in range(1, 4)])
    reader.frame()
    writer.conn.execute("UPDATE trials SET cost = 9")  # behind the back of who counts changes
    writer.update_trial(2, charged=0.5)
    assert reader.frame().cost.tolist() == [1, 9, 1]


def test_what_the_next_writer_changes_is_seen(
    writer: StudyWriter, reader: StudyReader, tmp_path: Path
) -> None:
    writer.add_trials([trial(n) for n in range(1, 4)])
    reader.frame()
    after = StudyWriter(tmp_path / "study.db")
    after.update_trial(2, charged=0.5)
    after.close()
    assert reader.frame().charged.tolist() == [0, 0.5, 0]


@pytest.mark.parametrize("chunk", [1, 2, 3, 4])
def test_a_frame_is_whole_however_many_rows_are_fetched_at_once(
    writer: StudyWriter, reader: StudyReader, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "_CHUNK", chunk)
    writer.add_trials([trial(n, x=n, c="ab"[n % 2]) for n in range(1, 4)])
    found = reader.frame()
    assert found.number.tolist() == found.params["x"].tolist() == [1, 2, 3]
    assert [found.choices["c"][int(code)] for code in found.params["c"]] == ["b", "a", "b"]


def test_trials_come_in_the_order_of_their_numbers_whenever_they_were_begun(
    writer: StudyWriter, reader: StudyReader
) -> None:
    for number in (4, 2, 5, 1):
        writer.add_trial(trial(number, x=number))
        frame = reader.frame()
        assert frame.number.tolist() == frame.params["x"].tolist() == sorted(frame.number)
    assert [frame.index(n) for n in range(7)] == [None, 0, 1, None, 2, 3, None]


def test_what_could_not_be_read_leaves_no_half_known_choices(
    writer: StudyWriter, reader: StudyReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first text of a parameter makes codes of its numbers, which were values before."""
    writer.add_trial(trial(1, x=16))
    assert reader.frame().params["x"].tolist() == [16]
    writer.add_trial(trial(2, x="auto"))
    with monkeypatch.context() as patched:
        patched.setattr(columns.FrameReader, "_frame_of", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            reader.frame()
    frame = reader.frame()
    assert [frame.choices["x"][int(code)] for code in frame.params["x"]] == [16, "auto"]
