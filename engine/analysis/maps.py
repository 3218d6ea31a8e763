"""Maps: what is expected of a metric as two parameters change and all others stay.

The optimizer's models foretell them; here is what is kept of them with the study, for whoever has
no model: the screens.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from hpo_tui.store.models import Value

if TYPE_CHECKING:
    from hpo_tui.store.read import StudyReader

KEY = "maps"
"""The key of the last maps, in the study's database."""
_NUMBERS = ("expected", "low", "high")


@dataclass(frozen=True, slots=True)
class Map:
    """What is expected of one metric at the full task over two parameters, in the metric's units.

    Every other parameter is as in ``trial``. ``columns``: values of the parameter ``across``,
    ``rows``: of the one ``up``, in the order of the range or of the choices. Row after row, of
    each of its columns: the ``expected`` metric, between ``low`` and ``high`` in two cases of
    three; NaN where there is no such configuration.
    """

    trial: int
    across: str
    up: str
    metric: str
    columns: tuple[Value, ...]
    rows: tuple[Value, ...]
    expected: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def kept(one: Map) -> dict[str, Any]:
    """Return a map as JSON has it, which knows no NaN."""
    entry = asdict(one)
    for name in _NUMBERS:
        entry[name] = [None if math.isnan(v) else v for v in entry[name]]
    return entry


def maps(reader: "StudyReader") -> tuple[Map, ...] | None:
    """Return the maps that the optimizer last told; None where it has told of none so far."""
    entries = reader.get(KEY)
    return None if entries is None else tuple(_read(entry) for entry in entries)


class LastMaps:
    """The maps of a study that is read again and again: taken apart only when they are others."""

    def __init__(self) -> None:
        self._updated: float | None = None
        self._maps: tuple[Map, ...] | None = None

    def of(self, reader: "StudyReader") -> tuple[Map, ...] | None:
        """Return the maps, the very ones of the last time where no others were told."""
        updated = reader.updated(KEY)
        if updated is None or updated != self._updated:
            self._updated, self._maps = updated, maps(reader)
        return self._maps


def _read(entry: Mapping[str, Any]) -> Map:
    numbers = (tuple(math.nan if v is None else v for v in entry[name]) for name in _NUMBERS)
    return Map(
        entry["trial"], entry["across"], entry["up"], entry["metric"], tuple(entry["columns"]),
        tuple(entry["rows"]), *numbers,
    )  # fmt: skip
