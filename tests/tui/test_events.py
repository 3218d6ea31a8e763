"""The table of events."""

import pytest

from hpo_tui.store.models import Event
from hpo_tui.tui.widgets.events import EventRows


@pytest.mark.parametrize(
    ("trial", "kind", "text", "shown"),
    [
        (7, "complete", "trial 7 is complete: acc = 0.9", "acc = 0.9"),
        (7, "pruned", "trial 7: stopped: unlikely", "stopped: unlikely"),
        (7, "promoted", "trial 7 starts at full on cpu:0", "starts at full on cpu:0"),
        (7, "stopped", "trial 70 is meant", "trial 70 is meant"),
        (None, "edited", "trial 7 is no trial of it", "trial 7 is no trial of it"),
        (7, "complete", "metrics of trial 7", "metrics of trial 7"),
    ],
)
def test_what_stands_beside_it_is_not_said_again(
    trial: int | None, kind: str, text: str, shown: str
) -> None:
    event = Event(1, 0.0, kind, text, trial)
    rows = EventRows([event], 1.0)
    assert rows.cells(0)[-1][0] == shown
    assert rows.whole(0) == (kind, text)
