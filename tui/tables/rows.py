"""What a table shows: rows of cells under columns. Knows no widget."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.plain import fit

Cell = tuple[str, str]
"""Plain text, and the name of its tone: one of :data:`TONES`, or empty."""

TONES = ("dim", "good", "bad", "warn", "accent", "bold")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``width`` cells. ``fixed``: stays when the others scroll sideways.

    ``tail``: the end of the title that is not cut: a goal tells no less than the name before it.
    ``least``: cells with which it still says something; in less it is left out.
    ``spare``: left out where it takes the room of the columns up to the last such one.
    """

    key: str
    title: str
    width: int
    align: Literal["left", "right"] = "left"
    fixed: bool = False
    tail: str = ""
    least: int = 0
    spare: bool = False

    @property
    def narrowest(self) -> int:
        """Cells that the column must have: in few a name says something still, a number nothing."""
        return min(max(self.least, 6 if self.align == "right" else 4), self.width)

    def heading(self, room: int, mark: str) -> str:
        """Return the title in ``room`` cells, with the ``mark`` of the order on its free side."""
        name = self.title.removesuffix(self.tail)
        before, after = (mark, "") if self.align == "right" else ("", mark)
        kept = room - fmt.width_of(before + self.tail + after)
        if fmt.width_of(name) > kept > 0:
            name = fit(name, kept)
        return fit(f"{before}{name}{self.tail}{after}", room, self.align)


def without_spare(columns: Sequence[Column], width: int) -> list[Column]:
    """Return the columns without those spare ones that leave the others too little room."""
    end = max((at + 1 for at, c in enumerate(columns) if c.spare), default=0)
    kept = list(columns[:end])
    while sum(c.width + 1 for c in kept) - 1 > width:
        last = next((at for at in reversed(range(len(kept))) if kept[at].spare), None)
        if last is None:
            break
        del kept[last]
    return [*kept, *columns[end:]]


class Rows(Protocol):
    """What a table shows. Never changes once given to a table."""

    @property
    def columns(self) -> Sequence[Column]:
        """The columns, in order."""

    def __len__(self) -> int: ...

    def key(self, row: int) -> Hashable:
        """Return what names the row across renewals."""

    def find(self, key: Hashable) -> int | None:
        """Return the row that ``key`` names, None if it is not shown."""

    def cells(self, row: int) -> Sequence[Cell]:
        """Return the row's cells, one a column; the last of fewer takes the room of the rest.

        A heading is one cell over all of them.
        """


class NoRows:
    """A table without rows."""

    columns: Sequence[Column] = ()

    def __len__(self) -> int:
        return 0

    def key(self, row: int) -> Hashable:
        """There is no row: raises IndexError."""
        raise IndexError(row)

    def find(self, key: Hashable) -> int | None:  # noqa: ARG002 - the protocol's argument
        """Nothing is found."""
        return None

    def cells(self, row: int) -> Sequence[Cell]:
        """There is no row: raises IndexError."""
        raise IndexError(row)
