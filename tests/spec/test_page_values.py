"""What the page on the study file says of each key's value is what the reader takes and refuses.

Each key is tried with a value of every kind. One that the page allows has to be taken, every other
one refused; a kind that is not among :func:`allows` is an error of the page or of this test.
"""

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import tomlkit

from hpo_tui.engine.spec import ParameterKind, SpecError, StudySpec
from tests.spec.test_docs import SECTIONS, chapter

POOL: list[Any] = [
    "zzz", "2h", "20 GB", "(?P<loss>.+)", "float == int", 7, -7, 7.5, True,
    ["a"], ["a", "b"], ["float == int"], [0, 1], [["a"]], {"a": "b"}, {"a": 0.5, "b": 2.0},
]  # fmt: skip
TEXTS = [value for value in POOL if isinstance(value, str)]
WORDS: list[Any] = [["a"], ["a", "b"], ["float == int"]]
_RANGE = re.compile(r" (?:from|(above)) (\d+)(?: to (below )?(\d+))?")
_ELSEWHERE = {"budget", "when", "default"}
"""Keys whose values hang on other things; they have tests of their own."""


def base() -> dict[str, Any]:
    """Return a study with no more than what is required, and what makes another key possible."""
    return {
        "study": {"name": "s", "command": "p", "budget": 4},
        "space": {
            "float": {"type": "float", "low": 1.0, "high": 8.0},
            "int": {"type": "int", "low": 1, "high": 8},
            "categorical": {"type": "categorical", "choices": [7, "zzz"]},
            "ordinal": {"type": "ordinal", "choices": [7, "zzz"]},
            "fixed": {"type": "fixed", "value": 7},
        },
        "objective": [{"metric": "loss", "direction": "minimize"}],
        "constraint": [{"metric": "size", "max": 1e9}],
        "task": [{"name": "short", "cost": 0.25, "epochs": 1},
                 {"name": "full", "cost": 1.0, "epochs": 2}],
        "resources": {},
        "metrics": [{}, {"kind": "csv", "path": "x.csv"}],
        "stopping": {},
    }  # fmt: skip


def rows(section: str) -> Iterator[tuple[str, str, str]]:
    """Return each key of a table, what is said of its value, and what else (its usual value)."""
    for line in chapter(SECTIONS[section]).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        head = cells[0].replace("any other", "`epochs`")
        if re.match(r"\| (`\w+`|any other)", line) and len(cells) > 2:
            if section == "space.*":
                cells = [head, cells[2], cells[1]]
            for key in re.findall(r"`(\w+)`", head):
                yield key, cells[1], cells[2]


def kinds(cell: str) -> set[str]:
    """Return the kinds of value that a cell names, without the words and bounds that it gives."""
    plain = re.sub(r'`"[^`]*"`', "", cell).replace("`[file, name]`", "pair of texts")
    plain = re.sub(r"\b(required|at least one of the two)\b", "", _RANGE.sub("", plain))
    return {kind.strip() for kind in re.split(r",| or ", plain) if kind.strip()}


def allows(kind: str) -> list[Any]:
    """Return the values of the pool that are of a kind that the page speaks of."""
    every: dict[str, list[Any]] = {
        "text": TEXTS,
        "file": TEXTS,
        "pair of texts": [["a", "b"]],
        "regular expression": ["(?P<loss>.+)"],
        "true": [True],
        "false": [],
        "number": [7, -7, 7.5],
        "whole number": [7, -7],
        "whole for int": [],
        "time": ["2h", 7, 7.5],
        "size": ["20 GB", 7, 7.5],
        "list of words": WORDS,
        "list of values": [*WORDS, [0, 1]],
        "list of names": [*TEXTS, *WORDS],
        "list of studies": [*TEXTS, *WORDS],
        "list of modules": ["zzz", ["a"], ["a", "b"]],
        "list of relations": ["float == int", ["float == int"]],
        "list of indices": [[0, 1]],
        "UUIDs": WORDS,
        "table of texts": [{"a": "b"}],
        "table of numbers": [{"a": 0.5, "b": 2.0}],
    }
    return every[kind]


