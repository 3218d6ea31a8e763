"""Where a script writes, so that no two trials write to the same place, and how it goes on."""

import re
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.options import Option, bare_name
from hpo_tui.engine.define.saved import checkpoint_name

_RESUMES = re.compile(r"resume(_.*)?|load_checkpoint|load_ckpt|init_from")
_SAVES = re.compile(
    r"(save_|output_|out_)?(checkpoint|ckpt|snapshot)s?(_dir|_path|_folder)?|save(_dir|_path|_to)?|"
    r"out(put)?_dir"
)
_WRITES = re.compile(
    r"(out(put)?s?|save|work|log(ging|s)?|tb|tensorboard|runs?|exp(eriment)?|results?|"
    r"default_root|(save_)?(checkpoint|ckpt|snapshot)s?)_?(dir|folder|root)|"
    r"(out(put)?|save|results?|snapshot|(save_)?(checkpoint|ckpt))_?(path|file|to)|"
    r"(?P<bare>out(put)?|save|snapshot)"
)
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
            placed.append((option, _place(str(option.default or ""), folder)))
        else:
            others.append(option)
    return placed, others


def _writes(option: Option, folder: Path) -> bool:
    """Whether an option names what the script writes, and not what it reads."""
    name, default = bare_name(option.name), option.default
    named = _WRITES.fullmatch(name)
    if option.kind != "text" or option.choices or named is None:
        return False
    if default is None:  # Lightning writes to where it is started then
        return option.required or name == "default_root_dir"
    if named["bare"] and not _PATH.search(str(default)):
        return False
    checkpoint = re.search(r"checkpoint|ckpt", name) is not None
    read = checkpoint and (_READS.search(option.help) or (folder / str(default)).is_file())
    return bool(default) and "$" not in str(default) and not read


def _place(default: str, folder: Path) -> str:
    """Return the place in a trial's folder that stands for one here.

    A folder that is here is there, too, without the script's doing.
    """
    name = Path(default).name
    there = not name or name == ".." or (folder / default).is_dir()
    safe = name.replace("{", "{{").replace("}", "}}")
    return "{trial_dir}" if there else f"{{trial_dir}}/{safe}"


def remark(
    placed: Sequence[tuple[Option, str]], left: Sequence[Option], sources: Sequence[str] = ()
) -> str:
    """Say where each trial writes, and how a script that can go on from a checkpoint is told to.

    ``sources``: its text, which names the file that it saves.
    """
    options = [o for o in [*left, *(o for o, _ in placed)] if o.kind == "text"]
    resume = _resuming(options)
    others = {o.name.lower(): o.flag for o in options if o.flag != resume}
    save = next((flag for name, flag in others.items() if _SAVES.fullmatch(name)), "")
    file = checkpoint_name(sources)
    said = ""
    if placed:
        flags = ", ".join(o.shown for o, _ in placed)
        said = f"\nEach trial writes to its own folder: {flags}."
    elif file and not save and not any(map(_may_place, options)):
        said = (
            f"\nIt saves {file}, and no option says where, so trials overwrite it. Let it save"
            "\nbelow the folder that HPO_TRIAL_DIR names, if it is set."
        )
    return said + (_going_on(resume, save, file) if resume else "")


def _may_place(option: Option) -> bool:
    """Whether an option seems to say where something is written, by its name or its help."""
    named = _WRITES.fullmatch(bare_name(option.name))
    return named is not None or re.search(r"\bsave|\boutput|\bwrite", option.help, re.I) is not None


def _resuming(options: Sequence[Option]) -> str:
    """Return the flag that names a checkpoint to go on from, or nothing."""
    named = [o.flag for o in options if _RESUMES.fullmatch(o.name.lower()) and not _word(o)]
    told = [o.flag for o in options if _SAVES.fullmatch(bare_name(o.name)) and "resum" in o.help]
    return next(iter([*named, *told]), "")


def _word(option: Option) -> bool:
    """Whether an option takes a word that says how to begin, such as ``scratch``, and no path."""
    default = str(option.default or "")
    return option.name == "init_from" and bool(default) and not _PATH.search(default)


def _going_on(resume: str, save: str, file: str) -> str:
    """Say how a promotion goes on from what ``file`` was saved to."""
    # Trainers write numbered checkpoints, and want to be told of one.
    trainer = "checkpoint-*" if resume.endswith("resume_from_checkpoint") else ""
    newest = f"/{trainer or file}" if trainer or file else ""
    words = f"{resume} {{resume}}{newest}" + (f" {save} {{checkpoint}}" if save else "")
    where = "" if save else " and what it saves in {checkpoint},"
    return (
        f"\nIt has {resume}: with resume = true, {words} in the command,{where}"
        "\na promotion continues from the checkpoint and pays only the difference."
    )
