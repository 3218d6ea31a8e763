"""Reading a table of the study file: typed keys out, every problem kept, unknown keys refused."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from hpo_tui.engine.spec import units
from hpo_tui.engine.spec.errors import Problem
from hpo_tui.engine.spec.names import (
    KeyPath,
    did_you_mean,
    dotted,
    listing,
    name_fault,
    nearest,
    show,
    text_fault,
)
from hpo_tui.engine.spec.schema import ALIASES, KEYS
from hpo_tui.engine.spec.values import number_fault, whole_fault


class Problems:
    """The problems found so far, each with the line of its key or of the table it lacks from."""

    def __init__(self, lines: Mapping[KeyPath, int]) -> None:
        self.lines = lines
        self.problems: list[Problem] = []

    def add(self, path: KeyPath, message: str) -> None:
        """Note a problem at ``path``."""
        line = next(
            (self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), None
        )
        if line is None and self.lines:
            line = 1
        problem = Problem(dotted(path), message, line, path)
        if problem not in self.problems:
            self.problems.append(problem)

    def sorted(self) -> list[Problem]:
        """Return the problems in the order of the text."""
        return sorted(self.problems, key=lambda p: p.line or 0)


class Table:
    """One table being read.

    Each getter returns the value, or ``default`` where the key is absent or wrong; what is wrong is
    added to ``into``. ``needed``: an example of what to write, where an absent key is an error.
    """

    def __init__(
        self, data: Mapping[str, Any], path: KeyPath, section: str, into: Problems
    ) -> None:
        self.data = data
        self.path = path
        self.into = into
        self.allowed = KEYS.get(section, {})
        self.aliases = ALIASES.get(section, {})
        self.free = section == "task[]"
        """Whether any further key is taken, as the fidelity values of a task are."""

    def has(self, key: str) -> bool:
        """Whether the key is there at all."""
        return key in self.data

    def fault(self, key: str | None, message: str) -> None:
        """Note a problem with a key, or with the table as a whole."""
        self.into.add(self.path if key is None else (*self.path, key), message)

    def missing(self, key: str, example: str) -> None:
        """Note that a key is missing, unless it is there under a name that is refused already."""
        strangers = (k for k in self.data if k not in self.allowed and not self.free)
        if not any(self.aliases.get(k.lower(), nearest(k, self.allowed)) == key for k in strangers):
            self.fault(key, f"is missing: {example}")

    def unknown(self) -> None:
        """Refuse keys that the schema does not have."""
        for key in self.data:
            if key in self.allowed:
                continue
            meant = self.aliases.get(key.lower())
            guess = f'; here it is called "{meant}"' if meant else did_you_mean(key, self.allowed)
            elsewhere = _elsewhere(key) if not guess else ""
            known = "" if guess or elsewhere else f"; allowed: {', '.join(self.allowed)}"
            self.fault(key, f"unknown key{guess}{elsewhere}{known}")

    def _take(self, key: str, needed: str) -> Any:
        if key not in self.data:
            if needed:
                self.missing(key, needed)
            return None
        return self.data[key]

    def text(self, key: str, default: str = "", *, needed: str = "") -> str:
        """Return a string that a command line and a database can carry."""
        value = self._take(key, needed)
        if value is None:
            return default
        if not isinstance(value, str):
            self.fault(key, f"must be text in quotes, found {show(value)}")
            return default
        fault = text_fault(value)
        if fault:
            self.fault(key, fault)
            return default
        return value

    def name(self, key: str, *, needed: str) -> tuple[str, str | None]:
        """Return a name, and why it can be none; None where it can, or no text was given."""
        name = self.text(key, needed=needed)
        return name, name_fault(name) if isinstance(self.data.get(key), str) else None

    def flag(self, key: str, default: bool = False) -> bool:
        """Return true or false."""
        value = self._take(key, "")
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(key, f"must be true or false, found {show(value)}")
            return default
        return value

    def number(
        self,
        key: str,
        default: float | None = None,
        *,
        needed: str = "",
        check: Callable[[float], bool] | None = None,
        must: str = "be a number",
    ) -> float | None:
        """Return a finite number for which ``check`` holds; ``must`` says what that is."""
        value = self._take(key, needed)
        if value is None:
            return default
        fault = number_fault(value)
        if not fault and check is not None and not check(float(value)):
            fault = f"must {must}, found {show(value)}"
        if fault:
            self.fault(key, fault)
            return default
        return float(value)

    def whole(self, key: str, default: int, *, least: int | None = None) -> int:
        """Return a whole number of at least ``least``."""
        value = self._take(key, "")
        if value is None:
            return default
        fault = whole_fault(value)
        if not fault and least is not None and value < least:
            fault = f"must be {least} or more, found {show(value)}"
        if fault:
            self.fault(key, fault)
            return default
        return int(value)

    def one_of(
        self, key: str, options: Collection[str], default: str = "", *, needed: str = ""
    ) -> str:
        """Return one of a few words."""
        value = self._take(key, needed)
        if value is None:
            return default
        if isinstance(value, str) and value in options:
            return value
        guess = did_you_mean(value, options) if isinstance(value, str) else ""
        self.fault(key, f"must be one of {listing(options)}, found {show(value)}{guess}")
        return default

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings (a single string is a list of one)."""
        value = self._take(key, "")
        if value is None:
            return ()
        entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, list):
            self.fault(key, f'must be a list of texts such as ["…"], found {show(value)}')
            return ()
        for n, entry in enumerate(entries):
            fault = (
                text_fault(entry)
                if isinstance(entry, str)
                else f"must be text in quotes, found {show(entry)}"
            )
            if fault:
                self.into.add((*self.path, key, n), fault)
        return tuple(e for e in entries if isinstance(e, str))

    def seconds(self, key: str, default: float | None) -> float | None:
        """Return a duration above zero: ``"2h"``, or a number of seconds."""
        value = self._take(key, "")
        if value is None:
            return default
        example = 'a duration such as "2h", "90s" or "1h 30m", or a number of seconds'
        found: float | None = None
        if isinstance(value, str):
            try:
                found = units.duration(value)
            except ValueError:
                found = None
        elif not number_fault(value):
            found = float(value)
        if found is None or found <= 0:
            self.fault(key, f"must be {example}, above zero; found {show(value)}")
            return default
        return found

    def table(self, key: str, section: str) -> "Table":
        """Return a table inside this one, empty where there is none."""
        value = self.data.get(key, {})
        if not isinstance(value, Mapping):
            self.fault(key, f"must be a table, found {show(value)}")
            value = {}
        return Table(value, (*self.path, key), section, self.into)

    def tables(self, key: str) -> list["Table"]:
        """Return the entries of a list of tables (``[[key]]``)."""
        value = self.data.get(key, [])
        section = f"{key}[]"
        if isinstance(value, Mapping):
            self.fault(key, f"is a list: write [[{key}]] with double brackets")
            return [Table(value, (*self.path, key), section, self.into)]
        if not isinstance(value, list):
            self.fault(key, f"must be one or more [[{key}]] tables, found {show(value)}")
            return []
        found = []
        for n, entry in enumerate(value):
            path = (*self.path, key, n)
            if isinstance(entry, Mapping):
                found.append(Table(entry, path, section, self.into))
            else:
                self.into.add(path, f"must be a [[{key}]] table, found {show(entry)}")
        return found


def _elsewhere(key: str) -> str:
    """Return where a key that stands in the wrong section belongs."""
    homes = [s for s, keys in KEYS.items() if key in keys and s]
    if not homes:
        near = nearest(key, {k for keys in KEYS.values() for k in keys})
        homes = [s for s, keys in KEYS.items() if near in keys and s] if near else []
        key = near or key
    where = [
        h.removesuffix("[]").join(("[[", "]]")) if h.endswith("[]") else f"[{h}]" for h in homes
    ]
    return f'; "{key}" belongs in {" or ".join(where[:2])}' if where else ""
