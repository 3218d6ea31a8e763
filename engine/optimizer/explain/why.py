"""Why a trial is run: what the screens and the command line say of a modelled choice."""

from typing import Any

from hpo_tui.engine.optimizer.history import TrialHistory
from hpo_tui.engine.optimizer.promotion import Choice
from hpo_tui.engine.spec import StudySpec


def explained(
    history: TrialHistory, source: int | None, pick: Choice, forced: float | None
) -> dict[str, Any]:
    """Return the kind of a choice, a sentence and its numbers.

    ``source``: the configuration that goes on, None for a new one. ``forced``: the share that cheap
    tasks explain of the full one, where the guard asked for the full task.
    """
    tasks = history.spec.tasks_by_cost
    name = tasks[pick.task].name
    why: dict[str, Any] = {
        "gain": pick.gain, "price": pick.price, "index": pick.index,
        "runner_up": pick.runner_up, "correlation": pick.correlation,
    }  # fmt: skip
    if source is not None:
        trials = [t for t in history.of_configuration[source] if t.state == "complete"]
        best = max(trials, key=lambda t: t.task)
        why |= {"kind": "promoted", "from": best.number}
        text = f"Trial {best.number} continues to {name}: the highest expected gain for its price."
    elif pick.task == history.full and history.full > 0:
        why["kind"] = "full"
        text = f"Straight to {name}: a cheaper look would not pay for itself."
    elif pick.bound_for is not None:
        bound_for = tasks[pick.bound_for].name
        # Gain and index are those of the task that it is bound for.
        why |= {"kind": "look", "bound_for": bound_for}
        text = (
            f"Bound for {bound_for}: "
            f"the look at {name} on the way costs nothing more and may save the rest."
        )
    else:
        why["kind"] = "look" if pick.task < history.full else "full"
        text = f"Highest expected gain for its price, {pick.price:g}, at {name}."
    if forced is not None and pick.task == history.full:
        why |= {"kind": "guard", "predictive": forced}
        text = (
            f"Full task by the guard: cheaper tasks explain {forced:.0%} of it, "
            "so it must get a larger share of the cost."
        )
    return {**why, "text": text}


def alone(spec: StudySpec, task: int, count: int) -> str:
    """Return why the first of ``count`` configurations that can go on does, up to ``task``."""
    which = "The only configuration" if count == 1 else f"The oldest of {count} configurations"
    name = spec.tasks_by_cost[task].name
    return f"{which} that can go on now, to {name}: nothing new can be started."
