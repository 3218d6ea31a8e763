"""What all scripts have in common that one of our modules runs as a trial, unchanged.

Such a module (``engine/objective/``) writes down what the script says of its search while it is
looked at for the first time.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hpo_tui.engine.define.first_run import faults
from hpo_tui.engine.define.scratch import scratch
from hpo_tui.engine.define.script_checkpoints import left_behind, saved_files
from hpo_tui.engine.define.try_one import Tried, try_one
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.objective.recorded import RECORD
from hpo_tui.engine.spec import Parameter, Params, StudySpec, Value
from hpo_tui.engine.spec.names import KeyPath, plain
from hpo_tui.engine.spec.values import native, value_fault


@dataclass(frozen=True, slots=True)
class Taken:
    """A parameter, and what of it is not as where it comes from, each a sentence."""

    parameter: Parameter
    remarks: tuple[str, ...] = ()


class Hears(Protocol):
    """What takes in all that a script says of its search, thing by thing."""

    def take(self, said: Mapping[str, Any]) -> None:
        """Take a line of the record in."""


def look_at(
    spec: StudySpec,
    folder: Path,
    timeout: float,
    params: Mapping[str, Value] | None,
    seen: Hears,
) -> tuple[Tried, list[str]]:
    """Run the script once at the cheapest task, and have ``seen`` take in what it says.

    Returns how that went, and what its user should know, each a sentence. ``params``: drawn at
    random where they are not given.
    """
    before = saved_files(folder)
    with scratch() as place:
        record = place / "record"
        looking = dataclasses.replace(spec, env={**spec.env, RECORD: str(record)})
        tried = try_one(looking, folder, params=params, limit=timeout)
        lines = record.read_text("utf-8").splitlines() if record.exists() else []
    for line in lines:
        seen.take(json.loads(line))
    left = left_behind(folder, before)
    return tried, [*faults(tried), *([left] if left else []), *lacking(tried)]


def start_of(params: Mapping[str, Any], space: Mapping[str, Parameter]) -> Params:
    """Return a configuration that the script names, as far as the study has its parameters."""
    return {
        name: native(space[name], value)
        for name, value in params.items()
        if name in space and value_fault(space[name], value) is None
    }


def on_parameters(taken: Sequence[Taken]) -> dict[KeyPath, str]:
    """Return the comments on parameters that are not as where they come from."""
    said = {t.parameter.name: "; ".join(t.remarks) for t in taken if t.remarks}
    return {("space", name): f"{text[0].upper()}{text[1:]}." for name, text in said.items()}


def on_values(spec: StudySpec, metrics: Mapping[str, float]) -> dict[KeyPath, str]:
    """Return the comments on objectives of which a first run has shown a value."""
    return {
        ("objective", n): f"The last value in a first run was {brief(metrics[objective.metric])}."
        for n, objective in enumerate(spec.objectives)
        if objective.metric in metrics
    }


def with_budget(notes: dict[KeyPath, str], said: str) -> None:
    """Say what the budget is, before what a first run has told of it."""
    key: KeyPath = ("study", "budget")
    taken = notes.get(key, "").removeprefix("in units of the full task; ")
    notes[key] = f"{said}; {taken}" if taken else said


def lacking(tried: Tried | None) -> list[str]:
    """Say what the environment of the script lacks for its trials."""
    if tried is None or not any("No module named 'hpo_tui'" in s for s in tried.last_lines):
        return []
    return [
        f"{plain(tried.argv[0])} needs hpo-tui too: pip install --no-deps hpo-tui where it belongs"
        " (a trial needs nothing else of it)"
    ]
