"""In which order trials stand: sorted by a column of their table. Pure."""

from typing import TYPE_CHECKING

from hpo_tui.engine.spec import Direction
from hpo_tui.tui.tables import trial_code
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.running import durations

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Array, Index


def sort_values(snapshot: Snapshot, key: str) -> "Array | None":
    """Return what rows are sorted by, (n,) with NaN last, or None for an unknown column."""
    import numpy as np

    frame = snapshot.frame
    kind, _, name = key.partition(":")
    if kind == "m":
        values = frame.metrics.get(name)
        # What is infinite is no result: it would stand before the best.
        return None if values is None else np.where(np.isfinite(values), values, np.nan)
    if kind in ("p", "s"):
        return (_in_order_of_choices if kind == "p" else _apart)(snapshot, name)
    found = {
        "trial": frame.number,
        "mark": ~frame.starred,
        "state": frame.state,
        "cost": frame.charged,
        "duration": durations(snapshot) if key == "duration" else None,
        "memory": frame.peak_memory,
        "step": frame.step,
        "from": np.where(frame.resumed_from > 0, frame.resumed_from, np.nan),
    }.get(key)
    if key == "device":
        named = sorted(set(frame.device.tolist()) - {""}, key=fmt.natural)
        ranks_of = {"": np.nan} | {name: float(at) for at, name in enumerate(named)}
        return np.array([ranks_of[d] for d in frame.device.tolist()], dtype=np.float64)
    if key == "tags":
        texts = ["\n".join(tags) for tags in frame.tag_sets]
        by_text = np.unique(texts, return_inverse=True)[1].astype(np.float64)
        by_text[0] = np.nan  # those without come last
        return by_text[frame.tags]
    if key in trial_code.KEYS:  # by when trials first ran it
        ran = trial_code.code_indices(snapshot)
        return np.where(ran < 0, np.nan, ran.astype(np.float64))
    if key == "task":
        ranked = [t.name for t in snapshot.spec.tasks_by_cost]
        ranks = [ranked.index(t) if t in ranked else len(ranked) for t in frame.tasks]
        return np.array(ranks, dtype=np.float64)[frame.task]
    if key == "runs":
        counts = result_counts(snapshot)
        return np.array([counts.get(n, 1) for n in frame.number.tolist()], dtype=np.float64)
    return None if found is None else np.asarray(found, dtype=np.float64)


def _apart(snapshot: Snapshot, name: str) -> "Array":
    """Return how far the results of repeated configurations lie apart (n,), at their first."""
    import numpy as np

    spreads = result_spreads(snapshot)
    apart = (spreads.get(number, {}).get(name, np.nan) for number in snapshot.frame.number.tolist())
    return np.fromiter(apart, np.float64, len(snapshot.frame))


def _in_order_of_choices(snapshot: Snapshot, name: str) -> "Array | None":
    """Return a parameter's values (n,), choices by the order in which the study lists them.

    A frame numbers them as they came. What is listed no more comes after, in order of its text.
    """
    import numpy as np

    values, choices = snapshot.frame.params.get(name), snapshot.frame.choices.get(name)
    if values is None or not choices:
        return values
    listed = next((list(p.choices) for p in snapshot.spec.space if p.name == name), [])
    late = sorted((c for c in choices if c not in listed), key=lambda c: fmt.natural(str(c)))
    places = {c: float(at) for at, c in enumerate([*listed, *late])}
    ranks = np.array([*(places[c] for c in choices), np.nan])
    codes = np.where(np.isnan(values), len(choices), values).astype(np.int64)
    return np.asarray(ranks[codes], dtype=np.float64)


def best_last(snapshot: Snapshot, key: str, *, otherwise: bool) -> bool:
    """Return whether rising order would put the best last; ``otherwise`` for no objective."""
    goals = {f"m:{o.metric}": o.direction for o in snapshot.spec.objectives}
    return goals[key] is Direction.MAXIMIZE if key in goals else otherwise


def sorted_rows(snapshot: Snapshot, rows: "Index", key: str, descending: bool) -> "Index":
    """Return ``rows`` of the frame sorted by a column, NaN last either way."""
    import numpy as np

    values = sort_values(snapshot, key) if key else None
    if values is None:
        return rows[::-1] if descending else rows
    chosen = values[rows]
    order = np.argsort(-chosen if descending else chosen, kind="stable")
    return rows[order]


def result_spreads(snapshot: Snapshot) -> dict[int, dict[str, float]]:
    """Return trial number → metric → standard deviation, where a configuration has several."""
    from hpo_tui.engine.analysis.front import full_mask
    from hpo_tui.engine.analysis.repeats import spreads

    return spreads(snapshot.frame, full_mask(snapshot.frame, snapshot.spec))


def result_counts(snapshot: Snapshot) -> dict[int, int]:
    """Return trial number → results of its configuration, where a configuration has several."""
    from hpo_tui.engine.analysis.front import full_mask
    from hpo_tui.engine.analysis.repeats import runs

    return runs(snapshot.frame, full_mask(snapshot.frame, snapshot.spec))
