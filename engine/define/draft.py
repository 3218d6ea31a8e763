"""A study file in the making, and what its writer should know."""

import errno
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hpo_tui.engine.define.options import Option
from hpo_tui.engine.define.try_one import Tried
from hpo_tui.engine.spec import StudySpec
from hpo_tui.engine.spec.errors import SpecError
from hpo_tui.engine.spec.names import KeyPath
from hpo_tui.engine.spec.text.files import remove_unfinished, write_atomic
from hpo_tui.engine.spec.text.write import write

_LEFT_SECONDS = 24 * 3600.0
"""After so long without a change, nobody is writing a file any more."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What :func:`hpo_tui.engine.define.start.init` made of a command.

    ``text`` is the study file, commented; ``spec`` the same, read. ``how``: where the options
    were found. ``left``: options that stay as they are. ``advice``: what the user has to do or
    check, each a sentence. ``files``: further files of the study's folder by name.
    """

    text: str
    spec: StudySpec
    how: str
    left: tuple[Option, ...] = ()
    advice: tuple[str, ...] = ()
    tried: Tried | None = None
    files: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, spec: StudySpec, notes: Mapping[KeyPath, str], how: str, **more: Any) -> "Draft":
        """Return the draft of a study with these comments; ``more``: the other fields."""
        text = write(spec, notes)
        return cls(text, StudySpec.from_text(text), how, **more)

    @property
    def name(self) -> str:
        """The study's name."""
        return self.spec.name

    def save(self, folder: Path, *, overwrite: bool = False) -> tuple[Path, ...]:
        """Write ``study.toml`` and what goes with it; return the paths.

        The study file is the last to be written: where it is, all is. Raises FileExistsError,
        having written nothing, where another file is there and ``overwrite`` is not set; OSError
        where the folder cannot be written.
        """
        study = folder / "study.toml"
        texts = {study: self.text} | {folder / name: text for name, text in self.files.items()}
        for path, text in texts.items():
            # Beside no study file, what says just this is of a writing that was cut off.
            if not overwrite and path.exists() and (path == study or not _says(path, text)):
                raise FileExistsError(errno.EEXIST, "there is a file already", str(path))
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in reversed(texts.items()):
            remove_unfinished(path, time.time() - _LEFT_SECONDS)
            write_atomic(path, text)
        return tuple(texts)


def _says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def checked(spec: StudySpec, called: str) -> StudySpec:
    """Return a study that can be read again. Raises ValueError, which says what of it cannot.

    ``called``: what it was made of.
    """
    if not spec.free:
        raise ValueError(f"{called} has nothing to search: every parameter has one value")
    try:
        StudySpec.from_text(write(spec))
    except SpecError as error:
        said = "; ".join(f"{p.key}: {p.message}" for p in error.problems)
        raise ValueError(f"{called} makes no study: {said}") from None
    return spec
