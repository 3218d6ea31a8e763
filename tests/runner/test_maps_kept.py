"""What the optimizer expects over pairs of parameters is kept with the study."""

import math
from collections.abc import Iterator
from typing import Any

import pytest

from hpo_tui.engine.analysis.maps import KEY, LastMaps, Map, kept, maps
from hpo_tui.engine.execution.proposals.insights import LATE, MapRounds
from hpo_tui.engine.launch import start_runner
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter

SCRIPT = """\
x, y = given["params"]["x"], given["params"]["y"]
report(accuracy=1 - (x - 0.3) ** 2 - (y - 0.7) ** 2)
"""
SPACE = """
[space.y]
type = "float"
low = 0.0
high = 1.0
"""


def one(trial: int) -> Map:
    numbers = (0.5, math.nan), (0.4, math.nan), (0.6, math.nan)
    return Map(trial, "x", "kind", "accuracy", (0.0, 1.0), ("a",), *numbers)


class Optimizer:
    """Tells two maps of the trial that is best now; its ``clock`` goes on by the work."""

    def __init__(self) -> None:
        self.best, self.clock = 1, 0.0

    def maps(self) -> Iterator[Map]:
        best = self.best
        return (self.worked(best) for _ in range(2))

    def worked(self, best: int) -> Map:
        self.clock += 1.0
        return one(best)


def test_a_finished_study_has_its_maps(make_study: Any) -> None:
    ran = make_study(SCRIPT, budget=8, tasks=SPACE)
    start_runner(ran.folder)
    ran.gone()
    with StudyReader(ran.folder.db) as reader:
        (told,) = maps(reader) or ()
    assert ({told.across, told.up}, told.metric) == ({"x", "y"}, "accuracy")
    assert len(told.expected) == len(told.rows) * len(told.columns)
    assert told.trial in {t.number for t in ran.trials()}


def test_a_study_that_was_never_run_has_told_of_none(make_study: Any) -> None:
    with StudyReader(make_study(SCRIPT).folder.db) as reader:
        assert maps(reader) is None


def test_what_is_kept_is_what_was_told(make_study: Any) -> None:
    ran = make_study(SCRIPT)
    writer = StudyWriter(ran.folder.db)
    writer.put(KEY, [kept(one(3))])
    writer.close()
    with StudyReader(ran.folder.db) as reader:
        (told,) = maps(reader) or ()
    assert kept(told) == kept(one(3))
    assert math.isnan(told.low[1])
    assert told.rows == ("a",)


def test_they_are_read_anew_only_when_others_were_told(make_study: Any) -> None:
    ran = make_study(SCRIPT)
    last = LastMaps()
    writer = StudyWriter(ran.folder.db)
    with StudyReader(ran.folder.db) as reader:
        assert last.of(reader) is None
        writer.put(KEY, [kept(one(3))])
        told = last.of(reader)
        assert [m.trial for m in told or ()] == [3]
        writer.put("slices", [])
        assert last.of(reader) is told
        writer.put(KEY, [kept(one(4))])
        assert [m.trial for m in last.of(reader) or ()] == [4]
    writer.close()


def test_nothing_is_worked_out_before_there_is_news() -> None:
    rounds = MapRounds()
    assert rounds.patience is None
    assert rounds.work(Optimizer()) is None


def test_they_are_worked_out_a_piece_at_a_time_of_what_was_known_at_first() -> None:
    optimizer = Optimizer()
    rounds = MapRounds(lambda: optimizer.clock)
    rounds.news()
    assert rounds.work(optimizer) is None
    optimizer.best = 2
    rounds.news()
    assert rounds.patience == 0.0
    assert rounds.work(optimizer) is None
    assert rounds.work(optimizer) == [kept(one(1)), kept(one(1))]


def test_they_rest_for_many_times_as_long_as_they_took() -> None:
    optimizer = Optimizer()
    rounds = MapRounds(lambda: optimizer.clock)
    rounds.news()
    while rounds.work(optimizer) is None:
        pass
    assert rounds.patience is None
    rounds.news()
    assert rounds.patience == pytest.approx(40.0)
    optimizer.clock += 40.0
    assert rounds.patience == 0.0


def test_what_is_due_is_late_when_no_quiet_moment_has_come_for_it() -> None:
    optimizer = Optimizer()
    rounds = MapRounds(lambda: optimizer.clock)
    assert not rounds.late
    optimizer.clock = 100.0
    rounds.news()
    assert not rounds.late
    optimizer.clock += LATE + 1
    assert rounds.late
    while rounds.work(optimizer) is None:
        assert rounds.late  # a round that was begun is finished
    rounds.news()
    optimizer.clock += 40.0
    assert rounds.patience == 0.0
    assert not rounds.late
    optimizer.clock += LATE + 1
    assert rounds.late


def test_at_the_end_all_are_told_at_once() -> None:
    optimizer = Optimizer()
    rounds = MapRounds(lambda: optimizer.clock)
    rounds.news()
    rounds.work(optimizer)
    optimizer.best = 2
    assert rounds.finish(optimizer) == [kept(one(2)), kept(one(2))]


def test_maps_that_fail_end_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def maps(self) -> Iterator[Map]:
            raise ZeroDivisionError

    rounds = MapRounds()
    rounds.news()
    assert rounds.work(Broken()) is None
    assert rounds.patience is None
    assert rounds.finish(Broken()) is None
    assert "the maps could not be worked out" in caplog.text


def test_maps_that_fail_half_way_are_left_until_they_are_due_again() -> None:
    class Breaks(Optimizer):
        def maps(self) -> Iterator[Map]:
            yield self.worked(1)
            raise ZeroDivisionError

    optimizer = Breaks()
    rounds = MapRounds(lambda: optimizer.clock)
    rounds.news()
    assert rounds.work(optimizer) is None
    assert rounds.work(optimizer) is None
    assert rounds.patience is None
    rounds.news()
    assert rounds.patience == pytest.approx(20.0)
