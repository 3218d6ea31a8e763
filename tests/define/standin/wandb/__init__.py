"""A stand-in for W&B's package: reads a sweep's configuration, writes what is logged to disk."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import yaml  # type: ignore[import-untyped]

from tests.metrics.wandb_writer import HEAD, framed, history
from tests.metrics.wandb_writer import summary as summary_record


class Config(dict[str, Any]):
    """A configuration whose values are attributes, too."""

    __getattr__ = dict.__getitem__


class Run:
    """A run that is written to disk alone."""

    def __init__(self, config: dict[str, Any]) -> None:
        assert os.environ["WANDB_MODE"] == "offline"
        self.config = Config(config)
        if path := os.environ.get("WANDB_SWEEP_PARAM_PATH"):
            said = yaml.safe_load(Path(path).read_text())
            assert said.pop("wandb_version") == 1
            self.config |= {name: entry["value"] for name, entry in said.items()}
        self.summary: dict[str, Any] = {}
        folder = Path(os.environ["WANDB_DIR"], "wandb", "offline-run-20260102_030405-abc")
        folder.mkdir(parents=True)
        self.path, self.step = folder / "run-abc.wandb", 0
        self.path.write_bytes(HEAD)

    def _write(self, record: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(framed([record], file.tell()))

    def log(self, values: dict[str, Any]) -> None:
        """Log values at the next step."""
        self._write(history(values, self.step))
        self.step += 1

    def finish(self) -> None:
        """Write the summary."""
        if self.summary:
            self._write(summary_record(self.summary))


_now = SimpleNamespace(run=None)


def init(config: Any = None, **_said: Any) -> Run:
    """Begin a run."""
    _now.run = Run(dict(config or {}))
    return _now.run


def log(values: dict[str, Any]) -> None:
    """Log values at the next step."""
    _now.run.log(values)


def __getattr__(name: str) -> Any:
    if name in ("config", "summary"):
        return getattr(_now.run, name)
    raise AttributeError(name)
