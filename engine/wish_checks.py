"""Trials that people ask for: what may be asked, by one rule where it is asked and granted."""

from collections.abc import Iterable, Mapping
from typing import Any

from hpo_tui.engine.answers import Refused
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import did_you_mean
from hpo_tui.engine.spec.space import partial_faults
from hpo_tui.store.models import Command, Trial, TrialState

_TAKEN = (TrialState.COMPLETE, TrialState.RUNNING, TrialState.WAITING)
Trials = Mapping[int, Trial]
Args = Mapping[str, Any]


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


def check_wish(spec: StudySpec, trials: Trials, action: str, args: Args) -> None:
    """Raise :class:`Refused` where a wish could not be granted as the study stands."""
    if action == "enqueue":
        check_enqueue(spec, args)
    elif action == "promote":
        to_promote(spec, trials, args)
    elif action == "confirm":
        to_confirm(trials, args)
    else:
        to_retry(trials, args)


def trial_of(trials: Trials, args: Args) -> Trial:
    """Return the trial that is meant. Raises :class:`Refused` where there is none."""
    number = int(args["trial"])
    if number not in trials:
        raise Refused(f"there is no trial {number}")
    return trials[number]


def check_enqueue(spec: StudySpec, args: Args) -> None:
    """Refuse what is no configuration of the space, and a task that there is not."""
    faults = partial_faults(spec, dict(args["params"]))
    if faults:
        raise Refused("; ".join(faults))
    _check_task(spec, args.get("task"))


def to_promote(spec: StudySpec, trials: Trials, args: Args) -> tuple[Trial, str]:
    """Return the trial to carry on and the task. Raises :class:`Refused`."""
    trial, task = trial_of(trials, args), args.get("task")
    _check_task(spec, task)
    if trial.state not in (TrialState.COMPLETE, TrialState.PRUNED):
        raise Refused(f"trial {trial.number} is {trial.state}: there is nothing to promote")
    return trial, promotion(spec, trials.values(), trial, task)


def same_promotion(
    spec: StudySpec, trials: Trials, args: Args, asked: Iterable[Command]
) -> Command | None:
    """Return which of the wishes that were ``asked`` before is for the same promotion, if one is.

    A task may be named in one and left out in the other, and the configuration may be meant by
    another of its trials. Raises :class:`Refused` where there is nothing to promote.
    """
    trial, task = to_promote(spec, trials, args)
    for command in asked:
        if command.action != "promote":
            continue
        try:
            other, at = to_promote(spec, trials, command.args)
        except Refused:  # the study has been edited since, or it is under way
            continue
        if (other.configuration, at) == (trial.configuration, task):
            return command
    return None


def to_confirm(trials: Trials, args: Args) -> tuple[Trial, int]:
    """Return the trial to repeat and how often. Raises :class:`Refused`."""
    trial, repeats = trial_of(trials, args), int(args.get("repeats", 1))
    if trial.state is not TrialState.COMPLETE:
        raise Refused(f"trial {trial.number} is {trial.state}: only a result can be confirmed")
    if not 1 <= repeats <= 100:
        raise Refused("repeats must be from 1 to 100")
    return trial, repeats


def to_retry(trials: Trials, args: Args) -> Trial:
    """Return the trial to start again. Raises :class:`Refused`."""
    trial = trial_of(trials, args)
    if not trial.state.ended:
        raise Refused(f"trial {trial.number} is {trial.state}: only an ended trial is retried")
    if trial.state is TrialState.COMPLETE:
        raise Refused(f"trial {trial.number} is complete: enqueue its configuration instead")
    return trial


def _check_task(spec: StudySpec, task: object) -> None:
    names = [t.name for t in spec.tasks]
    if task is not None and task not in names:
        guess = did_you_mean(str(task), names) or f"; there are {', '.join(names)}"
        raise Refused(f"there is no task {task!r}{guess}")
