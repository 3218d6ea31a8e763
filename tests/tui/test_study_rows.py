"""Every study's line says the same things in the same words, also of one that cannot be read."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hpo_tui.engine.overdue import KEY
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.tables.study_rows import StudyRows
from hpo_tui.tui.watching.study_list import StudyList, Summary
from hpo_tui.tui.words.standing import nothing_since
from tests.tui.conftest import TEXT, make_study


def _studies(home: Path) -> list[Summary]:
    make_study(home, "good", trials=3)
    torn = make_study(home, "torn", trials=3)
    torn.db.write_bytes(b"nonsense" * 1000)
    bare = StudyFolder(home / ".hpo" / "bare")
    bare.path.mkdir()
    bare.file.write_text("")
    (home / ".hpo" / "none").mkdir()
    with closing(StudyList(home / ".hpo")) as studies:
        return studies.read()


@pytest.mark.parametrize(("age", "said"), [(300.0, "5m ago"), (8.7e6, "100d ago")])
def test_when_a_study_changed_is_said_alike_of_all(tmp_path: Path, age: float, said: str) -> None:
    studies = _studies(tmp_path)
    assert {bool(s.problem) for s in studies} == {True, False}
    newest = max(s.touched for s in studies)
    rows = StudyRows(studies, newest + age, 120)
    width = next(c.width for c in rows.columns if c.key == "touched")
    for at, study in enumerate(studies):
        text, tone = rows.cells(at)[-1]
        assert (text, tone) == (said if study.touched else "", "dim"), study.folder.name
        assert len(text) <= width


@pytest.mark.parametrize("width", [40, 60])
def test_what_was_spent_is_whole_in_a_narrow_window(tmp_path: Path, width: int) -> None:
    make_study(tmp_path, "good", trials=3)
    with closing(StudyList(tmp_path / ".hpo")) as studies:
        columns = StudyRows(studies.read(), 0.0, width).columns
    before = sum(c.width + 1 for c in columns[:2])
    assert before + len("84.3/150.0") <= 40
    assert sum(c.width + 1 for c in columns[:4]) <= 60


def test_a_budget_without_room_loses_digits_and_is_never_cut(tmp_path: Path) -> None:
    text = TEXT.replace("budget = 400", "budget = 123456789.123")
    make_study(tmp_path, "dear", trials=3, text=text)
    with closing(StudyList(tmp_path / ".hpo")) as studies:
        rows = StudyRows(studies.read(), 0.0, 80)
    assert rows.cells(0)[2][0].rstrip().endswith("/123M")


def test_a_trial_that_is_overdue_is_seen_in_the_list_while_a_runner_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_study(tmp_path, "slow", trials=3)
    with closing(StudyWriter(folder.db)) as writer:
        writer.put(KEY, {"now": [3], "told": [3]})
    with closing(StudyList(tmp_path / ".hpo")) as studies:
        (summary,) = studies.read()
    assert not summary.overdue
    monkeypatch.setattr(StudyFolder, "runner_pid", lambda _: 1)
    with closing(StudyList(tmp_path / ".hpo")) as studies:
        (summary,) = studies.read()
    assert summary.overdue
    assert StudyRows([summary], 0.0, 80).cells(0)[1] == ("● running, overdue", "warn")


def test_how_many_trials_meet_the_goals_is_said_where_there_are_goals(tmp_path: Path) -> None:
    easy = TEXT.replace("threshold = 0.9\n", "threshold = 0.1\n")
    make_study(tmp_path, "goals", trials=60, text=easy)
    free = TEXT.replace("threshold = 0.9\n", "").replace("threshold = 40000\n", "")
    make_study(tmp_path, "none", trials=60, text=free)
    with closing(StudyList(tmp_path / ".hpo")) as studies:
        found = {s.folder.name: s for s in studies.read()}
    assert found["goals"].met
    shown = {}
    for name, summary in found.items():
        rows = StudyRows([summary], 0.0, 120)
        at = next(i for i, c in enumerate(rows.columns) if c.key == "met")
        shown[name] = rows.cells(0)[at]
    assert shown == {"goals": (str(found["goals"].met), "good"), "none": ("–", "dim")}


def test_since_when_a_runner_is_silent_fits_into_a_narrow_window(tmp_path: Path) -> None:
    make_study(tmp_path, "good", trials=3)
    with closing(StudyList(tmp_path / ".hpo")) as studies:
        (study,) = studies.read()
    silent = replace(study, runner=1, silent=nothing_since(1000.0, 1100.0))
    rows = StudyRows([silent], 1100.0, 80)
    said, tone = rows.cells(0)[1]
    assert said.startswith("? silent since ")
    assert tone == "warn"
    assert len(said) <= rows.columns[1].width
