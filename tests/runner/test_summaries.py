"""Which of a trial's reports counts as its result."""

import math

import pytest

from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.summaries import summarized

NAN = math.nan


@pytest.fixture
def spec() -> StudySpec:
    return StudySpec.from_dict({
        "study": {"name": "t", "budget": 1},
        "space": {"x": {"type": "float", "low": 0, "high": 1}},
        "objective": [
            {"metric": "most", "direction": "maximize", "summary": "max"},
            {"metric": "last", "direction": "minimize"},
        ],
        "constraint": [{"metric": "least", "max": 9, "summary": "min"}],
    })  # fmt: skip


@pytest.mark.parametrize(
    ("values", "most", "least", "last"),
    [
        ((3.0, 5.0, 1.0, 2.0), 5.0, 1.0, 2.0),
        ((NAN, 5.0, 1.0), NAN, NAN, 1.0),
        ((3.0, NAN, 5.0), NAN, NAN, 5.0),
        ((3.0, 5.0, NAN), NAN, NAN, NAN),
        ((3.0, -math.inf, math.inf), math.inf, -math.inf, math.inf),
    ],
)
def test_what_counts_is_what_the_study_says_and_no_nan_is_hidden(
    spec: StudySpec, values: tuple[float, ...], most: float, least: float, last: float
) -> None:
    names = ("most", "least", "last", "not a goal")
    found = summarized(spec, (dict.fromkeys(names, v) for v in values))
    assert found == pytest.approx(
        dict(zip(names, (most, least, last, last), strict=True)), nan_ok=True
    )


def test_each_metric_is_looked_at_by_itself(spec: StudySpec) -> None:
    reports = [{"most": 2.0}, {"least": 4.0}, {"most": 1.0, "least": 5.0}, {}]
    assert summarized(spec, reports) == {"most": 2.0, "least": 4.0}
