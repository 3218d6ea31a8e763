"""A run of a script of Ray Tune's, once, and what it has shown."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.adapted import look_at
from hpo_tui.engine.define.raytune.source import Source
from hpo_tui.engine.define.raytune.told import Told
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.spec import StudySpec

_FEWEST = 2
"""Steps that it takes to tell how long one is without what goes before the first."""


@dataclass(slots=True)
class Seen:
    """What a run has shown, as the module that ran it writes it down.

    ``logged``: the metrics of its last step; ``ended``: whether the training came to its own end;
    ``times``: seconds since the training began at which each step was over.
    """

    told: Told | None = None
    steps: int = 0
    logged: dict[str, float] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    saves: bool = False
    loads: bool = False
    ended: bool = False

    def take(self, said: Mapping[str, Any]) -> None:
        """Take a line of the record in."""
        if "tune" in said:
            self.told = Told.of(said["tune"])
        self.steps = said.get("steps", self.steps)
        self.logged = said.get("logged", self.logged)
        self.times += [said["at"]] if "at" in said else []
        self.saves = self.saves or bool(said.get("saves"))
        self.loads = self.loads or bool(said.get("loads"))
        self.ended = self.ended or bool(said.get("ended"))

    @property
    def pace(self) -> float | None:
        """Seconds that a step takes; of a single one, with what went before it. None without."""
        if len(self.times) < _FEWEST:
            return self.times[0] if self.times else None
        return (self.times[-1] - self.times[0]) / (len(self.times) - 1)


@dataclass(slots=True)
class Shown:
    """What is known of a script: by its source, and by a first run, which goes before it."""

    source: Source
    seen: Seen = field(default_factory=Seen)
    tried: Tried | None = None

    @property
    def told(self) -> Told:
        """What the script says of its search."""
        return self.seen.told or self.source.told or Told()

    @property
    def resumes(self) -> bool:
        """Whether it goes on from checkpoints: it reports them, and loads them."""
        if self.seen.steps:
            return self.seen.saves and self.seen.loads
        return self.source.saves and self.source.loads


def look(spec: StudySpec, folder: Path, timeout: float) -> tuple[Tried, Seen, list[str]]:
    """Run the script once at the cheapest task, in the middle of its own space.

    Returns also what its user should know, each a sentence.
    """
    seen = Seen()
    tried, told = look_at(spec, folder, timeout, {}, seen)
    if seen.pace is not None:  # what went by before the first step, such as importing Ray
        startup = max(0.0, tried.seconds - seen.pace * seen.steps)
        tried = dataclasses.replace(tried, startup=startup)
    return tried, seen, told
