"""The order of parameters by importance, found again when there are twice as many results."""

from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.frame import Frame

_FEW = 8
"""Full trials up to which the order is not looked at again."""


class Ranking:
    """The parameters in the order of their importance; use it from one thread at a time.

    Found at every picture, the order would change under the reader's eyes, and in a wide space it
    takes a second.
    """

    def __init__(self) -> None:
        self._spec: StudySpec | None = None
        self._order: tuple[str, ...] = ()
        self._at = 0
        """Full trials for which it was found."""

    def of(self, frame: Frame, spec: StudySpec) -> tuple[str, ...]:
        """Return parameters, those that matter most first; empty where nothing is known."""
        from hpo_tui.engine.analysis import front
        from hpo_tui.engine.analysis.importance import importance

        full = int(front.full_mask(frame, spec).sum())
        if self._spec is spec and full < 2 * max(self._at, _FEW):
            return self._order
        total: dict[str, float] = {}
        for metric in spec.metric_names:
            for name, share in importance(frame, spec, metric).items():
                total[name] = total.get(name, 0.0) + share
        self._order = tuple(sorted(total, key=lambda name: -total[name]))
        self._spec, self._at = spec, full
        return self._order
