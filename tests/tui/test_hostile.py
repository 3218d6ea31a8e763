import json
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import DeviceSample, StudyState, Trial, TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.screens.trial import TrialScreen
from tests.tui.conftest import NOW, settled, until, watching

LONG = "x" * 190
NAMES = [
    "[red]lr[/red]", "漢字の名前", "e\u0301\u0301\u0301tude", "שלום עולם", "👩👧", LONG, "a b.c",
]  # fmt: skip
CHOICES = ["\x1b[31mred", "[bold]b[/bold]", "日本", "\u202eevil", "plain", "[@click=app.leave]x[/]"]


def hostile_study(home: Path) -> StudyFolder:
    quoted = {text: json.dumps(text, ensure_ascii=False) for text in (*NAMES, *CHOICES)}
    lines = [
        '[study]\nname = "hostile"\ncommand = "python t.py {task_}"\nbudget = 20\n',
        '[space.task_]\ntype = "categorical"\n',
        "choices = [" + ", ".join(quoted[c] for c in CHOICES) + "]\n",
        *(f"[space.{quoted[n]}]\ntype = 'float'\nlow = 0.0\nhigh = 1.0\n" for n in NAMES),
        '[[objective]]\nmetric = "[blink]acc[/blink]"\ndirection = "maximize"\n',
        "threshold = 0.5\n",
    ]
    text = "\n".join(lines)
    folder = StudyFolder(home / ".hpo" / "hostile")
    folder.path.mkdir(parents=True)
    folder.file.write_text(text)
    writer = StudyWriter(folder.db)
    writer.create_study("hostile\x1b[2J[red]", text, 0)
    writer.declare(["task_", *NAMES], ["[blink]acc[/blink]"])
    rng = np.random.default_rng(0)
    for number in range(1, 21):
        params: dict[str, float | int | str | bool] = {n: float(rng.uniform()) for n in NAMES}
        params["task_"] = CHOICES[number % len(CHOICES)]
        writer.add_trial(
            Trial(
                number, number, "full", TrialState.COMPLETE, 1.0, params,
                {"[blink]acc[/blink]": float(rng.uniform()), "\x1b]0;t\x07m": np.inf},
                charged=1.0, why={"[red]": "\x1b[31m", "x": {"a": 1.0}}, reason="\x1b[2Jgone",
                created=NOW, started=NOW, ended=NOW, duration=1.0, device="\x1b[5mGPU", exit_code=1,
                tags=("[red]", "\u202e"), note="\x1b]8;;http://x\x07link\x1b]8;;\x07" * 50,
            )
        )  # fmt: skip
    writer.add_event("[red]kind", "\x1b[31mtext [link=x]" + "長" * 400, 3)
    writer.add_device_samples([DeviceSample(NOW, "\x1b[5mGPU0", "[red]" * 40, 1, 0, None)])
    writer.update_study(state=StudyState.PAUSED, reason="\x1b[2J[red]" + "y" * 600)
    writer.close()
    return folder


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16)])
async def test_hostile_names_are_text_and_break_nothing(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with watching(hostile_study(tmp_path), size=size) as (app, pilot):
        assert app.live is not None
        assert app.live.problem == ""
        for key in ("j", "1", "2", "3", "4", "5", "6", "7", "8", "0", "a", "c", "escape", "enter"):
            await pilot.press(key)
            await pilot.pause()
            _whole_lines(app, size)
        await until(pilot, lambda: isinstance(app.screen, TrialScreen))
        await pilot.press("question_mark")
        await pilot.pause()
        _whole_lines(app, size)
        for key in ("escape", "escape", "escape", "escape"):
            await pilot.press(key)
        await settled(pilot)
        _whole_lines(app, size)


def _whole_lines(app: object, size: tuple[int, int]) -> None:
    """Every line of the screen is as wide as the window and holds nothing that acts."""
    from hpo_tui.tui.app import HpoApp

    assert isinstance(app, HpoApp)
    assert app._exception is None
    lines = app.screen._compositor.render_strips()
    assert len(lines) == size[1]
    for line in lines:
        assert line.cell_length == size[0]
        text = line.text
        assert cell_len(text) == size[0]
        assert "\x1b" not in text
        assert "\u202e" not in text
