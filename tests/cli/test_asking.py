"""What a command without a runner says when it cannot be done."""

import io
import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.launch import LaunchError, create_study, send
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.folder import HOME, StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.tui.cli import marking, steer
from tests.cli.conftest import TEXT

MakeStudy = Callable[..., StudyFolder]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("retry", 3), "another attempt of trial 3"),
        (("promote", 7), "the promotion of trial 7"),
        (("confirm", 12), "3 repeats of trial 12"),
        (("enqueue", "lr=0.5"), "a trial with lr = 0.5"),
    ],
)
def test_trials_wait_for_the_next_run(
    make_study: MakeStudy, hpo: Callable[..., Any], words: tuple[Any, ...], said: str
) -> None:
    make_study()
    ran = hpo(*words)
    assert ran.code == 0
    assert f"queued for the next run: {said}\n" in ran.err
    assert f"  queued for the next run: {said}\n" in hpo("status").out
    assert "what is left of its budget pays for what is queued: start it with `hpo-tui" in ran.err
    make_study("other", state=StudyState.STOPPED)
    assert "start it with `hpo-tui run other`" in hpo(*words, "-s", "other").err
    assert hpo("stop", "other").err == f"not queued any more: {said}\n"
    assert "queued" not in hpo("status", "other").out


def test_a_finished_study_is_extended_by_what_is_queued(
    make_study: MakeStudy, hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[StudyFolder] = []
    monkeypatch.setattr(steer, "ensure_runner", lambda folder: started.append(folder) or True)
    folder = make_study(text=TEXT.replace("budget = 10", "budget = 5"))
    left = 5 - (7 * 0.25 + 0.1 + 4 * 0.75)
    ran = hpo("confirm", 12)
    advice = ran.err.split("finished. Increase its budget with `hpo-tui ")[1].partition("`")[0]
    assert advice == f"extend {3 - left:g} -s sparse"
    assert "cannot continue: it is finished" in hpo("resume").err
    assert hpo("stop").code == 0
    assert hpo("confirm", 12, "-n", 1).err.endswith(
        "-s sparse`, which pays for what is queued, then start it with `hpo-tui run sparse`\n"
    )
    assert hpo("extend", 4).code == 0
    assert hpo("resume").code == 0
    assert started == [folder]


def test_a_finished_study_continues_for_what_its_budget_still_pays(
    make_study: MakeStudy, hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[StudyFolder] = []
    monkeypatch.setattr(steer, "ensure_runner", lambda folder: started.append(folder) or True)
    folder = make_study()
    assert hpo("resume").code == 1
    hpo("confirm", 12)
    assert hpo("resume").code == 0
    assert started == [folder]


def test_a_configuration_that_is_queued_is_taken_back(
    make_study: MakeStudy, hpo: Callable[..., Any]
) -> None:
    make_study()
    for words in (["lr=0.5"], ["lr=0.25", "optimizer=adam"], ["lr=0.5", "--task", "full"]):
        assert hpo("enqueue", *words).code == 0
    queued = json.loads(hpo("status", "sparse", "--json").out)["queued"]
    assert [q["text"] for q in queued] == [
        "a trial with lr = 0.5", 'a trial with lr = 0.25, optimizer = "adam"',
        "a trial with lr = 0.5 at full",
    ]  # fmt: skip
    assert queued[2]["params"] == {"lr": 0.5}
    assert "3 queued" in hpo("status").out
    taken = hpo("enqueue", "--back", "lr=0.5")
    assert taken.err == "not queued any more: a trial with lr = 0.5 at full\n"
    assert hpo("enqueue", "--back", "lr=0.5").code == 0
    missing = hpo("enqueue", "--back", "lr=0.5")
    assert missing.code == 1
    assert "a trial with lr = 0.5 is not queued for the next run" in missing.err
    assert [q["action"] for q in json.loads(hpo("status", "sparse", "--json").out)["queued"]] == [
        "enqueue"
    ]


def test_a_trial_that_cannot_be_asked_for_is_refused_without_a_runner(
    make_study: MakeStudy, hpo: Callable[..., Any]
) -> None:
    make_study()
    for words, why in (
        (("confirm", 3), "trial 3 is failed: only a result can be confirmed"),
        (("confirm", 99), "sparse has no trial 99; it has 12 trials"),
        (("enqueue", "lr=7"), "lr"),
    ):
        ran = hpo(*words)
        assert ran.code == 1
        assert why in ran.err
    assert "queued" not in hpo("status").out


def test_a_finished_study_does_not_go_on_by_itself(
    make_study: MakeStudy, hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []
    monkeypatch.setattr(steer, "ensure_runner", lambda folder: started.append(folder) or True)
    folder = make_study()
    ran = hpo("resume")
    assert (ran.code, "cannot continue: it is finished. Increase its budget" in ran.err) == (
        1,
        True,
    )
    assert not started
    folder.file.write_text(folder.file.read_text("utf-8").replace("= 10", "= 20"), "utf-8")
    assert hpo("resume").code == 0
    assert started == [folder]


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
    assert f"{folder.path} is closed to you (Permission denied): ask its owner" in str(caught.value)
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


def test_a_budget_of_minutes_is_told_in_seconds_too(
    make_study: MakeStudy, hpo: Callable[..., Any]
) -> None:
    make_study(text=TEXT.replace("budget = 10", 'budget = "150s"'))
    assert " of 2m30 gone · " in hpo("status", "sparse").out.splitlines()[0]
    assert " of 2m30 gone" in hpo("watch", "sparse", "--once").out.splitlines()[1]


def test_a_study_that_was_never_run_is_not_made_by_asking(
    make_study: MakeStudy, hpo: Callable[..., Any]
) -> None:
    folder = make_study()
    folder.db.unlink()
    for words in (("star", 1), ("extend", 1), ("kill", 1), ("enqueue", "lr=0.1")):
        ran = hpo(*words, "-s", "sparse")
        assert ran.code == 1
        assert "bug" not in ran.err
    assert not folder.db.exists()


@pytest.mark.parametrize(
    ("word", "value"),
    [("2020-01-01", "2020-01-01"), ("1", "1"), ("07:30:00", "07:30:00"), ("2", 2)],
)
def test_a_value_is_the_choice_that_is_written_so(
    make_study: MakeStudy, hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch,
    word: str, value: object,
) -> None:  # fmt: skip
    choices = '["2020-01-01", "1", 2, "07:30:00"]'
    make_study(text=TEXT.replace('["sgd", "adam"]', choices).replace('["sgd"]', '["1"]'))
    sent: list[Any] = []
    monkeypatch.setattr(steer, "ask", lambda *given: sent.append(given[2]))
    assert hpo("enqueue", "lr=0.1", f"optimizer={word}", "-s", "sparse").code == 0
    assert sent == [{"params": {"lr": 0.1, "optimizer": value}, "task": None}]


def test_values_as_people_write_them(
    make_study: MakeStudy, hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_study(text=TEXT.replace('["sgd", "adam"]', "[true, false]").replace('["sgd"]', "[true]"))
    sent: list[Any] = []
    monkeypatch.setattr(steer, "ask", lambda *given: sent.append(given[2]["params"]))
    assert hpo("enqueue", "lr=.5", "optimizer=True", "momentum=5.e-1").code == 0
    assert sent == [{"lr": 0.5, "optimizer": True, "momentum": 0.5}]
    twice = hpo("enqueue", "lr=0.1", "lr=0.2")
    assert twice.code == 2
    assert "'lr' is given twice" in twice.err
    assert len(sent) == 1


def test_an_archived_study_stays_where_it_is(
    make_study: MakeStudy, hpo: Callable[..., Any], tmp_path: Path
) -> None:
    make_study()
    assert hpo("archive", "sparse").code == 0
    again = hpo("archive", tmp_path / HOME / ".archive" / "sparse")
    assert again.code == 1
    assert "archived already" in again.err


def test_a_budget_of_seconds_on_a_gpu_is_told_in_its_own_places(
    make_study: MakeStudy, hpo: Callable[..., Any]
) -> None:
    make_study(text=TEXT.replace("budget = 10", 'budget = "0.05 gpu-hours"'))
    line = hpo("status", "sparse").out.splitlines()[0]
    assert " of 0.05 GPU-hours spent · 0.0021 lost · " in line


def test_a_note_is_not_taken_away_by_an_empty_pipe(
    make_study: MakeStudy, hpo: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study()

    def written() -> str:
        with StudyReader(folder.db) as reader:
            return reader.trial(3).note

    for piped, code, left in (("see log\n", 0, "see log"), ("\n", 2, "see log")):
        monkeypatch.setattr(marking.sys, "stdin", io.StringIO(piped))
        ran = hpo("note", 3)
        assert (ran.code, written()) == (code, left)
    assert "nothing came on stdin" in ran.err
    assert hpo("note", 3, "").code == 0
    assert written() == ""


def test_a_word_is_no_number_of_a_trial(hpo: Callable[..., Any]) -> None:
    ran = hpo("kill", "first")
    assert ran.code == 2
    assert "'first' is not the number of a trial: the trial comes after the study" in ran.err
    for words in (["tag", "first"], ["tag", "sparse", "first"], ["note", "first", "-s", "sparse"]):
        ran = hpo(*words)
        assert ran.code == 2
        assert "'first' is not the number of a trial: the trial comes after the study" in ran.err


@pytest.mark.parametrize("words", [(3,), ("sparse", 3), (3, "-s", "sparse")])
def test_a_study_is_named_before_the_trial_or_by_its_option(
    make_study: MakeStudy, hpo: Callable[..., Any], words: tuple[object, ...]
) -> None:
    folder = make_study()
    assert hpo("star", *words).code == 0
    with StudyReader(folder.db) as reader:
        assert [t.number for t in reader.trials() if t.starred] == [3]
    assert hpo("star", "other", *words).code != 0


@pytest.mark.parametrize(
    "words",
    [("tag", 3, "7", "keep"), ("tag", "sparse", 3, "7", "keep"),
     ("tag", 3, "7", "keep", "-s", "sparse")],
)  # fmt: skip
def test_tags_stand_behind_the_trial_and_a_number_first_is_the_trial(
    make_study: MakeStudy, hpo: Callable[..., Any], words: tuple[object, ...]
) -> None:
    folder = make_study()
    assert hpo(*words).code == 0
    with StudyReader(folder.db) as reader:
        assert [(t.number, t.tags) for t in reader.trials() if t.tags] == [(3, ("7", "keep"))]


def test_of_several_studies_each_request_takes_the_one_before_it(
    make_study: MakeStudy, hpo: Callable[..., Any]
) -> None:
    folder = make_study()
    make_study("other")
    for words in (["tag", 3, "keep"], ["note", 3, "look"], ["extend", "5"], ["lend", "0"]):
        assert "there are several studies here" in hpo(*words).err
    assert hpo("note", "sparse", 3, "look").code == 0
    assert hpo("extend", "sparse", "5").code == 0
    assert "no runner works on sparse" in hpo("lend", "sparse", "0").err
    for words in (["extend", "sparse", "5", "6"], ["lend", "sparse", "0", "-s", "other"]):
        assert hpo(*words).code == 2
    assert "quoted: '20 trials'" in hpo("extend", "20", "trials").err
    with StudyReader(folder.db) as reader:
        assert reader.trial(3).note == "look"
        assert "budget = 15" in reader.study().text


def test_commands_to_copy_hold_the_name_as_one_word(
    make_study: MakeStudy, hpo: Callable[..., Any], tmp_path: Path
) -> None:
    name = "it's the second"
    with pytest.raises(LaunchError) as caught:
        send(make_study(name), "lend", {"device": "0", "on": True})
    for part in str(caught.value).split("`")[1::2]:
        assert shlex.split(part)[-1] == name
    make_study("a third", state=StudyState.RUNNING)
    said = hpo("status", "a third").out
    assert shlex.split(said.partition("to continue it: ")[2].splitlines()[0])[-1] == "a third"
    script = tmp_path / "my train.py"
    script.write_text("")
    advice = hpo("run", str(script)).err.partition("for a training script: hpo-tui ")[2]
    assert shlex.split(advice) == ["init", str(script)]


def test_near_names_are_guessed_and_what_is_over_is_said_to_be(
    make_study: MakeStudy, hpo: Callable[..., Any], tmp_path: Path
) -> None:
    make_study()
    for name in ("study.toml", "runs.csv"):
        (tmp_path / name).write_text("")
    for words, status, said in (
        (("enqueue", "lr=0.5", "--task", "ful"), 1, "no task 'ful'; did you mean \"full\"?"),
        (("enqueue", "lr=0.5", "--task", "x"), 1, "no task 'x'; there are cheap, full"),
        (("run", "studdy.toml"), 1, "no study file 'studdy.toml'; did you mean 'study.toml'?"),
        (("check", "sutdy.toml"), 1, "no study file 'sutdy.toml'; did you mean 'study.toml'?"),
        (("run", "other.toml"), 1, "no study file 'other.toml'; hpo-tui init train.py writes one"),
        (("import", "run.csv"), 1, "run.csv: no such file; did you mean 'runs.csv'?"),
        (("kill", 99), 1, "sparse has no trial 99; it has 12 trials"),
        (("kill", 12), 1, "kill: trial 12 has ended already (complete)"),
        (("lend", 0), 1, "no runner works on sparse: no trial of it holds a GPU"),
        (("best", "-n", "x"), 2, "'x' is not a valid whole number"),
        (("confirm", 12, "-n", "many"), 2, "'many' is not a valid whole number"),
    ):
        ran = hpo(*words)
        assert (ran.code, said in ran.err) == (status, True), ran.err
