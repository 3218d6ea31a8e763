"""To which task a trial's configuration can be carried on."""

from collections.abc import Iterable

from hpo_tui.engine.answers import Refused
from hpo_tui.engine.spec import StudySpec
from hpo_tui.store.models import Trial, TrialState

_TAKEN = (TrialState.COMPLETE, TrialState.RUNNING, TrialState.WAITING)


def promotion(spec: StudySpec, trials: Iterable[Trial], trial: Trial, task: str | None) -> str:
    """Return the task. Raises :class:`Refused`, saying why not.

    Without ``task`` the next dearer one than the trial's at which its configuration has no result
    and is not under way.
    """
    costs = {t.name: t.cost for t in spec.tasks}
    at = costs.get(trial.task, 0.0)
    dearer = [t.name for t in spec.tasks_by_cost if t.cost > at]
    if not dearer:
        if trial.state is TrialState.PRUNED:
            raise Refused(f"trial {trial.number} was stopped at the full task: retry it instead")
        raise Refused(
            f"trial {trial.number} ran at the full task, and there is no more expensive one:"
            " confirm it to run it again with other seeds"
        )
    known = ", ".join(dearer)
    if task is not None and task not in dearer:
        raise Refused(
            f"{task} is not more expensive than {trial.task}, where trial {trial.number} ran; "
            f"it can be promoted to {known}"
        )
    taken = {
        t.task: t
        for t in trials
        if t.configuration == trial.configuration and t.state in _TAKEN and t.repeat == 0
    }
    found = next((t for t in dearer if t not in taken and task in (None, t)), "")
    if found:
        return found
    # The dearest is what a promotion without a task was after.
    by = taken[task or dearer[-1]]
    hint = ": confirm it to run it with other seeds" if by.task == dearer[-1] else ""
    raise Refused(
        f"the configuration of trial {trial.number} has been promoted to {by.task} already: "
        f"trial {by.number} is {by.state}{hint}"
    )
