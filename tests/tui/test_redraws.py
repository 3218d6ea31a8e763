"""When a pane is drawn anew."""

from dataclasses import replace
from pathlib import Path

from hpo_tui.tui.panes import COST_BAR, PARALLEL
from hpo_tui.tui.redraws import Redraws
from hpo_tui.tui.snapshot import View
from hpo_tui.tui.watcher import read_once
from tests.tui.conftest import make_study


def test_new_data_wait_their_turn_and_a_new_view_does_not(tmp_path: Path) -> None:
    now = 100.0
    redraws, view = Redraws(lambda: now), View()
    snapshot = read_once(make_study(tmp_path, trials=3))
    assert redraws.wait(PARALLEL, snapshot, view) == 0
    assert redraws.view_of(PARALLEL) is None
    redraws.note(PARALLEL, snapshot, view)
    assert redraws.view_of(PARALLEL) is view
    later = replace(snapshot, frame=replace(snapshot.frame))
    assert redraws.wait(PARALLEL, snapshot, view) is None
    assert redraws.wait(PARALLEL, later, view) == PARALLEL.every
    assert redraws.wait(PARALLEL, later, View()) == 0
    assert redraws.wait(COST_BAR, later, view) == 0, "it has not been drawn yet"
    now += PARALLEL.every
    assert redraws.wait(PARALLEL, later, view) == 0
    redraws.forget(PARALLEL.name)
    assert redraws.wait(PARALLEL, snapshot, view) == 0
