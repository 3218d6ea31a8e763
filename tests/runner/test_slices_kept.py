"""What the optimizer expects along each parameter is kept with the study."""

from typing import Any

from hpo_tui.engine.analysis.slices import slices
from hpo_tui.engine.launch import start_runner
from hpo_tui.store.models import TrialState
from hpo_tui.store.read import StudyReader

SCRIPT = "report(accuracy=1 - (given['params']['x'] - 0.3) ** 2)"


def test_a_finished_study_has_a_slice_per_parameter_and_metric(make_study: Any) -> None:
    ran = make_study(SCRIPT, budget=8)
    start_runner(ran.folder)
    ran.gone()
    with StudyReader(ran.folder.db) as reader:
        (told,) = slices(reader)
    assert (told.parameter, told.metric) == ("x", "accuracy")
    best = max(
        (t for t in ran.trials() if t.state is TrialState.COMPLETE and t.task == "full"),
        key=lambda t: t.metrics["accuracy"],
    )
    assert told.trial == best.number
    peak = told.values[told.expected.index(max(told.expected))]
    assert abs(float(peak) - 0.3) < 0.2


def test_a_study_that_was_never_run_has_none(make_study: Any) -> None:
    with StudyReader(make_study(SCRIPT).folder.db) as reader:
        assert slices(reader) == ()
