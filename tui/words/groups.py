"""Two groups of one study's trials side by side: how many, what they cost, what they reached. Pure.

``snapshots``: the study as if it had the trials of one group alone (:func:`groups.of_group`).
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hpo_tui.store.models import TrialState
from hpo_tui.tui.tables.groups import Group
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import present
from hpo_tui.tui.words.entries import Entry
from hpo_tui.tui.words.two_studies import best_entries, line

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Array, Mask

_NO_RESULT = (TrialState.FAILED, TrialState.KILLED)


def group_entries(
    groups: Sequence[Group], masks: "Sequence[Mask]", snapshots: Sequence[Snapshot]
) -> list[Entry]:
    """Return two groups side by side; ``masks``: which trials (n,) of the study are in which."""
    return [
        Entry("the groups"),
        line("filter", [g.name for g in groups]),
        *_shared(masks),
        *_count_entries(snapshots),
        Entry("typical full trial (median)"),
        *_typical_entries(snapshots),
        *best_entries(snapshots),
        Entry("trials and their cost, task by task"),
        *(line(t.name, [_at_task(s, t.name) for s in snapshots])
          for t in snapshots[0].spec.tasks_by_cost),
    ]  # fmt: skip


def _shared(masks: "Sequence[Mask]") -> Iterator[Entry]:
    """Yield how many trials are in both groups, or in neither, where some are."""
    first, second = masks
    for name, n in (
        ("in both", int((first & second).sum())),
        ("in neither", int((~(first | second)).sum())),
    ):
        if n:
            said = present.plural(n, "trial")
            yield Entry(name, ((said, "warn" if name == "in both" else ""),))


def _count_entries(snapshots: Sequence[Snapshot]) -> Iterator[Entry]:
    from hpo_tui.engine.analysis import charges
    from hpo_tui.engine.analysis.front import tally

    frames = [s.frame for s in snapshots]
    yield line("trials", [present.grouped(len(f)) for f in frames])
    running = [int(f.in_state(TrialState.RUNNING).sum()) for f in frames]
    if any(running):
        yield line("running", list(map(str, running)))
    tallies = [tally(s.frame, s.spec) for s in snapshots]
    yield line("full results", [present.grouped(n) for _, n in tallies])
    if snapshots[0].spec.has_goals:
        yield line("meet all goals", [_share(met, n) for met, n in tallies])
    lost = [int(f.in_state(*_NO_RESULT).sum()) for f in frames]
    yield line("failed, killed", [_share(n, len(f)) for n, f in zip(lost, frames, strict=True)])
    yield line("cost", [present.number(float(charges.charged(f).sum())) for f in frames])
    yield line("of that lost", [present.number(float(charges.lost(f).sum())) for f in frames])


def _typical_entries(snapshots: Sequence[Snapshot]) -> Iterator[Entry]:
    """Yield the medians of what full trials reported and used."""
    from hpo_tui.engine.analysis.front import column, full_mask, results

    spec = snapshots[0].spec
    found = [results(s.frame, s.spec) for s in snapshots]
    for name in spec.metric_names:
        medians = [_median(column(frame, name, rows)) for rows, frame in found]
        yield line(name, [present.number(m) for m in medians])
    full = [full_mask(s.frame, s.spec) for s in snapshots]
    pairs = list(zip(snapshots, full, strict=True))
    yield line("took", [present.took(_median(s.frame.duration[m])) for s, m in pairs])
    memory = [_median(s.frame.peak_memory[m]) for s, m in pairs]
    if any(m > 0 for m in memory):
        yield line("peak memory", [present.size(m) for m in memory])


def _median(values: "Array") -> float:
    """Return the middle of what is known, NaN where nothing is."""
    import numpy as np

    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _share(part: int, whole: int) -> str:
    """Return ``12 of 40 (30 %)``."""
    if not whole:
        return ""
    return f"{present.grouped(part)} of {present.grouped(whole)} ({100 * part / whole:.0f} %)"


def _at_task(snapshot: Snapshot, name: str) -> str:
    from hpo_tui.engine.analysis.charges import charged

    mask = snapshot.frame.at_task(name)
    if not mask.any():
        return ""
    cost = present.number(float(charged(snapshot.frame)[mask].sum()))
    return f"{present.plural(int(mask.sum()), 'trial')}, cost {cost}"
