"""Options that live in configuration files: OmegaConf's, and files named in the command."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.options import Found, Option, typed
from hpo_tui.engine.define.sources.texts import is_file
from hpo_tui.engine.spec.reading.locate import layout

_SUFFIXES = (".yaml", ".yml", ".json", ".toml")
_LARGEST = 2**18
"""Bytes beyond which a file is no configuration that anybody wrote."""


def interpolated(text: str, folder: Path) -> Found | None:
    """Return the keys of a file that a script reads by OmegaConf beside ``key=value`` words."""
    if "from_cli" not in text:
        return None
    for name in re.findall(r"OmegaConf\.load\(\s*[\"']([^\"']+)[\"']", text):
        leaves = list(leaves_of(load(folder / name), ""))
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
        yield from leaves_of(load(folder / name), "")


def settings_file(text: str, folder: Path) -> str | None:
    """Return the name of a file with settings that stands in a source in quotes, else None."""
    names = re.findall(r"[\"']([\w./-]+\.(?:ya?ml|json|toml))[\"']", text)
    return next(
        (n for n in names if _file(n, folder) and any(leaves_of(load(folder / n), ""))), None
    )


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


def leaves_of(
    data: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, bool | int | float | str]]:
    """Yield the dotted name of each number or truth value, behind ``prefix``, and what it is."""
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from leaves_of(value, f"{prefix}{key}.")
        elif isinstance(value, bool | int | float):
            yield f"{prefix}{key}", value
        elif isinstance(value, str) and isinstance(typed(value), float):
            yield f"{prefix}{key}", typed(value)


def _templated(path: Path) -> tuple[tuple[Option, ...], str, dict[str, str]]:
    """Return a file's options, its text with a placeholder for each, and what stood there."""
    leaves = dict(leaves_of(load(path), ""))
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
