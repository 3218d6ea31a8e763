"""The history marks every edit of the study, however much has happened since."""

from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.read import StudyReader
from hpo_tui.store.write import StudyWriter
from hpo_tui.tui.watching.pictures import EVENTS_KEPT, Pictures
from hpo_tui.tui.watching.watcher import read_once
from hpo_tui.tui.widgets.history import History
from tests.tui.charts.showing import shown, text
from tests.tui.conftest import NOW


def _record(study: StudyFolder, *events: tuple[str, str]) -> None:
    writer = StudyWriter(study.db)
    with writer.transaction():
        for kind, said in events:
            writer.add_event(kind, said)
    writer.close()


async def test_an_edit_of_long_ago_is_marked(study: StudyFolder) -> None:
    _record(study, ("edited", "the budget is 400 now"), *[("started", "a trial")] * EVENTS_KEPT)
    async with shown(History(), read_once(study, lambda: NOW)) as (pilot, _):
        assert any("edit" in line for line in text(pilot))


def test_edits_are_looked_for_among_new_events_alone(study: StudyFolder) -> None:
    asked: list[tuple[int, int]] = []

    class Reader(StudyReader):
        def edits(self, after: int, upto: int) -> list[float]:
            asked.append((after, upto))
            return super().edits(after, upto)

    pictures = Pictures(study)
    with Reader(study.db) as reader:
        last = reader.events()[-1].id
        assert pictures.take(reader).edits == ()
        _record(study, ("edited", "first"), ("started", "a trial"))
        first = pictures.take(reader).edits
        _record(study, ("edited", "second"), ("started", "a trial"))
        second = pictures.take(reader).edits
        assert pictures.take(reader).edits is second
    assert (len(first), len(second)) == (1, 2)
    assert second[0] == first[0] <= second[1]
    assert asked == [(0, last), (last, last + 2), (last + 2, last + 4)]
