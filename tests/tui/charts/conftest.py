from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.spec import (
    Budget,
    Direction,
    Objective,
    OutcomeConstraint,
    Parameter,
    ParameterKind,
    StudySpec,
    Task,
)
from hpo_tui.store.folder import StudyFolder
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import Study, StudyState, TrialState
from hpo_tui.tui.watching.ranking import Ranking
from hpo_tui.tui.watching.snapshot import Snapshot

TASKS = ("short", "half", "full")


@pytest.fixture
def spec() -> StudySpec:
    number, kind = Parameter, ParameterKind
    return StudySpec(
        name="s",
        command=("true",),
        budget=Budget(100),
        space=(
            number("lr", kind.FLOAT, 1e-4, 1e-1, log=True),
            number("opt", kind.CATEGORICAL, choices=("sgd", "adam", "lion")),
            number("momentum", kind.FLOAT, 0.0, 0.99, when={"opt": ("sgd",)}),
            number("batch", kind.ORDINAL, choices=(32, 64, 128)),
            number("depth", kind.INT, 1, 9),
        ),
        objectives=(
            Objective("acc", Direction.MAXIMIZE, 0.9),
            Objective("size", Direction.MINIMIZE, 1000.0, log=True),
        ),
        outcome_constraints=(OutcomeConstraint("ms", max=8.0),),
        tasks=(Task("short", 0.25), Task("half", 0.5), Task("full", 1.0)),
        resume=True,
    )


def drawn(n: int, seed: int = 0) -> Frame:
    rng = np.random.default_rng(seed)
    opt = rng.integers(0, 3, n).astype(float)
    state = np.full(n, STATES.index(TrialState.COMPLETE), np.int8)
    state[rng.random(n) < 0.1] = STATES.index(TrialState.FAILED)
    failed = state == STATES.index(TrialState.FAILED)
    acc = rng.normal(0.88, 0.03, n).clip(0.7, 0.99)
    task = rng.integers(0, 3, n)
    cost = np.array([0.25, 0.5, 1.0])[task]
    number = np.arange(1, n + 1)
    return Frame(
        number=number,
        configuration=number.copy(),
        resumed_from=np.zeros(n, np.int64),
        repeat=np.zeros(n, np.int64),
        state=state,
        task=task.astype(np.int16),
        cost=cost,
        charged=cost.copy(),
        wasted=np.zeros(n),
        started=number * 10.0,
        ended=number * 10.0 + 5,
        duration=cost * 60,
        peak_memory=np.full(n, np.nan),
        step=np.full(n, np.nan),
        starred=np.zeros(n, bool),
        device=np.array([""] * n, object),
        tags=np.zeros(n, np.int32),
        tasks=TASKS,
        params={
            "lr": 10 ** rng.uniform(-4, -1, n),
            "opt": opt,
            "momentum": np.where(opt == 0, rng.uniform(0, 0.99, n), np.nan),
            "batch": rng.choice([32.0, 64.0, 128.0], n),
            "depth": rng.integers(1, 10, n).astype(float),
        },
        choices={"opt": ("sgd", "adam", "lion")},
        metrics={
            "acc": np.where(failed, np.nan, acc),
            "size": np.where(failed, np.nan, np.exp(rng.normal(6.5, 1.0, n))),
            "ms": np.where(failed, np.nan, rng.uniform(1, 9, n)),
        },
    )


@pytest.fixture
def make_frame() -> Callable[..., Frame]:
    return drawn


@pytest.fixture
def first() -> Callable[[Frame, int], Frame]:
    """The first trials of a frame, as a snapshot before the others would have had them."""

    def cut(frame: Frame, n: int) -> Frame:
        changes: dict[str, Any] = {}
        for name in Frame.__dataclass_fields__:
            value = getattr(frame, name)
            if isinstance(value, np.ndarray):
                changes[name] = value[:n].copy()
            elif name in ("params", "metrics"):
                changes[name] = {k: v[:n].copy() for k, v in value.items()}
        return replace(frame, **changes)

    return cut


@pytest.fixture
def snapshot_of(spec: StudySpec, tmp_path: Path) -> Callable[..., Snapshot]:
    def make(frame: Frame, **changes: Any) -> Snapshot:
        study = Study("s", "", StudyState.RUNNING, "", 0, 0.0, 0.0, None, 1)
        whole = Snapshot(
            0.0, StudyFolder(tmp_path), study, spec, frame, 1,
            float(frame.charged.sum()), 0.0, ranked=Ranking().of(frame, spec),
        )  # fmt: skip
        return replace(whole, **changes)

    return make
