"""The best trial of each of several studies, as rows of a table. Pure."""

from collections.abc import Hashable, Sequence

from hpo_tui.tui.tables.rows import Cell, Column
from hpo_tui.tui.words import fmt

_WIDEST = 24
"""Cells of a column at the most: names of studies and choices can be long."""


class SeveralRows:
    """Rows by the folder names of their studies, in ``names``; ``head`` and ``rows`` as text.

    Headings of metrics may end with the goal behind a space, which is not cut. A result that
    misses its goal ends with ``!``.
    """

    def __init__(
        self, names: Sequence[str], head: Sequence[str], rows: Sequence[Sequence[str]]
    ) -> None:
        self._names, self._rows = names, rows
        self.columns: Sequence[Column] = tuple(
            _column(title, [row[at] for row in rows], first=not at) for at, title in enumerate(head)
        )

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, row: int) -> Hashable:
        """Return the name of the study's folder."""
        return self._names[row]

    def find(self, key: Hashable) -> int | None:
        """Return the row of a study."""
        return next((at for at, name in enumerate(self._names) if name == key), None)

    def cells(self, row: int) -> Sequence[Cell]:
        """Return the study, what it has spent, its trials and the best of them."""
        name, *others = self._rows[row]
        return [(name, "bold"), *((text, _tone(text)) for text in others)]


def _column(title: str, texts: Sequence[str], *, first: bool) -> Column:
    width = min(max(map(fmt.width_of, (title, *texts))), _WIDEST)
    _, space, goal = title.rpartition(" ")
    tail = space + goal if goal[:1] in {"≥", "≤"} else ""
    return Column(title, title, width, "left" if first else "right", fixed=first, tail=tail)


def _tone(text: str) -> str:
    return "dim" if text == "-" else "bad" if text.endswith("!") else ""
