"""The variables by which W&B writes a trial's run where it is read, and needs no server."""

import re
from collections.abc import Sequence
from dataclasses import replace

from hpo_tui.engine.spec import StudySpec

_USES = re.compile(
    r"^[^#\n]*(\bimport\b[^#\n]*\bwandb\b|\bfrom\s+wandb\b|\bWandbLogger\b|report_to\b.*wandb)",
    re.MULTILINE,
)
PLACED = {
    "WANDB_MODE": "offline",
    "WANDB_DIR": "{trial_dir}",
    "WANDB_SILENT": "true",
    "WANDB_X_TRANSACTION_LOG_FLUSH_INTERVAL": "2",
}
"""``[env]`` of a study whose metrics are read from W&B's files, every two seconds."""


def uses_wandb(texts: Sequence[str]) -> bool:
    """Whether a script, or a module beside it, logs to W&B."""
    return any(map(_USES.search, texts))


def placed(spec: StudySpec) -> StudySpec:
    """Return a study whose trials log where they are read; what it says itself stays."""
    return replace(spec, env={**PLACED, **spec.env})


def remark(name: str) -> str:
    """Return the comment on these variables in a study of this name."""
    return (
        'WANDB_MODE = "online" also uploads the runs, one by one, to W&B. Afterwards:'
        f"\nwandb sync .hpo/{name}/trials/*/wandb/offline-run-*"
    )
