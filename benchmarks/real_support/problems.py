"""The problems: what is trained, within which ranges, at which tasks, for what.

The ranges are such as one writes without having tried anything, and were fixed before any engine
was run on them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from search_support.problem import Goal, Level, Metrics, Params, Problem, Reference

from real_support.boosting import Boosting, Regression
from real_support.data import (
    Data,
    Part,
    clusters,
    diabetes,
    digits,
    friedman,
    spoken,
    tumour_grid,
    tumours,
)
from real_support.network import Adam, ConstantRate, Network

BUDGET = 20.0
"""Full trainings that every run may spend."""


class Model(Protocol):
    """A training that can be taken further."""

    step: int
    data: Data

    def run(self, until: int, whole: int) -> None:
        """Train up to step ``until``, as a part of a training of ``whole`` steps."""

    def score(self, part: Part) -> dict[str, float]:
        """Return the metrics on a part of the data."""

    def save(self, path: Path) -> None:
        """Write a checkpoint."""

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""


Kind = Callable[[Data, Params, int], Model]
Space = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Real(Problem):
    """A problem whose results are trained, not computed.

    ``kind``: makes the model of a configuration and a seed. ``every``: steps between reports.
    ``resume``: a dearer task goes on from the checkpoint and pays the difference.
    """

    data: Callable[[], Data] = digits
    kind: Kind = Network
    every: int = 1
    resume: bool = True

    def model(self, params: Params, seed: int) -> Model:
        """Return a model that has not been trained."""
        return self.kind(self.data(), params, seed)

    @property
    def steps(self) -> int:
        """Steps of a full training."""
        return int(self.full.fidelity)

    def study(self, *, resume: bool, full_only: bool = False) -> dict[str, Any]:
        """Return the study, its budget this benchmark's and its tasks measured in whole steps."""
        study = super().study(resume=resume, full_only=full_only)
        study["study"]["budget"] = BUDGET
        for task in study["task"]:
            task["fidelity"] = int(task["fidelity"])
        return study


def _float(name: str, low: float, high: float, *, log: bool = False) -> Mapping[str, Any]:
    return {"name": name, "type": "float", "low": low, "high": high, "log": log}


def _int(name: str, low: int, high: int, *, log: bool = False) -> Mapping[str, Any]:
    return {"name": name, "type": "int", "low": low, "high": high, "log": log}


_DESCENT = (
    _float("lr", 1e-4, 1.0, log=True),
    _float("momentum", 0.0, 0.99),
    _float("weight_decay", 1e-6, 1e-1, log=True),
    _int("batch_size", 16, 256, log=True),
    _int("width1", 8, 256, log=True),
    _int("width2", 8, 256, log=True),
    _float("dropout", 0.0, 0.6),
    _float("shift", 0.0, 1.0),
)
_NETWORK = (*_DESCENT, _float("label_smoothing", 0.0, 0.3))
_BOOSTING = (
    _float("learning_rate", 1e-3, 1.0, log=True),
    _int("max_leaf_nodes", 2, 64, log=True),
    _int("max_depth", 1, 12),
    _int("min_samples_leaf", 1, 64, log=True),
    _float("l2_regularization", 1e-6, 1e2, log=True),
    _float("max_features", 0.1, 1.0),
    _float("subsample", 0.3, 1.0),
)
_REGRESSION = (
    _float("learning_rate", 1e-3, 1.5, log=True),
    _int("max_leaf_nodes", 2, 64, log=True),
    _int("max_depth", 1, 12),
    _int("min_samples_leaf", 1, 64, log=True),
    _float("max_features", 0.1, 1.0),
    _float("subsample", 0.3, 1.0),
)


def _levels(steps: int, unit: str) -> tuple[Level, ...]:
    return tuple(Level(f"{steps * s:.0f} {unit}", s, steps * s) for s in (0.25, 0.5, 1.0))


def _untrained(params: Params, fidelity: float) -> Metrics:
    raise NotImplementedError("a real problem is trained, see Real.model")


_LOSS = (Goal("loss"),)
_ERROR = (Goal("error"),)
_SIZE = (Goal("error"), Goal("multiplications", log=True))
_UNKNOWN = Reference((0.0,), (1.0,))
"""Until random configurations have been trained (:mod:`real_support.reference`)."""


_SOURCES: dict[Callable[[], Data], str] = {
    digits: "scikit-learn digits",
    tumours: "scikit-learn breast cancer",
    tumour_grid: "scikit-learn breast cancer",
    clusters: "drawn clusters",
    diabetes: "scikit-learn diabetes",
    friedman: "Friedman's function",
}


def _network(
    name: str,
    data: Callable[[], Data],
    *,
    epochs: int = 60,
    kind: Kind = Network,
    space: Space = _NETWORK,
    goals: tuple[Goal, ...] = _LOSS,
) -> Real:
    levels = _levels(epochs, "epochs")
    return Real(
        name, _SOURCES[data], space, goals, levels, _UNKNOWN, _untrained, data=data, kind=kind
    )


def _regression(name: str, data: Callable[[], Data]) -> Real:
    return Real(
        name, _SOURCES[data], _REGRESSION, _LOSS, _levels(160, "rounds"), _UNKNOWN, _untrained,
        data=data, kind=Regression, every=10,
    )  # fmt: skip


def _tumours() -> Real:
    return Real(
        "tumours-boosting", _SOURCES[tumours], _BOOSTING, _LOSS, _levels(160, "rounds"), _UNKNOWN,
        _untrained, data=tumours, kind=Boosting, every=20, resume=False,
    )  # fmt: skip


def problems(recordings: Path | None) -> dict[str, Real]:
    """Return the problems by name; the spoken digits only where their recordings are."""
    loss = _network("digits-loss", digits)
    found = [loss, _network("digits-size", digits, space=_DESCENT, goals=_SIZE), _tumours()]
    found += [
        _network("digits-error", digits, goals=_ERROR),
        _network("digits-constant", digits, epochs=40, kind=ConstantRate, space=_DESCENT),
        _network("tumours-network", tumour_grid, epochs=40),
        _network("clusters-loss", clusters, epochs=40),
        _network("clusters-adam", clusters, epochs=40, kind=Adam),
        _network("clusters-error", clusters, epochs=40, goals=_ERROR),
        _network("clusters-size", clusters, epochs=40, space=_DESCENT, goals=_SIZE),
        _regression("diabetes-boosting", diabetes),
        _regression("friedman-boosting", friedman),
    ]
    if recordings is not None:
        spoken_loss = replace(
            loss, name="spoken-loss", source="Free Spoken Digit Dataset",
            data=lambda: spoken(recordings),
        )  # fmt: skip
        found.append(spoken_loss)
    return {problem.name: problem for problem in found}
