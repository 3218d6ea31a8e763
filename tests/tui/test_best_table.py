"""What the table of the best says of repeats and of a single objective."""

from pathlib import Path

from hpo_tui.store.models import StudyState, Trial, TrialState
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.tables.rows import Column, without_spare
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.best_table import MOST, BestTable
from hpo_tui.tui.widgets.line_table import LineTable
from hpo_tui.tui.words.side_by_side import of_several
from tests.tui.conftest import NOW, make_study, settled, watching

ONE = """\
[study]
name = "one"
command = "python train.py --lr {lr}"
budget = 40

[space.lr]
type = "float"
low = 1e-4
high = 1e-1

[[objective]]
metric = "loss"
direction = "minimize"
"""


def _add(path: Path, losses: list[float], configurations: list[int]) -> None:
    writer = StudyWriter(path)
    writer.declare(("lr",), ("loss",))
    for n, (loss, configuration) in enumerate(zip(losses, configurations, strict=True), start=1):
        trial = Trial(
            n, configuration, "full", TrialState.COMPLETE, 1.0, {"lr": 0.01}, {"loss": loss},
            charged=1.0, started=NOW - 100, ended=NOW - 90, repeat=n - configuration,
        )  # fmt: skip
        writer.add_trial(trial)
    writer.close()


async def test_what_a_filter_holds_is_shown_however_far_it_misses(tmp_path: Path) -> None:
    text = ONE.replace('direction = "minimize"', 'direction = "minimize"\nthreshold = 0.1')
    study = make_study(tmp_path, "far", 0, running=0, text=text, state=StudyState.FINISHED)
    count = MOST + 5
    _add(study.db, [float(n) for n in range(1, count + 1)], list(range(1, count + 1)))
    async with watching(study) as (app, _):
        table = app.screen.query_one(BestTable)
        assert len(table.rows) == MOST
        assert app.live is not None
        assert app.live.snapshot is not None
        app.live.set_filter(f"trial > {MOST + 3}")
        table.show(app.live.snapshot, app.live.view)
        assert [table.rows.key(n) for n in range(len(table.rows))] == [count - 1, count]
        assert table.title == "best metrics: none of 2 full trials shown meets all goals"
        app.live.set_filter("trial > 9999")
        table.show(app.live.snapshot, app.live.view)
        assert table.empty.startswith("No full trial matches the filter")


async def test_one_objective_has_one_best_and_repeats_say_how_many(tmp_path: Path) -> None:
    study = make_study(tmp_path, "one", 0, running=0, text=ONE, state=StudyState.FINISHED)
    _add(study.db, [0.5, 0.2, 0.4], [1, 2, 2])
    async with watching(study) as (app, pilot):
        table = app.screen.query_one(BestTable)
        shown = [[text.strip() for text, _ in table.rows.cells(r)] for r in range(2)]
        assert [row[:5] for row in shown] == [
            ["2", "◆", "2", "0.3", "±0.14"], ["1", "", "", "0.5", ""],
        ]  # fmt: skip
        await pilot.press("j", "enter")
        await settled(pilot)
        title = app.screen.query_one("#trial-title")._text  # type: ignore[attr-defined]  # what is drawn
        assert title.endswith(
            "at full (the best)  one of 2 runs; their mean counts: loss 0.3 ±0.14"
        )
        values = app.screen.query_one("#trial-values", LineTable).rows
        assert [c.title for c in values.columns] == ["", "this trial", "next best: #1"]
        await pilot.press("escape", "j", "enter")
        await settled(pilot)
        title = app.screen.query_one("#trial-title")._text  # type: ignore[attr-defined]  # what is drawn
        assert title == "trial 1  complete at full"
        values = app.screen.query_one("#trial-values", LineTable).rows
        assert [c.title for c in values.columns] == ["", "this trial", "best: #2, mean of 2"]
        assert [text.strip() for text, _ in values.cells(1)] == ["loss ↓", "0.5", "0.3"]


async def test_repeats_can_be_sorted_by_how_far_they_lie_apart(tmp_path: Path) -> None:
    study = make_study(tmp_path, "apart", 0, running=0, text=ONE, state=StudyState.FINISHED)
    _add(study.db, [0.1, 0.2, 0.3, 0.9, 0.5], [1, 1, 3, 3, 5])
    async with watching(study) as (app, _):
        table = app.screen.query_one(BestTable)
        assert app.live is not None
        assert app.live.snapshot is not None
        table.sort_by, table.descending = "s:loss", True
        table.show(app.live.snapshot, app.live.view)
        assert [table.rows.key(n) for n in range(3)] == [3, 1, 5]


def test_a_spare_column_goes_before_another_has_no_room() -> None:
    columns = [
        Column("trial", "#", 6), Column("m:a", "a", 10), Column("s:a", "±", 7, spare=True),
        Column("m:b", "b", 10), Column("s:b", "±", 5, spare=True), Column("p:lr", "lr", 30),
    ]  # fmt: skip

    def kept(width: int) -> str:
        return " ".join(c.key for c in without_spare(columns, width))

    assert kept(42) == "trial m:a s:a m:b s:b p:lr"
    assert kept(41) == kept(36) == "trial m:a s:a m:b p:lr"
    assert kept(35) == kept(9) == "trial m:a m:b p:lr"


def test_a_look_is_none_of_the_runs_whose_mean_counts(tmp_path: Path) -> None:
    study = make_study(tmp_path, "looks", 0, running=0)
    writer = StudyWriter(study.db)
    for n, task in enumerate(("15 epochs", "60 epochs", "60 epochs"), start=1):
        writer.add_trial(Trial(n, 1, task, TrialState.COMPLETE, 1.0, {"lr": 0.01}))
    writer.close()
    snapshot = read_once(study)
    said = "one of 2 runs; their mean counts"
    assert [of_several(snapshot, row) for row in range(3)] == ["", said, said]
