"""The order of the axes: found by the thread that reads the study, and seldom."""

import threading
from typing import Any

import pytest

from hpo_tui.engine.analysis import importance as analysis
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.frame import Frame
from hpo_tui.tui.watching.ranking import Ranking
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.parallel import ParallelCoordinates
from tests.tui.conftest import NOW, make_study, watching


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The threads in which importance was worked out; it turns the parameters round."""
    threads: list[int] = []

    def turned(_: Frame, spec: Any, __: str) -> dict[str, float]:
        threads.append(threading.get_ident())
        return {p.name: float(at) for at, p in enumerate(spec.free)}

    monkeypatch.setattr(analysis, "importance", turned)
    return threads


async def test_axes_are_ranked_outside_the_event_loop(study: StudyFolder, asked: list[int]) -> None:
    async with watching(study) as (app, _):
        names = app.screen.query_one(ParallelCoordinates).options.names
        assert names[2:5] == ("p:momentum", "p:optimizer", "p:dropout")
    assert asked
    assert threading.get_ident() not in asked


def test_the_order_stands_until_twice_as_much_is_known(
    study: StudyFolder, asked: list[int]
) -> None:
    seen = read_once(study, lambda: NOW)
    assert asked == []
    ranking = Ranking()
    order = ranking.of(seen.frame, seen.spec)
    assert order[0] == "momentum"
    once = len(asked)
    assert ranking.of(seen.frame, seen.spec) == order
    assert len(asked) == once
    more = make_study(study.path.parent.parent, "more", trials=400)
    assert ranking.of(read_once(more, lambda: NOW).frame, seen.spec) == order
    assert len(asked) == 2 * once
