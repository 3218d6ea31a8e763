"""What a script tells Ray Tune of its search, as its source says it, or a run has written it down.

``engine/objective/raytune/told.py`` writes it; ``source.py`` makes the same of a source.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Told:
    """A search of Ray Tune's.

    ``space``: what its ``param_space`` holds, each with ``name``, ``is`` and what that kind has.
    ``seconds``: its time; ``concurrent``: trials at once, each None where it does not say.
    ``trainable``: ``class`` or ``function``.
    """

    space: list[Mapping[str, Any]] = field(default_factory=list)
    name: str = ""
    metric: list[str] = field(default_factory=list)
    mode: list[str] = field(default_factory=list)
    samples: int | None = None
    seconds: float | None = None
    concurrent: int | None = None
    scheduler: Mapping[str, Any] = field(default_factory=dict)
    search: Mapping[str, Any] = field(default_factory=dict)
    stop: Mapping[str, float] = field(default_factory=dict)
    resources: Mapping[str, float] = field(default_factory=dict)
    trainable: str = "function"

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Told":
        """Return what a record says."""
        names = cls.__dataclass_fields__
        return cls(**{n: v for n, v in said.items() if n in names and v is not None})

    @property
    def mutations(self) -> list[Mapping[str, Any]]:
        """What the scheduler changes while a trial trains."""
        return list(self.scheduler.get("mutations") or ())

    @property
    def searched(self) -> list[Mapping[str, Any]]:
        """What is searched: the space's, and what a scheduler changes that is a constant there."""
        found = [e for e in self.space if e["is"] not in ("constant", "function")]
        names = [e["name"] for e in found]
        changed = [e for e in self.mutations if e["name"] not in names and e["is"] != "function"]
        return [*found, *changed]

    @property
    def computed(self) -> list[str]:
        """What the script computes itself in each trial (``sample_from``)."""
        return [str(e["name"]) for e in self.space if e["is"] == "function"]
