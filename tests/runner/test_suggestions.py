"""What a free slot starts: what knows the last result, where that is worth the wait."""

from typing import Any

import pytest


def test_what_was_prepared_is_made_anew_when_a_result_comes_in(make_study: Any, told: Any) -> None:
    study = make_study("report(step=1, accuracy=0.5); time.sleep(0.5)", budget=3)
    study.start()
    study.gone()
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
    study = make_study("hold() if given['trial'] == 1 else None; report(accuracy=0.5)", budget=3)
    study.start()
    study.until(lambda: ["asked", 2] in told())
    study.go()
    study.gone()
    first, second, _ = study.trials()
    assert second.started - first.ended < 2.0
