"""What a W&B sweep comes to in the folder where its agent would run."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.define.fidelity import Fidelity, find_fidelity
from hpo_tui.engine.define.hydra.options import RUN_FOLDER
from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.script import script_of
from hpo_tui.engine.define.sources.texts import is_file, local_sources
from hpo_tui.engine.define.wandb.command import Commanded, commanded
from hpo_tui.engine.define.wandb.file import Sweep
from hpo_tui.engine.define.wandb.space import Swept, swept
from hpo_tui.engine.spec.names import plain


@dataclass(slots=True)
class Taken:
    """What a sweep was taken for: its parameters, its command, what its script is made of."""

    sweep: Sweep
    parameters: list[Swept]
    command: Commanded
    script: Path | None
    texts: list[str]
    wandb: bool
    fidelity: Fidelity | None


def take(sweep: Sweep, folder: Path) -> Taken:
    """Return what a sweep comes to here. Raises ValueError."""
    if not sweep.program and (not sweep.command or "${program}" in sweep.command):
        raise ValueError(f"{sweep.called} does not name its program: add program: train.py")
    if sweep.program and not is_file(folder / sweep.program):
        raise ValueError(
            f"there is no {plain(sweep.program)} in {plain(str(folder))}, the program of"
            f" {sweep.called}: start this where the sweep's agent is started"
        )
    script = _script(sweep, folder)
    texts = local_sources(script, folder) if script else []
    wandb = not texts or any("wandb" in text.lower() for text in texts)
    parameters = swept(sweep.parameters, filed=wandb)
    command = commanded(sweep, parameters, folder)
    placed = any(word.startswith("hydra.run.dir=") for word in command.words)
    if not placed and any("@hydra.main" in text for text in texts):
        command.words += RUN_FOLDER
    fidelity = find_fidelity(_constants(parameters))
    return Taken(sweep, parameters, command, script, texts, wandb, fidelity)


def _constants(parameters: Sequence[Swept]) -> list[Option]:
    """Return what a sweep keeps at one number, among which may be the length of a run."""
    fixed = ((p.name, p.parameter.value) for p in parameters)
    return [
        Option.of(name, value, "config")
        for name, value in fixed
        if isinstance(value, int | float) and not isinstance(value, bool)
    ]


def _script(sweep: Sweep, folder: Path) -> Path | None:
    if sweep.program.endswith(".py"):
        return folder / sweep.program
    return script_of(sweep.command, folder) if sweep.command else None
