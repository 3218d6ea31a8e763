"""Two groups of one study's trials side by side: which are proposed, and what is said of them."""

from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from hpo_tui.engine.analysis.front import best_rows, results
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.models import Trial, TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.app import HpoApp
from hpo_tui.tui.screens.compare_groups import CompareGroups
from hpo_tui.tui.screens.pickers import PickOne
from hpo_tui.tui.tables.groups import Group, of_group, opposites, pairs
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.filter_bar import FilterBar
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words.groups import group_entries
from tests.tui.conftest import NOW, TEXT, make_study, until, watching

EASY = TEXT.replace("threshold = 0.9", "threshold = 0.85").replace("= 40000", "= 90000")
ADAM, SGD = Group('optimizer == "adam"'), Group('optimizer == "sgd"')


@pytest.fixture
def easy(tmp_path: Path) -> StudyFolder:
    return make_study(tmp_path, trials=120, text=EASY)


def sections(snapshot: Snapshot, *groups: Group) -> dict[str, dict[str, list[str]]]:
    """Heading → name → the texts of both groups."""
    masks = [g.mask(snapshot) for g in groups]
    found: dict[str, dict[str, list[str]]] = {}
    for entry in group_entries(groups, masks, [of_group(snapshot, m) for m in masks]):
        if entry.values:
            found[list(found)[-1]][entry.name] = [text for text, _ in entry.values]
        else:
            found[entry.name] = {}
    return found


def test_each_group_is_counted_and_has_its_own_best(easy: StudyFolder) -> None:
    snapshot = read_once(easy, lambda: NOW)
    said = sections(snapshot, ADAM, ADAM.others)
    mask = ADAM.mask(snapshot)
    assert said["the groups"]["trials"] == [str(mask.sum()), str((~mask).sum())]
    assert said["the groups"]["filter"] == ['optimizer == "adam"', "all others"]
    assert not {"in both", "in neither"} & set(said["the groups"])
    costs = [f"{snapshot.frame.charged[m].sum():.4g}" for m in (mask, ~mask)]
    assert said["the groups"]["cost"] == costs
    for at, m in enumerate((mask, ~mask)):
        frame = snapshot.frame.only(m)
        first = frame.number[best_rows(frame, snapshot.spec)[0]]
        assert said["the best trial"]["trial"][at] == f"#{first}"
    assert said["the best trial"]["optimizer"][0] == "adam"
    assert "adam" not in said["where the best trials lie"]["optimizer"][1]


def test_what_is_in_both_groups_or_in_neither_is_told(easy: StudyFolder) -> None:
    snapshot = read_once(easy, lambda: NOW)
    low = Group("lr < 0.01")
    said = sections(snapshot, ADAM, low)["the groups"]
    both = (ADAM.mask(snapshot) & low.mask(snapshot)).sum()
    neither = (~ADAM.mask(snapshot) & ~low.mask(snapshot)).sum()
    assert (said["in both"], said["in neither"]) == ([f"{both} trials"], [f"{neither} trials"])


def test_a_repeated_configuration_keeps_the_mean_of_all_its_runs(easy: StudyFolder) -> None:
    writer = StudyWriter(easy.db)
    before = read_once(easy, lambda: NOW)
    row = int(best_rows(before.frame, before.spec)[0])
    number = int(before.frame.number[row])
    metrics = {"accuracy": 0.86, "nonzero_weights": 50000.0}
    params: dict[str, float | int | str | bool] = {"lr": 0.01, "optimizer": "adam"}
    writer.add_trial(
        Trial(500, number, "60 epochs", TrialState.COMPLETE, 1.0, params, metrics, repeat=1)
    )
    writer.close()
    snapshot = read_once(easy, lambda: NOW)
    alone = Group(f"trial == {number}")
    mean = results(snapshot.frame, snapshot.spec)[1].metrics["accuracy"][row]
    assert mean < before.frame.metrics["accuracy"][row]
    said = sections(snapshot, alone, alone.others)
    assert said["best of each metric among full trials that meet all other goals"]["accuracy"][
        0
    ] == (f"{mean:.6g}")


