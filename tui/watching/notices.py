"""When to ring: a study ended, the breaker tripped, the first trial met all goals.

And what is in sight already, so that a key that is pressed again does not fill the screen.
"""

from hpo_tui.engine.answers import PAUSED_BY_YOU, SPENT
from hpo_tui.store.models import StudyState
from hpo_tui.tui.watching.snapshot import Snapshot
from hpo_tui.tui.words.paused import in_short
from hpo_tui.tui.words.plain import plain


def occasions(before: Snapshot | None, after: Snapshot) -> list[str]:
    """Return a sentence for each thing worth ringing for that happened between two pictures."""
    if before is None:
        return []
    found: list[str] = []
    old, new = before.study.state, after.study.state
    if old is not new and (new is StudyState.FINISHED or _stalled(old, after)):
        found += _standing(after)
    if before.runner_pid is not None and after.runner_pid is None and new is StudyState.RUNNING:
        found += _standing(after)
    if before.frame is not after.frame:
        found += _first_best(before, after)
    return found


def outdated(before: Snapshot | None, after: Snapshot) -> list[str]:
    """Return the sentences on how a study stood that are true no more."""
    return [] if before is None else [t for t in _standing(before) if t not in _standing(after)]


def _standing(snapshot: Snapshot) -> list[str]:
    """Return how a study stands, in a sentence, where that is worth ringing for."""
    name, state = plain(snapshot.study.name), snapshot.study.state
    if state is StudyState.FINISHED:
        return [f"{name}: finished, {plain(snapshot.study.reason) or SPENT}."]
    if state is StudyState.PAUSED:
        return [f"{name}: paused. {plain(in_short(snapshot.study.reason)[-1])}"]
    if state is StudyState.RUNNING and snapshot.runner_pid is None:
        return [f"{name}: the runner died. R starts it again; running trials continue."]
    return []


def _stalled(old: StudyState, after: Snapshot) -> bool:
    """Whether a study has paused by itself. A finished one whose budget grew just waits for R."""
    study = after.study
    by_itself = study.reason not in ("", PAUSED_BY_YOU) and old is not StudyState.FINISHED
    return study.state is StudyState.PAUSED and by_itself


def _first_best(before: Snapshot, after: Snapshot) -> list[str]:
    from hpo_tui.engine.analysis.front import full_mask, meets_mask, tally

    if not after.spec.has_goals:
        return []
    met = full_mask(after.frame, after.spec) & meets_mask(after.frame, after.spec)
    if not met.any() or tally(before.frame, before.spec)[0]:
        return []
    number = int(after.frame.number[met][0])
    return [f"{plain(after.study.name)}: trial {number} is the first that meets all goals."]


class InSight:
    """The short messages that have not gone away yet. Times are seconds of one clock."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def takes(self, text: str, now: float, seconds: float) -> bool:
        """Whether ``text`` is not in sight; then it is, for ``seconds`` from ``now``."""
        self._until = {t: until for t, until in self._until.items() if until > now}
        if text in self._until:
            return False
        self._until[text] = now + seconds
        return True

    def forget(self, text: str) -> None:
        """Have ``text`` taken again: it was taken away."""
        self._until.pop(text, None)
