"""What the search would run next, before it is entered into the history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hpo_tui.engine.arrays import Array
from hpo_tui.engine.spec import Value


@dataclass(frozen=True, slots=True)
class Proposal:
    """A configuration (d,), its id if it is known, the task, and why (JSON-able).

    ``given``: values to take exactly as the user wrote them.
    """

    x: Array
    configuration: int | None
    task: int
    why: Mapping[str, Any] = field(default_factory=dict)
    given: Mapping[str, Value] = field(default_factory=dict)
