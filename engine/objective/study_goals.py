"""The metrics of the study that a trial belongs to, as its file has them."""

import os
import tomllib
from contextlib import suppress
from pathlib import Path


def goals() -> list[tuple[str, str, str]]:
    """Return each metric with its direction and what it is for; none where no file can be read.

    Directions are ``maximize`` and ``minimize``; it is there to ``optimize``, or a ``constraint``.
    """
    file = Path(os.environ.get("HPO_STUDY") or ".") / "study.toml"
    with suppress(OSError, ValueError, KeyError):
        study = tomllib.loads(file.read_text("utf-8"))
        limits = study.get("constraint", ())
        return [
            *((o["metric"], o["direction"], "optimize") for o in study.get("objective", ())),
            *((c["metric"], "maximize" if "min" in c else "minimize", "constraint")
              for c in limits),
        ]  # fmt: skip
    return []


def metric_names() -> list[str]:
    """Return what the study's metrics are called."""
    return [name for name, _, _ in goals()]
