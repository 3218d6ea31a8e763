"""Early stopping as it is carried out: some are spared, and what it was worth is counted."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from acting import Process, live

from hpo_tui.engine.runner.desk import Desk
from hpo_tui.engine.runner.live import Live, Stop
from hpo_tui.engine.runner.stopping import Audit
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.read import StudyReader


def test_some_stops_are_spared_and_their_ends_are_counted(desk: Desk) -> None:
    audit, nobody = Audit(desk), SimpleNamespace(grace=30.0)
    for n in range(1, 201):
        desk.trials[n] = Trial(n, n, "full", TrialState.RUNNING, 1.0, {"x": 0.5})
        desk.live[n] = Live(n, nobody, Process(), nobody)  # type: ignore[arg-type]
        for _ in range(2):  # a spared one is not asked about twice
            audit.decide(desk.live[n], "no hope", 0.01)
        if desk.live[n].stop is not None:
            desk.trials[n] = replace(desk.trials[n], state=TrialState.PRUNED)
    spared = [n for n, one in desk.live.items() if one.stop is None]
    assert 8 <= len(spared) <= 40
    assert min(spared) > 5
    assert desk.live[1].stop == Stop("prune", "no hope")
    for n in spared:
        a = 0.9 if n == spared[0] else 0.5
        desk.trials[n] = replace(desk.trials[n], state=TrialState.COMPLETE, metrics={"a": a})
    audit.put()
    with StudyReader(desk.folder.db) as reader:
        kept = reader.get("stopping")
    assert kept["spared"] == spared
    assert kept["stopped"] == 200 - len(spared)
    assert (kept["checked"], kept["mistakes"]) == (len(spared), spared[:1])
    assert Audit(desk).spared == set(spared)


def test_the_first_five_stops_are_carried_out(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpo_tui.engine.runner.stopping._SPARED", 1.0)
    for before, stopped in ((4, True), (5, False)):
        for n in range(2, 2 + before):
            desk.trials[n] = Trial(n, n, "full", TrialState.PRUNED, 1.0, {})
        one = live(desk, tmp_path / str(before))
        Audit(desk).decide(one, "no hope", 0.01)
        assert (one.stop is not None) == stopped


def test_what_stopping_has_saved_is_what_the_last_attempts_had_still_to_cost(desk: Desk) -> None:
    pruned: dict[str, Any] = {"state": TrialState.PRUNED, "task": "full", "params": {}}
    desk.trials[2] = Trial(2, 2, cost=1.0, charged=0.4, **pruned)
    desk.trials[3] = Trial(3, 3, cost=1.0, charged=0.9, wasted=0.5, **pruned)  # begun anew
    desk.trials[4] = Trial(4, 4, cost=1.0, charged=1.2, **pruned)
    desk.trials[5] = replace(desk.trials[2], number=5, state=TrialState.KILLED)
    Audit(desk).put()
    with StudyReader(desk.folder.db) as reader:
        kept = reader.get("stopping")
    assert (kept["stopped"], kept["saved"]) == (3, pytest.approx(0.6 + 0.6 + 0.0))
