"""The names of the metrics that are wanted, as a script's output may spell them."""

import re
from collections.abc import Collection, Mapping

from hpo_tui.engine.execution.metrics.text import ASIDE, VALUE, fold

_SEPARATOR = r"(?:\s*(?:[=:|│]|->|→)\s*|\s+(?:(?:is|of)\s+)?)"
_PLAIN = re.compile(r"[A-Za-z0-9]+")


class Names:
    """Which names are wanted, and how the output may spell them."""

    def __init__(self, names: Collection[str], rename: Mapping[str, str] | None = None) -> None:
        rename = rename or {}
        self.exact = {n: n for n in names} | dict(rename)
        folded: dict[str, set[str]] = {}
        for spelled, name in self.exact.items():
            folded.setdefault(fold(spelled), set()).add(name)
        # Two names that differ in their case alone are told apart by it.
        self._folded = {key: next(iter(found)) for key, found in folded.items() if len(found) == 1}

    def find(self, spelled: str) -> str | None:
        """Return the wanted name that ``spelled`` means, None if it is none."""
        return self.exact.get(spelled) or self._folded.get(fold(spelled))

    def pattern(self) -> "re.Pattern[str]":
        """Return the expression that finds ``key value`` in a line for every wanted name."""
        spelled = sorted(self.exact, key=len, reverse=True)
        keys = "|".join(re.sub(r"(?:\\?[ _-])+", r"[ _-]", re.escape(s)) for s in spelled)
        return re.compile(
            rf"(?<![\w./-])[\"']?(?P<key>{keys or '(?!)'})[\"']?{ASIDE}{_SEPARATOR}{VALUE}",
            re.IGNORECASE,
        )

    def pieces(self) -> list[str]:
        """Return one word of each name, in lower case, without which a line cannot hold it.

        In ASCII, since JSON may write any other letter in its own way; empty where there is none.
        """
        words = (_PLAIN.findall(s) for s in self.exact)
        return sorted({max(found, key=len, default="").lower() for found in words})
