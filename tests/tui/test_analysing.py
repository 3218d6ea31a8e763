"""The key that has slices and maps worked out where no runner does it."""

import threading
from pathlib import Path

import pytest

from hpo_tui.engine import launch
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.tui.actions import action
from hpo_tui.tui.screens.watch import Watch
from tests.tui.conftest import make_study, until, watching


async def test_it_is_done_beside_the_screen_which_says_what_came_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = make_study(tmp_path, running=0, state=StudyState.FINISHED)
    asked, go_on = [], threading.Event()

    def analyse(folder: StudyFolder) -> str:
        asked.append((folder, threading.get_ident()))
        go_on.wait(30)
        return "worked out what to expect"

    monkeypatch.setattr(launch, "analyse", analyse)
    async with watching(study, study.path.parent) as (app, pilot):
        await pilot.press("A")
        await until(pilot, lambda: bool(asked))
        await pilot.press("9")  # the screen goes on meanwhile
        assert app.screen.focused is not None
        assert app.screen.focused.id == "slices"
        go_on.set()
        said = "Worked out what to expect."
        await until(pilot, lambda: said in [n.message for n in app._notifications])
    assert asked[0][0] == study
    assert asked[0][1] != threading.get_ident()


@pytest.mark.parametrize("why", ["runner", "readonly"])
async def test_it_is_refused_with_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    study = make_study(tmp_path, running=0, state=StudyState.FINISHED)
    if why == "runner":
        monkeypatch.setattr(StudyFolder, "runner_pid", lambda _: 4242)
    async with watching(study, study.path.parent, readonly=why == "readonly") as (app, _):
        assert isinstance(app.screen, Watch)
        reason = app.screen.unavailable(action("study.analyse"))
        assert ("A runner works on the study" if why == "runner" else "read-only") in reason
