"""Options of a Hydra script: its primary configuration, its groups, or all as Hydra composes it."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

from hpo_tui.engine.define.files import leaves_of, load, read_yaml
from hpo_tui.engine.define.options import Found, Option
from hpo_tui.engine.define.process import run_briefly
from hpo_tui.engine.define.script import flagged, script_at

RUN_FOLDER = ("hydra.run.dir={trial_dir}/hydra",)
"""By the second that a job begins in, as Hydra has it, two at once would write into one folder."""
_LIMIT = 60.0
"""Seconds that Hydra may take to compose a configuration."""


def hydra_options(script: Path, text: str, words: Sequence[str]) -> Found:
    """Return the keys of a Hydra script's primary configuration and of its groups' defaults."""
    place = hydra_folder(script, text, words)
    if place is None:
        return Found()
    folder, name = place
    primary = load(folder / f"{name}.yaml")
    options: dict[str, Option] = {}
    defaults = primary.pop("defaults", [])
    for entry in defaults if isinstance(defaults, list) else []:
        for key, chosen in entry.items() if isinstance(entry, dict) else ():
            group = str(key).removeprefix("override ").lstrip("/")
            for option in _group_options(folder, group, str(chosen)):
                options[option.name] = option
    for leaf, value in leaves_of(primary, ""):
        if not leaf.startswith("hydra."):
            options[leaf] = Option.of(leaf, value, "equals")
    also = RUN_FOLDER if "@hydra.main" in text else ()
    return Found(tuple(options.values()), f"Hydra's {name}", also=also)


def hydra_composed(words: Sequence[str], folder: Path) -> Found:
    """Return the keys of a configuration that no file has, as Hydra itself composes it.

    The script's main function is not run for that.
    """
    begin = script_at(words, folder) + 1  # a -m before that is Python's
    kept = [word for word in words[begin:] if word not in ("-m", "--multirun")]
    ran = run_briefly([*words[:begin], *kept, "--cfg", "job"], folder, _LIMIT, {})
    try:
        data = read_yaml("\n".join(ran.lines)) if ran.code == 0 else {}
    except ValueError:  # the script printed something as well
        data = {}
    leaves = leaves_of(data if isinstance(data, dict) else {}, "")
    options = tuple(Option.of(name, value, "equals") for name, value in leaves)
    return Found(options, "Hydra's configuration", also=RUN_FOLDER)


def hydra_folder(script: Path, text: str, words: Sequence[str]) -> tuple[Path, str] | None:
    """Return the folder of a Hydra script's configurations and the name of the primary one.

    The command goes before the source: ``--config-name=other``.
    """
    path = flagged(words, "--config-path", "-cp") or _stated(text, "config_path") or "."
    name = flagged(words, "--config-name", "-cn") or _stated(text, "config_name")
    return (script.parent / path, name.removesuffix(".yaml")) if name else None


def _stated(text: str, name: str) -> str:
    found = re.search(rf"{name}\s*=\s*[\"']([^\"']*)[\"']", text)
    return found[1] if found else ""


def _group_options(folder: Path, group: str, chosen: str) -> list[Option]:
    """Return the choice of a Hydra group, and the keys of its files, each where it exists."""
    choices = tuple(sorted(p.stem for p in (folder / group).glob("*.yaml")))
    files = {c: dict(leaves_of(load(folder / group / f"{c}.yaml"), f"{group}.")) for c in choices}
    if chosen not in files:
        return []
    options = []
    if len(choices) > 1:
        options.append(Option(group, group, "text", chosen, choices, style="equals"))
    for key in dict.fromkeys([*files[chosen], *(k for f in files.values() for k in f)]):
        owners = tuple(c for c in choices if key in files[c])
        value = files[chosen].get(key, files[owners[0]][key])
        when = {group: owners} if len(owners) < len(choices) else {}
        others = tuple(files[c][key] for c in owners if files[c][key] != value)
        option = Option.of(key, value, "equals")
        options.append(dataclasses.replace(option, when=when, elsewhere=others))
    return options
