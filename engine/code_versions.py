"""Which code trials ran: the states of the repository that they were started in. Pure.

The runner looks at it when trials start (``engine/runner/code_watch.py``) and keeps one entry for
each state under :data:`KEY`; a trial ran the last one that was found before it started.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

KEY = "code"
"""Where the store keeps the states, oldest first."""
FOLDER = "code"
"""The folder in a study's that holds the patches."""
_SHORT = 9
"""Digits of a commit that are shown."""


@dataclass(frozen=True, slots=True)
class CodeVersion:
    """A state of the code, and since when trials run it (Unix seconds).

    ``changed``: it is not the commit as it stands; ``patch`` is the file in :data:`FOLDER` that
    makes it so, empty if there is nothing to change, or too much to keep.
    """

    since: float
    commit: str
    subject: str
    changed: bool = False
    patch: str = ""

    @property
    def short(self) -> str:
        """The first digits of the commit, with a ``+`` where something is changed there."""
        return self.commit[:_SHORT] + "+" * self.changed

    @property
    def changes(self) -> str:
        """What tells the changes from others: the patch without its ending, else ``not kept``."""
        return self.patch.removesuffix(".patch") or ("not kept" if self.changed else "")

    def words(self) -> str:
        """Return it in one line."""
        text = f"commit {self.commit[:_SHORT]}"
        if self.subject:
            text += f" “{self.subject}”"
        if self.patch:
            return f"{text}, changed by {self.place()}"
        return f"{text}, with more changes than are kept" if self.changed else text

    def place(self) -> str:
        """Return where the patch lies in the study's folder; that it is not kept; or nothing."""
        if self.patch:
            return f"{FOLDER}/{self.patch}"
        return "not kept" if self.changed else ""

    def record(self) -> dict[str, Any]:
        """Return it as the store keeps it."""
        return asdict(self)


def versions(kept: Any) -> tuple[CodeVersion, ...]:
    """Return what the store keeps under :data:`KEY`; what cannot be read is left out."""
    found = []
    for entry in kept if isinstance(kept, list) else ():
        match entry:
            case {
                "since": int() | float() as since, "commit": str(commit), "subject": str(subject),
                "changed": bool(changed), "patch": str(patch),
            }:  # fmt: skip
                found.append(CodeVersion(float(since), commit, subject, changed, patch))
            case _:
                continue
    return tuple(found)


def version_at(known: Iterable[CodeVersion], began: float | None) -> CodeVersion | None:
    """Return what an attempt that began then ran; None where that is not known."""
    if began is None:
        return None
    return max((v for v in known if v.since <= began), key=lambda v: v.since, default=None)


def exported(kept: Any, starts: Mapping[int, float]) -> dict[int, tuple[str, str]]:
    """Return trial → its commit and its patch, of those of which that is known.

    ``kept``: what the store keeps under :data:`KEY`; ``starts``: trial → when its last attempt
    began. The patch is empty where the commit is all, and ``not kept`` where there is none.
    """
    known = versions(kept)
    found = ((number, version_at(known, began)) for number, began in starts.items())
    return {number: (v.commit, v.place()) for number, v in found if v is not None}
