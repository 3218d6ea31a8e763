"""The files that a trial has written for a source of metrics."""

from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.execution.metrics.tensorboard import event_files
from hpo_tui.engine.execution.metrics.wandb_runs import run_files
from hpo_tui.engine.spec import MetricSource


def files_of(folder: Path, source: MetricSource) -> list[Path]:
    """Return the files in a trial's folder that a source reads, none of its output.

    Raises OSError.
    """
    pattern = source.place
    if not pattern:
        return []
    if source.kind == "wandb":
        return run_files(folder / pattern)
    if source.kind == "tensorboard":
        return event_files(folder / pattern)
    return [path for path in folder.glob(pattern) if path.is_file()]


def set_aside(folder: Path, source: MetricSource, attempt: int) -> None:
    """Rename what an attempt has written for a source of metrics: the next one begins anew.

    Else rows written once more could not be told from those that were read.
    """
    for path in files_of(folder, source):
        if ".attempt" not in path.suffix:
            name = path.name.replace("tfevents", "tf-events")
            path.rename(path.with_name(f"{name}.attempt{attempt}"))


def absent(folder: Path, sources: Sequence[MetricSource]) -> list[str]:
    """Return the places in a trial's folder where metrics are read, and nothing was written."""
    try:
        return [s.place for s in sources if s.place and not files_of(folder, s)]
    except OSError:  # its folder is closed to us: nothing is known of it
        return []
