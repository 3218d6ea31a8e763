"""The user's own files: keys, settings, and what the last session left."""

import contextlib
import fcntl
import json
import os
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

APP = "hpo-tui"
_PATIENCE = 0.5
"""Seconds that another app is waited for that writes the same file."""


def _user_folder(variable: str, below_home: str) -> Path:
    """Return our folder in ``$variable``, else in the user's home.

    A user without a home (a container's bare uid) has none: below a file nothing is found, and
    whatever is to be written there fails as on a full disk.
    """
    said = os.environ.get(variable)
    if said:
        return Path(said) / APP
    try:
        return Path.home() / below_home / APP
    except RuntimeError:
        return Path(os.devnull) / APP


def config_folder() -> Path:
    """Return the user's folder of settings (``$XDG_CONFIG_HOME/hpo-tui``)."""
    return _user_folder("XDG_CONFIG_HOME", ".config")


def state_folder() -> Path:
    """Return the user's folder of state (``$XDG_STATE_HOME/hpo-tui``)."""
    return _user_folder("XDG_STATE_HOME", ".local/state")


@dataclass(frozen=True, slots=True)
class Settings:
    """``settings.toml``: everything has a default, and a wrong file only warns."""

    theme: str = ""
    """A theme's name; empty: ours, dark or light by ``dark``."""
    dark: bool | None = None
    """None: as the terminal's background is, dark where that is not known."""
    mouse: bool = True
    bell: bool = True
    """Ring and notify at the end of a study, at the breaker, at the first trial that meets all."""
    keys: dict[str, str] = field(default_factory=dict)
    """From ``keys.toml``: action id → keys, such as ``"trial.kill" = "K"``."""
    faults: tuple[str, ...] = ()
    """What was wrong with the files."""


def load_settings(folder: Path | None = None) -> Settings:
    """Read ``settings.toml`` and ``keys.toml``; what is wrong is left out and told."""
    folder = folder or config_folder()
    faults: list[str] = []
    values, _ = _read(folder / "settings.toml", faults)
    kinds = {"theme": str, "dark": bool, "mouse": bool, "bell": bool}
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if key not in kinds:
            faults.append(f"settings.toml: there is no setting {key!r} ({', '.join(kinds)})")
        elif not isinstance(value, kinds[key]):
            from hpo_tui.engine.spec.names import show

            kind = "true or false" if kinds[key] is bool else "text in quotes"
            faults.append(f"settings.toml: {key} must be {kind}, found {show(value)}")
        else:
            kept[key] = value
    keys: dict[str, str] = {}
    table, text = _read(folder / "keys.toml", faults)
    if table:
        from hpo_tui.tui.keymap import read_keys

        keys = read_keys(table, text, faults)
    return Settings(**kept, keys=keys, faults=tuple(faults))


def _read(path: Path, faults: list[str]) -> tuple[dict[str, Any], str]:
    """Return what a file of TOML says, and its text; nothing where it cannot be read."""
    try:
        text = path.read_text("utf-8")
        return tomllib.loads(text), text
    except (FileNotFoundError, NotADirectoryError):
        return {}, ""
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        faults.append(f"{path.name} was ignored: {error}")
        return {}, ""


def write_text(path: Path, text: str) -> bool:
    """Write a file whole or not at all; False if it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other apps from writing there meanwhile, as far as the folder can be locked."""
    fd = None
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        fd = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        _lock(fd)
    try:
        yield
    finally:
        if fd is not None:
            os.close(fd)


def _lock(fd: int) -> None:
    """Lock a folder; of an app that has it for long it is taken that it stands still."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        else:
            return


class Session:
    """What each study's screens looked like when they were left."""

    MOST = 200
    """Studies remembered; the oldest are forgotten."""

    def __init__(self, folder: Path | None = None) -> None:
        self.path = (folder or state_folder()) / "session.json"
        self._studies: dict[str, dict[str, Any]] = {}
        self._load()

    def _load(self) -> None:
        """Read what is remembered; what cannot be read changes nothing."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            loaded = json.loads(self.path.read_text("utf-8"))
            self._studies = {k: v for k, v in loaded["studies"].items() if isinstance(v, dict)}

    def of(self, study: Path) -> dict[str, Any]:
        """Return what is remembered of a study, by its folder."""
        return dict(self._studies.get(str(study.resolve()), {}))

    def keep(self, study: Path, memory: dict[str, Any]) -> None:
        """Remember a study, as the newest, and write the file, with what other apps have put."""
        with _alone(self.path.parent):
            self._load()
            key = str(study.resolve())
            self._studies.pop(key, None)
            self._studies[key] = memory
            while len(self._studies) > self.MOST:
                self._studies.pop(next(iter(self._studies)))
            write_text(self.path, json.dumps({"studies": self._studies}, ensure_ascii=False))
