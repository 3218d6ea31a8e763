"""The step at which a script's output stands: which of what it prints names one."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from hpo_tui.engine.execution.metrics.text import fold, to_number

STEP_KEYS = ("epoch", "step", "global_step", "iteration", "iter", "episode")
"""Keys that count steps, the one to prefer first."""
_LARGEST = 1 << 53
_ROUND = re.compile(r"\s*(?:\[(\d+)\]|(\d+):)\t")
"""How boosting libraries begin a line: ``[10]`` and a tab, ``10:`` and a tab."""
_CONTINUES = re.compile(
    r"\bresum(?:e|es|ed|ing)\b|\brestor(?:ed|ing)\b|\bcontinu(?:ed|ing)\b.{0,80}\bfrom\b"
    r"|\bload(?:ed|ing)\b.{0,80}\b(?:checkpoint|ckpt|snapshot|weights)\b",
    re.IGNORECASE,
)
"""What says that a step named behind it is an earlier one's: that of a checkpoint."""


class Steps:
    """Where the output stands. ``key``: the key that counts steps, None for the usual ones.

    Once metrics were reported at steps of one key, only that key counts: a log that mixes epochs
    and iterations must not jump between the two.
    """

    def __init__(self, key: str | None = None) -> None:
        self.keys = (key,) if key else STEP_KEYS
        self.now: int | None = None
        """The step, None where none was named."""
        self.before = 0
        """The step of the checkpoint that the script continues from, as far as it says so."""
        self.of_line: int | None = None
        """That step, where the last line named it: of what else is on the line, not of the next."""
        self._key: str | None = None
        """The key that it was named by."""
        self._locked = False
        """Whether metrics were reported at a step."""
        self._ranks: dict[str, int] = {}
        for rank, name in enumerate(self.keys):
            self._ranks.setdefault(fold(name), rank)
        alternatives = "|".join(re.escape(k).replace("_", "[ _]?") for k in self.keys)
        self._pattern = re.compile(
            rf"(?<![\w.])[\"']?(?P<key>{alternatives})[\"']?(?!\w)\s*[:=#]?\s*[\[(]?\s*[:=#]?\s*"
            r"[\"']?(?P<value>\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?!\w)",
            re.IGNORECASE,
        )

    def counts(self, key: str) -> bool:
        """Whether a key is one that counts steps."""
        return fold(key) in self._ranks

    def see(self, line: str) -> bool:
        """Take in the step that a line names; return whether it names one."""
        matches = list(self._pattern.finditer(line))
        if matches and _CONTINUES.search(line, 0, matches[0].start()):
            value = to_number(matches[0]["value"])
            self.of_line = None if value is None or value >= _LARGEST else int(value)
            self.before = self.of_line or 0
            return False
        found = [(m["key"], m["value"]) for m in matches]
        if begun := _ROUND.match(line):
            found.append(("iteration", begun[1] or begun[2]))
        return self.see_in(found)

    def see_record(self, flat: Mapping[str, float]) -> bool:
        """Take in the step of a record of keys and numbers; return whether it names one."""
        return self.see_in((key, str(value)) for key, value in flat.items())

    def see_in(self, found: Iterable[tuple[str, str]]) -> bool:
        """Take in the best of the steps among keys and values; return whether there is one."""
        best: tuple[int, int] | None = None
        self.of_line = None
        for key, text in found:
            rank = self._ranks.get(fold(key))
            value = None if rank is None else to_number(text)
            if rank is None or value is None or not 0 <= value < _LARGEST:
                continue
            if self._locked and self.keys[rank] != self._key:
                continue
            if best is None or rank < best[0]:
                best = rank, int(value)
        if best is not None:
            self._key, self.now = self.keys[best[0]], best[1]
        return best is not None

    def lock(self) -> None:
        """Have no other key count from now on: metrics are reported at the present step."""
        self._locked = True

    def state(self) -> dict[str, Any]:
        """Return what must be kept to go on later, JSON-able."""
        return {"step": self.now, "key": self._key, "locked": self._locked, "before": self.before}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from :meth:`state`."""
        self.now, self._key = state.get("step"), state.get("key")
        self._locked = bool(state.get("locked"))
        self.before = int(state.get("before") or 0)
