"""What is said of a study that was made of an experiment of SigOpt's."""

import os
from collections.abc import Mapping, Sequence

from hpo_tui.engine.define.adapted import Taken, on_parameters, on_values
from hpo_tui.engine.define.sigopt.file import DOUBTFUL, Experiment
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import KeyPath, joined, plain

_MOST = 12
"""Metrics that are named at most."""
_LENGTHS: Mapping[str, str] = {
    "script": "The script looks up what a task's name stands for, so that nothing needs to be"
    " said here.",
    "default": "SigOpt has a task's name and cost alone: its length is the cost's share of the"
    " script's\nown default, and handed out as a parameter of the run.",
    "names": "SigOpt has a task's name and cost alone: the lengths are read from the names.",
    "": "SigOpt has a task's name and cost alone, and the script does not look the name up: say"
    " here what\nmakes a task cheap, such as epochs = 15.",
}
_ANEW = (
    "A configuration that is promoted to a dearer task is run anew there, and pays in full, as"
    " each run\ndid with SigOpt. If the script can go on from a checkpoint, resume = true under"
    " [study] lets a\npromotion pay the difference alone."
)


def remarks_of(
    experiment: Experiment, spec: StudySpec, taken: Sequence[Taken], lengths: str,
    tried: Tried | None,
) -> dict[KeyPath, str]:  # fmt: skip
    """Return the comments of the study file by key path."""
    notes: dict[KeyPath, str] = {
        (): f"Written from {experiment.called} (SigOpt). Each trial runs the script once, as it"
        " is;\nSigOpt's service is not needed, nor is its package.",
    }
    notes[()] += "".join(f"\n{said}." for said in experiment.left)
    notes |= on_parameters(taken)
    notes |= on_values(spec, tried.metrics if tried is not None else {})
    if len(spec.tasks) > 1:
        notes["task", 0] = f"{_LENGTHS[lengths]}\n{_ANEW}"
    if experiment.bandwidth > 1:
        notes["resources", "slots"] = _of_bandwidth(experiment, spec)
    return notes


def _of_bandwidth(experiment: Experiment, spec: StudySpec) -> str:
    said = f"parallel_bandwidth is {experiment.bandwidth}"
    if spec.resources.slots < experiment.bandwidth:
        said += f"; there are {os.cpu_count()} cores here"
    return f"{said}. On GPUs, as many run as fit"


def of_budget(experiment: Experiment, spec: StudySpec) -> str:
    """Say what of the experiment the budget is."""
    key = experiment.budget_key
    if experiment.budget is None:
        return "the experiment names none: ten runs a parameter, as SigOpt expects"
    if len(spec.tasks) > 1:
        return f"{key}, in units of the full task: SigOpt, too, counts a run at its task's cost"
    return f"{key}: as many runs"


def advice_of(
    experiment: Experiment, spec: StudySpec, taken: Sequence[Taken], lengths: str,
    tried: Tried | None,
) -> list[str]:  # fmt: skip
    """Return what the user has to do or check, each a sentence."""
    doubts = [said for said in experiment.left if said.startswith(DOUBTFUL)]
    advice = [f"{experiment.called}: {said}" for said in (*doubts, *experiment.unknown)]
    advice += [f"{plain(t.parameter.name)}: {said}" for t in taken for said in t.remarks]
    if len(spec.tasks) > 1:
        advice += _on_lengths(spec, lengths)
    return [*advice, *_unseen(spec, tried)]


def _on_lengths(spec: StudySpec, lengths: str) -> list[str]:
    """Say what the tasks still need to be what they are called."""
    name = next(iter(spec.tasks[0].fidelity), "")
    if lengths == "default":
        return [
            f"[[task]]: the script does not look up its task, so {name} is its cost's share of the"
            f" script's default, and sigopt.params.{name} has it in a trial: check it"
        ]
    if lengths == "names":
        return [
            f"[[task]]: {name} is read from the names of the tasks, and the script does not look"
            f" its task up: let it take sigopt.params.{name}, or put {{{name}}} into the command"
        ]
    if lengths == "":
        return [
            "[[task]]: the script does not look up its task, and would run the same at each: add"
            " what makes it cheap to every [[task]], such as epochs = 15, and let the script take"
            " sigopt.params.epochs, or put {epochs} into the command"
        ]
    return []


def _unseen(spec: StudySpec, tried: Tried | None) -> list[str]:
    """Say that the first run did not log the metrics, and which there were."""
    if tried is None or tried.code:
        return []
    missing = [plain(name) for name in spec.metric_names if name not in tried.metrics]
    others = [plain(name) for name in tried.seen if name not in spec.metric_names]
    there = f": there were {joined(others, _MOST)}" if others else ""
    return [f"the first run did not log {joined(missing, _MOST)}{there}"] if missing else []
