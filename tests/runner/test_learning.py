"""A study that learns from an earlier one: read once, kept, and refused where it is not there."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hpo_tui.engine.execution.proposals.client import News, Reply
from hpo_tui.engine.launch import create_study, offline, send, start_runner
from hpo_tui.engine.launch.refusals import LaunchError
from hpo_tui.engine.learning import KEPT, SAYS, holds, learn_fault
from hpo_tui.engine.runner.loop import Runner
from hpo_tui.engine.runner.opening import open_desk
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

SCRIPT = """
if os.path.exists("slow"): hold()
report(accuracy=1 - (given['params']['x'] - 0.3) ** 2)
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first study lies once it was run: a copy of it is the same study."""
    return tmp_path_factory.mktemp("finished") / "t"


@pytest.fixture
def make_two(make_study: Any, finished: Path) -> Any:
    """Return a function that makes a first study that was run, and a second that learns from it."""

    def make(name: str = "t", *, run: bool = True) -> Any:
        first = make_study(SCRIPT, budget=6)
        if run and finished.exists():
            shutil.rmtree(first.folder.path)
            shutil.copytree(finished, first.folder.path)
        elif run:
            first.run()
            shutil.copytree(first.folder.path, finished)
        text = first.study().text.replace(
            "resume = true", f'resume = true\nlearn_from = ["{name}"]'
        )
        second = type(first)(create_study(text, first.folder.path.parent, "second"))
        return first, second

    return make


def test_the_best_of_an_earlier_study_is_run_first_and_how_far_it_holds_is_kept(
    make_two: Any,
) -> None:
    first, second = make_two()
    start_runner(second.folder)
    second.gone()
    best = max(first.trials(), key=lambda t: t.metrics["accuracy"])
    assert second.trial(1).metrics["accuracy"] == pytest.approx(best.metrics["accuracy"], abs=1e-3)
    assert "study t knows" in second.trial(1).why["text"]
    assert [e.text for e in second.events("learned")] == ["learns from t (6 results)"]
    (told,) = second.get(SAYS)
    assert (told["study"], told["metric"], told["results"]) == ("t", "accuracy", 6)


def test_what_was_read_is_kept_whatever_becomes_of_the_earlier_study(make_two: Any) -> None:
    first, second = make_two()
    start_runner(second.folder)
    second.gone()
    before = second.get(KEPT)
    assert len(before["t"]["findings"]) == 6
    shutil.rmtree(first.folder.path)
    offline.apply(second.folder, "extend", {"amount": 2})
    start_runner(second.folder)
    second.gone()
    assert second.study().state is StudyState.FINISHED
    assert len(second.trials()) == 8
    assert second.get(KEPT) == before
    assert len(second.events("learned")) == 1


def test_an_earlier_study_is_read_anew_once_its_name_was_taken_out(make_two: Any) -> None:
    first, second = make_two()
    start_runner(second.folder)
    second.gone()
    for text in (
        second.study().text.replace('learn_from = ["t"]', "").replace("= 6", "= 7"),
        second.study().text.replace("= 6", "= 8"),
    ):
        offline.apply(first.folder, "extend", {"amount": 1})
        first.run()
        offline.apply(second.folder, "edit", {"text": text})
        start_runner(second.folder)
        second.gone()
    assert [e.text for e in second.events("learned")] == [
        "learns from t (6 results)",
        "no longer learns from an earlier study",
        "learns from t (8 results)",
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("tt", "there is no study 'tt' beside .*; did you mean \"t\""),
        ("elsewhere/.hpo/x", "there is no study 'elsewhere/.hpo/x'"),
        ("second", "'second' is this study itself"),
    ],
)
def test_a_study_that_is_not_there_is_told(make_two: Any, name: str, why: str) -> None:
    _, second = make_two(name, run=False)
    with pytest.raises(LaunchError, match=f"learn_from: {why}"):
        start_runner(second.folder)
    assert second.trials() == []


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("DELETE FROM study", "the study 't' has never been run"),
        ("DROP TABLE study", "cannot read .*: it is not a study of hpo-tui"),
        ("UPDATE study SET text = 'name ='", "the study 't' has errors: study.toml:1: "),
        (
            "UPDATE _sqlite_migrations SET name = 'm999' WHERE rowid = 1",
            "cannot read .*: update hpo-tui",
        ),
    ],
)
def test_a_study_that_cannot_be_read_is_told_before_anything_runs(
    make_two: Any, spoil: str, why: str
) -> None:
    first, second = make_two()
    with closing(sqlite3.connect(first.folder.db)) as file, file:
        file.execute(spoil)
    with pytest.raises(LaunchError, match=f"learn_from: {why}"):
        start_runner(second.folder)
    assert second.study().state is StudyState.NEW


@pytest.mark.parametrize("names", ['"t", ".hpo/t"', '"t", "link"'])
def test_one_study_by_two_names_is_told(make_two: Any, names: str) -> None:
    _, second = make_two()
    (second.folder.path.parent / "link").symlink_to("t")
    text = second.study().text.replace('["t"]', f"[{names}]")
    with pytest.raises(ValueError, match="'t' are the same study: leave one out"):
        offline.apply(second.folder, "edit", {"text": text})


def test_what_was_told_of_a_study_that_was_taken_out_is_not_shown(make_study: Any) -> None:
    study = make_study(SCRIPT)
    told = {"metric": "accuracy", "results": 6, "rank_correlation": None, "low": -1.0,
            "high": 1.0, "pairs": 0, "verdict": ""}  # fmt: skip
    with closing(StudyWriter(study.folder.db)) as writer:
        writer.put(SAYS, [told | {"study": name} for name in ("monday", "sunday")])
    with StudyReader(study.folder.db) as reader:
        assert [h.study for h in holds(reader, ("sunday", "friday"))] == ["sunday"]
        assert holds(reader, ()) == ()


def test_where_an_archived_study_lies_is_told(make_two: Any) -> None:
    first, second = make_two()
    offline.apply(first.folder, "archive", {})
    with pytest.raises(LaunchError, match=r"'t' is archived: write '(\.hpo/\.archive/t)'") as found:
        start_runner(second.folder)
    path = re.search("write '(.*)'", str(found.value))
    assert path is not None
    text = second.study().text.replace('["t"]', f'["{path[1]}"]')
    offline.apply(second.folder, "edit", {"text": text})
    start_runner(second.folder)
    second.gone()
    assert [e.text for e in second.events("learned")] == [f"learns from {path[1]} (6 results)"]


def test_studies_of_one_name_in_two_places_are_told_apart(make_two: Any) -> None:
    first, second = make_two()
    places = [first.folder.workplace / n / ".hpo" / "t" for n in ("monday", "sunday")]
    for place in places:
        shutil.copytree(first.folder.path, place)
    names = ["monday/.hpo/t", "sunday/.hpo/t"]
    text = second.study().text.replace('["t"]', json.dumps(names))
    offline.apply(second.folder, "edit", {"text": text})
    start_runner(second.folder)
    second.gone()
    assert [told["study"] for told in second.get(SAYS)] == names
    assert f"study {names[0]} knows" in second.trial(1).why["text"]


def test_a_study_that_could_not_be_read_is_tried_again_once_resumed(make_two: Any) -> None:
    first, second = make_two()
    with closing(sqlite3.connect(first.folder.db)) as file, file:
        file.execute("ALTER TABLE trials RENAME TO away")
    start_runner(second.folder)
    second.until(lambda: second.study().state is StudyState.PAUSED)
    assert "learn_from: cannot read" in second.study().reason
    with closing(sqlite3.connect(first.folder.db)) as file, file:
        file.execute("ALTER TABLE away RENAME TO trials")
    send(second.folder, "resume", {}, timeout=30.0)
    second.gone()
    assert [e.text for e in second.events("learned")] == ["learns from t (6 results)"]
    assert "process died" not in second.log()


def test_what_was_read_and_could_not_be_kept_is_read_again(make_study: Any) -> None:
    study = make_study(SCRIPT)
    desk = open_desk(study.folder, "tiny:Optimizer")
    lock: Any = None
    runner = Runner(desk, lock)
    reply = Reply(News.LEARNED, data={"earlier": {"t": {"findings": []}}, "misfits": []})
    desk.writer.conn.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.OperationalError):
        runner.news.hear(reply)
    assert desk.proposals.stale
    desk.writer.conn.execute("PRAGMA query_only = OFF")
    runner.news.hear(reply)
    assert study.get(KEPT) == reply.data["earlier"]
    runner._close()


def test_a_study_that_cannot_be_looked_for_is_told_unless_it_has_been_read(tmp_path: Any) -> None:
    spec = StudySpec.from_dict({
        "study": {"name": "t", "budget": 4, "learn_from": ["x" * 300]},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [{"metric": "a", "direction": "maximize"}],
    })  # fmt: skip
    said = learn_fault(spec, tmp_path) or ""
    assert said.startswith('learn_from: cannot look for the study "xxx')
    assert said.endswith("File name too long")
    assert learn_fault(spec, tmp_path, spec.learn_from) is None


def test_an_edit_to_a_study_that_is_not_there_is_refused(make_two: Any) -> None:
    _, second = make_two(run=False)
    text = second.study().text
    with pytest.raises(ValueError, match="no study 'monday'"):
        offline.apply(second.folder, "edit", {"text": text.replace('["t"]', '["t", "monday"]')})
    assert second.study().text == text


def test_a_running_study_learns_from_what_an_edit_names(make_study: Any) -> None:
    first = make_study(SCRIPT, budget=6).run()
    text = first.study().text.replace('name = "t"', 'name = "second"')
    second = type(first)(create_study(text, first.folder.path.parent, "second"))
    (first.folder.workplace / "slow").touch()
    start_runner(second.folder)
    second.running()
    for name, answer in (("nope", "no study 'nope'"), ("t", 'learn_from: "t" is added')):
        edited = text.replace("resume = true", f'resume = true\nlearn_from = ["{name}"]')
        assert answer in send(second.folder, "edit", {"text": edited}, timeout=30.0).answer
    second.go()
    second.gone()
    assert [e.text for e in second.events("learned")] == ["learns from t (6 results)"]
    assert second.get(SAYS)[0]["study"] == "t"
