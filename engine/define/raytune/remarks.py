"""What is said of a study that was made of a script of Ray Tune's."""

import os
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.adapted import Taken, on_parameters, on_values
from hpo_tui.engine.define.compose import EXAMPLE
from hpo_tui.engine.define.printed import direction_of
from hpo_tui.engine.define.raytune.goals import (
    GUESSED,
    budget_of,
    counts_steps,
    length_of,
    objectives_of,
)
from hpo_tui.engine.define.raytune.run import Shown
from hpo_tui.engine.define.raytune.told import Told
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import KeyPath, joined, plain
from hpo_tui.engine.spec.text.toml_text import toml_key

_MOST = 12
"""Names that are listed at most."""
_HALVING = {
    "ASHAScheduler": "ASHA", "AsyncHyperBandScheduler": "ASHA", "asha": "ASHA",
    "HyperBandScheduler": "HyperBand", "HyperBandForBOHB": "BOHB",
}  # fmt: skip
"""Schedulers of successive halving, and what people call them."""
_BY_POPULATION = ("PopulationBasedTraining", "PB2", "PopulationBasedTrainingReplay")
_GOES_ON = "A promotion continues from the checkpoint of the trial, and pays the difference."
_ANEW = (
    "A promotion runs anew and pays in full: the script does not report checkpoints and load them."
    "\nIf it does, resume = true under [study] lets a promotion pay the difference alone."
)


def remarks_of(
    shown: Shown, spec: StudySpec, taken: Sequence[Taken], script: Path
) -> dict[KeyPath, str]:
    """Return the comments of the study file by key path."""
    told = shown.told
    notes: dict[KeyPath, str] = {
        (): f"Written from {plain(script.name)}, which uses Ray Tune. Each trial runs its trainable"
        " once, as it is,\nwithout a Ray cluster; its search algorithm and scheduler are not used.",
    }
    if told.computed:
        names = joined([*map(plain, told.computed)], _MOST)
        notes[()] += f"\nThe script computes {names} in each trial (sample_from)."
    notes.update(on_parameters(taken))
    if spec.space[0] is EXAMPLE:
        notes["space", EXAMPLE.name] = "An example: no parameter was found. Replace it."
    notes.update(_of_objectives(shown, spec))
    if len(spec.tasks) > 1:
        notes["task", 0] = f"{_of_tasks(shown)}\n{_GOES_ON if spec.resume else _ANEW}"
    notes.update(_of_resources(told, spec))
    return notes


def _of_objectives(shown: Shown, spec: StudySpec) -> dict[KeyPath, str]:
    _, origin = objectives_of(shown)
    told = shown.told
    notes = on_values(spec, shown.seen.logged)
    for n, objective in enumerate(spec.objectives):
        said = origin in ("script", "best") and (n < len(told.mode) and bool(told.mode[n]))
        if not said and origin != "best" and direction_of(objective.metric) is None:
            notes["objective", n, "direction"] = "a guess: check it"
    if origin == "run":
        notes["objective", 0, "metric"] = "a guess: the script names no metric to Ray Tune"
    else:
        notes["objective", 0, "metric"] = "threshold = … sets a goal"
    return notes


def _of_tasks(shown: Shown) -> str:
    """Say what the tasks are, and why a whole trial is as long as it is."""
    told, (_, length) = shown.told, length_of(shown)
    if told.scheduler.get("kind") in _HALVING and length != "":
        said = f"Cheap trials end where {_HALVING[told.scheduler['kind']]} may stop one."
    else:
        said = "A cheap trial ends after so many reports (training_iteration)."
    why = {
        "stop": "is as long as stop says",
        "scheduler": "is as long as max_t says",
        "run": "reports as often as the first run did",
        "": "is as long as a guess has it",
    }.get(length, f"is as long as {plain(length)} says")
    return f"{said}\nA whole one {why}."


