from collections.abc import Callable
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
from hpo_tui.store.frame import STATES, Frame
from hpo_tui.store.models import TrialState


@pytest.fixture
def spec() -> StudySpec:
    return StudySpec(
        name="s",
        command=("true",),
        budget=Budget(40),
        space=(
            Parameter("lr", ParameterKind.FLOAT, 1e-4, 1e-1, log=True),
            Parameter("wd", ParameterKind.FLOAT, 0.0, 1.0),
            Parameter("opt", ParameterKind.CATEGORICAL, choices=("sgd", "adam", "lion")),
        ),
        objectives=(
            Objective("acc", Direction.MAXIMIZE, 0.9),
            Objective("size", Direction.MINIMIZE, 100.0),
        ),
        outcome_constraints=(OutcomeConstraint("ms", max=8.0),),
        tasks=(Task("short", 0.25), Task("full", 1.0)),
        resume=True,
    )


@pytest.fixture
def make_frame() -> Callable[..., Frame]:
    def make(
        metrics: dict[str, Any],
        *,
        params: dict[str, Any] | None = None,
        choices: dict[str, tuple[Any, ...]] | None = None,
        task: Any = 1,
        state: Any = TrialState.COMPLETE,
        **columns: Any,
    ) -> Frame:
        n = len(next(iter(metrics.values())))

        def floats(name: str, default: float = np.nan) -> Any:
            return np.broadcast_to(np.asarray(columns.get(name, default), float), (n,)).copy()

        def ints(name: str, default: Any = 0) -> Any:
            return np.broadcast_to(np.asarray(columns.get(name, default), np.int64), (n,)).copy()

        states = [state] * n if isinstance(state, TrialState) else list(state)
        number = ints("number", np.arange(1, n + 1))
        return Frame(
            number=number,
            configuration=ints("configuration", number),
            resumed_from=ints("resumed_from"),
            repeat=ints("repeat"),
            state=np.array([STATES.index(s) for s in states], np.int8),
            task=np.broadcast_to(np.asarray(task, np.int16), (n,)).copy(),
            cost=floats("cost", 1.0),
            charged=floats("charged", 1.0),
            wasted=floats("wasted", 0.0),
            started=floats("started"),
            ended=floats("ended"),
            duration=floats("duration"),
            peak_memory=floats("peak_memory"),
            step=floats("step"),
            starred=np.zeros(n, bool),
            device=np.array([""] * n, object),
            tags=np.zeros(n, np.int32),
            tasks=("short", "full"),
            params={k: np.asarray(v, float) for k, v in (params or {}).items()},
            choices=choices or {},
            metrics={k: np.asarray(v, float) for k, v in metrics.items()},
        )

    return make
