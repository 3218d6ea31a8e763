"""Options that live in configuration files: Hydra's, and files named on the command line."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.options import Found, Option, typed
from hpo_tui.engine.define.process import run_briefly
from hpo_tui.engine.define.script import script_at
from hpo_tui.engine.define.sources.texts import is_file
from hpo_tui.engine.spec.reading.locate import layout

_SUFFIXES = (".yaml", ".yml", ".json", ".toml")
RUN_FOLDER = ("hydra.run.dir={trial_dir}/hydra",)
"""By the second that a job begins in, as Hydra has it, two at once would write into one folder."""
_LARGEST = 2**18
"""Bytes beyond which a file is no configuration that anybody wrote."""
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
    for leaf, value in _leaves(primary, ""):
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
    leaves = _leaves(data if isinstance(data, dict) else {}, "")
    options = tuple(Option.of(name, value, "equals") for name, value in leaves)
    return Found(options, "Hydra's configuration", also=RUN_FOLDER)


def hydra_folder(script: Path, text: str, words: Sequence[str]) -> tuple[Path, str] | None:
    """Return the folder of a Hydra script's configurations and the name of the primary one.

    The command goes before the source: ``--config-name=other``.
    """
    path = _flagged(words, "--config-path", "-cp") or _stated(text, "config_path") or "."
    name = _flagged(words, "--config-name", "-cn") or _stated(text, "config_name")
    return (script.parent / path, name.removesuffix(".yaml")) if name else None


def _stated(text: str, name: str) -> str:
    found = re.search(rf"{name}\s*=\s*[\"']([^\"']*)[\"']", text)
    return found[1] if found else ""


def _flagged(words: Sequence[str], *flags: str) -> str:
    """Return what a command says by a flag, in one word or in two."""
    for word, following in pairwise((*words, "")):
        flag, equals, value = word.partition("=")
        if flag in flags:
            return value if equals else following
    return ""


def _group_options(folder: Path, group: str, chosen: str) -> list[Option]:
    """Return the choice of a Hydra group, and the keys of its files, each where it exists."""
    choices = tuple(sorted(p.stem for p in (folder / group).glob("*.yaml")))
    files = {c: dict(_leaves(load(folder / group / f"{c}.yaml"), f"{group}.")) for c in choices}
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


def interpolated(text: str, folder: Path) -> Found | None:
    """Return the keys of a file that a script reads by OmegaConf beside ``key=value`` words."""
    if "from_cli" not in text:
        return None
    for name in re.findall(r"OmegaConf\.load\(\s*[\"']([^\"']+)[\"']", text):
        leaves = list(_leaves(load(folder / name), ""))
        if leaves:
            options = [Option.of(name, value, "equals") for name, value in leaves]
            return Found(tuple(options), name)
    return None


def config_options(words: Sequence[str], folder: Path, others: Sequence[Option]) -> Found | None:
    """Return the keys of a configuration file that a command is given, with a template for it.

    Only where the script has few options of its own: the file is then what is tuned.
    """
    others = [o for o in others if o.style != "positional"]
    given = [(word, name) for word in words[1:] if _file(name := _named(word), folder)]
    named = [(o.flag, str(o.default)) for o in others if _file(str(o.default), folder)]
    if not given and not named:
        return None
    said, name = (given or named)[0]
    options, template, raw = _templated(folder / name)
    if not options or len(others) > len(options):
        return None
    file = Path(name)
    place = f"{{trial_dir}}/{file.name}"
    if given:
        changed = tuple(w.replace(name, place) if w == said else w for w in words)
    else:
        changed = (*words, said, place)
    filled = f"{file.stem}.template{file.suffix}", template
    return Found(options, name, template=filled, words=changed, raw=raw)


def config_values(word: str, folder: Path) -> Iterator[tuple[str, bool | int | float | str]]:
    """Return what the configuration file says that a word of the command names, if it names one."""
    name = _named(word)
    if _file(name, folder):
        yield from _leaves(load(folder / name), "")


def settings_file(text: str, folder: Path) -> str | None:
    """Return the name of a file with settings that stands in a source in quotes, else None."""
    names = re.findall(r"[\"']([\w./-]+\.(?:ya?ml|json|toml))[\"']", text)
    return next((n for n in names if _file(n, folder) and any(_leaves(load(folder / n), ""))), None)


def _named(word: str) -> str:
    """Return the file that a word of a command may name: ``a.yaml`` of ``--config=a.yaml``."""
    return word.partition("=")[2] if word.startswith("--") and "=" in word else word


def _file(name: str, folder: Path) -> bool:
    """Whether a name is that of a configuration file, and no large one."""
    if not name.endswith(_SUFFIXES):
        return False
    path = folder / name
    return is_file(path) and path.stat().st_size <= _LARGEST


def load(path: Path) -> dict[str, Any]:
    """Return a YAML, JSON or TOML file as a mapping; empty where it is none."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            data = json.loads(text)
        elif path.suffix == ".toml":
            import tomllib

            data = tomllib.loads(text)
        else:
            data = read_yaml(text)
    except (OSError, ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}


def read_yaml(text: str) -> Any:
    """Return what a YAML text holds. Raises ValueError: the line where it is none, no PyYAML."""
    try:
        import yaml  # type: ignore[import-untyped]  # comes with Optuna
    except ImportError:
        raise ValueError("PyYAML is not installed") from None
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}: " if mark else ""
        raise ValueError(f"{where}{error.problem}") from None
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None


def _leaves(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, bool | int | float | str]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        elif isinstance(value, bool | int | float):
            yield f"{prefix}{key}", value
        elif isinstance(value, str) and isinstance(typed(value), float):
            yield f"{prefix}{key}", typed(value)


def _templated(path: Path) -> tuple[tuple[Option, ...], str, dict[str, str]]:
    """Return a file's options, its text with a placeholder for each, and what stood there."""
    leaves = dict(_leaves(load(path), ""))
    text = path.read_text(encoding="utf-8") if leaves else ""
    spans: dict[str, tuple[int, int]] = {}
    if path.suffix == ".toml":
        spans = {".".join(map(str, p)): s for p, s in layout(text).values.items()}
    else:
        for key in leaves:
            last = re.escape(key.rsplit(".", 1)[-1])
            found = list(
                re.finditer(rf"(?<![\w.-])[\"']?{last}[\"']?[ \t]*:[ \t]*([^\s,#}}]+)", text)
            )
            if len(found) == 1:
                spans[key] = found[0].span(1)
    options, raw = [], {}
    for key in sorted(leaves.keys() & spans.keys(), key=lambda k: -spans[k][0]):
        start, end = spans[key]
        raw[key] = text[start:end]
        text = f"{text[:start]}{{{key}}}{text[end:]}"
        options.append(Option.of(key, leaves[key], "config"))
    return tuple(reversed(options)), text, raw
