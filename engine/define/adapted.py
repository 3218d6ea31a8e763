"""What all scripts have in common that one of our modules runs as a trial, unchanged.

Such a module (``engine/objective/``) writes down what the script says of its search while it is
looked at for the first time.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.scratch import scratch
from hpo_tui.engine.define.try_one import Tried, try_one
from hpo_tui.engine.spec import Parameter, Params, StudySpec, Value
from hpo_tui.engine.spec.names import plain
from hpo_tui.engine.spec.values import native, value_fault


@dataclass(frozen=True, slots=True)
class Taken:
    """A parameter, and what of it is not as where it comes from, each a sentence."""

    parameter: Parameter
    remarks: tuple[str, ...] = ()


def look_at(
    spec: StudySpec, folder: Path, timeout: float, params: Mapping[str, Value] | None
) -> tuple[Tried, list[dict[str, Any]]]:
    """Run the script once at the cheapest task; return how that went, and what it has said.

    ``params``: drawn at random where they are not given.
    """
    with scratch() as place:
        record = place / "record"
        looking = dataclasses.replace(spec, env={**spec.env, "HPO_RECORD": str(record)})
        tried = try_one(looking, folder, params=params, limit=timeout)
        lines = record.read_text("utf-8").splitlines() if record.exists() else []
    return tried, [json.loads(line) for line in lines]


def start_of(params: Mapping[str, Any], space: Mapping[str, Parameter]) -> Params:
    """Return a configuration that the script names, as far as the study has its parameters."""
    return {
        name: native(space[name], value)
        for name, value in params.items()
        if name in space and value_fault(space[name], value) is None
    }


def lacking(tried: Tried | None) -> list[str]:
    """Say what the environment of the script lacks for its trials."""
    if tried is None or not any("No module named 'hpo_tui'" in s for s in tried.last_lines):
        return []
    return [
        f"{plain(tried.argv[0])} needs hpo-tui too: pip install --no-deps hpo-tui where it belongs"
        " (a trial needs nothing else of it)"
    ]
