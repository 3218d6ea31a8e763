"""Where failures lie: one parameter, a product of two sizes, a choice, or nowhere plain."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from hpo_tui.engine.analysis.failing import failing
from hpo_tui.engine.spec import Parameter, ParameterKind, StudySpec
from hpo_tui.store.frame import Frame
from hpo_tui.store.models import TrialState

MakeFrame = Callable[..., Frame]
INT, FLOAT, ORDINAL = ParameterKind.INT, ParameterKind.FLOAT, ParameterKind.ORDINAL
SPACE = (
    Parameter("lr", FLOAT, 1e-4, 1e-1, log=True),
    Parameter("batch-size", ORDINAL, choices=(16, 32, 64, 128)),
    Parameter("width", INT, 1, 100),
    Parameter("opt", ParameterKind.CATEGORICAL, choices=("sgd", "adam", "lion")),
)


@pytest.fixture
def of(spec: StudySpec, make_frame: MakeFrame) -> Callable[..., str]:
    """What is said of 40 trials of which those that a rule names failed, and what avoids it."""
    draw = np.random.default_rng(3)
    params = {
        "lr": 10 ** draw.uniform(-4, -1, 40),
        "batch-size": draw.choice([16, 32, 64, 128], 40),
        "width": draw.integers(1, 101, 40),
        "opt": draw.integers(0, 3, 40),
    }

    def told(rule: Callable[..., np.ndarray]) -> str:
        failed = rule(*params.values())
        state = [TrialState.FAILED if f else TrialState.COMPLETE for f in failed]
        frame = make_frame(
            {"acc": np.where(failed, np.nan, 0.5)},
            params=params, choices={"opt": ("sgd", "adam", "lion")}, state=state,
        )  # fmt: skip
        found = failing(frame, replace(spec, space=SPACE))
        if found is None:
            return ""
        assert (found.failed, found.others) == (failed.sum(), 0)
        assert found.failed == found.there
        assert found.there + found.elsewhere == 40
        assert found.sentence.endswith(f"failed, none of {found.elsewhere} elsewhere")
        return f"{found.where} | {found.instead}"

    return told


def test_a_parameter_beyond_a_value(of: Callable[..., str]) -> None:
    said = of(lambda lr, *_: lr > 0.02)
    where, instead = said.split(" | ")
    name, sign, text = where.split()
    assert (name, sign) == ("lr", ">=")
    assert 0.02 < float(text) < 0.04
    assert instead == f"lr < {text}"
    assert of(lambda _, batch, *__: batch <= 32) == "`batch-size` <= 32 | `batch-size` > 32"


def test_a_product_of_sizes_is_found_as_such(of: Callable[..., str]) -> None:
    where = of(lambda _, batch, width, __: batch * width > 3000).split(" | ")[0]
    assert where.startswith("`batch-size` * width >= ")
    assert 3000 < float(where.split()[-1]) <= 4352  # the least of those that failed


def test_a_choice(of: Callable[..., str]) -> None:
    assert of(lambda *p: p[3] == 2) == 'opt == "lion" | '


def test_failures_anywhere_or_few_are_not_explained(of: Callable[..., str]) -> None:
    chance = np.random.default_rng(0).random(40) < 0.3
    assert chance.sum() > 8
    assert not of(lambda *_: chance)
    assert not of(lambda *p: p[0] >= np.sort(p[0])[-2])  # two failures
    assert not of(lambda *_: np.ones(40, bool))  # nothing to compare with


def test_chance_is_seldom_explained(spec: StudySpec, make_frame: MakeFrame) -> None:
    draw, told = np.random.default_rng(1), 0
    for _ in range(100):
        failed = draw.random(30) < 0.3
        params = {"lr": 10 ** draw.uniform(-4, -1, 30), "width": draw.integers(1, 101, 30)}
        state = [TrialState.FAILED if f else TrialState.COMPLETE for f in failed]
        frame = make_frame({"acc": np.zeros(30)}, params=params, state=state)
        told += failing(frame, replace(spec, space=(SPACE[0], SPACE[2]))) is not None
    assert told <= 5


@pytest.mark.parametrize(("each", "told"), [(3, False), (4, True)])
def test_a_few_trials_are_too_few_to_tell(
    spec: StudySpec, make_frame: MakeFrame, each: int, told: bool
) -> None:
    state = [TrialState.COMPLETE] * each + [TrialState.FAILED] * each
    params = {"width": np.arange(1, 2 * each + 1)}
    frame = make_frame({"acc": np.zeros(2 * each)}, params=params, state=state)
    assert (failing(frame, replace(spec, space=SPACE[2:3])) is not None) == told
