"""A class of Ray Tune's kind (``setup``, ``step``, ``save_checkpoint``, …), trained in a trial."""

import pickle
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hpo_tui.engine.objective.raytune.session import Session
from hpo_tui.engine.objective.recorded import record

_TABLE = "checkpoint.pkl"
"""The file for a table that ``save_checkpoint`` returns, in the place of writing files."""
_OFTEN = 60.0
"""Seconds after which a checkpoint is saved anyway, where the script does not say how often."""
_INFO = "__trial_info__"
"""Where Ray puts what a class is told of its trial."""


def train_class(
    session: Session, cls: Any, config: dict[str, Any], given: Mapping[str, Any]
) -> None:
    """Train until the trial is over, with a checkpoint at its end.

    ``given``: what the script says, with ``checkpoint_freq``, the steps between checkpoints.
    """
    saves, loads = (_has(cls, name) for name in ("save_checkpoint", "load_checkpoint"))
    record(loads=loads)
    info = SimpleNamespace(trial_name=session.name, trial_id=session.name, trial_resources=None)
    trained = cls({**config, _INFO: info})
    if session.kept is not None and loads:
        _load(trained, session)
    every = int(given.get("checkpoint_freq") or 0)
    last, over = time.monotonic(), False
    while not over:
        result = trained.train()
        over = session.tell(result)
        often = every and session.iteration % every == 0
        late = not every and time.monotonic() - last > _OFTEN
        if saves and (over or often or late or result.get("should_checkpoint")):
            session.keep(lambda folder: _save(trained, folder))
            last = time.monotonic()
    with suppress(Exception):  # what is cleaned up does not change the result
        trained.stop()


def _has(cls: type, name: str) -> bool:
    """Whether a class has a method of its own in the place of Ray's, which does nothing."""
    return next(c for c in cls.__mro__ if name in vars(c)).__module__.partition(".")[0] != "ray"


def _save(trained: Any, folder: Path) -> str:
    """Have a checkpoint saved; return the file that the script names, if it does."""
    made = trained.save_checkpoint(str(folder))
    if isinstance(made, Mapping):
        (folder / _TABLE).write_bytes(_pickle().dumps(made))
        return _TABLE
    if isinstance(made, str) and Path(made) != folder:
        return str(Path(made).relative_to(folder))
    return ""


def _load(trained: Any, session: Session) -> None:
    """Have the trial's checkpoint loaded, and its steps counted on."""
    kept = session.kept
    assert kept is not None
    table = kept.inside == _TABLE
    trained.load_checkpoint(_pickle().loads(kept.path.read_bytes()) if table else str(kept.path))
    trained._iteration, trained._time_total = kept.iteration, kept.seconds


def _pickle() -> Any:
    """Return the pickle that Ray itself uses, which knows the script's own classes."""
    with suppress(ImportError):
        from ray import cloudpickle

        return cloudpickle
    return pickle
