"""What came of what was asked for before the app was left: told on the way out, or next time."""

import io
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest
from textual.pilot import Pilot

from hpo_tui.store.ask import ask
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.watching.late_answers import LateAnswers
from tests.tui.conftest import make_app, ready, until, watching


def answer(study: StudyFolder, number: int, text: str, *, ok: bool = True) -> None:
    with closing(StudyWriter(study.db)) as writer:
        writer.take_commands()
        writer.answer_command(number, ok, text)


def said(app: HpoApp) -> list[tuple[str, str, str]]:
    return [(n.title, n.message, n.severity) for n in app._notifications]


def test_each_answer_that_came_later_is_told_once(study: StudyFolder) -> None:
    early, stop, *stars = (ask(study.db, a, {}) for a in ("kill", "stop", "star", "star"))
    answer(study, early, "killed")
    late = LateAnswers(study, time.time())
    assert (late.new(), late.over) == ([], False)
    answer(study, stop, "stopped")
    assert late.new() == [("stop", "stopped", True)]
    after = ask(study.db, "pause", {})
    answer(study, after, "paused")
    answer(study, stars[0], "")
    answer(study, stars[1], "there is no trial 7", ok=False)
    assert late.new() == [("star", "1 of 2 done; there is no trial 7", False)]
    assert (late.new(), late.over) == ([], True)


async def test_the_next_start_tells_what_was_answered_since(study: StudyFolder) -> None:
    async with watching(study) as (_, pilot):
        stop, edit = ask(study.db, "stop", {}), ask(study.db, "edit", {})
        await pilot.press("q")
    answer(study, stop, "the study stops: 2 trials end")
    async with watching(study) as (app, pilot):
        first = ("stop, asked for last time", "the study stops: 2 trials end", "information")
        await until(pilot, lambda: said(app) == [first])
        answer(study, edit, "lr.low: 3 is above lr.high", ok=False)
        second = ("edit, asked for last time", "lr.low: 3 is above lr.high", "error")
        await until(pilot, lambda: said(app) == [first, second])
        await pilot.press("q")
    async with watching(study) as (app, pilot):
        assert said(app) == []


async def test_what_comes_after_the_screens_are_gone_is_told_on_the_terminal(
    study: StudyFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = io.StringIO()

    async def leave(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, HpoApp)
        await ready(pilot)
        live = app.live
        assert live is not None
        stop = ask(study.db, "stop", {})

        def wait() -> str:
            assert _waited(lambda: "finishing" in terminal.getvalue())
            answer(study, stop, "the study stops")
            return "The study stops."

        app.screen.requests.in_thread(wait, "stop")  # type: ignore[attr-defined]  # the dashboard
        await pilot.press("q")

    monkeypatch.setattr("hpo_tui.tui.notifying_app.UNSAID", 0.01)
    monkeypatch.setattr(sys, "stderr", terminal)
    app = make_app(study)
    assert await app.run_async(headless=True, auto_pilot=leave) == 0
    assert terminal.getvalue().splitlines() == [
        "hpo-tui: finishing what was asked for: stop", "hpo-tui: stop: The study stops.",
    ]  # fmt: skip
    late = LateAnswers(study, float(app.session.of(study.path)["left"]))
    assert (late.new(), late.over) == ([], True), "it is not told again"


def _waited(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()
