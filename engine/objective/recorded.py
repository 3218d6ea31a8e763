"""What a script says of itself while it is looked at for the first time."""

import json
import os
from pathlib import Path
from typing import Any

RECORD = "HPO_RECORD"
"""The environment variable with the file in which that is written, one JSON object a line."""


def looked_at() -> bool:
    """Whether somebody wants to know what the script says."""
    return bool(os.environ.get(RECORD))


def record(**said: Any) -> None:
    """Write down what the script says, if somebody wants to know."""
    path = os.environ.get(RECORD)
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(said, default=_listed) + "\n")


def _listed(value: Any) -> Any:
    """Return what JSON has none of, numpy's arrays and numbers, as what it has."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
