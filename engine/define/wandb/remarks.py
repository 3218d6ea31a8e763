"""What is said of a study that was made of a W&B sweep: its comments, and what is to be done."""

import re

from hpo_tui.engine.define.adapted import on_values
from hpo_tui.engine.define.compose import is_seed
from hpo_tui.engine.define.printed import Printed, direction_of, is_metric
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.define.wandb.env import remark
from hpo_tui.engine.define.wandb.taken import Taken
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.names import KeyPath, joined, plain

_MOST = 12
"""Metrics that are named at most."""
_PLACES = re.compile(r"\bWandbLogger\s*\(|\bwandb\.init\([^)]*\bdir\s*=")
"""Calls by which a run is written elsewhere than WANDB_DIR says; Lightning's does by itself."""
_OFF = re.compile(r"\bmode\s*=\s*[\"']disabled|\bWANDB_(MODE|DISABLED)\b")
"""How a script has wandb do nothing."""
RUNS = "the number of runs of the sweep"
"""What is said of a budget: the sweep's run_cap, or the count that its agent is given."""
_AGENT = re.compile(r"\bwandb\.(agent|sweep)\s*\(|\bfrom wandb import .*\b(agent|sweep)\b")


def remarks_of(taken: Taken, spec: StudySpec, tried: Tried | None) -> dict[KeyPath, str]:
    """Return the comments of the study file by key path."""
    sweep, fidelity = taken.sweep, taken.fidelity
    notes: dict[KeyPath, str] = {
        (): f"Written from {sweep.called} (W&B, {sweep.method}). The script runs as it is."
    }
    if not sweep.program and "-c" in sweep.command:
        notes[()] += (
            "\nIn a trial, wandb.agent runs its function once, and ends: the command sees to that."
        )
    if sweep.stops_early:
        notes[()] += (
            "\nIts early_terminate is not needed: trials that fall behind are stopped early anyway"
            "\n([stopping])."
        )
    if sweep.run_cap:
        notes["study", "budget"] = f"{RUNS}, in units of the full task"
    if "WANDB_MODE" in spec.env:
        notes["env",] = remark(spec.name)
    for parameter in taken.parameters:
        if said := parameter.remark:
            notes["space", parameter.name] = f"{said[0].upper()}{said[1:]}."
    if fidelity:
        shown = fidelity.option.shown
        notes["task", 0] = (
            f"Cheap runs by {shown}, which the sweep keeps constant. The task with cost 1 is the"
            f"\none that counts; a schedule of the script that depends on {shown} follows it."
        )
    notes |= on_values(spec, tried.metrics if tried is not None else {})
    if not sweep.goals:
        notes["objective", 0, "metric"] = "the sweep names none: check it"
        if direction_of(spec.objectives[0].metric) is None:
            notes["objective", 0, "direction"] = "a guess: check it"
    return notes


def advice_of(
    taken: Taken, spec: StudySpec, tried: Tried | None, printed: Printed | None
) -> list[str]:
    """Return what the user has to do or check, each a sentence."""
    sweep = taken.sweep
    advice = [f"{sweep.called}: {said}" for said in sweep.unknown]
    advice += [f"{plain(p.name)}: {p.remark}" for p in taken.parameters if p.remark]
    advice += [_of_seed(p.name) for p in spec.free if is_seed(p.name)]
    if sweep.method == "grid":
        advice.append(
            "the sweep tries every point of a grid; the study searches the same values, and ends"
            " when all were run or its budget is spent"
        )
    alone = tried is not None and tried.code == 0  # an agent would have wanted a server
    if sweep.program and not alone and any(map(_AGENT.search, taken.texts)):
        advice.append(
            "the script starts a sweep or an agent itself (wandb.sweep, wandb.agent): every trial"
            " would do so. Have it call its training function once instead"
        )
    if not sweep.goals:
        advice.append("the sweep names no metric: check [[objective]]")
    advice += _unseen(taken, spec, tried, printed)
    return advice


def _of_seed(name: str) -> str:
    """Say what becomes of a seed that is searched, as in sweeps that repeat their runs by it."""
    placed = f"write {{seed}} in the place of {{{name}}}, " if name != "seed" else ""
    return plain(
        f"{name} is searched like any parameter, so that the luckiest wins. To repeat the best"
        f" configurations with other seeds instead, remove it from the space, {placed}and set"
        " repeats = 3 under [study]"
    )


def _unseen(
    taken: Taken, spec: StudySpec, tried: Tried | None, printed: Printed | None
) -> list[str]:
    """Say that the first run did not show the metrics, and which there are, or why none."""
    if tried is None or tried.code:
        return []
    seen = {*tried.metrics, *(printed.values if printed else ())}
    missing = [plain(o.metric) for o in spec.objectives if o.metric not in seen]
    logged = dict.fromkeys(n for entry in tried.logged for n in entry.values)
    names = list(dict.fromkeys(plain(n) for n in [*logged, *tried.seen] if is_metric(n)))
    others = f": there were {joined(names, _MOST)}" if names else ""
    why = _why_nothing(taken) if taken.wandb and not logged else ""
    return [f"the first run did not log {joined(missing, _MOST)}{others}{why}"] if missing else []


def _why_nothing(taken: Taken) -> str:
    """Return why wandb may have written nothing where trials are read.

    What a script says of the folder goes before what the environment does.
    """
    if any(map(_PLACES.search, taken.texts)):
        return (
            ". The script tells wandb its folder itself, and trials are read in their own: write"
            ' dir=os.environ.get("WANDB_DIR") there, or save_dir for Lightning\'s WandbLogger'
        )
    if any(map(_OFF.search, taken.texts)):
        return ". The script turns wandb off, which then writes nothing that could be read"
    return ". wandb wrote nothing in the trial's folder"
