"""The YAML and JSON files in which others describe a search: read whole, and their numbers."""

import json
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.files import read_yaml
from hpo_tui.engine.define.options import typed
from hpo_tui.engine.spec.names import plain

_LARGEST = 1 << 20
"""Bytes beyond which a file is none that anybody wrote."""
_GREATEST = 1e300
"""The greatest number that anybody means."""


def read_document(path: Path, what: str) -> Any:
    """Return what a file holds. Raises ValueError, a sentence, where it cannot be read.

    ``what``: what it should be, as ``a W&B sweep``.
    """
    name = plain(path.name)
    try:
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"{name} is too large to be {what}")
        text = path.read_text("utf-8")
        return json.loads(text) if path.suffix == ".json" else read_yaml(text)
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        if str(error).startswith(name):
            raise
        kind = "JSON" if path.suffix == ".json" else "YAML"
        said = plain(" ".join(str(error).split()))
        raise ValueError(f"{name} is no {kind} that can be read: {said}") from None


def number(value: object) -> float | int | None:
    """Return a finite number, also one that YAML takes for a text (1e-5), or None."""
    value = typed(value) if isinstance(value, str) else value
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return value if -_GREATEST <= value <= _GREATEST else None