def test_a_group_is_held_against_what_it_does_not_share_values_with(easy: StudyFolder) -> None:
    snapshot = read_once(easy, lambda: NOW)
    found = {g.name: n for g, n in opposites(snapshot, ADAM, ["lr < 0.01", "gone > 3"])}
    assert list(found) == [
        "all others", "lr < 0.01", 'optimizer == "sgd"', 'optimizer == "lion"',
    ]  # fmt: skip
    assert found['optimizer == "sgd"'] == SGD.mask(snapshot).sum()
    low = [g.name for g, _ in opposites(snapshot, Group("lr < 0.01"), [])]
    assert low == ["all others"]  # every optimizer has trials among these


def test_without_a_filter_the_values_of_a_parameter_are_held_against_each_other(
    easy: StudyFolder,
) -> None:
    snapshot = read_once(easy, lambda: NOW)
    names = [(a.filter, b.name) for (a, b), _ in pairs(snapshot, ["lr < 0.01"])]
    assert names == [
        ('optimizer == "sgd"', 'optimizer == "adam"'),
        ('optimizer == "sgd"', 'optimizer == "lion"'),
        ('optimizer == "adam"', 'optimizer == "lion"'),
        ("lr < 0.01", "all others"),
    ]


async def filtered(pilot: Pilot[int], text: str) -> None:
    """Hold a filter as a person does."""
    app = pilot.app
    assert isinstance(app, HpoApp)
    await pilot.press("slash")
    await until(pilot, lambda: bool(app.screen.query(FilterBar)))
    bar = app.screen.query_one(FilterBar)
    await until(pilot, lambda: bar.display)
    bar.query_one("LineInput").value = text  # type: ignore[attr-defined]  # an input
    await until(pilot, lambda: app.live is not None and app.live.view.filter == text)
    await pilot.press("enter")
    await until(pilot, lambda: not bar.display)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_what_a_filter_shows_is_compared_with_a_filter_held_before(
    easy: StudyFolder, size: tuple[int, int]
) -> None:
    async with watching(easy, size=size) as (app, pilot):
        await filtered(pilot, "lr < 0.01")
        await filtered(pilot, "dropout < 0.3")
        await pilot.press("V")
        await until(pilot, lambda: isinstance(app.screen, PickOne))
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(app.screen, CompareGroups))
        screen = app.screen
        assert isinstance(screen, CompareGroups)
        await until(pilot, lambda: screen._known is not None)
        assert screen._names == ("dropout < 0.3", "lr < 0.01")
        table = screen.query_one(LineTable)
        await until(pilot, lambda: table.display and table.has_focus)
        assert [c.title for c in table.rows.columns] == ["", "dropout < 0.3", "lr < 0.01"]
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, CompareGroups))
        assert app.live is not None
        assert app.live.view.filter == "dropout < 0.3"


async def test_a_study_that_runs_is_followed(easy: StudyFolder) -> None:
    async with watching(easy) as (app, pilot):
        live = app.live
        assert live is not None
        app.compare_groups(live, ADAM, ADAM.others)
        screen = app.screen
        assert isinstance(screen, CompareGroups)
        await until(pilot, lambda: screen._known is not None)
        writer = StudyWriter(easy.db)
        metrics = {"accuracy": 0.9999, "nonzero_weights": 100.0}
        writer.add_trial(
            Trial(600, 600, "60 epochs", TrialState.COMPLETE, 1.0,
                  {"lr": 0.01, "optimizer": "adam"}, metrics, charged=1.0, ended=NOW)
        )  # fmt: skip
        writer.close()

        def best() -> float:
            known = screen._known
            assert known is not None
            return float(np.nanmax(known.comparisons[0].courses[0].y))

        await until(pilot, lambda: best() == 0.9999)


async def test_without_groups_a_line_says_so(tmp_path: Path) -> None:
    text = EASY.replace('["sgd", "adam", "lion"]', '["sgd"]')
    async with watching(make_study(tmp_path, trials=0, text=text)) as (app, pilot):
        await pilot.press("V")
        await pilot.pause()
        assert "first filter trials with /" in [n.message for n in app._notifications][-1]
