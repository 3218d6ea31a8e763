"""What is said of a study that was made of an Optuna script: its comments, what is to be done."""

from pathlib import Path

from hpo_tui.engine.define.compose import EXAMPLE
from hpo_tui.engine.define.optuna.run import Seen
from hpo_tui.engine.define.optuna.source import Suggested
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import BudgetUnit, ParameterKind, StudySpec
from hpo_tui.engine.spec.names import KeyPath, joined, plain


def remarks_of(
    source: Suggested, seen: Seen, spec: StudySpec, tried: Tried | None, script: Path
) -> dict[KeyPath, str]:
    """Return the comments of the study file by key path."""
    notes: dict[KeyPath, str] = {
        (): f"Written from {plain(script.name)}, which uses Optuna. Each trial runs its objective"
        " once, as it is;\nits sampler, pruner and storage are not used.",
    }
    notes.update(_of_space(source, seen, spec))
    objective = spec.objectives[0].metric
    notes["objective", 0] = "What the objective returns."
    if tried is not None and objective in tried.metrics:
        notes["objective", 0] += f" The value in a first run was {brief(tried.metrics[objective])}."
    notes["objective", 0, "metric"] = "threshold = … sets a goal"
    if not _directed(source, seen):
        notes["objective", 0, "direction"] = "a guess: check it"
    if len(spec.tasks) > 1:
        notes["task", 0] = (
            "A cheap trial ends after so many reports, where the script asks should_prune();\n"
            "what it reported last is its result. The task with cost 1 is the one that counts."
        )
    return notes


def _of_space(source: Suggested, seen: Seen, spec: StudySpec) -> dict[KeyPath, str]:
    """Say of which parameters the conditions, or the need of them, are not known."""
    notes: dict[KeyPath, str] = {}
    for name in source.doubtful:
        notes["space", name] = "Suggested under a condition that could not be read: add when = …"
    for name in _not_asked(source, seen, spec):
        notes["space", name] = "The first run did not ask for it: remove it if no trial does."
    for name in seen.space.keys() - source.space.keys():
        notes["space", name] = "Seen in a run; if it depends on another parameter, add when = …"
    if spec.space[0] is EXAMPLE:
        notes["space", EXAMPLE.name] = "An example: no parameter was found. Replace it."
    return notes


def _not_asked(source: Suggested, seen: Seen, spec: StudySpec) -> list[str]:
    """Return what each trial should ask for, by the source, and the run did not."""
    always = {n for n, p in source.space.items() if not p.when and n not in source.doubtful}
    names = [p.name for p in spec.space if p.name in always] if seen.space else []
    return [name for name in names if name not in seen.space]


def of_budget(source: Suggested, seen: Seen, spec: StudySpec) -> str:
    """Say what of the script the budget is."""
    if spec.budget.unit is BudgetUnit.WALL:
        return "timeout of the script"
    taken = spec.budget.amount == (seen.trials or source.trials)
    return "n_trials of the script, in units of the full task" if taken else ""


def _directed(source: Suggested, seen: Seen) -> bool:
    return bool(seen.directions or source.directions)


def advice_of(source: Suggested, seen: Seen, spec: StudySpec, tried: Tried | None) -> list[str]:
    """Return what the user has to do or check, each a sentence."""
    advice = [] if _directed(source, seen) else [_UNDIRECTED]
    advice += _on_unread(source, seen)
    names = {p.name for p in spec.space}
    asked = {n: p for n, p in (source.space | seen.space).items() if n not in names}
    advice += [
        f"{plain(name)} cannot be the name of a parameter here (no braces, and not another's name"
        " in upper or lower case): give it another in the script"
        for name, parameter in asked.items()
        if parameter.kind is not ParameterKind.FIXED
    ]
    whole = tried is not None and tried.code == 0
    if whole and (idle := _not_asked(source, seen, spec)):
        advice.append(
            f"the first run did not ask for {joined([*map(plain, idle)], 12)}: if no trial does, as"
            " with another objective's, remove it, or it is searched in vain"
        )
    advice += [_ENDLESS] if seen.prunes and len(spec.tasks) == 1 and not whole else []
    if seen.late:
        late = joined([*map(plain, seen.late)], 5)
        advice.append(
            f"no cheap tasks: a trial that is pruned does not tell of {late}. If the script sets it"
            " before its training loop, init makes cheap tasks"
        )
    advice += [_NO_PARAMETER] if spec.space[0] is EXAMPLE else []
    return advice


_UNDIRECTED = (
    "whether a result is better when it is smaller or larger could not be read: check direction"
    " under [[objective]]"
)
_ENDLESS = (
    "how often a whole trial reports is not known: with it, [[task]] tables such as"
    " steps = 5, cost = 0.1 make cheap trials, which are pruned after so many reports"
)
_NO_PARAMETER = "no parameter was found: write [space.NAME] tables by hand"


def _on_unread(source: Suggested, seen: Seen) -> list[str]:
    """Say which suggestions could not be read, and what the run has shown of them."""
    if not seen.space:
        return [
            f"{plain(call)} could not be read: if a trial asks for it, the trial ends and says what"
            " to add to the study file"
            for call in source.unread
        ]
    if not source.unread:
        return []
    ran = [name for name in seen.space if name not in source.space]
    return [
        f"{joined(list(map(plain, source.unread)), 5)}: its names or ranges are computed; the"
        f" first run asked for {joined(ran, 12) or 'nothing more'}. A trial that asks for more"
        " ends, and says what to add to the study file"
    ]
