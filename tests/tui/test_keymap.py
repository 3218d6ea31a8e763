"""keys.toml: a person's own keys, and what is said of those that cannot be."""

import tomllib
from pathlib import Path

import pytest

from hpo_tui.store.folder import StudyFolder
from hpo_tui.tui.actions import actions_of, all_actions
from hpo_tui.tui.config import load_settings
from hpo_tui.tui.keymap import PLACES, read_keys
from hpo_tui.tui.screens.base import Room
from hpo_tui.tui.screens.compare_studies import CompareStudies
from hpo_tui.tui.screens.compare_trials import CompareTrials
from hpo_tui.tui.screens.define import DefineScreen
from hpo_tui.tui.screens.studies import Studies
from hpo_tui.tui.screens.trial import TrialScreen
from hpo_tui.tui.screens.trials import Trials
from hpo_tui.tui.screens.watch import Watch
from tests.tui.conftest import until, watching


def read(text: str) -> tuple[dict[str, str], list[str]]:
    faults: list[str] = []
    return read_keys(tomllib.loads(text), text, faults), faults


def test_keys_are_named_as_the_terminal_reports_them() -> None:
    keys, faults = read('[trial]\nkill = "K"\nstar = ["%", "f5", "ctrl+k"]\n"note" = "f6, ^"\n')
    assert faults == []
    assert keys == {
        "trial.kill": "K",
        "trial.star": "percent_sign,f5,ctrl+k",
        "trial.note": "f6,circumflex_accent",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '"trial.kill" = "f9"\n\n"trial.star" = "f9"\n',
            "keys.toml:1: F9 is the key of trial.kill (kill) and trial.star (star)",
        ),
        (
            '[trial]\nkill = "K"\nstar = "p"\n',
            "keys.toml:3: p is the key of trial.star (star) and study.pause (pause/resume)",
        ),
        ('"studies.new" = "q"', "q is the key of studies.new (new) and app.leave (quit)"),
        ('"define.add" = "ctrl+s"', "^s is the key of define.add (add) and define.save (save)"),
        ('"parallel.brush" = "c"', "parallel.brush (brush) and parallel.choose (axes)"),
        ('"study.extend" = ["f4", "*"]', "* is the key of study.extend (extend) and trial.star"),
    ],
)
def test_two_actions_with_one_key_are_told(text: str, said: str) -> None:
    keys, faults = read(text)
    assert len(faults) == 1
    assert said in faults[0]
    assert "only one of them works" in faults[0]
    assert keys, "the person's own keys stay"


@pytest.mark.parametrize(
    "text",
    [
        '"trial.kill" = "r"\n"trial.retry" = "x"\n',  # exchanged
        '"trial.kill" = ["x", "f9"]\n',  # its own
        '"studies.archive" = "x"\n',  # x is another screen's
        '"log.follow" = "n"\n"log.next_match" = "f"\n',
    ],
)
def test_keys_that_meet_nowhere_are_no_clash(text: str) -> None:
    assert read(text)[1] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('\n"trial.slay" = "K"', "keys.toml:2: there is no action 'trial.slay'"),
        ('"trial.kill" = 3', "keys.toml:1: trial.kill must be a key or a list"),
        ('"trial.kill" = []', "must be a key or a list"),
        ('"trial.kill" = ["K", ""]', "must be a key or a list"),
        ('"trial.kill" = "strg+k"', "'strg+k' is not a key"),
        ('"trial.kill" = "Page Down"', "'Page Down' is not a key"),
    ],
)
def test_what_is_no_key_is_told_and_left_out(text: str, said: str) -> None:
    keys, faults = read(text)
    assert keys == {}
    assert [said in fault for fault in faults] == [True]


def test_all_keys_of_our_own_are_keys() -> None:
    lines = [f'"{a.id}" = {list(a.keys.split(","))}' for a in all_actions()]
    keys, faults = read("\n".join(lines))
    assert set(keys) == {a.id for a in all_actions()}
    assert faults == []


@pytest.mark.parametrize(
    "screen", [Watch, Trials, TrialScreen, Studies, DefineScreen, CompareTrials, CompareStudies]
)
def test_the_scopes_of_every_screen_are_listened_to_at_once(screen: type[Room]) -> None:
    assert any(set(screen.SCOPES) <= set(place) for place in PLACES)
    assert all(actions_of(scope) for place in PLACES for scope in place)


async def test_a_clash_is_said_when_the_app_opens(study: StudyFolder, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "hpo-tui"
    folder.mkdir(parents=True)
    (folder / "keys.toml").write_text('"trial.kill" = "p"\n')
    assert len(load_settings().faults) == 1
    async with watching(study) as (app, pilot):
        await until(pilot, lambda: any("study.pause" in n.message for n in app._notifications))
