"""Where a script writes, so that no two trials write to the same place, and how it goes on."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hpo_tui.engine.define.options import Option, bare_name
from hpo_tui.engine.define.script_checkpoints import checkpoint_name
from hpo_tui.engine.define.sources.texts import is_file, is_folder
from hpo_tui.engine.spec.placeholders import braced

_RESUMES = re.compile(r"resume(_.*)?|load_checkpoint|load_ckpt|init_from")
_TAKEN_UP = re.compile(r"ckpt(_path)?|checkpoint(_path)?|restore(_.*)?|continue_from")
"""Names of options that, set to nothing, may name a checkpoint to go on from, as Lightning does."""
_SAVES = re.compile(
    r"(save_|output_|out_)?(checkpoint|ckpt|snapshot)s?(_dir|_path|_folder)?|save(_dir|_path|_to)?|"
    r"(out(put)?|model)_dir"
)
_WRITES = re.compile(
    r"(out(put)?s?|save|work|log(ging|s)?|tb|tensorboard|runs?|exp(eriment)?|results?|"
    r"default_root|(save_)?(checkpoint|ckpt|snapshot)s?)_?(dir|folder|root)|"
    r"(out(put)?|save|results?|snapshot|(save_)?(checkpoint|ckpt))_?(path|file|to)|"
    r"out(put)?|save|snapshot"
)
_MODELS = re.compile(r"(model|weights)_?(dir|folder)")
"""Names of folders that a script writes models to, unless they are there for it to read."""
_BARE = ("out", "output", "save", "snapshot")
"""Names that say where something is written only if what they are set to looks like a path."""
_CHECKPOINT = re.compile(r"(model_?)?(checkpoint|ckpt)s?")
_TOLD = re.compile(r"\b(sav|writ|stor)(e|es|ed|ing|ten)?\b", re.IGNORECASE)
"""What the help says of an option that names a checkpoint to write."""
_PATH = re.compile(r"[./]|out|result|run|log|save|model|ckpt|checkpoint", re.IGNORECASE)
"""What tells a path from another word."""
_READS = re.compile(r"\b(resum|load|pretrained|from)", re.IGNORECASE)
"""What the help says of an option that names a checkpoint to read."""


def place_outputs(
    options: Sequence[Option], folder: Path
) -> tuple[list[tuple[Option, str]], list[Option]]:
    """Tell the options that say where a script writes from the others; give each its own place.

    A place is in the trial's folder. Of those that are off, without a value, nothing is said.
    """
    placed, others = [], []
    for option in options:
        if option.style in ("flag", "equals") and _writes(option, folder):
            placed.append((option, own_place(str(option.default or ""), folder)))
        else:
            others.append(option)
    return placed, others


def _writes(option: Option, folder: Path) -> bool:
    """Whether an option names what the script writes, and not what it reads."""
    name, default = bare_name(option.name), option.default
    named = _WRITES.fullmatch(name) or (_TOLD.search(option.help) and _CHECKPOINT.fullmatch(name))
    if named is None and default and not _READS.search(option.help):
        there = is_folder(folder / str(default))
        named = None if there or not _PATH.search(str(default)) else _MODELS.fullmatch(name)
    if option.kind != "text" or option.choices or named is None:
        return False
    if default is None:  # Lightning writes to where it is started then
        return option.required or name == "default_root_dir"
    if name in _BARE and not _PATH.search(str(default)):
        return False
    checkpoint = re.search(r"checkpoint|ckpt", name) is not None
    read = checkpoint and (_READS.search(option.help) or is_file(folder / str(default)))
    return bool(default) and "$" not in str(default) and not read


def own_place(default: str, folder: Path) -> str:
    """Return the place in a trial's folder that stands for one here.

    A folder that is here is there, too, without the script's doing.
    """
    name = Path(default).name
    there = not name or name == ".." or is_folder(folder / default)
    return "{trial_dir}" if there else f"{{trial_dir}}/{braced(name)}"


@dataclass(frozen=True, slots=True)
class GoingOn:
    """How a script is told the checkpoint to go on from, and where to save its own.

    ``saves``: None where no option says it.
    """

    resumes: Option
    source: str
    saves: Option | None
    target: str


def going_on(
    placed: Sequence[tuple[Option, str]], left: Sequence[Option], sources: Sequence[str] = ()
) -> GoingOn | None:
    """Return how a script goes on from a checkpoint whose path it is told, None where it is not.

    ``sources``: its text, which names the file that it saves.
    """
    options = [o for o in [*left, *(o for o, _ in placed)] if o.kind == "text"]
    resumes = _resuming(options)
    if resumes is None:
        return None
    saves = _saving(options, resumes)
    default = str(saves.default or "") if saves else ""
    # An option that names a file is told one.
    file = f"/{braced(Path(default).name)}" if Path(default).suffix else ""
    # Trainers write numbered checkpoints, and want to be told of one.
    trainer = "/checkpoint-*" if resumes.flag.endswith("resume_from_checkpoint") else ""
    saved = checkpoint_name(sources)
    newest = trainer or file or (f"/{saved}" if saved and not _takes_folder(resumes) else "")
    return GoingOn(resumes, f"{{resume}}{newest}", saves, f"{{checkpoint}}{file}")


def remark(
    placed: Sequence[tuple[Option, str]], left: Sequence[Option], sources: Sequence[str] = ()
) -> str:
    """Say where each trial writes, and how a script that can go on from a checkpoint is told to."""
    options = [o for o in [*left, *(o for o, _ in placed)] if o.kind == "text"]
    on = going_on(placed, left, sources)
    file = checkpoint_name(sources)
    said = ""
    if placed:
        flags = ", ".join(o.shown for o, _ in placed)
        said = f"\nEach trial writes to its own folder: {flags}."
    elif (
        file
        and not _saving(options, on.resumes if on else None)
        and not any(map(_may_place, options))
    ):
        said = (
            f"\nIt saves {file}, and no option says where, so trials overwrite it. Let it save"
            "\nbelow the folder that HPO_TRIAL_DIR names, if it is set."
        )
    return said + (_how(on) if on is not None else _of_a_switch(left))


def _saving(options: Sequence[Option], resumes: Option | None) -> Option | None:
    """Return the option that says where checkpoints are saved, or None."""
    others = (o for o in options if resumes is None or o.flag != resumes.flag)
    return next((o for o in others if _SAVES.fullmatch(o.name.lower())), None)


def _may_place(option: Option) -> bool:
    """Whether an option seems to say where something is written, by its name or its help."""
    named = _WRITES.fullmatch(bare_name(option.name))
    return named is not None or re.search(r"\bsave|\boutput|\bwrite", option.help, re.I) is not None


def _resuming(options: Sequence[Option]) -> Option | None:
    """Return the option that names a checkpoint to go on from, or None."""
    named = [o for o in options if _RESUMES.fullmatch(o.name.lower()) and not _word(o)]
    told = [o for o in options if _SAVES.fullmatch(bare_name(o.name)) and "resum" in o.help]
    unset = [o for o in options if _TAKEN_UP.fullmatch(bare_name(o.name)) and not o.default]
    # Without another place to save to, it is that of the checkpoints themselves.
    other = [o for o in unset if not _TOLD.search(o.help) and _saving(options, o) is not None]
    return next(iter([*named, *told, *other]), None)


def _takes_folder(option: Option) -> bool:
    """Whether an option names a folder, in which the script finds the checkpoint by itself."""
    if re.search(r"_(dir|folder)$", bare_name(option.name)):
        return True
    told = re.search(r"\b(dir(ectory)?|folder)\b", option.help, re.I) is not None
    return told and re.search(r"\b(file|in|or)\b|\.\w", option.help, re.I) is None


def _word(option: Option) -> bool:
    """Whether an option takes a word that says how to begin, such as ``scratch``, and no path."""
    default = str(option.default or "")
    return option.name == "init_from" and bool(default) and not _PATH.search(default)


def _how(on: GoingOn) -> str:
    """Say how a promotion goes on from what its trial is told."""
    flag, saves = on.resumes.flag, on.saves
    words = f"{flag} {on.source}" + (f" {saves.flag} {on.target}" if saves else "")
    where = "" if saves else " and what it saves in {checkpoint},"
    return (
        f"\nIt has {flag}: with resume = true, {words} in the command,{where}"
        "\na promotion continues from the checkpoint and pays only the difference."
    )


def _of_a_switch(left: Sequence[Option]) -> str:
    """Say what a script lacks that goes on from a place of its own, if this one does."""
    flags = [o.flag for o in left if o.kind == "bool" and _RESUMES.fullmatch(o.name.lower())]
    if not flags:
        return ""
    return (
        f"\nIt has {flags[0]}, which takes no path, but a promotion has to be told which trial's"
        f"\ncheckpoint to continue from. Let it take one: then {flags[0]} {{resume}} in the command"
        "\nand resume = true make a promotion pay only the difference."
    )
