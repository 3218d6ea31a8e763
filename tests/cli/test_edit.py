"""A study's keys changed from the command line, with a runner and without."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import create_study
from hpo_tui.engine.spec import ParameterKind, StudySpec
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter


@pytest.fixture
def folder(tmp_path: Path, study_text: str) -> StudyFolder:
    return create_study(study_text.replace("NAME", "sparse"), tmp_path / HOME)


def spec(folder: StudyFolder) -> StudySpec:
    with StudyReader(folder.db) as reader:
        found = StudySpec.from_text(reader.study().text)
    assert found == StudySpec.load(folder.file)
    return found


def test_keys_are_changed_and_the_changes_are_said(
    hpo: Callable[..., Any], folder: StudyFolder
) -> None:
    ran = hpo("edit", "budget=12", "slots=3", "-s", "sparse")
    assert ran.code == 0
    assert "study.budget: 10 → 12" in ran.err
    assert "resources.slots: " in ran.err
    assert (spec(folder).budget.amount, spec(folder).resources.slots) == (12, 3)
    assert "nothing that matters has changed" in hpo("edit", "slots=3").err


def test_the_study_may_stand_before_its_keys_and_values(
    hpo: Callable[..., Any], folder: StudyFolder
) -> None:
    create_study(folder.file.read_text("utf-8").replace("sparse", "other"), folder.path.parent)
    assert "there are several studies here" in hpo("edit", "slots=3").err
    assert hpo("edit", "sparse", "slots=3").code == 0
    assert spec(folder).resources.slots == 3
    assert "queued for the next run" in hpo("enqueue", "sparse", "lr=0.5").err
    assert "there is no study 'sparce' here" in hpo("edit", "sparce", "slots=3").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["budget=-1"], "study.budget: "),
        (["budget=11", "task[7].cost=1"], "there is no task[7].cost"),
        (["foo=1"], 'there is no "foo"; parameters: "lr", '),
        (["foo=1"], "; [resources]: gpus, "),
        (["lrs=1"], 'there is no "lrs"; did you mean "lr"?'),
        (["foo.low=1"], "; sections: study, "),
        (["accuracy=1"], "such as accuracy.threshold=0.9"),
        (["study.foo=1"], "study.foo: unknown key; allowed: name, "),
    ],
)
def test_of_an_edit_with_a_fault_nothing_is_done(
    hpo: Callable[..., Any], folder: StudyFolder, words: list[str], said: str
) -> None:
    before = folder.file.read_text("utf-8")
    ran = hpo("edit", *words)
    assert ran.code == 1
    assert said in ran.err
    assert folder.file.read_text("utf-8") == before


def test_what_would_change_the_meaning_of_earlier_results_is_refused_by_key(
    hpo: Callable[..., Any], folder: StudyFolder
) -> None:
    writer = StudyWriter(folder.db)
    writer.add_trial(Trial(1, 1, "full", TrialState.COMPLETE, 1.0, {"lr": 0.01}, {}))
    writer.close()
    ran = hpo("edit", "lr=77")
    assert ran.code == 1
    assert ran.err.startswith("space.lr.value: frozen outside of its range")
    assert "sparse is not changed" in ran.err
    assert spec(folder).parameter("lr").kind is ParameterKind.FLOAT


def test_an_edit_by_hand_is_not_undone(hpo: Callable[..., Any], folder: StudyFolder) -> None:
    text = folder.file.read_text("utf-8").replace("budget = 10", "budget = 20")
    folder.file.write_text(text, "utf-8")
    ran = hpo("edit", "slots=2")
    assert ran.code == 1
    assert folder.file.read_text("utf-8") == text


def test_a_name_that_looks_like_a_number_stays_text(
    hpo: Callable[..., Any], folder: StudyFolder
) -> None:
    assert hpo("edit", 'env.TAG="1"', "env.MODE=fast").code == 0
    assert spec(folder).env == {"TAG": "1", "MODE": "fast"}
    assert json.dumps("1") in folder.file.read_text("utf-8")


START = "\n[[start]]\nlr = 0.0001\n\n[[start]]\nlr = 0.01\n"


def test_a_range_is_narrowed_past_configurations_that_have_had_their_turn(
    hpo: Callable[..., Any], tmp_path: Path, study_text: str
) -> None:
    folder = create_study(study_text.replace("NAME", "sparse") + START, tmp_path / HOME)
    before = hpo("edit", "lr.low=0.001")
    assert (before.code, len(spec(folder).start)) == (1, 2), "they are still to be run"
    assert "start[1].lr: must be from" in before.err
    writer = StudyWriter(folder.db)
    writer.add_trial(Trial(1, 1, "full", TrialState.COMPLETE, 1.0, {"lr": 0.0001}, {}))
    writer.close()
    assert hpo("edit", "start[2].lr=7.0").code == 1, "what is set is never taken out"
    ran = hpo("edit", "lr.low=0.001")
    assert ran.code == 0
    assert "1 configuration under [[start]] outside the new ranges is left out" in ran.err
    assert spec(folder).parameter("lr").low == 0.001
    assert [dict(c) for c in spec(folder).start] == [{"lr": 0.01}]
