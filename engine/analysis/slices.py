"""Slices: what is expected of a metric as one parameter changes and all others stay.

The optimizer's models foretell them; here is what is kept of them with the study, for whoever has
no model: the screens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hpo_tui.store.models import Value

if TYPE_CHECKING:
    from hpo_tui.store.read import StudyReader

KEY = "slices"
"""The key of the last slices, in the study's database."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What is expected of one metric at the full task along one parameter, in the metric's units.

    Every other parameter is as in ``trial``. Of each of ``values``, in the order of the range or
    of the choices: the ``expected`` metric, between ``low`` and ``high`` in two cases of three.
    """

    trial: int
    parameter: str
    metric: str
    values: tuple[Value, ...]
    expected: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


def slices(reader: "StudyReader") -> tuple[Slice, ...]:
    """Return the slices that the optimizer last told."""
    return tuple(_read(entry) for entry in reader.get(KEY) or ())


def _read(entry: Mapping[str, Any]) -> Slice:
    return Slice(
        entry["trial"], entry["parameter"], entry["metric"], tuple(entry["values"]),
        tuple(entry["expected"]), tuple(entry["low"]), tuple(entry["high"]),
    )  # fmt: skip
