"""The means by which a study is run: devices and limits, sources of metrics, early stopping."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SourceKind = Literal["stdout", "csv", "jsonl", "tensorboard", "wandb"]
"""What metrics are read from."""


@dataclass(frozen=True, slots=True)
class Resources:
    """Where and how many trials run at once.

    ``gpus``: ``"all"``, ``"none"`` or indices / UUIDs. ``trials_per_gpu``: 0 means ``auto``
    (packed by measured memory). ``slots``: trials at once where there is no GPU. Times in seconds.
    """

    gpus: Literal["all", "none"] | tuple[int | str, ...] = "all"
    gpus_per_trial: int = 1
    trials_per_gpu: int = 0
    busy_gpus: Literal["wait", "use"] = "wait"
    """What is done with GPUs that others use: they are waited for, or used beside the others."""
    slots: int = 1
    threads: int | None = None
    nice: int = 0
    """How much trials give way to other processes, from 0 to 19 (nice(1))."""
    timeout: float | None = None
    stall: float | None = None
    """A trial that reports nothing for this long is taken to hang and is stopped."""
    grace: float = 30.0
    """Between SIGTERM and SIGKILL."""
    checkpoint_quota: int | None = None
    """Bytes that checkpoints of configurations that may still be promoted can take."""
    failures: int = 5
    """Alike failures in a row after which the study pauses itself."""


@dataclass(frozen=True, slots=True)
class MetricSource:
    """Where metrics of an unmodified script are found, beside the report file.

    ``kind`` ``stdout``: ``key=value``, ``key: value`` and JSON lines are understood; ``pattern``
    is a regular expression with named groups instead. The others read the file ``path``, relative
    to the trial's folder.
    """

    kind: SourceKind = "stdout"
    path: str | None = None
    pattern: str | None = None
    step: str | None = None
    """The key that counts steps (epoch, step, iteration when not said)."""
    rename: Mapping[str, str] = field(default_factory=dict)
    """Name in the output → name of the metric."""

    @property
    def place(self) -> str:
        """The path, or what it is where W&B's usual folder does without."""
        return self.path or ("wandb" if self.kind == "wandb" else "")


@dataclass(frozen=True, slots=True)
class EarlyStopping:
    """When the engine may stop a running trial on its reports."""

    enabled: bool = True
    min_step: int = 3
    patience: float = 0.05
    """The chance of ending among the best below which a trial is stopped."""
