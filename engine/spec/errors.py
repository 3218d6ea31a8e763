"""What is wrong with a study file, said so that a person can mend it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Problem:
    """One error: where it is, what was found, what is allowed, what to do.

    ``key`` is dotted (``space.lr.low``); ``line`` counts from 1, None when there is no text.
    """

    key: str
    message: str
    line: int | None = None

    def show(self, source: Path | None) -> str:
        """One line: ``study.toml:12: space.lr.low: …``."""
        where = source.name if source else "study"
        return f"{where}:{self.line}: {self.key}: {self.message}" if self.line else f"{where}: {self.key}: {self.message}"


class SpecError(ValueError):
    """A study file that cannot be used, with every problem found in it."""

    def __init__(self, problems: list[Problem], source: Path | None = None) -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(p.show(source) for p in self.problems))
