"""Several trials in one command: ``kill 3 4``, ``retry sparse 3 4``."""

from collections.abc import Callable
from typing import Any

import pytest

from hpo_tui.store.folder import StudyFolder

MakeStudy = Callable[..., StudyFolder]


@pytest.mark.parametrize(
    "words", [("3", "4"), ("sparse", "3", "4"), ("3", "4", "-s", "sparse"), ("3", "4", "3")]
)
def test_each_is_asked_for_once(
    make_study: MakeStudy, hpo: Callable[..., Any], words: tuple[str, ...]
) -> None:
    make_study()
    ran = hpo("retry", *words)
    assert ran.code == 0, ran.err
    assert ran.err.count("queued for the next run") == 2
    assert ran.err.count("start it with") == 1
    out = hpo("status").out
    assert "another attempt of trial 3" in out
    assert "another attempt of trial 4" in out
    assert hpo("kill", *words).code == 0
    assert "queued" not in hpo("status").out


def test_one_that_is_refused_does_not_keep_the_others_from_it(
    make_study: MakeStudy, hpo: Callable[..., Any]
) -> None:
    make_study()
    ran = hpo("retry", 3, 99, 4)
    assert ran.code == 1
    assert "99" in ran.err
    assert "1 of 3 trials were refused" in ran.err
    assert hpo("status").out.count("another attempt of trial") == 2


def test_a_number_may_be_a_study_s_name(make_study: MakeStudy, hpo: Callable[..., Any]) -> None:
    make_study()
    make_study("7")
    assert hpo("retry", "7", "3").code == 0
    assert "another attempt of trial 3" in hpo("status", "7").out
    assert "queued" not in hpo("status", "sparse").out


@pytest.mark.parametrize("words", [("3", "four"), ("sparse", "three", "4"), ("a", "b", "4")])
def test_what_is_no_number_is_refused(
    make_study: MakeStudy, hpo: Callable[..., Any], words: tuple[str, ...]
) -> None:
    make_study()
    assert hpo("kill", *words).code == 2
