"""Reading what a review of a study takes beside its picture: how trials failed, the best curves."""

from contextlib import closing

import numpy as np

from hpo_tui.engine.arrays import Array
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader
from hpo_tui.tui.charts.reports import chain
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.review import Review, review
from hpo_tui.tui.words.two_studies import Best

_CURVES = 5
"""Best trials whose curves are read."""


def read_review(snapshot: Snapshot) -> Review:
    """Return the review of a study as in ``snapshot``. Raises what reading a study does."""
    frame = snapshot.frame
    failed = frame.number[frame.in_state(TrialState.FAILED)].tolist()
    best = [int(frame.number[row]) for row in Best(snapshot).rows[:_CURVES]]
    chains = [chain(frame, number) for number in best]
    every = {number for numbers in chains for number in numbers}
    curves: dict[str, list[tuple[Array, Array]]] = {}
    with closing(StudyReader(snapshot.folder.db)) as reader:
        reasons = [t.reason for t in reader.trials(numbers=failed)] if failed else []
        for objective in snapshot.spec.objectives:
            found = reader.curves(every, objective.metric)
            pieces = ([found[n] for n in numbers if n in found] for numbers in chains)
            curves[objective.metric] = [
                (np.concatenate([p[0] for p in of]), np.concatenate([p[1] for p in of]))
                for of in pieces
                if of
            ]
    return review(snapshot, reasons, curves)
