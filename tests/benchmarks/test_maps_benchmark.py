"""What the benchmark of maps says of maps whose truth is known."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hpo_tui.engine.analysis.maps import Map
from hpo_tui.engine.spec import StudySpec

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import maps

SPEC = StudySpec.from_dict({
    "study": {"name": "s", "command": ["true"], "budget": 1},
    "space": {n: {"type": "float", "low": 0.0, "high": 1.0} for n in ("a", "b")},
    "objective": [{"metric": "loss", "direction": "minimize"}],
})  # fmt: skip
EXPECTED = np.linspace(1.0, 2.0, 16)


def told(band: float) -> Map:
    ends = tuple(EXPECTED - band), tuple(EXPECTED + band)
    axis = tuple(np.linspace(0, 1, 4))
    return Map(1, "a", "b", "loss", axis, axis, tuple(EXPECTED), *ends)


def figures(band: float, truth: Any, centre: float) -> dict[str, float]:
    return dict(
        zip(maps.COLUMNS, maps.believed(SPEC, told(band), np.array(truth), centre), strict=True)
    )


def test_a_map_that_is_true() -> None:
    said = figures(0.01, EXPECTED, 1.21)
    assert (said["inside"], said["twice"], said["rank"]) == (1.0, 1.0, pytest.approx(1.0))
    assert (said["hatched"], said["off else"], said["gains"]) == (0.0, 0.0, 1.0)
    assert said["best"] == pytest.approx(0.5 / 16)  # none is better than the best, one as good
    assert said["trial"] == pytest.approx(4 / 16)


def test_a_map_that_is_the_wrong_way_round() -> None:
    said = figures(0.3, EXPECTED[::-1], 1.2)
    assert said["rank"] == pytest.approx(-1.0)
    assert said["hatched"] == 1.0
    assert said["off if"] > 0.5
    assert np.isnan(said["off else"])
    assert said["best"] == pytest.approx(15.5 / 16)
    assert said["gains"] == 0.0
