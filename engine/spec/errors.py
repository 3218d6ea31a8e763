"""What is wrong with a study file, said so that a person can mend it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: where it is, what was found, what is allowed, what to do.

    ``key`` is dotted (``space.lr.low``, ``task[2].cost`` counted from 1; empty for the file as a
    whole); ``line`` counts from 1, None when there is no text. ``path`` is the key in the form
    that :func:`hpo_tui.engine.spec.text.write.set_value` takes (lists counted from 0).
    """

    key: str
    message: str
    line: int | None = None
    path: tuple[str | int, ...] = ()

    def show(self, source: Path | None = None) -> str:
        """One line: ``study.toml:12: space.lr.low: …``."""
        where = source.name if source else "study"
        parts = [f"{where}:{self.line}" if self.line else where, self.key, self.message]
        return ": ".join(part for part in parts if part)


class SpecError(ValueError):
    """A study file that cannot be used, with every problem found in it."""

    def __init__(self, problems: list[Problem], source: Path | None = None) -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(p.show(source) for p in self.problems))
