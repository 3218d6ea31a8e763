"""Groups of one study's trials that can be held side by side, and what to hold one against. Pure.

A group is what a filter and brushes hold, or all others. Its trials keep the results that the study
judges them by: the mean of a configuration is that of all its runs, whichever are in the group.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING

from hpo_tui.engine.spec import StudySpec
from hpo_tui.tui.tables.filters import FilterError, passing
from hpo_tui.tui.watching.snapshot import Brush, Snapshot

if TYPE_CHECKING:
    from hpo_tui.engine.arrays import Mask

OTHERS = "all others"
"""What the trials are called that are not in a group."""
MOST = 30
"""Groups, or pairs of them, that are proposed."""
_MANY = 4
"""Choices of a parameter from which each is held against all others, not each against each."""


@dataclass(frozen=True, slots=True)
class Group:
    """The trials that a filter and brushes hold; with ``rest`` all others."""

    filter: str = ""
    brushes: Mapping[str, Brush] = field(default_factory=dict)
    rest: bool = False

    @property
    def others(self) -> "Group":
        """All trials that are not in it."""
        return replace(self, rest=not self.rest)

    @property
    def name(self) -> str:
        """What it holds, in words."""
        if self.rest:
            return OTHERS
        n = len(self.brushes)
        brushed = [] if not n else ["1 brush" if n == 1 else f"{n} brushes"]
        return ", ".join([*([self.filter] if self.filter else []), *brushed])

    def mask(self, snapshot: Snapshot) -> "Mask":
        """Return which trials (n,) are in it. Raises FilterError."""
        import numpy as np

        mask = passing(snapshot, self.filter, self.brushes)
        if mask is None:
            mask = np.ones(len(snapshot.frame), dtype=np.bool_)
        return ~mask if self.rest else mask


Pair = tuple[Group, Group]


def of_group(snapshot: Snapshot, mask: "Mask") -> Snapshot:
    """Return a study as if it had the trials of a mask (n,) alone."""
    from hpo_tui.engine.analysis.front import results

    return replace(snapshot, frame=results(snapshot.frame, snapshot.spec)[1].only(mask))


def opposites(snapshot: Snapshot, group: Group, filters: Sequence[str]) -> list[tuple[Group, int]]:
    """Return what a group can be held against, and how many trials each is of.

    All others come first, then ``filters``, then those with one value of a parameter that no trial
    of the group has. What cannot be, holds nothing or holds the same is left out.
    """
    own = group.mask(snapshot)
    values = [text for _, text in _values(snapshot.spec) if text not in filters]
    wanted = [group.others, *map(Group, filters), *map(Group, values)]
    found = []
    for other in wanted:
        mask = _mask(snapshot, other)
        if mask is None or not mask.any() or bool((mask == own).all()):
            continue
        if other.filter not in values or not (mask & own).any():
            found.append((other, int(mask.sum())))
    return found[:MOST]


def pairs(snapshot: Snapshot, filters: Sequence[str]) -> list[tuple[Pair, tuple[int, int]]]:
    """Return groups to hold against each other where none is filtered, with their trials.

    They have different values of a parameter; ``filters`` are held against all others.
    """
    found = []
    for first, second in _proposed(snapshot.spec, filters):
        masks = [m for g in (first, second) if (m := _mask(snapshot, g)) is not None and m.any()]
        if len(masks) == 2:
            found.append(((first, second), (int(masks[0].sum()), int(masks[1].sum()))))
    return found[:MOST]


def _proposed(spec: StudySpec, filters: Sequence[str]) -> Iterator[Pair]:
    by_name: dict[str, list[Group]] = {}
    for name, text in _values(spec):
        by_name.setdefault(name, []).append(Group(text))
    for groups in by_name.values():
        if len(groups) > _MANY:
            yield from ((g, g.others) for g in groups)
        else:
            yield from combinations(groups, 2)
    yield from ((g, g.others) for g in map(Group, filters))


def can_be_split(spec: StudySpec) -> bool:
    """Whether a parameter has values by which trials fall into groups."""
    return next(_values(spec), None) is not None


def _values(spec: StudySpec) -> Iterator[tuple[str, str]]:
    """Yield (parameter, filter) of each choice of each parameter."""
    from hpo_tui.engine.spec.expressions.filter_completion import condition

    for parameter in spec.free:
        if not parameter.numeric:
            for value in parameter.choices:
                yield parameter.name, condition(parameter.name, value)


def _mask(snapshot: Snapshot, group: Group) -> "Mask | None":
    """Return which trials are in a group, None where it cannot be told."""
    try:
        return group.mask(snapshot)
    except FilterError:  # of a metric or a parameter that the study does not have any more
        return None
