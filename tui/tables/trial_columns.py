"""Which columns a table of trials can have, and the cells of those that every study has."""

from collections.abc import Callable

from hpo_tui.store.frame import STATES, Frame
from hpo_tui.tui.tables import trial_code
from hpo_tui.tui.tables.rows import Cell
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words import present
from hpo_tui.tui.words.goals import goals_of
from hpo_tui.tui.words.plain import plain

STATE_TONES = {
    "waiting": "dim",
    "running": "accent",
    "complete": "",
    "pruned": "dim",
    "failed": "bad",
    "killed": "warn",
}
FIXED: dict[str, tuple[str, int, bool]] = {
    "trial": ("#", 6, True),
    "mark": ("", 2, False),
    "task": ("task", 4, False),
    "state": ("state", 8, False),
    "cost": ("cost", 6, True),
    "duration": ("took", 9, True),
    "memory": ("memory", 6, True),
    "device": ("device", 6, False),
    "step": ("step", 6, True),
    "from": ("from", 6, True),
    "runs": ("runs", 4, True),
    "tags": ("tags", 12, False),
    "commit": ("commit", 10, False),
    "changes": ("changes", 8, False),
}
"""Column → heading, width, whether to the right."""


def fixed_cells(
    frame: Frame, full_task: str, pareto: frozenset[int]
) -> dict[str, Callable[[int], Cell]]:
    """Return column → what makes its cells, of those that the frame alone tells.

    The others of :data:`FIXED` (``runs``, ``duration``, code) need more of a snapshot. ``pareto``:
    rows of the frame that no other is better than.
    """

    def mark(at: int) -> Cell:
        star = "★" if frame.starred[at] else " "
        return (star + ("◆" if at in pareto else " "), "accent")

    def task(at: int) -> Cell:
        name = frame.tasks[frame.task[at]]
        return plain(name), "" if name == full_task else "dim"

    def state(at: int) -> Cell:
        name = str(STATES[frame.state[at]])
        return name, STATE_TONES[name]

    def resumed(at: int) -> Cell:
        source = int(frame.resumed_from[at])
        return (f"#{source}" if source else ""), "dim"

    def tags(at: int) -> Cell:
        return plain(", ".join(frame.tag_sets[frame.tags[at]])), "accent"

    return {
        "trial": lambda at: (str(frame.number[at]), ""),
        "mark": mark,
        "task": task,
        "state": state,
        "cost": lambda at: (present.number(float(frame.charged[at])), "dim"),
        "memory": lambda at: (present.size(float(frame.peak_memory[at])), "dim"),
        "device": lambda at: (plain(str(frame.device[at])), "dim"),
        "step": lambda at: (present.number(float(frame.step[at])), "dim"),
        "from": resumed,
        "tags": tags,
    }


def default_columns(snapshot: Snapshot) -> list[str]:
    """Return the columns of the browser of all trials: the metrics, then every parameter.

    Tags come with the first of them.
    """
    metrics = [f"m:{g.metric}" for g in goals_of(snapshot.spec)]
    params = [f"p:{p.name}" for p in snapshot.spec.free]
    tags = ["tags"] if snapshot.frame.tags.any() else []
    return ["trial", "mark", "state", "task", *metrics, *params, "cost", "duration", *tags]


def all_columns(snapshot: Snapshot) -> list[str]:
    """Return every column that there could be, the default ones first."""
    frame = snapshot.frame
    fixed = [k for k in FIXED if snapshot.code or k not in trial_code.KEYS]
    every = [*fixed, *(f"m:{n}" for n in frame.metrics), *(f"p:{n}" for n in frame.params)]
    return list(dict.fromkeys([*default_columns(snapshot), *every]))
