"""Which running trials are overdue: where the runner keeps them, and how others read them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hpo_tui.store.read import StudyReader

KEY = "overdue"
"""Under which key the store keeps which trials are overdue and of which people were told."""


def overdue(reader: "StudyReader") -> tuple[int, ...]:
    """Return the trials that the runner found overdue; nobody knows of them where it has died."""
    return tuple((reader.get(KEY) or {}).get("now", ()))
