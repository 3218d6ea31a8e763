"""Which running trials have long reported nothing: where the runner keeps them, how it is read."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpo_tui.store.read import StudyReader

KEY = "quiet"
"""Under which key the store keeps them."""


def quiet(reader: "StudyReader") -> Mapping[int, float]:
    """Return trial → when it reported last (Unix time), of those that are long due to again."""
    return {int(number): float(since) for number, since in reader.get(KEY) or ()}
