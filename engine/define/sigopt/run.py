"""A run of a script that uses SigOpt, once, and what it has said of its experiment and itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.adapted import look_at
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.spec import Params, StudySpec, Value
from hpo_tui.engine.spec.space import from_unit


@dataclass(slots=True)
class Seen:
    """What a run has shown, as :mod:`hpo_tui.engine.objective.sigopt.service` writes it down.

    ``defaults``: the values that the script gives parameters; ``start``: configurations of which
    it tells a result before it asks for one.
    """

    experiment: Mapping[str, Any] | None = None
    defaults: dict[str, Value] = field(default_factory=dict)
    logged: dict[str, float] = field(default_factory=dict)
    metadata: list[str] = field(default_factory=list)
    start: list[Params] = field(default_factory=list)
    steps: int = 0

    def take(self, said: Mapping[str, Any]) -> None:
        """Take a line of the record in."""
        self.experiment = self.experiment or said.get("experiment")
        known = (bool, int, float, str)
        given = {k: v for k, v in said.get("defaults", {}).items() if isinstance(v, known)}
        self.defaults |= {k: v for k, v in given.items() if k not in self.defaults}
        self.logged |= said.get("logged", {})
        self.metadata = said.get("metadata", self.metadata)
        self.start += [said["start"]] if "start" in said else []
        self.steps = said.get("steps", self.steps)


def look(
    spec: StudySpec, folder: Path, timeout: float, *, known: bool
) -> tuple[Tried, Seen, list[str]]:
    """Run the script once at the cheapest task.

    Returns also what its user should know, each a sentence. ``known``: the study has the
    parameters; else the script runs with what it gives them itself.
    """
    params: Params | None = {} if not known else None
    if known and not spec.constraints:
        middle = {p.name: from_unit(p, 0.5) for p in spec.space}
        params = {p.name: middle[p.name] for p in spec.space if p.active(middle)}
    seen = Seen()
    tried, told = look_at(spec, folder, timeout, params, seen)
    return tried, seen, told