def said(cell: str, of: str) -> tuple[list[Any], list[Any]]:
    """Return the values that a cell allows, for a parameter of a type, and those it forbids."""
    words = re.findall(r'`"([^`]*)"`', cell)
    found: list[Any] = [*words, *(v for kind in kinds(cell) for v in allows(kind))]
    tried = [*POOL]
    whole = "whole number" in cell or (of == "int" and "whole for int" in cell)
    if bounds := _RANGE.search(cell):
        above, low, below, high = bounds.groups()
        step = 1 if whole else 0.25
        least = int(low) + (step if above else 0)
        most = int(high) - (step if below else 0) if high else float("inf")
        found = [v for v in found if type(v) not in (int, float) or least <= v <= most]
        found += [least, *([most] if high else [])]
        tried += [least - step, *([most + step] if high else [])]
    if whole:
        found = [v for v in found if v != 7.5]
    return found, [v for v in tried if not any(_same(v, f) for f in found)]


def _same(a: Any, b: Any) -> bool:
    return type(a) is type(b) and bool(a == b)


def faults(whole: dict[str, Any]) -> list[tuple[tuple[Any, ...], str]]:
    """Return what the reader says, with the path of each key."""
    try:
        if "command" in whole["study"]:
            StudySpec.from_dict(whole)
        else:  # what Python gives need not have one, a file has to
            StudySpec.from_text(tomlkit.dumps(whole))
    except SpecError as error:
        return [(tuple(p.path), p.message) for p in error.problems]
    return []


def cases() -> list[tuple[tuple[Any, ...], str, str]]:
    """Return the path of each key, what the page says of its value, and of its usual value."""
    found: list[tuple[tuple[Any, ...], str, str]] = []
    for section in SECTIONS:
        if section == "space.*.prior":
            continue
        for key, value, usual in rows(section):
            if key in _ELSEWHERE:
                continue
            if section == "space.*":
                types = [str(k) for k in ParameterKind] if usual == "all" else usual.split(", ")
                found += [(("space", name, key), value, "") for name in types]
            elif section.endswith("[]"):
                entry = 1 if key in ("kind", "path", "rename", "step") else 0
                found.append(((section[:-2], entry, key), value, usual))
            else:
                found.append(((section, key), value, usual))
    return found


def inner(whole: dict[str, Any], path: tuple[Any, ...]) -> Any:
    """Return the table that the key of a path stands in."""
    at: Any = whole
    for step in path[:-1]:
        at = at[step]
    return at


def put(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return the study with another value at a path."""
    whole = deepcopy(base())
    inner(whole, path)[path[-1]] = value
    return whole


def _names(case: tuple[tuple[Any, ...], str, str]) -> str:
    return ".".join(map(str, case[0]))


def test_the_study_that_is_changed_is_sound() -> None:
    assert faults(base()) == []
    assert len(cases()) > 60


@pytest.mark.parametrize("case", cases(), ids=_names)
def test_values_of_a_key_are_what_the_page_says(case: tuple[tuple[Any, ...], str, str]) -> None:
    path, cell, usual = case
    good, bad = said(cell, of=path[1] if path[0] == "space" else "")
    assert good, cell
    for value in good:
        told = [m for p, m in faults(put(path, value)) if p[: len(path)] == path]
        assert not [m for m in told if _of_its_kind(m)], (value, told)
    for value in bad:
        assert [p for p, _ in faults(put(path, value)) if p[: len(path)] == path], value
    if "required" in (cell + usual):
        whole = put(path, None)
        del inner(whole, path)[path[-1]]
        assert [p for p, _ in faults(whole) if p[: len(path)] == path], "it can be left out"


def _of_its_kind(message: str) -> bool:
    """Whether an error is about the value by itself, not about another key beside it."""
    return not re.search(r"low|high|does not go with|is missing|gpus_per_trial|gpus names", message)


@pytest.mark.parametrize("case", cases(), ids=_names)
def test_closed_lists_of_values_are_whole(case: tuple[tuple[Any, ...], str, str]) -> None:
    path, cell, _ = case
    for at, message in faults(put(path, "nonsense")):
        listed = re.match(r'must be one of ((?:"[^"]*"(?:, | or |, or )?)+)', message)
        if at == path and listed:
            assert set(re.findall(r'"([^"]*)"', listed[1])) == set(re.findall(r'`"([^`]*)"`', cell))


def test_the_keys_of_each_type_are_those_of_the_page() -> None:
    for key, _, types in rows("space.*"):
        for kind in map(str, ParameterKind):
            here = types == "all" or kind in types.split(", ")
            told = faults(put(("space", kind, key), 7))
            refused = any(f'does not go with type = "{kind}"' in m for _, m in told)
            assert refused is not here, (key, kind)
