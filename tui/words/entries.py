"""Lines of a name and its values, as rows of a table; each can be read whole. Pure."""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from hpo_tui.tui.tables.rows import Cell, Column
from hpo_tui.tui.words import fmt
from hpo_tui.tui.words.plain import wrapped

MOST_LINES = 3
"""Lines of a sentence; Enter shows a longer one whole."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: a name, then a value a column. A heading has no values.

    ``text``: the value as it was written, where a cell may be too short for it. ``goal``: what
    follows the name, and is not cut with it: a part of it would be another goal. ``wrap``: a
    sentence, which takes several lines where one has no room for it.
    """

    name: str
    values: tuple[Cell, ...] = ()
    text: str = ""
    goal: str = ""
    wrap: bool = False

    @property
    def label(self) -> str:
        """The name with the goal behind it."""
        return f"{self.name} {self.goal}" if self.goal else self.name


class EntryRows:
    """Entries as rows of a table."""

    def __init__(self, entries: Sequence[Entry], titles: Sequence[str], width: int) -> None:
        self._titles = titles
        names = max([fmt.width_of(e.label) for e in entries if e.values] + [8])
        first = min(names + 2, max(12, width // 3))
        self._room = first - 2
        self._names = {e.name for e in entries if e.values}
        room = max(8, (width - first - len(titles)) // max(1, len(titles)))
        self._width = room
        columns = [Column("name", "", first, fixed=True)]
        columns += [Column(f"v{i}", t, room) for i, t in enumerate(titles)]
        self.columns: Sequence[Column] = columns
        # Columns of the same width may leave a cell, which no text of theirs can take.
        whole = min(width - first, (room + 1) * max(1, len(titles)))
        self._lines = [(e, n, t) for e in entries for n, t in enumerate(_parts(e, whole))]
        """An entry, which of its lines this is, and what this one says where it has several."""

    def __len__(self) -> int:
        return len(self._lines)

    def key(self, row: int) -> Hashable:
        """Return the line's place."""
        return ("entry", row)

    def find(self, key: Hashable) -> int | None:
        """Return the line of a place."""
        row = key[1] if isinstance(key, tuple) else None
        return row if isinstance(row, int) and row < len(self) else None

    def whole(self, row: int) -> tuple[str, str]:
        """Return a line's name and its values uncut, to be read; ``("", "")`` for a heading."""
        entry = self._lines[row][0]
        if not entry.values:
            return "", ""
        if entry.text or len(entry.values) == 1:
            return entry.label, readable(entry.text or entry.values[0][0])
        pairs = zip(self._titles, entry.values, strict=False)
        return entry.label, "\n".join(f"{title}: {text}" for title, (text, _) in pairs)

    @property
    def first(self) -> Hashable:
        """The first line that can be read whole, None if there is none."""
        return next((self.key(row) for row in range(len(self)) if self.whole(row)[1]), None)

    def cells(self, row: int) -> Sequence[Cell]:
        """Return the name and its values; a heading alone, over the whole line."""
        entry, nth, part = self._lines[row]
        if not entry.values:
            return [(entry.name, "bold")]
        if nth:
            return [("", ""), (part, entry.values[0][1])]
        goal = f" {entry.goal}" if entry.goal else ""
        name = fmt.clip_among(entry.name, self._room - fmt.width_of(goal), self._names)
        said: Cell = (f"  {name}{goal}", "dim")
        if len(entry.values) == 1:
            value = (part, entry.values[0][1]) if part else entry.values[0]
            return [said, value]  # over the columns of others, which have none
        texts = [text for text, _ in entry.values]
        values = [(fmt.clip_among(t, self._width, texts), tone) for t, tone in entry.values]
        return [said, *values]


def _parts(entry: Entry, room: int) -> list[str]:
    """Return the lines of a sentence in ``room`` cells; of what needs no more than one nothing."""
    if not entry.wrap or len(entry.values) != 1:
        return [""]
    lines = wrapped(entry.values[0][0], max(room - 1, 8))
    if len(lines) > MOST_LINES:
        lines = [*lines[: MOST_LINES - 1], " ".join(lines[MOST_LINES - 1 :])]  # cut by the column
    return lines if len(lines) > 1 else [""]


_LOG = "; last lines: "
"""What stands between a sentence of the engine and the last lines of a trial's log."""
_RAISED = re.compile(r"(?:\[[^\]]*\]: ?)?[\w.]*[A-Z]\w*(?:Error|Exception)(?::|$)")
"""A line in which Python names an error; launchers write the rank before it."""


def with_last_line(text: str) -> str:
    """Return a sentence with only one line of a log behind it: the last that names an error.

    Advice may follow that one, as with CUDA; where none does, the very last line is the best there
    is.
    """
    head, found, lines = text.partition(_LOG)
    if not found:
        return text
    last = lines.split(" | ")
    return f"{head}: {next(filter(_RAISED.match, reversed(last)), last[-1])}"


def readable(text: str) -> str:
    """Return a sentence with the last lines of a log behind it, each on a line of its own."""
    head, found, lines = text.partition(_LOG)
    return f"{head}; last lines:\n  " + lines.replace(" | ", "\n  ") if found else text
