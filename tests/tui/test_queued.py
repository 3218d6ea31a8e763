"""Keys that ask for trials where no runner lives: what is queued is shown, and taken back."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from hpo_tui.engine import launch
from hpo_tui.engine.answers import WISHES
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import StudyState
from hpo_tui.store.read import StudyReader
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.dialogs import Ask, Confirm
from hpo_tui.tui.screens.pickers import PickOne
from hpo_tui.tui.words.header import header_pieces
from hpo_tui.tui.words.status_lines import status_lines
from tests.tui.conftest import TEXT, make_app, make_study, until, watching

WAY = {
    StudyState.STOPPED: "R starts it.",
    StudyState.FINISHED: "increase its budget by 3 first (+ in the dashboard), then R starts it.",
}
SPENT = TEXT.replace("budget = 400", "budget = 21")
"""The study's trials have cost just that."""


def _waiting(study: StudyFolder) -> list[dict[str, Any]]:
    with StudyReader(study.db) as reader:
        return [dict(c.args) for c in reader.open_commands(WISHES)]


def screen_text(pilot: Pilot[int]) -> str:
    strips = pilot.app.screen._compositor.render_strips(pilot.app.size)
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def _header(app: HpoApp, width: int = 120) -> str:
    assert app.live is not None
    assert app.live.snapshot is not None
    return " ".join(text for text, _ in header_pieces(app.live.snapshot, width)[0])


async def _open(pilot: Pilot[int], key: str, window: type[Any]) -> None:
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, window) and pilot.app.screen.is_mounted)
    await pilot.pause()


def _says(app: HpoApp, text: str) -> Callable[[], bool]:
    return lambda: any(text in n.message for n in app._notifications)


@pytest.mark.parametrize("state", list(WAY))
async def test_repeats_are_queued_shown_and_taken_back(tmp_path: Path, state: StudyState) -> None:
    study = make_study(tmp_path, running=0, state=state, text=SPENT)
    async with watching(study) as (app, pilot):
        await pilot.press("j")
        await _open(pilot, "C", Ask)
        if state is StudyState.FINISHED:
            await _open(pilot, "enter", PickOne)
            await pilot.press("j")
        await pilot.press("enter")
        await until(pilot, _says(app, WAY[state]))
        trial = _waiting(study)[0]["trial"]
        said = f"queued for the next run: 3 repeats of trial {trial}"
        assert _says(app, said)()
        await until(pilot, lambda: "1 queued for the next run" in _header(app))
        assert "1 queued for the next run" not in _header(app, 80)
        assert "1 queued" in _header(app, 80)
        assert app.live is not None
        assert app.live.snapshot is not None
        assert said in status_lines(app.live.snapshot)
        await _open(pilot, "x", Confirm)
        await pilot.press("y")
        await until(pilot, lambda: "queued" not in _header(app))
    assert not _waiting(study)


async def test_stop_takes_back_all_that_is_queued(tmp_path: Path) -> None:
    study = make_study(tmp_path, running=0, state=StudyState.STOPPED)
    async with watching(study) as (app, pilot):
        await pilot.press("X")
        await until(pilot, _says(app, "nothing to stop"))
        await pilot.press("j")
        for count in (1, 2):
            await _open(pilot, "C", Ask)
            await pilot.press("enter")
            await until(pilot, lambda n=count: f"{n} queued" in _header(app))  # type: ignore[misc]
        await _open(pilot, "X", PickOne)
        await pilot.press("escape")
        assert len(_waiting(study)) == 2
        await _open(pilot, "X", PickOne)
        await pilot.press("enter")
        await until(pilot, lambda: not _waiting(study))


async def test_one_of_several_is_taken_back(tmp_path: Path) -> None:
    study = make_study(tmp_path, running=0, state=StudyState.STOPPED)
    for x in (0.001, 0.002, 0.003):
        launch.send(study, "enqueue", {"params": {"lr": x}, "task": None})
    async with watching(study) as (app, pilot):
        await _open(pilot, "X", PickOne)
        await pilot.press("j", "j", "enter")
        await until(pilot, lambda: "2 queued" in _header(app))
        assert _says(app, "Not queued any more: a trial with lr = 0.002.")()
    assert [w["params"]["lr"] for w in _waiting(study)] == [0.001, 0.003]


@pytest.mark.parametrize("budget", ["21", "400", '"8h"'])
async def test_what_a_finished_study_is_asked_for_is_paid_and_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, budget: str
) -> None:
    done: list[Any] = []
    real = launch.send

    def send(folder: StudyFolder, action: str, args: dict[str, Any]) -> Any:
        done.append((action, args))
        return real(folder, action, args)

    monkeypatch.setattr(launch, "send", send)
    monkeypatch.setattr(launch, "start_runner", lambda folder: done.append("run") or 4711)
    text = TEXT.replace("budget = 400", f"budget = {budget}")
    study = make_study(tmp_path, running=0, state=StudyState.FINISHED, text=text)
    async with watching(study) as (app, pilot):
        await pilot.press("j")
        await _open(pilot, "C", Ask)
        await _open(pilot, "enter", PickOne)
        shown = screen_text(pilot)
        if budget == '"8h"':
            assert "choose how much to add" in shown
            await _open(pilot, "enter", Ask)
            await pilot.press("1", "h")
        else:
            assert "(3 full-task units)?" in shown
            assert ("add 3 to the budget and run it" in shown) == (budget == "21")
        await pilot.press("enter")
        await until(pilot, _says(app, "The runner is process 4711."))
    steps = [step if isinstance(step, str) else step[0] for step in done]
    assert steps == (["confirm", "run"] if budget == "400" else ["confirm", "extend", "run"])
    added = {"21": 3, "400": None, '"8h"': 3600}[budget]
    assert [step[1]["amount"] for step in done if step[0] == "extend"] == [added] * bool(added)


async def test_the_list_of_studies_takes_back_what_is_queued(tmp_path: Path) -> None:
    study = make_study(tmp_path, running=0, state=StudyState.FINISHED)
    launch.send(study, "enqueue", {"params": {"lr": 0.001}, "task": None})
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "finished, 1 queued" in screen_text(pilot))
        await _open(pilot, "X", Confirm)
        assert "a trial with lr = 0.001" in screen_text(pilot)
        await pilot.press("y")
        await until(pilot, lambda: "finished  " in screen_text(pilot))
    assert not _waiting(study)
