"""What a free slot starts: what knows the last result, where that is worth the wait."""

from typing import Any

import pytest

from hpo_tui.engine.launch import create_study, start_runner
from hpo_tui.store.models import StudyState


def test_what_was_prepared_is_made_anew_when_a_result_comes_in(make_study: Any, told: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); time.sleep(0.5)", budget=3).run()
    log = told()
    for number in (1, 2):
        place = next(i for i, what in enumerate(log) if what[:2] == ["tell", number])
        assert ["withdrawn", number + 1] in log[place:]
        assert ["withdrawn", number + 1] not in log[:place]
    assert [t.number for t in study.trials()] == [1, 2, 3]


def test_a_slot_does_not_wait_longer_than_the_trial_is_worth(
    make_study: Any, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINY_SLOW", "3")
    study = make_study(
        "hold() if given['trial'] == 1 else None; report(accuracy=0.5)", budget=3
    ).started()
    study.until(lambda: ["asked", 2] in told())
    study.go()
    study.gone()
    first, second, _ = study.trials()
    assert second.started - first.ended < 2.0


def test_a_study_says_that_every_configuration_has_been_run(make_study: Any) -> None:
    first = make_study("report(accuracy=given['params']['x'])")
    text = first.study().text.replace("budget = 1\n", "budget = 12\n")
    text = text.replace('"float"\nlow = 0.0\nhigh = 1.0', '"int"\nlow = 1\nhigh = 3')
    study = type(first)(create_study(text, first.folder.path.parent, "few"))
    start_runner(study.folder)
    study.gone()
    said = "every configuration of the space has been run"
    assert sorted(t.params["x"] for t in study.trials()) == [1, 2, 3]
    assert (study.study().state, study.study().reason) == (StudyState.FINISHED, said)
    assert [e.text for e in study.events("finished")] == [said]


def test_a_study_says_what_of_its_budget_nothing_could_be_run_for(make_study: Any) -> None:
    study = make_study("report(accuracy=given['params']['x'])", budget=2.25)
    start_runner(study.folder)
    study.gone()
    said = "the budget is spent but for 0.25, which pays for no further full-task result"
    assert (study.study().state, study.study().reason) == (StudyState.FINISHED, said)
    assert [e.text for e in study.events("finished")] == [said]


def test_an_optimizer_that_cannot_be_loaded_does_not_finish_the_study(make_study: Any) -> None:
    study = make_study("report(accuracy=0.5)")
    start_runner(study.folder, optimizer="not_there:Optimizer")
    study.until(lambda: study.study().state is StudyState.PAUSED)
    assert "the optimizer fails again and again" in study.study().reason
    assert "No module named 'not_there'" in study.log()
    assert study.trials() == []
