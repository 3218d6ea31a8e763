"""What is said of a study that was made of a W&B sweep: its comments, and what is to be done."""

import re

from hpo_tui.engine.define.printed import Printed, direction_of, is_metric
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.define.wandb.env import remark
from hpo_tui.engine.define.wandb.taken import Taken
from hpo_tui.engine.numerals import brief
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import KeyPath, joined, plain

_MOST = 12
"""Metrics that are named at most."""
_PLACES = re.compile(r"\bWandbLogger\s*\(|\bwandb\.init\([^)]*\bdir\s*=")
"""Calls by which a run is written elsewhere than WANDB_DIR says; Lightning's does by itself."""
_AGENT = re.compile(r"\bwandb\.(agent|sweep)\s*\(|\bfrom wandb import .*\b(agent|sweep)\b")


def remarks_of(taken: Taken, spec: StudySpec, tried: Tried | None) -> dict[KeyPath, str]:
    """Return the comments of the study file by key path."""
    sweep, fidelity = taken.sweep, taken.fidelity
    notes: dict[KeyPath, str] = {
        (): f"Written from {sweep.called} (W&B, {sweep.method}). The script runs as it is."
    }
    if not sweep.program and "-c" in sweep.command:
        notes[()] += "\nIn a trial, wandb.agent runs its function once: the command sees to that."
    if sweep.stops_early:
        notes[()] += (
            "\nIts early_terminate is not needed: trials that fall behind are stopped early anyway"
            "\n([stopping])."
        )
    if sweep.run_cap:
        notes["study", "budget"] = "run_cap of the sweep, in units of the full task"
    if "WANDB_MODE" in spec.env:
        notes["env",] = remark(spec.name)
    for parameter in taken.parameters:
        if parameter.lost:
            notes["space", parameter.name] = f"Not quite as in the sweep: {parameter.lost}."
    if fidelity:
        shown = fidelity.option.shown
        notes["task", 0] = (
            f"Cheap runs by {shown}, which the sweep keeps constant. The task with cost 1 is the"
            f"\none that counts; a schedule of the script that depends on {shown} follows it."
        )
    objective = spec.objectives[0].metric
    if tried is not None and objective in tried.metrics:
        value = brief(tried.metrics[objective])
        notes["objective", 0] = f"The last value in a first run was {value}."
    if not sweep.metric:
        notes["objective", 0, "metric"] = "the sweep names none: check it"
        if direction_of(objective) is None:
            notes["objective", 0, "direction"] = "a guess: check it"
    return notes


def advice_of(
    taken: Taken, spec: StudySpec, tried: Tried | None, printed: Printed | None
) -> list[str]:
    """Return what the user has to do or check, each a sentence."""
    sweep = taken.sweep
    advice = [f"{plain(p.name)}: {p.lost}" for p in taken.parameters if p.lost]
    if sweep.method == "grid":
        advice.append(
            "the sweep tries every point of a grid; the study searches the same values, and ends"
            " when all were run or its budget is spent"
        )
    if sweep.program and any(map(_AGENT.search, taken.texts)):
        advice.append(
            "the script starts a sweep or an agent itself (wandb.sweep, wandb.agent): every trial"
            " would do so. Have it call its training function once instead"
        )
    if not sweep.metric:
        advice.append("the sweep names no metric: check [[objective]]")
    advice += _unseen(taken, spec, tried, printed)
    return advice


def _unseen(
    taken: Taken, spec: StudySpec, tried: Tried | None, printed: Printed | None
) -> list[str]:
    """Say that the first run did not show the metric, and which there are, or why there are none.

    What a script says of the folder goes before what the environment does.
    """
    metric = spec.objectives[0].metric
    seen = printed is not None and metric in printed.values
    if tried is None or tried.code or seen or metric in tried.metrics:
        return []
    logged = dict.fromkeys(n for entry in tried.logged for n in entry.values)
    names = [plain(n) for n in [*logged, *tried.seen] if is_metric(n)]
    others = f": there were {joined(list(dict.fromkeys(names)), _MOST)}" if names else ""
    said = f"the first run did not log {plain(metric)}{others}"
    if not logged and any(map(_PLACES.search, taken.texts)):
        said += (
            ". The script tells wandb its folder itself, and trials are read in their own: write"
            ' dir=os.environ.get("WANDB_DIR") there, or save_dir for Lightning\'s WandbLogger'
        )
    return [said]
