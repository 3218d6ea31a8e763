"""The checkpoints that a script of Ray Tune's hands over, kept so that a trial can go on from them.

In the trial's checkpoint folder stands the last one, in a folder of its own, and beside it a file
that says which it is, and after which step. What is written is renamed when it is whole: whenever
the trial is killed, one of them can be read.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SAYS = "ray_tune.json"
_NEW = ".new"


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint. ``inside``: the file in its folder that the script names, if it does.

    ``seconds``: how long the training had taken by then.
    """

    folder: Path
    iteration: int
    seconds: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    inside: str = ""

    @property
    def path(self) -> Path:
        """What the script is handed: the folder, or the file in it."""
        return self.folder / self.inside if self.inside else self.folder


def kept_in(place: Path | None) -> Kept | None:
    """Return the checkpoint of a folder, None where it holds none that is whole."""
    if place is None:
        return None
    with suppress(OSError, ValueError, KeyError, TypeError):
        said = json.loads((place / SAYS).read_text("utf-8"))
        folder = place / str(said["folder"])
        if folder.is_dir():
            return Kept(
                folder, int(said["iteration"]), float(said["seconds"]), dict(said["metrics"]),
                str(said["inside"]),
            )  # fmt: skip
    return None


def copied(source: str | Path, folder: Path) -> str:
    """Copy what a script has saved to a folder; return nothing, as it names none of the files."""
    shutil.copytree(source, folder, dirs_exist_ok=True)
    return ""


def keep(place: Path, made: Kept, fill: Callable[[Path], str]) -> Kept:
    """Keep a checkpoint, which ``fill`` writes to a folder, in the place of the one before it.

    ``fill`` returns the name of the file that the script names, or nothing. ``made``: what is known
    of the checkpoint; its folder is not. Raises OSError, with the one before it still there.
    """
    new = place / _NEW
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    inside = fill(new)
    name = f"checkpoint_{made.iteration:06d}"
    while (place / name).exists():
        name += "_"
    new.rename(place / name)
    said: dict[str, Any] = {
        "folder": name, "iteration": made.iteration, "seconds": made.seconds,
        "metrics": dict(made.metrics), "inside": inside,
    }  # fmt: skip
    written = place / f"{SAYS}.new"
    written.write_text(json.dumps(said), "utf-8")
    written.replace(place / SAYS)
    for old in place.glob("checkpoint_*"):
        if old.name != name:
            shutil.rmtree(old, ignore_errors=True)
    return Kept(place / name, made.iteration, made.seconds, made.metrics, inside)