def _of_resources(told: Told, spec: StudySpec) -> dict[KeyPath, str]:
    """Say what Ray would hand a trial, and what the study does."""
    asked = told.resources
    gpu, resources = asked.get("gpu", 0.0), spec.resources
    if gpu <= 0:
        said = "the script asks Ray for no GPU, which then hides them"
        notes: dict[KeyPath, str] = {("resources", "gpus"): f'{said}; "all" uses them'}
        each = f", {brief(asked['cpu'])} a trial" if "cpu" in asked else ""
        why = f"as many as Ray runs at once: {os.cpu_count()} cores{each}"
        if told.concurrent == resources.slots:
            why = "max_concurrent_trials"
        notes["resources", "slots"] = why
        return notes
    if gpu < 1:
        said = f'the script asks for {brief(gpu)} of a GPU; "auto" packs by measured memory'
        return {("resources", "trials_per_gpu"): said}
    return {("resources", "gpus_per_trial"): f"the script asks for {brief(gpu)}"}


def of_budget(told: Told) -> str:
    """Say what of the script the budget is; empty where it says nothing of it."""
    said = budget_of(told)[1]
    if said and told.scheduler.get("kind") in _HALVING and said != "time_budget_s":
        said += f", as whole trials ({_HALVING[told.scheduler['kind']]} would stop most early)"
    return said


def advice_of(shown: Shown, spec: StudySpec) -> list[str]:
    """Return what the user has to do or check, each a sentence."""
    told, seen, (_, length) = shown.told, shown.seen, length_of(shown)
    advice = list[str]()
    if not seen.told:
        advice += [
            f"{plain(text)} could not be read: if a trial searches it, the trial ends and says what"
            " to add to the study file"
            for text in shown.source.unread
        ]
    advice += [_example(told)] if spec.space[0] is EXAMPLE else []
    advice += _on_scheduler(shown)
    if told.computed:
        advice.append(
            f"{joined([*map(plain, told.computed)], _MOST)}: sample_from is not searched; the"
            " script computes it in each trial. If it draws at random, let param_space say a range"
            " in its place, such as tune.uniform(0, 1)"
        )
    if length == "" and told.trainable == "class":
        advice.append(
            f"nothing says how long the class trains: {GUESSED} iterations are a guess. Correct"
            " training_iteration and cost under [[task]], or let the script say stop="
            "{'training_iteration': …}"
        )
    elif len(spec.tasks) == 1 and not length and not _failed(shown):
        advice.append(
            "how many iterations a whole trial makes is not known: with it, [[task]] tables such as"
            " training_iteration = 5, cost = 0.1 make cheap trials"
        )
    return [*advice, *_on_metrics(shown, spec)]


def _failed(shown: Shown) -> bool:
    """Whether a first run has ended by itself, and other things are to be put right first."""
    return shown.tried is not None and bool(shown.tried.code)


def _example(told: Told) -> str:
    if told.search.get("space"):
        return (
            f"the space stands in {plain(str(told.search['kind']))}, not in param_space: write"
            " [space.NAME] tables by hand, or move it there in Ray's own words (tune.uniform, …)"
        )
    return "no parameter was found: write [space.NAME] tables by hand"


def _on_scheduler(shown: Shown) -> list[str]:
    """Say what a scheduler does that a study does not."""
    told = shown.told
    kind = str(told.scheduler.get("kind") or "")
    if kind in _BY_POPULATION or kind.lower() in ("pbt", "pb2"):
        changed = [plain(str(e["name"])) for e in told.mutations]
        named = f" ({joined(changed, _MOST)})" if changed else ""
        return [
            f"{plain(kind)} changes parameters{named} while trials train and copies the best ones;"
            " here each trial keeps its values, and the search looks for the best of them"
        ]
    if kind in _HALVING and not counts_steps(shown):
        attr = plain(str(told.scheduler.get("time_attr")))
        return [
            f"{_HALVING[kind]} counts in {attr}, not in iterations: its max_t and grace_period are"
            " not taken over. Set training_iteration and cost under [[task]] for cheap trials"
        ]
    return []


def _on_metrics(shown: Shown, spec: StudySpec) -> list[str]:
    """Say of which metric nobody knows, or that the first run has not reported it."""
    seen, (_, origin) = shown.seen, objectives_of(shown)
    if origin == "":
        return [
            "the script names no metric to Ray Tune: name under [[objective]] the one that a trial"
            " reports"
        ]
    if not seen.steps:
        return []
    missing = [plain(name) for name in spec.metric_names if name not in seen.logged]
    if not missing:
        return []
    there = f": there were {joined([*map(plain, seen.logged)], _MOST)}" if seen.logged else ""
    tables = " and ".join(toml_key(m) for m in missing)
    return [f"the first run did not report {tables}{there}"]
