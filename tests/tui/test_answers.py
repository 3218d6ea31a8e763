"""What a runner answers, from the list of studies too: done, refused, or not answered yet."""

from typing import Any

import pytest

from hpo_tui.engine import launch
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Command
from hpo_tui.tui.widgets.line_table import LineTable
from tests.tui.conftest import NOW, make_app, until

REFUSED = "the study is being stopped"


@pytest.mark.usefixtures("runner")
@pytest.mark.parametrize(
    ("answered", "ok", "answer", "said", "severity"),
    [
        (NOW, True, "paused", "paused", "information"),
        (NOW, True, "", "Done.", "information"),
        (NOW, False, REFUSED, REFUSED, "error"),
        (NOW, False, "", "The runner refused without giving a reason.", "error"),
        (None, None, "", "The runner is busy", "warning"),
    ],
)
async def test_the_list_says_what_came_of_a_command(  # noqa: PLR0917 - the cases
    study: StudyFolder,
    monkeypatch: pytest.MonkeyPatch,
    answered: float | None,
    ok: bool | None,
    answer: str,
    said: str,
    severity: str,
) -> None:
    def send(_: StudyFolder, action: str, args: dict[str, Any]) -> Command:
        return Command(1, NOW, action, args, NOW, answered, ok, answer)

    monkeypatch.setattr(launch, "send", send)
    app = make_app(None, study.path.parent)
    async with app.run_test(size=(120, 30)) as pilot:
        await until(pilot, lambda: any(len(t.rows) for t in app.screen.query(LineTable)))
        await pilot.press("p")
        await until(pilot, lambda: bool(app._notifications))
        assert [(n.message.startswith(said), n.severity) for n in app._notifications] == [
            (True, severity)
        ]
