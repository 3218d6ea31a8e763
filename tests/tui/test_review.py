"""The key that says in words what came of a study."""

from dataclasses import replace
from pathlib import Path

import pytest

from hpo_tui.engine.analysis.gains import LastGain
from hpo_tui.engine.answers import MORE_TO_SPEND, PAUSED_BY_YOU
from hpo_tui.store.models import StudyState
from hpo_tui.tui.screens.text_window import TextWindow
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.words.review import gain_text
from hpo_tui.tui.words.review_remarks import Remark, going_on, remarks_on
from tests.tui.conftest import make_study, until, watching
from tests.tui.test_queued import screen_text


async def test_the_review_is_shown_and_copied(tmp_path: Path) -> None:
    study = make_study(tmp_path, running=0, state=StudyState.FINISHED)
    async with watching(study, study.path.parent) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, TextWindow))
        text = app.screen._text  # type: ignore[attr-defined]  # what is drawn
        assert text.startswith("what happened\n")
        assert "\nwhat next\n" in text
        await pilot.press("y")
        await until(pilot, lambda: app.clipboard == text)


async def test_what_is_wrapped_begins_below_its_own_text(tmp_path: Path) -> None:
    study = make_study(tmp_path, running=0)
    text = (
        "what next\n  a sentence that goes on and on for longer\n    → hpo-tui best a-study --near"
    )
    async with watching(study, size=(40, 24)) as (app, pilot):
        app.push_screen(TextWindow("review", text))
        await until(pilot, lambda: "--near" in screen_text(pilot))
        lines = screen_text(pilot).splitlines()
        for first, second in (("a sentence", "for longer"), ("hpo-tui best", "--near")):
            places = [line.find(w) for w in (first, second) for line in lines if w in line]
            assert len(places) == 2
            assert places[0] == places[1], lines


@pytest.mark.parametrize(
    ("first", "said"),
    [(False, "the last gain in hypervolume came"), (True, "the only gain in hypervolume came")],
)
def test_of_several_objectives_a_gain_is_one_in_hypervolume(first: bool, said: str) -> None:
    assert gain_text(LastGain(3, 2.0, 4.0, 1, first, volume=True)).startswith(said)


def test_where_many_trials_reach_the_time_limit_it_may_be_too_short(tmp_path: Path) -> None:
    seen = read_once(make_study(tmp_path, trials=10, running=0))
    resources = replace(seen.spec.resources, timeout=60.0)
    limited = replace(seen, spec=replace(seen.spec, resources=resources))
    late = ["ran longer than its time limit: stopped after 60 s"]

    def told(snapshot: Snapshot, n: int) -> list[Remark]:
        return [r for r in remarks_on(snapshot, {}, late * n) if "time limit" in r.text]

    (remark,) = told(limited, 3)
    assert remark.text == "3 of 10 trials ran into the time limit, 1m: it may be too short"
    assert remark.do.startswith("hpo-tui edit resources.timeout=2m -s ")
    assert told(limited, 2) == told(seen, 3) == [], "a few of many"
    few = read_once(make_study(tmp_path / "few", trials=3, running=0))
    few = replace(few, spec=limited.spec)
    assert told(few, 1) == [], "one alone may hang"
    assert len(told(few, 2)) == 1


@pytest.mark.parametrize(
    ("state", "reason", "runner", "told"),
    [
        (StudyState.RUNNING, "", 7, ("it is running: ", "status")),
        (StudyState.RUNNING, "", None, ("its runner died: ", "resume")),
        (StudyState.PAUSED, "50 failed alike (x), so", 7, ("it is paused: 50 failed", "resume")),
        (StudyState.PAUSED, PAUSED_BY_YOU, 7, ("it is paused: this", "resume")),
        (StudyState.PAUSED, PAUSED_BY_YOU, None, ("it is paused: this", "resume")),
        (StudyState.PAUSED, MORE_TO_SPEND, None, ("there is budget left: ", "resume")),
        (StudyState.STOPPED, "", None, ("it was stopped before", "resume")),
        (StudyState.NEW, "", None, ("it has not been started", "run")),
        (StudyState.FINISHED, "the budget is spent", None, None),
    ],
)
def test_what_is_next_of_a_study_that_has_not_ended_is_that_it_goes_on(
    tmp_path: Path, state: StudyState, reason: str, runner: int | None, told: tuple[str, str] | None
) -> None:
    seen = read_once(make_study(tmp_path, trials=3, running=0))
    study = replace(seen.study, state=state, reason=reason)
    seen = replace(seen, study=study, runner_pid=runner)
    found = going_on(seen)
    assert (found is None) == (told is None)
    if found is not None and told is not None:
        assert found.text.startswith(told[0])
        assert found.do == f"hpo-tui {told[1]} {seen.folder.word}"
