"""What a table shows: rows of cells under columns. Knows no widget."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Cell = tuple[str, str]
"""Plain text, and the name of its tone: one of :data:`TONES`, or empty."""

TONES = ("dim", "good", "bad", "warn", "accent", "bold")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of ``width`` cells. ``fixed``: stays when the others scroll sideways."""

    key: str
    title: str
    width: int
    align: Literal["left", "right"] = "left"
    fixed: bool = False


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
